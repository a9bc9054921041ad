"""What a row costs beside the model, and how far one driver can keep many engines busy.

    python -m benchmarks.scale --json

Rows: the traces stage from its inputs to its commit, by `execute`, with a scripted engine in the driver (its own time
is included); a fresh process for each size, so that `peak_mb` (VmHWM, 10^6 bytes) is of that size alone. Prefect is not
in it: it has one task run a stage, whatever the rows. `cpu_s_per_1000` is what driver and graders had of the cores, and
tells how costs grow where others use the machine too.

Actors: the same stage on real Ray actors that answer as engines do (lognormal, median 2 s, p99 8 s, 64 requests at a
time each, four times as many sent to them, as by default). `efficiency` is the rate between a quarter and three
quarters of the requests, by that of engines that never wait: start and end, where slots are empty however good a driver
is, are left out. `saturation` is the rate where two actors answer at once: driver and actors share the cores.
"""

import asyncio
import multiprocessing
import os
import random
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.workbench import PARTITION, arguments, job_of, report, run_stage, show
from flows.run.execute import execute
from flows.run.work import Work
from flows.stages import STAGES
from storage.store import Store
from tasks.engines.engine import EngineParams, Faults, Latency, Request, Resources
from tasks.engines.fake_engine import FakeEngine
from tasks.engines.pool import open_engine
from tasks.engines.runtime import ray_session
from tasks.grading import Grader
from tasks.job import Job, Outcome
from tasks.params import ProblemsParams, TracesParams
from tasks.traces import sample

SAMPLES = 16
LATENCY = Latency(median=2, p99=8, at_once=64)
WINDOW = 4 * LATENCY.at_once
SECONDS = 36
"""How long ideal engines would be busy."""
INSTANT = 20_000
"""Requests to actors that answer at once."""
PARAMS = TracesParams(engine=EngineParams(kind="fake", model="benchmarks.scale:answer"), samples=SAMPLES)


def answer(request: Request) -> str:
    """A solution of four short steps, right or wrong by seed."""
    numbers = random.Random(request.seed).choices(range(2, 99), k=4)
    return "".join(f"Step {i}: we have {n} and add {n} = {2 * n}\n" for i, n in enumerate(numbers, 1)) + "#### 42\n"


def in_driver(job: Job[TracesParams]) -> Outcome:
    """The traces stage on a scripted engine in this process."""

    async def run() -> Outcome:
        async with Grader() as grader:
            return await sample(job, FakeEngine(answer), grader)

    return asyncio.run(run())


def problems(folder: str, rows: int) -> None:
    run_stage(Store(folder), "problems", ProblemsParams(count=-(-rows // SAMPLES)))


def of_rows(folder: str, rows: int) -> dict[str, float]:
    """The stage, its commit included, in seconds a thousand rows."""
    stage = replace(STAGES["traces"], run="benchmarks.scale:in_driver")
    started, used = time.perf_counter(), cpu_seconds()
    done = execute(Work(stage, PARTITION, PARAMS, Store(folder)))
    seconds, used = time.perf_counter() - started, cpu_seconds() - used
    made = done.manifests["traces"].rows
    return {
        "rows": made,
        "overhead_s_per_1000": round(1000 * seconds / made, 4),
        "cpu_s_per_1000": round(1000 * used / made, 4),
        "peak_mb": peak_mb(),
    }


def cpu_seconds() -> float:
    """Of this process, and of those that it started and that have ended."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def peak_mb() -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 // 1_000_000


def in_fresh_process(size: int) -> dict[str, float]:
    """Problems and rows in a process each."""
    with tempfile.TemporaryDirectory(prefix="proctor-scale-") as folder:
        for work in (problems, of_rows):
            with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
                told: Any = process.submit(work, folder, size).result()
    return dict(told)


def of_actors(actors: int) -> dict[str, float]:
    ideal = actors * LATENCY.at_once / LATENCY.mean
    rate = requests_a_second(actors, int(ideal * SECONDS), Faults(latency=LATENCY))
    return {"actors": actors, "efficiency": round(rate / ideal, 3), "requests_per_s": round(rate, 1)}


def requests_a_second(actors: int, requests: int, faults: Faults) -> float:
    """In the middle half of the stage, from actors that are ready."""
    resources = Resources(actors=actors, window=WINDOW, faults=faults)
    seen: list[tuple[float, int]] = []
    with tempfile.TemporaryDirectory(prefix="proctor-scale-") as folder:
        problems(folder, requests)
        job = job_of(Store(folder), "traces", PARAMS, resources)

        def note(done: int, total: int, **_: float) -> None:
            seen.append((time.perf_counter(), done))

        asyncio.run(on_actors(replace(job, progress=note)))
    middle = seen[len(seen) // 4 : 3 * len(seen) // 4]
    (first, before), (last, after) = middle[0], middle[-1]
    return (after - before) / (last - first)


async def on_actors(job: Job[TracesParams]) -> None:
    async with Grader() as grader, open_engine(job.params.engine, job.resources) as engine:
        await sample(job, engine, grader)


def main() -> None:
    parser = arguments((__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=float, nargs="*", default=[1e3, 1e4, 1e5, 1e6])
    parser.add_argument("--actors", type=int, nargs="*", default=[1, 2, 8, 32])
    asked = parser.parse_args()
    result: dict[str, Any] = {"rows": [in_fresh_process(int(size)) for size in asked.rows], "actors": []}
    columns = ["rows", "s per 1,000", "CPU s per 1,000", "peak MB"]
    show("Cost beside the model", columns, [list(row.values()) for row in result["rows"]])
    if asked.actors:
        with ray_session():
            result["actors"] = [of_actors(actors) for actors in asked.actors]
            result["saturation"] = {"requests_per_s": round(requests_a_second(2, INSTANT, Faults()), 1)}
        columns = ["actors", "efficiency", "requests/s"]
        show("One driver, many engines", columns, [list(row.values()) for row in result["actors"]])
        print(f"saturation: {result['saturation']['requests_per_s']} requests/s")
    report(result, asked.json)


if __name__ == "__main__":
    main()
