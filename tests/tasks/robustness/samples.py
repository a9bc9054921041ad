"""Jobs of the robustness stages, and problems for them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from storage.store import Location
from tasks.engines.engine import Resources
from tasks.job import Job, Outcome
from tasks.robustness.params import PerturbParams, TrialsParams
from tests.tasks.jobs import PARTITION, at, commit, problem_rows, quiet

MADE = ("rewrites", "variants", "refusals", "gold_faults")

TEMPLATE = {
    "question": "Ann has 5 pens and buys 3 more. How many pens are there?",
    "answer": "5+3=<<5+3=8>>8\n#### 8",
    "question_annotated": "{name,Ann} has {x,5} pens and buys {y,3} more. How many pens are there?\n#init:\n"
    "- name = sample(names)\n- $x = range(2, 20)\n- $y = range(2, 20)\n#conditions:\n- x > y\n#answer: x + y",
    "answer_annotated": "{x}+{y}=<<{x}+{y}={x+y}>>{x+y}\n#### {x+y}",
}
"""A template file in GSM-Symbolic's form."""


def written_problem(name: str, question: str, solution: str, answer: str | None = None) -> dict[str, Any]:
    """A problem of a file: `answer` is what follows `####` unless it is given."""
    [row] = problem_rows(1)
    stated = solution.rpartition("####")[2].strip()
    return row | {
        "problem_id": name,
        "question": question,
        "solution": solution,
        "answer": stated if answer is None else answer,
        "graph": "",
        "place": f"{name}.jsonl:1",
    }


def perturb_job(root: Path, params: PerturbParams) -> Job[PerturbParams]:
    outputs = {name: shared(root, name) for name in MADE}
    return Job(params, Resources(), PARTITION, {"problems": at(root, "problems")}, outputs, quiet)


def trials_job(root: Path, params: TrialsParams, resources: Resources = Resources()) -> Job[TrialsParams]:
    inputs = {"problems": at(root, "problems"), "variants": shared(root, "variants")}
    return Job(params, resources, PARTITION, inputs, {"trials": at(root, "trials")}, quiet)


def shared(root: Path, dataset: str) -> Location:
    location = at(root, dataset)
    return Location(location.fs, location.dataset, PARTITION.without_model())


def commit_variants(root: Path, outcome: Outcome, params: PerturbParams) -> None:
    commit(shared(root, "variants"), outcome.tables["variants"], params)


def commit_problems(root: Path, problems: Sequence[dict[str, Any]]) -> None:
    commit(at(root, "problems"), problems, PerturbParams())
