"""What every stage's flow does: one Prefect task run for one partition, with what it leaves in the UI.

Prefect decides when and shows what happened; whether there is anything to do is told by storage
(flows/run/work.py), so tasks run with NO_CACHE and a retry from the UI, a second pod or the command line all
mean the same.
"""

import logging
from collections.abc import Iterable
from contextlib import suppress

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.context import FlowRunContext
from prefect.exceptions import MissingContextError

from flows.run.addresses import with_model
from flows.run.events import EVENTS, JsonLine
from flows.run.execute import Execution, Runner, execute
from flows.run.progress import watching
from flows.run.work import Work
from flows.stages import STAGES
from storage.partition import Partition
from storage.store import Store
from tasks import artifacts
from tasks.engines.engine import Resources
from tasks.params import Params


def run_partition(
    name: str,
    params: Params,
    partition: Partition,
    resources: Resources,
    root: str,
    max_dead_rate: float,
    again: bool = False,
) -> Execution:
    """Runs stage `name`; to be called from inside a flow. `again`: even where it is complete."""
    partition = with_model(STAGES[name], params, partition, Store(root))
    add_tags([f"stage:{name}", *str(partition).split("/")])
    return partition_task.with_options(name=name, task_run_name=f"{name} {partition}")(
        name, params, partition, resources, root, max_dead_rate, again
    )


@task(cache_policy=NO_CACHE, persist_result=False)
def partition_task(
    name: str,
    params: Params,
    partition: Partition,
    resources: Resources,
    root: str,
    max_dead_rate: float,
    again: bool = False,
) -> Execution:
    work = Work(STAGES[name], partition, params, Store(root))
    with artifacts.ProgressBar(work.stage.main, f"{name}, {partition}") as bar, watching(bar):
        execution = execute(work, _runner(resources, max_dead_rate, again))
    artifacts.leave(execution.manifests, execution.ancestors, execution.addresses)
    if section := work.stage.section(work.location(work.stage.main)):
        artifacts.leave_report(work.stage.main, section, f"{work.stage.main}, {partition}")
    return execution


class RunLog(logging.Handler):
    """Passes events on to the log of the Prefect run in which they happen: to the UI, and to the worker's output."""

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(MissingContextError):  # a thread beside the run, or no run at all
            get_run_logger().log(record.levelno, self.format(record))


_run_log = RunLog()
_run_log.setFormatter(JsonLine())
EVENTS.addHandler(_run_log)


def add_tags(tags: Iterable[str]) -> None:
    """Tags the flow run that is under way, however it was started."""
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        return
    with get_client(sync_client=True) as client:
        client.update_flow_run(context.flow_run.id, tags={*context.flow_run.tags, *tags})


def _runner(resources: Resources, max_dead_rate: float, again: bool) -> Runner:
    context = FlowRunContext.get()
    run = context.flow_run if context else None
    if run is None:
        return Runner(resources, max_dead_rate, again=again)
    return Runner(resources, max_dead_rate, f"flow run {run.name}", str(run.id), again)
