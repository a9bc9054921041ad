"""The main job as one flow: problems, traces, step labels and training data, each stage a subflow."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, cast

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Failed

from evals.gates import Gate, GateFailed
from flows.labels import labels as label
from flows.orders.gates import checks_of, refuse_strangers, stop_at
from flows.prm import prm as export
from flows.problems import problems as make_problems
from flows.run.addresses import with_model
from flows.run.execute import MAX_DEAD_RATE, Execution
from flows.run.partition_run import add_tags
from flows.run.work import Work
from flows.stages import MAIN_JOB, STAGES
from flows.traces import traces as sample
from storage.partition import Partition
from storage.store import Store
from tasks.artifacts import leave_checks
from tasks.engines.engine import Resources
from tasks.engines.pool import keep_engines
from tasks.params import LabelsParams, PRMParams, ProblemsParams, TracesParams


@flow(name="pipeline", flow_run_name="pipeline {partition}", persist_result=False)
def pipeline(
    partition: Partition,
    problems: ProblemsParams = ProblemsParams(),
    traces: TracesParams = TracesParams(),
    labels: LabelsParams = LabelsParams(),
    prm: PRMParams = PRMParams(),
    resources: Resources = Resources(),
    root: str = "data",
    max_dead_rate: float = MAX_DEAD_RATE,
    gates: tuple[Gate, ...] = (),
) -> list[Execution]:
    """Problems, then reasoning traces, then step labels, then training data for reward models.

    Stages that are complete are passed over, so that a run that was stopped goes on where it was. What a stage
    committed has to pass the `gates` on it before the next one begins.
    """
    refuse_strangers(gates, MAIN_JOB)
    partition = with_model(STAGES["traces"], traces, partition, Store(root))
    add_tags(["stage:pipeline", *str(partition).split("/")])
    shared = (resources, root, max_dead_rate)
    try:
        made = held(make_problems(partition, problems, *shared), gates)
        with _one_load(Work(STAGES["labels"], partition, labels, Store(root)), traces, resources):
            return [
                made,
                held(sample(partition, traces, *shared), gates),
                held(label(partition, labels, *shared), gates),
                held(export(partition, prm, *shared), gates),
            ]
    except GateFailed as error:
        return stopped(error)


def held(execution: Execution, gates: Sequence[Gate]) -> Execution:
    """The same, if it passed; the checks are shown either way. Raises GateFailed."""
    checks = checks_of(execution, gates)
    if checks:
        dataset = STAGES[execution.stage].main
        leave_checks(dataset, checks, f"{execution.stage}, {execution.partition}")
    stop_at(execution, checks)
    return execution


def stopped(error: GateFailed) -> list[Execution]:
    """What a flow returns to end as failed, by the name of the gate; who called the flow gets the error raised."""
    state: State[Any] = Failed(name=f"Gate {error.gates[0].metric}", message=str(error), data=error)
    return cast("list[Execution]", state)  # Prefect takes a state in the place of a result


def _one_load(labels: Work, traces: TracesParams, resources: Resources) -> AbstractContextManager[None]:
    """Keeps the model loaded from one stage to the next, where there is one to load."""
    if traces.engine.kind == "http" or labels.committed():
        return nullcontext()
    return keep_engines(resources.ray_address)
