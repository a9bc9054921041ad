"""What a second opinion is worth: first errors of the rollouts before and after the consensus with a judge.

    python -m benchmarks.second_opinions [--json]

Traces and labels are of the embedded model, through the real stages, and so are judging, reading and consensus. The
judges are not real: the embedded model cannot judge. `program` knows the truth, so that what it agrees with is right by
construction; it shows how much is kept. The others are simulations that name the truth but for a stated share of their
replies, each drawn by itself. There, one kind names another step, or none, each as likely: errors that have nothing to
do with those of the rollouts, the best case. The other kind repeats what the rollouts say: the worst case. A model is
somewhere between, and its votes are less independent than these.

`no judge` leaves out the traces whose labels contradict themselves, which needs nobody's opinion. The gain is in
first-error accuracy, kept traces against all; its 95 % interval is a bootstrap over problems.

With --json the last line is {"traces", "before", "filters": {name: {"judge_accuracy", "share_kept", "reasons", "after",
"gain", "gain_low", "gain_high"}}}.
"""

import asyncio
import random
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.workbench import PARTITION, arguments, commit, job_of, make_traces, report, run_stage, show, workbench
from evals.consensus import Opinions, quality
from evals.first_errors import NO_ERROR
from evals.problems import Graph
from evals.truth import first_error, step_truths
from storage.store import Store
from tasks.engines.engine import EngineParams, Identity, Request, Sampling
from tasks.engines.fake_engine import FakeEngine
from tasks.judge import judge
from tasks.params import ConsensusParams, JudgeParams, LabelsParams

Row = dict[str, Any]
Said = dict[tuple[str, ...], int | None]

PROBLEM = re.compile(r"<problem>\n(.*?)\n</problem>", re.DOTALL)
STEP = re.compile(r"<step_\d+>\n(.*?)\n</step_\d+>", re.DOTALL)
DRAWS = 2000


def main() -> None:
    parser = arguments("first errors before and after the consensus with a judge")
    parser.add_argument("--problems", type=int, default=125)
    parser.add_argument("--samples", type=int, default=8, help="traces a problem")
    parser.add_argument("--k", type=int, default=8)
    parser.add_argument("--errors", type=float, nargs="+", default=[0.1, 0.2, 0.4], help="of the simulated judges")
    parser.add_argument("--votes", type=int, default=5, help="replies of the judges that vote")
    asked = parser.parse_args()
    with workbench() as store:
        make_traces(store, asked.problems, asked.samples)
        run_stage(store, "labels", LabelsParams(policy="first_success", k=asked.k))
        told = run_stage(store, "judge", JudgeParams(kind="program"))
        program = measured(store, told)
        before, free = quality(opinions(store)), without_judge(store)
        filters = {"no judge": free, "program (the truth)": program}
        said = rollouts_say(store)
        for rate in asked.errors:
            for votes in (1, asked.votes):
                name = f"simulation, errs in {rate:.0%}" + (f", {votes} votes" if votes > 1 else "")
                filters[name] = measured(store, simulate(store, rate, votes))
        for rate in asked.errors:
            filters[f"simulation, repeats in {rate:.0%}"] = measured(store, simulate(store, rate, 1, said))
    print_table(before, filters)
    report({"traces": before["traces"], "before": before, "filters": filters}, asked.json)


def simulate(store: Store, rate: float, votes: int, repeats: Said | None = None) -> dict[str, Any]:
    """The judge stage with a judge that errs at this rate; the summary."""
    name = f"simulation-{'errs' if repeats is None else 'repeats'}-{rate}"
    engine = FakeEngine(erring(store, rate, repeats), context=10**6)
    engine.identity = Identity(name=name, digest=name)
    params = JudgeParams(
        engine=EngineParams(kind="fake", model=name),
        form="first_error",
        samples=votes,
        sampling=Sampling(temperature=1.0),
    )
    outcome = asyncio.run(judge(job_of(store, "judge", params), engine))
    commit(store, "judge", params, outcome)
    return dict(outcome.summary)


def rollouts_say(store: Store) -> Said:
    """What the rollouts name in each trace, by its steps as a judge is shown them."""
    traces = store.at("traces", PARTITION).read(["trace_id", "steps"]).to_pylist()
    steps = {row["trace_id"]: tuple(step.strip() for step in row["steps"]) for row in traces}
    rows = store.at("consensus", PARTITION).read().to_pylist()
    return {steps[row["trace_id"]]: row["first_error_rollouts"] for row in rows}


