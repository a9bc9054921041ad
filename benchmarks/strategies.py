"""Test-time strategies with the embedded model on problems that no training saw: accuracy against tokens.

    python -m benchmarks.strategies --json                      everything, from nothing
    python -m benchmarks.strategies --store DIR --json          the same in a store that is kept, and gone on from

Verifiers with a head on confidence are trained on Monte Carlo labels (targets counts, hard, soft) of one set of
problems and on the true labels of the same steps, the ceiling of what labels can do; an outcome verifier on the same
traces; two whose head reads the hidden state, of counts and of the truth, tell whether it is the head. Strategies are
played on other problems. The first 200 choose how far a weighted vote trusts its verifier, and are not reported; of
those behind them, strategies that choose among whole solutions get all, and guided ones the first `--guided`.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from benchmarks.workbench import PARTITION, arguments, report, show, workbench
from evals.strategies import AnySettings
from evals.strategies.curves import Outcomes, by_difficulty, paired_difference, point, turns
from evals.strategies.settings import DVTS, Beam, BestOf, Majority, Pass, Prune, Weighted
from evals.verifier.aggregation import Aggregation
from flows.run.execute import Runner, execute
from flows.run.work import Work
from flows.stages import STAGES
from storage.store import Store
from tasks.engines.engine import Resources
from tasks.engines.runtime import ray_session
from tasks.params import LabelsParams, Params, PRMParams, ProblemsParams, TracesParams
from tasks.strategies.params import StrategiesParams, VerifierRef
from tasks.strategies.report import picture
from tasks.strategies.summary import curves_of, outcomes_of
from tasks.verifier.params import VerifierParams


def process(**how: Any) -> VerifierParams:
    return VerifierParams(kinds=("process",), **how)


TARGETS: tuple[Literal["counts", "hard", "soft", "truth"], ...] = ("counts", "hard", "soft", "truth")
"""What process verifiers learn. The first of them is the one that searches and tuned votes ask."""
EPOCHS = 4
"""Of a head on confidence, which is small: more change little."""
VERIFIERS: dict[str, VerifierParams] = {
    **{target: process(target=target, head="confidence", epochs=EPOCHS) for target in TARGETS},
    "outcome": VerifierParams(kinds=("outcome",), head="confidence", epochs=EPOCHS),
    "hidden": process(epochs=1),
    "hidden_truth": process(target="truth", epochs=1),
}
"""Each is a run. Of all weights one epoch: a second one fits the training problems and no others."""
NS = (1, 2, 4, 8, 16)
GUIDED_NS = (4, 16)
POWERS = (1.0, 2.0, 4.0, 8.0)
TUNING = 200
"""Problems that choose among the weighted votes; all that is reported is of the others."""
PLACE = PARTITION.model_copy(update={"run": "eval"})


def main() -> None:
    parser = arguments("test-time strategies: accuracy against tokens")
    parser.add_argument("--train", type=int, default=2400, help="problems whose traces train the verifiers")
    parser.add_argument("--problems", type=int, default=1400, help="problems that strategies are played on")
    parser.add_argument("--guided", type=int, default=200, help="of those reported, how many are searched")
    parser.add_argument("--store", type=Path, help="keep everything here, and go on from what is there")
    parser.add_argument("--picture", type=Path, help="draw accuracy against tokens into this file")
    asked = parser.parse_args()
    with opened(asked.store) as store:
        train(store, asked.train)
        rows = play(store, asked)
        blind = one_text_each(store, max(NS))
    order = list(dict.fromkeys(row["problem_id"] for row in rows))
    tuning, test = set(order[:TUNING]), set(order[TUNING:])
    best = chosen_vote([row for row in rows if row["problem_id"] in tuning])
    rows = [row for row in rows if row["problem_id"] in test]
    result = measured(outcomes_of(rows), rows) | {"tuned_vote": best, "tuning_problems": len(tuning)}
    result["one_text_each"] = float(np.mean([blind[each] for each in test]))
    tell(result)
    if asked.picture:
        asked.picture.write_text(picture(curves_of(shown(rows))).svg, encoding="utf-8")
    report(result, asked.json)


@contextmanager
def opened(folder: Path | None) -> Iterator[Store]:
    """The store: a temporary one, or one that stays."""
    if folder is None:
        with workbench() as store:
            yield store
    else:
        with ray_session():
            yield Store(str(folder))


def train(store: Store, problems: int) -> None:
    """Verifiers from Monte Carlo labels and from the truth, all on the same steps."""
    run(store, "main", "problems", ProblemsParams(count=problems, seed=101))
    run(store, "main", "traces", TracesParams(samples=8))
    run(store, "main", "labels", LabelsParams(policy="fixed", k=8))
    run(store, "main", "prm", PRMParams())
    for name, params in VERIFIERS.items():
        run(store, name, "verifier", params)


def play(store: Store, asked: argparse.Namespace) -> list[dict[str, Any]]:
    """The rows of all strategies, on problems that no verifier was trained on."""
    run(store, "eval", "problems", ProblemsParams(count=asked.problems, seed=2027))
    run(store, "eval", "traces", TracesParams(samples=max(NS)))
    run(store, "eval", "strategies", params(asked.guided))
    seen = set(store.at("problems", PARTITION.without_model()).read(["question"])["question"].to_pylist())
    problems = store.at("problems", PLACE.without_model()).read(["problem_id", "question"]).to_pylist()
    known = {row["problem_id"] for row in problems if row["question"] in seen}
    return [row for row in store.at("strategies", PLACE).read().to_pylist() if row["problem_id"] not in known]


def params(guided: int) -> StrategiesParams:
    verifiers = {name: VerifierRef(kind=params.kinds[0], run=name) for name, params in VERIFIERS.items()}
    verifiers |= {"likelihood": VerifierRef(kind="likelihood")}
    return StrategiesParams(strategies=(*whole(), *step_by_step(guided)), ns=NS, verifiers=verifiers)


def whole() -> tuple[AnySettings, ...]:
    """Strategies that choose among whole solutions."""
    found: list[AnySettings] = [Pass(), Majority()]
    for by in (*((name,) for name in VERIFIERS), (TARGETS[0], "outcome")):
        found += [BestOf(by=by), Weighted(by=by)]
    found += [BestOf(by=("likelihood",), aggregate="product"), Weighted(by=("likelihood",), aggregate="product")]
    return (*found, *tuned())


def tuned() -> tuple[Weighted, ...]:
    """Weighted votes that differ in how far they trust the verifier, and in how it is heard; at the largest N alone."""
    grid = product(get_args(Aggregation), POWERS)
    found = [Weighted(by=(TARGETS[0],), aggregate=rule, power=power, ns=(max(NS),)) for rule, power in grid]
    return tuple(each for each in found if (each.aggregate, each.power) != ("last", 1))


def step_by_step(problems: int) -> tuple[AnySettings, ...]:
    """Strategies that are guided, by the verifier of counts and by that of the truth."""
    same: dict[str, Any] = {"problems": TUNING + problems, "ns": GUIDED_NS}
    found: list[AnySettings] = []
    for name in (TARGETS[0], "truth"):
        found += [Beam(by=(name,), width=4, **same), DVTS(by=(name,), width=4, **same)]
        found += [Prune(by=(name,), cut=0.2, **same)]
    return tuple(found) if problems else ()


def chosen_vote(rows: Sequence[dict[str, Any]]) -> str:
    """The weighted vote of the first verifier that is best on the tuning problems."""
    titles = [f"weighted({TARGETS[0]}, last)", *(each.title for each in tuned())]
    found = {each.strategy: each for each in outcomes_of(rows) if each.n == max(NS)}
    accuracy = {title: point(found[title]).accuracy or 0.0 for title in titles}
    return max(titles, key=accuracy.__getitem__)


def one_text_each(store: Store, samples: int) -> dict[str, float]:
    """By problem, the share of right ones among its distinct texts: what the best of N by a score that knows nothing
    comes to, as a text has one score however often it is drawn."""
    verdicts: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for row in store.at("traces", PLACE).read(["problem_id", "sample", "text", "verdict"]).to_pylist():
        if row["sample"] < samples:
            verdicts[row["problem_id"]][row["text"]] = float(row["verdict"] == "correct")
    return {problem: sum(texts.values()) / len(texts) for problem, texts in verdicts.items()}


def run(store: Store, name: str, stage: str, params: Params) -> None:
    """Runs a stage in a run of its own, where it is not committed already."""
    work = Work(STAGES[stage], PARTITION.model_copy(update={"run": name}), params, store)
    if work.committed() is None:
        execute(work, Runner(Resources()))


def shown(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The strategies that the picture has room for."""
    first = TARGETS[0]
    names = [f"best_of({first}, last)", f"weighted({first}, last)", "best_of(hidden, last)", "best_of(truth, last)"]
    guided = [f"beam({first}, last)", f"dvts({first}, last)", f"prune({first}, 0.2)"]
    return [row for row in rows if row["strategy"] in ("pass", "majority", *names, *guided)]


