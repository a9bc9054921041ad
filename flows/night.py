"""What a night makes: the parameters of its stages, and each day's own problems.

The flow `nightly` and a backfill of nights read the same, so that a night made up for later has the rows that it
would have had on its day.
"""

import datetime

from pydantic import BaseModel, ConfigDict

from tasks.arena.params import BattlesParams, RatingsParams
from tasks.params import LabelsParams, PRMParams, ProblemsParams, TracesParams
from tasks.robustness.effects_params import RobustnessParams
from tasks.robustness.params import PerturbParams, TrialsParams
from tasks.strategies.params import StrategiesParams
from tasks.verifier.params import VerifierParams, VerifyParams


class Night(BaseModel):
    """The parameters of each stage, in the order in which they run; those that are null do not."""

    model_config = ConfigDict(frozen=True, extra="forbid")

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


def of_the_day(problems: ProblemsParams, day: datetime.date) -> ProblemsParams:
    """Generated problems have the day's own seed; of a file or a data set, `sample` problems are the day's own, and all
    are what they are without it."""
    if problems.source == "generated":
        return problems.model_copy(update={"seed": problems.seed + day.toordinal()})
    if problems.sample is None:
        return problems
    return problems.model_copy(update={"offset": problems.offset + day.toordinal() * problems.sample})