def erring(store: Store, rate: float, repeats: Said | None) -> Callable[[Request], str]:
    """A judge that names the first wrong step, but in this share of its replies what the rollouts say, where those are
    given, else another step or none."""
    problems = store.at("problems", PARTITION.without_model()).read(["question", "graph"]).to_pylist()
    graphs = {row["question"].strip(): Graph.from_json(row["graph"]) for row in problems}

    def script(request: Request) -> str:
        question, steps = PROBLEM.search(request.prompt), STEP.findall(request.prompt)
        assert question is not None
        true = first_error(step_truths(graphs[question[1]], steps))
        draw = random.Random(request.seed)
        others = [index for index in range(NO_ERROR, len(steps)) if index != true]
        wrong = draw.choice(others) if repeats is None else repeats[tuple(steps)]
        return f"\\boxed{{{wrong if draw.random() < rate else true}}}"

    return script


def measured(store: Store, judged: dict[str, Any]) -> dict[str, Any]:
    """The consensus with the judge whose judgements are committed."""
    summary = run_stage(store, "consensus", ConsensusParams())
    kept = filtered(store, lambda row: bool(row["kept"]))
    return kept | {"judge_accuracy": judged["first_error_accuracy"], "reasons": summary["reasons"]}


def without_judge(store: Store) -> dict[str, Any]:
    """What is gained by leaving out contradictions alone."""
    return filtered(store, lambda row: row["reason"] != "contradiction") | {"judge_accuracy": None, "reasons": {}}


def filtered(store: Store, keeps: Callable[[Row], bool]) -> dict[str, Any]:
    rows = store.at("consensus", PARTITION).read().to_pylist()
    low, gain, high = gain_of(rows, keeps)
    after = quality(opinions(store, keeps))
    kept = sum(map(keeps, rows)) / len(rows)
    return {"share_kept": kept, "after": after, "gain": gain, "gain_low": low, "gain_high": high}


def opinions(store: Store, keeps: Callable[[Row], bool] = lambda row: True) -> list[Opinions]:
    rows = store.at("consensus", PARTITION).read().to_pylist()
    named = ("reason", "first_error_rollouts", "first_error_judge", "first_error_truth")
    return [Opinions(*(row[name] for name in named)) for row in rows if keeps(row)]


def gain_of(rows: list[Row], keeps: Callable[[Row], bool]) -> tuple[float, float, float]:
    """First-error accuracy of the kept traces minus that of all: 2.5 % bound, estimate, 97.5 % bound."""
    place = {name: i for i, name in enumerate(dict.fromkeys(row["problem_id"] for row in rows))}
    counts = np.zeros((len(place), 4))
    for row in rows:
        right, kept = row["first_error_rollouts"] == row["first_error_truth"], keeps(row)
        counts[place[row["problem_id"]]] += (1, right, kept, right and kept)
    drawn = np.random.default_rng(0).multinomial(len(place), np.full(len(place), 1 / len(place)), DRAWS)
    everything, right, kept, right_kept = np.vstack([counts.sum(axis=0), drawn @ counts]).T
    gains = right_kept / kept - right / everything
    low, high = np.quantile(gains[1:], [0.025, 0.975])
    return float(low), float(gains[0]), float(high)


def print_table(before: dict[str, Any], filters: dict[str, dict[str, Any]]) -> None:
    rows: list[list[object]] = [["all traces", "", 1.0, before["precision"], before["accuracy"], before["f1"], ""]]
    for name, told in filters.items():
        after, interval = told["after"], f"{told['gain']:+.3f} [{told['gain_low']:+.3f}, {told['gain_high']:+.3f}]"
        shares = [told["share_kept"], after["precision"], after["accuracy"], after["f1"]]
        rows.append([name, "" if told["judge_accuracy"] is None else told["judge_accuracy"], *shares, interval])
    title = f"{before['traces']} traces, {before['erroneous']} with an error; first errors of the rollouts"
    show(title, ["judge", "its accuracy", "kept", "precision", "accuracy", "F1", "gain in accuracy"], rows)
    reasons = {name: told["reasons"] for name, told in filters.items() if told["reasons"]}
    show("why", ["judge", *next(iter(reasons.values()))], [[name, *each.values()] for name, each in reasons.items()])


if __name__ == "__main__":
    main()