def measured(played: Sequence[Outcomes], rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    votes = {each.n: each for each in played if each.strategy == "majority"}
    return {
        "problems": len({row["problem_id"] for row in rows}),
        "strategies": {
            name: [
                {
                    "n": each.n, "tokens": each.tokens, "accuracy": each.accuracy, "low": each.low,
                    "high": each.high, "problems": each.problems, "score": each.score,
                }
                for each in curve
            ]
            for name, curve in curves_of(rows).items()
        },
        "minus_majority": {
            f"{each.strategy} N={each.n}": _interval(paired_difference(each, votes[each.n]))
            for each in played
            if each.strategy != "majority" and each.n in votes
        },
        "by_steps": {
            f"{each.strategy} N={each.n}": {str(steps): _interval(own) for steps, own in by_difficulty(each).items()}
            for each in played
            if each.n in GUIDED_NS
        },
        "turns": {
            name: [
                {
                    "n": [turn.before, turn.after], "score": _interval(turn.proxy), "accuracy": _interval(turn.truth),
                    "over_optimised": turn.over_optimised,
                }
                for turn in turns([each for each in played if each.strategy == name])
            ]
            for name in dict.fromkeys(each.strategy for each in played)
            if name.startswith("best_of")
        },
    }  # fmt: skip


def _interval(found: Any) -> dict[str, float]:
    return {"mean": found.mean, "low": found.low, "high": found.high, "problems": found.problems}


def tell(result: dict[str, Any]) -> None:
    gaps = result["minus_majority"]
    table = []
    for name, curve in result["strategies"].items():
        for each in curve:
            gap = gaps.get(f"{name} N={each['n']}")
            less = f"{gap['mean']:+.3f} ({gap['low']:+.3f} {gap['high']:+.3f})" if gap else ""
            interval = f"{each['low']:.3f} {each['high']:.3f}"
            cells = [name, each["n"], each["problems"], round(each["tokens"]), each["accuracy"], interval, less]
            table.append(cells)
    columns = ["strategy", "N", "problems", "tokens", "accuracy", "95 % interval", "− majority, paired"]
    show(f"{result['problems']} problems", columns, table)
    steps = sorted({step for found in result["by_steps"].values() for step in found})
    split = [
        [name, *(found[s]["mean"] if s in found else "" for s in steps)] for name, found in result["by_steps"].items()
    ]
    print(f"tuned on {result['tuning_problems']} other problems: {result['tuned_vote']}")
    print(f"best of {max(NS)} by a score that knows nothing: {result['one_text_each']:.3f}")
    show("By steps of the gold solution", ["strategy", *steps], split)
    views = [
        [
            name,
            f"{turn['n'][0]} to {turn['n'][1]}",
            turn["score"]["mean"],
            turn["accuracy"]["mean"],
            turn["over_optimised"],
        ]
        for name, found in result["turns"].items()
        for turn in found
    ]
    show(
        "The verifier's view against the truth",
        ["strategy", "N", "score rises", "accuracy rises", "over-optimised"],
        views,
    )


if __name__ == "__main__":
    main()
