"""What the demo runs: every part of Proctor once, with the embedded models, sized for minutes on two cores.

The main job, verifiers and strategies that ask them, variants and what they do to accuracy, a leaderboard of three
checkpoints in two prompt styles, and simulated voters whose taste for style misleads a plain rating.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from flows.run.work import Work
from flows.stages import STAGES
from storage.partition import Partition
from storage.store import Store
from tasks.arena.params import BattlesParams, RatingsParams
from tasks.engines.engine import EngineParams
from tasks.params import LabelsParams, Params, PRMParams, ProblemsParams, TracesParams
from tasks.robustness.effects_params import RobustnessParams
from tasks.robustness.params import KindOptions, PerturbParams, TrialsParams
from tasks.strategies.params import StrategiesParams
from tasks.verifier.params import VerifierParams

RUN = "demo"
EXPLAINED = "demo_explained"
"""The same problems, put in another prompt style."""
SIMULATED = "simulated"
"""The source of votes that nobody cast."""
MODELS = {"late": "tiny_reasoner", "mid": "tiny_reasoner_mid", "early": "tiny_reasoner_early"}
PROBLEMS = 100
VOTERS = Path(__file__).resolve().parents[2] / "docs" / "simulated_voters.json"

STRATEGIES = StrategiesParams.model_validate(
    {
        "strategies": [
            {"kind": "pass"},
            {"kind": "majority"},
            {"kind": "best_of"},
            {"kind": "weighted"},
            {"kind": "weighted", "by": ["likelihood"], "aggregate": "product"},
        ]
    }
)
KINDS = ("identity", "numbers", "names", "distractor")


def demo_works(store: Store, partition: Partition, problems: int) -> list[Work]:
    """In the order in which they run. `partition` is that of the embedded model."""
    return [
        Work(STAGES[name], where, params, store)
        for name, where, params in (
            *_main_job(partition, problems),
            *_verified(partition),
            *_perturbed(partition),
            *_contest(partition, problems),
            *_simulated(partition),
        )
    ]


def mark(work: Work) -> str:
    """What tells a work from others of its stage."""
    where = work.partition
    style = "explained" if where.run == EXPLAINED else "concise"
    if where.source == SIMULATED:
        return "simulated voters"
    if work.stage.name == "traces":
        return next(f"{name}, {style}" for name, model in MODELS.items() if model == where.model)
    return style if where.run == EXPLAINED else ""


Piece = tuple[str, Partition, Params]


def _main_job(where: Partition, problems: int) -> Iterator[Piece]:
    yield "problems", where, ProblemsParams(count=problems)
    yield "traces", where, TracesParams(samples=8)
    yield "labels", where, LabelsParams(policy="binary", k=8)
    yield "prm", where, PRMParams()


def _verified(where: Partition) -> Iterator[Piece]:
    # Counts of a search are of the prefixes that it chose; and few problems teach a head on confidence enough.
    yield "verifier", where, VerifierParams(target="hard", head="confidence", epochs=10)
    yield "strategies", where, STRATEGIES


def _perturbed(where: Partition) -> Iterator[Piece]:
    yield "perturb", where, PerturbParams(kinds=KINDS, options={"identity": KindOptions(variants=8)})
    yield "trials", where, TrialsParams()
    yield "robustness", where, RobustnessParams()


def _contest(where: Partition, problems: int) -> Iterator[Piece]:
    """Each contestant answers each problem twice; the traces of the main job are one contestant's."""
    explained = where.model_copy(update={"run": EXPLAINED})
    yield "problems", explained, ProblemsParams(count=problems)
    contestants = {"late, concise": where}
    for name, model in MODELS.items():
        engine = EngineParams(model=model)
        here, there = (each.model_copy(update={"model": model}) for each in (where, explained))
        if here != where:
            yield "traces", here, TracesParams(engine=engine, samples=2)
        yield "traces", there, TracesParams(engine=engine, samples=2, prompt="explained")
        contestants |= {f"{name}, concise": here, f"{name}, explained": there}
    addresses = {name: f"traces/{each}" for name, each in contestants.items()}
    yield "battles", where, BattlesParams(contestants=addresses)
    yield "ratings", where, RatingsParams()


def _simulated(where: Partition) -> Iterator[Piece]:
    voted = Partition(date=where.date, source=SIMULATED, run=where.run)
    yield "battles", voted, BattlesParams.model_validate(json.loads(VOTERS.read_text(encoding="utf-8")))
    yield "ratings", voted, RatingsParams()
