"""The one list of stages: what each reads, writes and runs.

The flows, the command line, the status grid and the documentation's table all read `STAGES`. It imports
nothing heavy: a stage's code is named, and imported when the stage runs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, cast

from storage.partition import Partition
from storage.store import Location, Store
from tasks.job import Job, Outcome
from tasks.params import (
    AuditParams,
    ConsensusParams,
    JudgeParams,
    LabelsParams,
    Params,
    PRMParams,
    ProblemsParams,
    TracesParams,
    TreesParams,
)
from tasks.recipe_params import RecipeParams


@dataclass(frozen=True)
class Stage:
    """One step of the pipeline. A change of its code that changes its rows raises `version`."""

    name: str
    title: str
    """What it does, in the words of the help."""
    version: int
    params: type[Params]
    reads: tuple[str, ...]
    """Datasets whose committed rows it needs; its parameters may ask for more (`Params.also_reads`)."""
    writes: tuple[str, ...]
    """Datasets that it commits, in this order; a later one names the earlier ones among its inputs."""
    run: str
    """`module:function` of the stage's code, a `(Job) -> Outcome`."""
    sources: str | None = None
    """`module:function` that gives the content digests of files outside the store that the parameters
    name."""
    elsewhere: str | None = None
    """`module:function` that gives, from `(params, store, partition)`, partitions of other addresses that are read
    too, by address (`problems/date=...`)."""
    grades: bool = False
    """Judges answers, so that a new checker makes its rows stale."""
    draws: str | None = None
    """`module:function` that makes Markdown of the location of its main dataset, for the UI."""
    shows: str | None = None
    """The dataset whose rows people look at first, where that is another one than `main`."""

    @property
    def main(self) -> str:
        """The dataset that stands for the stage: its dead letters and its progress are shown there."""
        return self.name if self.name in self.writes else self.writes[0]

    def load(self) -> Callable[[Job[Any]], Outcome]:
        """The stage's code, imported now."""
        return cast(Callable[[Job[Any]], Outcome], _imported(self.run))

    def drawing(self, rows: Location) -> str | None:
        """Markdown with a picture of its rows, where it has one."""
        return cast(str, _imported(self.draws)(rows)) if self.draws else None

    def source_digests(self, params: Params) -> dict[str, str]:
        """By file name; empty where the parameters name no files. Raises where a file is not there."""
        return cast(dict[str, str], _imported(self.sources)(params)) if self.sources else {}

    def locations_elsewhere(self, params: Params, store: Store, partition: Partition) -> dict[str, Location]:
        """By address; empty for most stages. What is there need not be committed."""
        found = _imported(self.elsewhere)(params, store, partition) if self.elsewhere else {}
        return cast(dict[str, Location], found)


def _imported(name: str) -> Callable[..., Any]:
    module, _, function = name.partition(":")
    return cast(Callable[..., Any], getattr(import_module(module), function))


STAGES: dict[str, Stage] = {
    stage.name: stage
    for stage in (
        Stage(
            name="problems",
            title="Generate problems, or read them from files or a hub, with their gold answers.",
            version=1,
            params=ProblemsParams,
            reads=(),
            writes=("problems",),
            run="tasks.problems:run",
            sources="tasks.records:digests_of",
        ),
        Stage(
            name="traces",
            title="Sample reasoning traces for each problem, or read them; split them into steps, grade their answers.",
            version=1,
            params=TracesParams,
            reads=("problems",),
            writes=("traces",),
            run="tasks.traces:run",
            sources="tasks.imported_traces:inputs_of",
            grades=True,
        ),
        Stage(
            name="labels",
            title="Label each step of each trace with Monte Carlo rollouts.",
            version=1,
            params=LabelsParams,
            reads=("problems", "traces"),
            writes=("rollouts", "labels"),
            run="tasks.labels:run",
            grades=True,
        ),
        Stage(
            name="judge",
            title="Ask a language model, or the problem's own computation, for a second opinion on each step.",
            version=1,
            params=JudgeParams,
            reads=("problems", "traces"),
            writes=("replies", "judgements"),
            shows="judgements",
            run="tasks.judge:run",
        ),
        Stage(
            name="consensus",
            title="Tell on which traces rollouts and judge agree about the first error, and why not on the others.",
            version=1,
            params=ConsensusParams,
            reads=("traces", "labels", "judgements"),
            writes=("consensus",),
            run="tasks.consensus:run",
        ),
        Stage(
            name="trees",
            title="Search trees of prefixes for the first errors of solutions, as OmegaPRM does.",
            version=1,
            params=TreesParams,
            reads=("problems", "traces"),
            writes=("tree_rollouts", "trees"),
            run="tasks.trees:run",
            grades=True,
            draws="tasks.tree_drawing:markdown",
        ),
        Stage(
            name="audit",
            title="Read what a person said of labelled steps, blind, and how often the labels are right.",
            version=1,
            params=AuditParams,
            reads=("labels",),
            writes=("audits",),
            run="tasks.audit:run",
            sources="tasks.audit:inputs_of",
        ),
        Stage(
            name="prm",
            title="Export process- and outcome-reward training data from traces and labels, or from trees.",
            version=1,
            params=PRMParams,
            reads=("problems", "traces"),
            writes=("prm", "orm"),
            run="tasks.prm:run",
        ),
        Stage(
            name="recipe",
            title="Make training sets of traces: demonstrations, preference pairs, records for reinforcement learning.",
            version=1,
            params=RecipeParams,
            reads=("problems", "traces"),
            writes=("sft", "preferences", "rlvr", "screened"),
            run="tasks.recipe:run",
            sources="tasks.recipe:inputs_of",
            elsewhere="tasks.recipe:elsewhere",
        ),
    )
}


MAIN_JOB = ("problems", "traces", "labels", "prm")
"""What `proctor run pipeline` and the demo run, in this order."""


def writer_of(dataset: str) -> Stage:
    """The stage that commits a dataset."""
    for stage in STAGES.values():
        if dataset in stage.writes:
            return stage
    raise KeyError(f"no stage writes {dataset!r}; there are: {', '.join(d for s in STAGES.values() for d in s.writes)}")


def place(dataset: str, partition: Partition) -> Partition:
    """Where a dataset lies for a run's partition: problems are shared by the models that answer them."""
    return partition.without_model() if dataset == "problems" else partition
