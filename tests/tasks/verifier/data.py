"""Labelled traces that a small model learns to tell apart within seconds: a bad step says that it has an error."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from evals.exports import Form, LabelledStep, LabelledTrace, export
from evals.problems import generate
from tasks.engines.engine import Resources
from tasks.job import Job
from tasks.params import TracesParams
from tasks.verifier import training
from tasks.verifier.params import VerifierParams
from tasks.verifier.train import run
from tests.tasks.jobs import FAKE, at, commit, problem_rows, quiet, trace_row

SAMPLES = 4
OUTPUTS = ("verifier_predictions", "verifier_curve", "verifiers")
QUICK = VerifierParams(epochs=2, batch_tokens=2048, rate=2e-3, choosing=0.2, held_out=0.25, evaluations=2)


@contextmanager
def one_thread() -> Iterator[None]:
    """The same sums in the same order, and none of them waits for another process's core."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def labelled(count: int, wrong: float = 0.5, seed: int = 0) -> tuple[list[dict[str, Any]], list[LabelledTrace]]:
    """Trace rows and their labels: of `count` problems, `SAMPLES` traces each, a share of them with a bad step."""
    chance = random.Random(seed)
    traces, labels = [], []
    for row, problem in zip(problem_rows(count), generate(count, 0), strict=True):
        for sample in range(SAMPLES):
            steps = problem.write("concise").splitlines(keepends=True)
            steps[-2:] = ["".join(steps[-2:])]
            bad = chance.randrange(len(steps)) if chance.random() < wrong else len(steps)
            steps = [step if place < bad else _spoiled(step) for place, step in enumerate(steps)]
            verdict = "wrong" if bad < len(steps) else "correct"
            trace = trace_row(row, steps, verdict, sample)
            traces.append(trace)
            told = [_label(step, place < bad, place == len(steps) - 1, chance) for place, step in enumerate(steps)]
            labels.append(
                LabelledTrace(trace["trace_id"], row["problem_id"], row["question"] + "\n", tuple(told), verdict)
            )
    return traces, labels


def _spoiled(step: str) -> str:
    return "".join("?" if letter == "=" else letter for letter in step)


def _label(text: str, good: bool, last: bool, chance: random.Random) -> LabelledStep:
    rollouts = 1 if last else 8
    successes = sum(chance.random() < (1.0 if last else 0.8) for _ in range(rollouts)) if good else 0
    return LabelledStep(text, successes > 0, successes / rollouts, successes, rollouts - successes)


def committed(root: Path, traces: Sequence[dict[str, Any]], labels: Sequence[LabelledTrace], count: int) -> None:
    """A store with problems, traces and training data."""
    rows = export(labels, Form())
    params = TracesParams(engine=FAKE)
    for dataset, told in (("problems", problem_rows(count)), ("traces", traces), ("prm", rows.prm), ("orm", rows.orm)):
        commit(at(root, dataset), list(told), params)


def verifier_job(root: Path, params: VerifierParams = QUICK, resources: Resources = Resources()) -> Job[VerifierParams]:
    inputs = {name: at(root, name).pinned() for name in ("problems", "traces", "prm", "orm")}
    outputs = {name: at(root, name) for name in OUTPUTS}
    return Job(params, resources, at(root, "traces").partition, inputs, outputs, quiet)


class Killed(BaseException):
    """Nothing catches it, as nothing catches a kill -9."""


def killed_at_update(number: int, job: Job[VerifierParams], monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Trains until that update, which is not made. The list has an item for each update, also of later trainings."""
    undisturbed, made = training._update, list[Any]()

    def update(*arguments: Any) -> None:
        made.append(arguments)
        if len(made) == number:
            raise Killed
        undisturbed(*arguments)

    monkeypatch.setattr(training, "_update", update)
    with pytest.raises(Killed):
        run(job)
    return made
