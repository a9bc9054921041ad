"""From the options of a command to works and a flow's arguments: the same for one stage, the pipeline and a night."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, create_model

from evals.gates import Gate
from flows.orders.night import Night, night_works
from flows.orders.parameters import assign, check, read
from flows.run.addresses import Wanted, address, with_model
from flows.run.work import Work
from flows.stages import MAIN_JOB, STAGES
from storage.partition import Partition
from storage.store import Store
from tasks.engines.engine import Resources
from tasks.params import Params

PIPELINE = "pipeline"
NIGHTLY = "nightly"
JOBS = (PIPELINE, NIGHTLY)
"""Of several stages: the traces' parameters name the model, where it was not given."""


@dataclass(frozen=True)
class Order:
    """What is to be run, with all that was left out filled in."""

    name: str
    works: tuple[Work, ...]
    resources: Resources
    root: str
    max_dead_rate: float
    gates: tuple[Gate, ...] = ()

    @property
    def partition(self) -> Partition:
        return self.works[-1].partition

    def arguments(self) -> dict[str, Any]:
        """Those of the flow `name`."""
        params = {work.stage.name: work.params for work in self.works}
        shared = {"partition": self.partition, "resources": self.resources, "root": self.root}
        shared["max_dead_rate"] = self.max_dead_rate
        if self.name == PIPELINE:
            return shared | params | {"gates": self.gates}
        return shared | {"params": params[self.name]}


def order(name: str, params: BaseModel, wanted: Wanted, resources: Resources, root: str, max_dead_rate: float) -> Order:
    """Raises Unclear or InputsMissing where the partition cannot be told."""
    root = absolute_root(root)
    store = Store(root)
    each = by_stage(name, params)
    first = next(iter(each))
    where = address(STAGES[first], each[first], wanted, store)
    if name in JOBS:
        where = where.model_copy(update={"model": wanted.model})
    return Order(name, works_at(name, params, where, store), resources, root, max_dead_rate)


def absolute_root(root: str) -> str:
    """The same place for whoever works in another folder."""
    return root if "://" in root else str(Path(root).absolute())


def works_at(name: str, params: BaseModel, partition: Partition, store: Store) -> tuple[Work, ...]:
    """What is to be done at a partition, in order; a model that it lacks is the one of the parameters."""
    if isinstance(params, Night):
        return night_works(params, partition, store)
    each = by_stage(name, params)
    chooses = "traces" if "traces" in each else name
    where = with_model(STAGES[chooses], each[chooses], partition, store)
    return tuple(Work(STAGES[stage], where, each[stage], store) for stage in each)


def parameters(name: str) -> type[BaseModel]:
    """The model of what --set can reach; that of several stages has a field for each."""
    if name == NIGHTLY:
        return Night
    if name != PIPELINE:
        return STAGES[name].params
    fields: Any = {stage: (STAGES[stage].params, STAGES[stage].params()) for stage in MAIN_JOB}
    return create_model("PipelineParams", __config__=ConfigDict(frozen=True, extra="forbid"), **fields)


def given(name: str, file: Path | None, settings: Iterable[str], model: str | None) -> BaseModel:
    """The parameters of `name` from what was given; `model` stands for the engine that samples unless it is set."""
    values = read(file) if file else {}
    sampling = {"traces": [""], "trials": [""], PIPELINE: ["traces."], NIGHTLY: ["traces.", "trials."]}
    for prefix in sampling.get(name, []) if model is not None else []:
        assign(values, f"{prefix}engine.model={json.dumps(model)}")
    for setting in settings:
        assign(values, setting)
    return check(parameters(name), values)


def by_stage(name: str, params: BaseModel) -> dict[str, Params]:
    """In the order in which the stages run."""
    if name in JOBS:
        return {stage: each for stage, each in params if stage in STAGES and each is not None}
    assert isinstance(params, Params)
    return {name: params}
