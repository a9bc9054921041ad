"""Guided strategies on the real engine: steps end where vLLM says that they do, and solutions come out whole."""

from pathlib import Path

from evals.steps import split
from evals.strategies.settings import DVTS, Beam, Majority
from tasks.engines.engine import EngineParams
from tasks.engines.model import resolve
from tasks.engines.vllm_engine import VLLMEngine
from tasks.grading import Grader
from tasks.params import TracesParams
from tasks.strategies.likelihood import LikelihoodScorer
from tasks.strategies.params import StrategiesParams
from tasks.strategies.scores import Verifier
from tasks.strategies.stage import play_all
from tasks.traces import sample
from tests.tasks.jobs import at, commit, problem_rows, traces_job
from tests.tasks.strategies.games import strategies_job

TRACES = TracesParams(engine=EngineParams(), samples=2)


async def test_steps_that_are_drawn_one_by_one_make_whole_solutions(tmp_path: Path, vllm_engine: VLLMEngine) -> None:
    likely = Verifier(LikelihoodScorer(resolve("tiny_reasoner"), "concise"), "likelihood")
    commit(at(tmp_path, "problems"), problem_rows(3), TRACES)
    async with Grader(1) as grader:
        traces = (await sample(traces_job(tmp_path, TRACES), vllm_engine, grader)).in_memory()
        commit(at(tmp_path, "traces"), traces.tables["traces"], TRACES)
        guided = tuple(each(by=("likelihood",), aggregate="product", width=2, ns=(4,)) for each in (Beam, DVTS))
        job = strategies_job(tmp_path, StrategiesParams(strategies=(Majority(ns=(2,)), *guided)))

        async def engine() -> VLLMEngine:
            return vllm_engine

        outcome = await play_all(job, engine, grader, {"likelihood": likely})
    rows = [row for row in outcome.tables["strategies"].to_pylist() if row["kind"] != "majority"]
    assert len(rows) == 6
    for row in rows:
        steps = split(row["text"], "step")
        assert "".join(steps) == row["text"]
        assert [step.startswith(f"Step {place}:") for place, step in enumerate(steps, 1)] == [True] * len(steps)
        assert row["text"].count("####") == 1
        assert row["extracted"] is not None
    samples = outcome.tables["strategy_samples"].to_pylist()
    assert {row["stopped_by"] for row in samples} == {"\n", None}
    assert outcome.tokens == sum(row["tokens"] for row in samples)
