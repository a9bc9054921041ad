"""What a night makes: the parameters of its stages, and each day's own problems.

The flow `nightly` and a backfill of nights read the same, so that a night made up for later has the rows that it
would have had on its day.
"""

import datetime

from pydantic import BaseModel, ConfigDict

from flows.run.addresses import Unclear, with_model
from flows.run.work import Work
from flows.stages import STAGES
from storage.partition import Partition
from storage.store import Store
from tasks.arena.params import BattlesParams, RatingsParams
from tasks.params import LabelsParams, Params, PRMParams, ProblemsParams, TracesParams
from tasks.robustness.effects_params import RobustnessParams
from tasks.robustness.params import PerturbParams, TrialsParams
from tasks.strategies.params import StrategiesParams
from tasks.verifier.params import VerifierParams, VerifyParams


class Night(BaseModel):
    """The parameters of each stage, in the order in which they run; those that are null do not."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    problems: ProblemsParams = ProblemsParams()
    traces: TracesParams = TracesParams()
    labels: LabelsParams = LabelsParams(policy="binary")
    prm: PRMParams = PRMParams()
    verifier: VerifierParams | None = VerifierParams(target="hard")  # counts of a search are no evidence
    verify: VerifyParams | None = VerifyParams()
    strategies: StrategiesParams | None = StrategiesParams()
    perturb: PerturbParams | None = PerturbParams()
    trials: TrialsParams | None = TrialsParams()
    robustness: RobustnessParams | None = RobustnessParams()
    battles: BattlesParams | None = None
    ratings: RatingsParams | None = None
    contestants: dict[str, TracesParams] = {}
    """Other models or prompts that answer the night's problems, by the name of their run: they meet the night's own
    traces in battles, and are rated. Where battles and ratings are null, gold verdicts judge, and a penalty (l2=1)
    keeps ratings of few battles finite."""


def night_works(night: Night, partition: Partition, store: Store) -> tuple[Work, ...]:
    """What a night makes at a partition, in order; the traces' parameters name the model that it lacks.

    Raises Unclear for a contestant that is called as the night's own run.
    """
    if partition.run in night.contestants:
        raise Unclear(f"contestants: {partition.run!r} is the night's own run; give the contestant another name")
    sampling = STAGES["traces"]
    where = with_model(sampling, night.traces, partition, store)
    others = {
        name: with_model(sampling, each, where.model_copy(update={"run": name, "model": None}), store)
        for name, each in night.contestants.items()
    }
    params: dict[str, Params | None] = {name: each for name, each in night if name in STAGES}
    params["problems"] = of_the_day(night.problems, partition.date)
    if others:
        meet = {name: f"traces/{there}" for name, there in {where.run: where, **others}.items()}
        params["battles"] = night.battles or BattlesParams(contestants=meet)
        params["ratings"] = night.ratings or RatingsParams(l2=1)
    own = {name: Work(STAGES[name], where, each, store) for name, each in params.items() if each is not None}
    theirs = [Work(sampling, others[name], each, store) for name, each in night.contestants.items()]
    arena = [own.pop(name) for name in ("battles", "ratings") if name in own]
    return (*own.values(), *theirs, *arena)


def of_the_day(problems: ProblemsParams, day: datetime.date) -> ProblemsParams:
    """Generated problems have the day's own seed; of a file or a data set, `sample` problems are the day's own, and all
    are what they are without it."""
    if problems.source == "generated":
        return problems.model_copy(update={"seed": problems.seed + day.toordinal()})
    if problems.sample is None:
        return problems
    return problems.model_copy(update={"offset": problems.offset + day.toordinal() * problems.sample})
