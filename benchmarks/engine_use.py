"""How much of the engine the labels stage uses: its tokens a second against those of bare vLLM.

    python -m benchmarks.engine_use [--json]

The stage labels traces of the embedded model by `fixed(8)`: engine in a Ray actor, grading and Parquet
included, from the first request to the commit. Bare vLLM is given the very same requests, recorded from
the stage, all at once. Start-up is outside on both sides, and each run has a new engine, so that no prefix
is cached from the run before. The runs alternate; the ratio is the median over pairs. With --json the last
line is {"ratio", "ratios", ...}.
"""

import asyncio
import multiprocessing
import os
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

from benchmarks.workbench import arguments, commit, job_of, make_traces, report, show, workbench
from storage.store import Store
from tasks.engines.engine import Completion, Engine, EngineParams, Request, Resources
from tasks.engines.model import resolve
from tasks.engines.pool import open_engine
from tasks.engines.vllm_engine import CPU_BLOCK
from tasks.grading import Grader
from tasks.labels import label
from tasks.params import LabelsParams


class Speed(NamedTuple):
    tokens: int
    seconds: float

    @property
    def rate(self) -> float:
        """Generated tokens a second."""
        return self.tokens / self.seconds


def main() -> None:
    parser = arguments("tokens a second through the labels stage against bare vLLM")
    parser.add_argument("--prefixes", type=int, default=2000, help="at least so many")
    parser.add_argument("--pairs", type=int, default=3)
    asked = parser.parse_args()
    params, resources = LabelsParams(policy="fixed", k=8), Resources()
    pairs = []
    with workbench() as store:
        # One trace a problem: several share prefixes, and a trace has about 2.6 that are rolled out from.
        summary = make_traces(store, problems=int(asked.prefixes / 2.4), samples=1)
        for seed in range(asked.pairs):
            own = params.model_copy(update={"seed": seed})
            staged, requests = asyncio.run(through_the_stage(store, own, resources))
            pairs.append((staged, bare(requests, resources)))
    prefixes = len({request.prompt for request in requests})
    ratios = [staged.rate / alone.rate for staged, alone in pairs]
    show(
        f"{prefixes} prefixes of {summary['traces']} traces, {len(requests)} requests a run",
        ["run", "labels stage, tokens/s", "bare vLLM, tokens/s", "ratio"],
        [[i + 1, s.rate, b.rate, s.rate / b.rate] for i, (s, b) in enumerate(pairs)],
    )
    result = {
        "ratio": statistics.median(ratios),
        "ratios": ratios,
        "prefixes": prefixes,
        "requests": len(requests),
        "stage_tokens_per_second": statistics.median(staged.rate for staged, _ in pairs),
        "bare_tokens_per_second": statistics.median(alone.rate for _, alone in pairs),
    }
    print(f"ratio: {result['ratio']:.3f}")
    report(result, asked.json)


async def through_the_stage(store: Store, params: LabelsParams, resources: Resources) -> tuple[Speed, list[Request]]:
    """The stage's own code and its commit, timed from an engine that is ready; and what it asked for."""
    job = job_of(store, "labels", params, resources)
    async with Grader(resources.graders) as grader, open_engine(EngineParams(), resources) as engine:
        recorder = Recorder(engine)
        started = time.monotonic()
        outcome = await label(job, recorder, grader)
        commit(store, "labels", params, outcome)
        seconds = time.monotonic() - started
    return Speed(outcome.tokens, seconds), recorder.requests


class Recorder:
    """An engine that passes everything on and remembers what it was asked."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.identity, self.abilities = engine.identity, engine.abilities
        self.render, self.close = engine.render, engine.close
        self.requests: list[Request] = []

    async def generate(self, requests: Sequence[Request], *, affinity: str | None = None) -> list[Completion]:
        self.requests += requests
        return await self._engine.generate(requests, affinity=affinity)


def bare(requests: Sequence[Request], resources: Resources) -> Speed:
    """vLLM alone, in a process of its own, with all requests at once."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
        return process.submit(_bare, list(requests), resources).result()


def _bare(requests: list[Request], resources: Resources) -> Speed:
    os.environ |= {"VLLM_ENABLE_V1_MULTIPROCESSING": "0", "VLLM_LOGGING_LEVEL": "ERROR"}
    from vllm import LLM, SamplingParams

    engine = LLM(
        resolve("tiny_reasoner").path,
        dtype="float32",
        enforce_eager=True,
        enable_prefix_caching=True,
        enable_chunked_prefill=False,
        block_size=CPU_BLOCK,
        max_num_seqs=resources.max_num_seqs,
        kv_cache_memory_bytes=2**30,
        disable_log_stats=True,
    )
    sampling = [
        SamplingParams(
            temperature=request.sampling.temperature,
            top_p=request.sampling.top_p,
            top_k=request.sampling.top_k,
            max_tokens=request.sampling.max_tokens,
            seed=request.seed,
        )
        for request in requests
    ]
    limit = engine.llm_engine.model_config.max_model_len
    tokenizer = engine.get_tokenizer()
    for request, wanted in zip(requests, sampling, strict=True):
        wanted.max_tokens = min(wanted.max_tokens or limit, limit - len(tokenizer.encode(request.prompt)))
    started = time.monotonic()
    outputs = engine.generate([request.prompt for request in requests], sampling, use_tqdm=False)
    seconds = time.monotonic() - started
    return Speed(sum(len(output.outputs[0].token_ids) for output in outputs), seconds)


if __name__ == "__main__":
    main()
