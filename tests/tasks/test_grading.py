"""The second opinion in real child processes: right, hanging, crashing, gone when the grader is closed."""

import asyncio
import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from evals.answers import Grade, Verdict
from tasks.grading import LONGEST, Grader

ROOT = Path(__file__).parents[2]
HANGS = "9^{9^{9^{9^{9}}}}"


shared_loop = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def grader() -> AsyncIterator[Grader]:
    async with Grader(processes=2, time_out=10.0) as grader:
        yield grader


def children() -> list[psutil.Process]:
    """The grader's workers: the fork server and its like live as long as this process does."""
    servers = [child for child in psutil.Process().children() if "forkserver" in " ".join(child.cmdline())]
    return [worker for server in servers for worker in server.children(recursive=True)]


@pytest.mark.parametrize(
    ("gold", "answer", "verdict"),
    [
        (r"\frac{1}{2}", "0.5", "correct"),
        ("x+1", "1+x", "correct"),
        ("x+1", "x+2", "wrong"),
        ("(1,2)", "(1, 2)", "correct"),
        ("(1,2)", "(2,1)", "wrong"),
        (r"\{1,2\}", r"\{2,1\}", "correct"),
        ("x^2+2x+1", "(x+1)^2", "correct"),
        (r"2\sqrt{3}", r"\sqrt{12}", "correct"),
        ("1024", "2^{10}", "correct"),
        ("5", "x=5", "correct"),
        (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{pmatrix}1\\2\end{pmatrix}", "correct"),
        ("18", "2x", "wrong"),
        ("1<x<2", "(1,2)", "correct"),
        ("(1,2)", "1<x<2", "wrong"),  # Math-Verify takes an interval for a relation, and not the other way round
    ],
)
@shared_loop
async def test_formulas_are_compared_by_meaning(grader: Grader, gold: str, answer: str, verdict: str) -> None:
    grade = await grader.grade(rf"so \boxed{{{answer}}}", gold)
    assert grade.verdict == verdict
    assert grade.reason in ("exact", "math_verify")
    assert grade.marker == "boxed"


@shared_loop
async def test_numbers_and_words_start_no_process(grader: Grader) -> None:
    before = len(children())
    assert await grader.grade("#### 18", "18") == Grade(Verdict.correct, "18", "exact", "hashes")
    assert await grader.grade("so 18", "18", "length") == Grade(Verdict.unknown, None, "truncated")
    assert len(children()) == before


@shared_loop
async def test_what_cannot_be_parsed_is_unknown(grader: Grader) -> None:
    assert await grader.grade("#### 2x", r"\frac{") == Grade(Verdict.unknown, "2x", "unparsable_gold", "hashes")
    assert await grader.grade(r"#### \frac{", "2x") == Grade(Verdict.unknown, r"\frac{", "unparsable_answer", "hashes")


@shared_loop
async def test_a_formula_longer_than_any_answer_is_unknown(grader: Grader) -> None:
    grade = await grader.grade(f"#### x{'+x' * LONGEST}", "2x")
    assert (grade.verdict, grade.reason) == (Verdict.unknown, "too_long")


@pytest.mark.timeout(60)
async def test_an_expression_that_never_ends_is_killed_and_the_next_one_graded() -> None:
    async with Grader(processes=1, time_out=1.0) as grader:
        await grader.grade(r"\boxed{x+1}", "1+x")
        hanging = await grader.grade(rf"\boxed{{{HANGS}}}", "18")
        assert (hanging.verdict, hanging.reason) == (Verdict.unknown, "time_out")
        again = await grader.grade(r"\boxed{y+1}", "1+y")
        assert again.verdict is Verdict.correct


@pytest.mark.timeout(60)
@pytest.mark.parametrize("how", ["os._exit(7)", "os.kill(os.getpid(), 11)"])
async def test_a_child_that_dies_makes_one_grade_unknown(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Grader(processes=1, time_out=5.0) as grader:
        monkeypatch.setattr("tasks.grading.second_opinion", _dies if "exit" in how else _segfaults)
        dead = await grader.grade(r"\boxed{x+1}", "1+x")
        assert (dead.verdict, dead.reason) == (Verdict.unknown, "crash")
        monkeypatch.undo()
        alive = await grader.grade(r"\boxed{y+1}", "1+y")
        assert alive.verdict is Verdict.correct


def _dies(gold: str, answer: str) -> None:
    os._exit(7)


def _segfaults(gold: str, answer: str) -> None:
    os.kill(os.getpid(), 11)


@pytest.mark.timeout(60)
@shared_loop
async def test_many_grades_of_one_loop_wait_side_by_side(grader: Grader) -> None:
    golds = [f"x+{n % 20}" for n in range(400)]
    grades = await asyncio.gather(*(grader.grade(rf"\boxed{{{n % 20}+x}}", gold) for n, gold in enumerate(golds)))
    assert {grade.verdict for grade in grades} == {Verdict.correct}


async def test_the_loop_runs_on_while_a_child_computes() -> None:
    async with Grader(processes=1, time_out=1.0) as grader:
        grading = asyncio.create_task(grader.grade(rf"\boxed{{{HANGS}}}", "18"))
        turns = 0
        while not grading.done():
            await asyncio.sleep(0.01)
            turns += 1
        assert turns > 10


async def test_a_sleeping_child_is_killed_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.grading.second_opinion", _sleeps)
    async with Grader(processes=1, time_out=0.1) as grader:
        grade = await grader.grade(r"\boxed{x+1}", "1+x")
    assert grade.reason == "time_out"


def _sleeps(gold: str, answer: str) -> None:
    time.sleep(600)


@shared_loop
async def test_one_who_stops_waiting_takes_nobody_along(grader: Grader) -> None:
    first = asyncio.create_task(grader.grade(r"\boxed{z+1}", "1+z"))
    second = asyncio.create_task(grader.grade(r"\boxed{z+1}", "1+z"))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).verdict is Verdict.correct


async def test_no_child_is_left_behind() -> None:
    before = {child.pid for child in children()}
    async with Grader(processes=2, time_out=60.0) as grader:
        await grader.grade(r"\boxed{x+1}", "1+x")
        hanging = asyncio.create_task(grader.grade(rf"\boxed{{{HANGS}}}", "18"))
        await asyncio.sleep(0.5)
        assert {child.pid for child in children()} > before
        hanging.cancel()
    assert {child.pid for child in children()} == before
    assert not [child for child in psutil.Process().children() if child.status() == psutil.STATUS_ZOMBIE]


def test_it_works_in_a_thread_that_is_not_the_main_one() -> None:
    grades: list[Grade] = []

    async def grade() -> None:
        async with Grader(processes=1) as grader:
            grades.append(await grader.grade(r"\boxed{x+1}", "1+x"))

    thread = threading.Thread(target=lambda: asyncio.run(grade()))
    thread.start()
    thread.join()
    assert [grade.verdict for grade in grades] == [Verdict.correct]


@pytest.mark.faults
@pytest.mark.timeout(180)
def test_a_killed_parent_leaves_no_computing_child_for_long(tmp_path: Path) -> None:
    script = tmp_path / "grades.py"
    script.write_text(
        textwrap.dedent(rf"""
        import asyncio, os, psutil, signal
        from tasks.grading import Grader

        async def main():
            async with Grader(processes=1, time_out=1.0) as grader:
                await grader.grade(r"\boxed{{x+1}}", "1+x")
                asyncio.create_task(grader.grade(r"\boxed{{{HANGS}}}", "18"))
                await asyncio.sleep(0.5)
                print(*[child.pid for child in psutil.Process().children(recursive=True)], flush=True)
                os.kill(os.getpid(), signal.SIGKILL)

        if __name__ == "__main__":
            asyncio.run(main())
        """)
    )
    run = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, cwd=ROOT, env=_environment())
    assert run.stdout is not None
    pids = [int(pid) for pid in run.stdout.readline().split()]
    run.wait()
    run.stdout.close()
    assert pids
    deadline = time.monotonic() + 60
    while any(_runs(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not any(_runs(pid) for pid in pids)


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT)}


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize(("processes", "time_out"), [(0, 5.0), (2, 0.0)])
def test_a_grader_without_processes_or_time_is_refused(processes: int, time_out: float) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        Grader(processes, time_out)
