"""The night's work: fresh problems of that day, the main job on them, and what is told of model and labels from there.

Each day has problems of its own (flows/orders/night.py), so that any night can be made again. A stage whose partition
is complete is passed over: a night that was cut short goes on where it was.
"""

import datetime

from prefect import flow
from prefect.runtime import flow_run

from evals.gates import Gate, GateFailed
from flows.orders.gates import made_by, refuse_strangers
from flows.orders.night import Night, night_works, of_the_day
from flows.pipeline import held, pipeline, stopped
from flows.run.addresses import source_name, with_model
from flows.run.execute import MAX_DEAD_RATE, Execution
from flows.run.partition_run import add_tags, run_partition
from flows.stages import MAIN_JOB, STAGES
from flows.views.coverage import NIGHTS, coverage_shown
from flows.views.night_report import leave_night_report
from flows.views.nights import baseline_of
from storage.partition import Partition
from storage.store import Store
from tasks.arena.params import BattlesParams, RatingsParams
from tasks.engines.engine import Resources
from tasks.engines.pool import keep_engines
from tasks.params import LabelsParams, PRMParams, ProblemsParams, TracesParams
from tasks.robustness.effects_params import RobustnessParams
from tasks.robustness.params import PerturbParams, TrialsParams
from tasks.strategies.params import StrategiesParams
from tasks.verifier.params import VerifierParams, VerifyParams

NIGHT = Night()


def scheduled_day() -> datetime.date:
    """Of the flow run under way, in UTC; a run that starts late still makes the day that it was meant for."""
    scheduled: datetime.datetime = flow_run.scheduled_start_time
    return scheduled.astimezone(datetime.UTC).date()


def run_name() -> str:
    """Of the flow run under way, by its day, which is no parameter of a scheduled one."""
    return f"nightly {flow_run.parameters.get('date') or scheduled_day()}"


@flow(name="nightly", flow_run_name=run_name, persist_result=False)
def nightly(
    date: datetime.date | None = None,
    problems: ProblemsParams = NIGHT.problems,
    traces: TracesParams = NIGHT.traces,
    labels: LabelsParams = NIGHT.labels,
    prm: PRMParams = NIGHT.prm,
    verifier: VerifierParams | None = NIGHT.verifier,
    verify: VerifyParams | None = NIGHT.verify,
    strategies: StrategiesParams | None = NIGHT.strategies,
    perturb: PerturbParams | None = NIGHT.perturb,
    trials: TrialsParams | None = NIGHT.trials,
    robustness: RobustnessParams | None = NIGHT.robustness,
    battles: BattlesParams | None = NIGHT.battles,
    ratings: RatingsParams | None = NIGHT.ratings,
    contestants: dict[str, TracesParams] = NIGHT.contestants,
    resources: Resources = Resources(),
    root: str = "data",
    max_dead_rate: float = MAX_DEAD_RATE,
    gates: tuple[Gate, ...] = (),
    baseline: datetime.date | None = None,
) -> list[Execution]:
    """Make the partition of a day: the main job, then each stage whose parameters are not null, then a report.

    `date`: null is the day for which the run was scheduled (UTC). `gates` stop the night where a number of a stage is
    not as it should be. `baseline`: a day that the report compares this one with, beside the night before.
    `contestants`: other models or prompts that answer the same problems, by the name of their run; they are rated with
    the night's own, and no gate asks anything of them.
    """
    day = date or scheduled_day()
    add_tags(["nightly", f"date={day}"])
    partition = with_model(STAGES["traces"], traces, Partition(date=day, source=source_name(problems)), Store(root))
    if baseline:
        baseline_of(Store(root), partition, baseline)  # refused now, not at the end of the night
    night = Night(
        problems=problems,
        traces=traces,
        labels=labels,
        prm=prm,
        verifier=verifier,
        verify=verify,
        strategies=strategies,
        perturb=perturb,
        trials=trials,
        robustness=robustness,
        battles=battles,
        ratings=ratings,
        contestants=contestants,
    )
    works = night_works(night, partition, Store(root))
    refuse_strangers(gates, [work.stage.name for work in works])
    early = tuple(gate for gate in gates if gate.dataset in made_by(MAIN_JOB))
    shared = (resources, root, max_dead_rate)
    first = day - NIGHTS + datetime.timedelta(days=1)
    try:
        with coverage_shown(root, first, day), keep_engines(resources.ray_address):
            done = pipeline(partition, of_the_day(problems, day), traces, labels, prm, *shared, early)
            for work in works[len(MAIN_JOB) :]:
                made = run_partition(work.stage.name, work.params, work.partition, *shared)
                done.append(held(made, gates if work.partition.run == partition.run else ()))
    except GateFailed as error:
        leave_night_report(partition, root, baseline)
        return stopped(error)
    leave_night_report(partition, root, baseline)
    return done
