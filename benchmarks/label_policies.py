"""Labelling policies against the truth: what each costs, and how often it names the first wrong step.

    python -m benchmarks.label_policies [--json] [--temperature 1.3] [--picture FILE.svg]

The embedded model writes traces of problems that no training saw; a program knows the truth of each step. `fixed(k)`
labels them through the real stage. Every other policy is then followed on those very rollouts: a policy reads a
prefix's rollouts in the order of their index and asks for no others, so what it would have cost and said is told
exactly. Rollouts of a prefix that several traces share are counted once, as the stage does. Seconds a trace are
measured by real runs of the stage over the first `--timed` problems, engine start excluded.

F1 is ProcessBench's: the harmonic mean of the accuracies on traces with and without a wrong step. Its differences to
`fixed(k)` have paired intervals, bootstrapped by problem. With --json the last line is
{"policies": {name: {"rollouts_per_trace", "tokens_per_trace", "f1", "f1_minus_fixed", "low", "high", ...}}, ...}.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.workbench import PARTITION, arguments, job_of, report, run_stage, show, workbench
from evals.answers import Verdict
from evals.first_errors import Prediction, first_error_scores, known_first_error, paired_difference
from evals.montecarlo import Evidence, Policy, cut_short
from evals.policies import policy
from storage.store import Store
from tasks.engines.engine import EngineParams, Resources, Sampling
from tasks.engines.pool import open_engine
from tasks.grading import Grader
from tasks.labels import label
from tasks.params import LabelsParams, ProblemsParams, TracesParams

VARIANTS: dict[str, dict[str, Any]] = {
    "fixed(16)": {"policy": "fixed", "k": 16},
    "fixed(8)": {"policy": "fixed", "k": 8},
    "first_success(16)": {"policy": "first_success", "k": 16},
    "scan(16), all": {"policy": "scan", "k": 16, "skip_right": False},
    "scan(4)": {"policy": "scan", "k": 4},
    "scan(8)": {"policy": "scan", "k": 8},
    "scan(16)": {"policy": "scan", "k": 16},
    "binary(8), plain": {"policy": "binary", "k": 8, "probe": 8},
    "binary(16), plain": {"policy": "binary", "k": 16, "probe": 16},
    "binary(16), all": {"policy": "binary", "k": 16, "skip_right": False},
    "binary(4)": {"policy": "binary", "k": 4},
    "binary(8)": {"policy": "binary", "k": 8},
    "binary(8), probe 2": {"policy": "binary", "k": 8, "probe": 2},
    "binary(10)": {"policy": "binary", "k": 10},
    "binary(12)": {"policy": "binary", "k": 12},
    "binary(16)": {"policy": "binary", "k": 16},
    "posterior(16, .2)": {"policy": "posterior", "k": 16, "error": 0.2},
    "posterior(16, .1)": {"policy": "posterior", "k": 16, "error": 0.1},
    "posterior(16, .05)": {"policy": "posterior", "k": 16, "error": 0.05},
}
"""Each within the 16 rollouts a prefix that `fixed(16)` has recorded, which comes first: it is the reference."""
TIMED = ("fixed(16)", "first_success(16)", "scan(16)", "binary(8)", "posterior(16, .2)")


@dataclass(frozen=True)
class Trace:
    """A trace as a policy sees it, and what is true of it."""

    problem: str
    prefixes: tuple[str, ...]
    """Of all but the last step."""
    answer: Verdict
    truth: tuple[int, ...]

    @property
    def first_error(self) -> int:
        error = known_first_error(self.truth)
        assert error is not None
        return error


@dataclass(frozen=True)
class Rollout:
    verdict: Verdict
    tokens: int


@dataclass(frozen=True)
class Followed:
    """What one policy asked for and said, over all traces."""

    predicted: list[Prediction]
    rollouts: int
    tokens: int


def main() -> None:
    parser = arguments("labelling policies against the truth")
    parser.add_argument("--traces", type=int, default=2000, help="one a problem")
    parser.add_argument("--temperature", type=float, default=0.8, help="of traces and rollouts")
    parser.add_argument("--timed", type=int, default=200, help="traces of the real runs that are timed; 0 is none")
    parser.add_argument("--picture", type=Path, help="draw F1 against rollouts into this file")
    asked = parser.parse_args()
    sampling = Sampling(temperature=asked.temperature)
    with workbench() as store:
        run_stage(store, "problems", ProblemsParams(count=asked.traces, seed=7))
        run_stage(store, "traces", TracesParams(samples=1, sampling=sampling))
        run_stage(store, "labels", LabelsParams(policy="fixed", k=16, sampling=sampling))
        traces, streams = recorded(store)
        seconds = timed(store, asked.timed, sampling) if asked.timed else {}
    followed = {
        name: follow(policy(settings["policy"], **_rest(settings)), traces, streams)
        for name, settings in VARIANTS.items()
    }
    wrong = [i for i, trace in enumerate(traces) if trace.answer is Verdict.wrong]
    policies = {name: measured(each, followed["fixed(16)"], traces) for name, each in followed.items()}
    result = {
        "traces": len(traces),
        "temperature": asked.temperature,
        "wrong_answers": len(wrong) / len(traces),
        "right_answers_with_a_wrong_step": hidden(traces),
        "policies": policies,
        "on_wrong_answers": {name: accuracy_on(each, traces, wrong) for name, each in followed.items()},
        "why_fixed_errs": why_fixed_errs(followed["fixed(16)"], traces, streams),
        "seconds_per_trace": seconds,
    }
    tell(result)
    if asked.picture:
        draw(policies, asked.picture, asked.temperature)
    report(result, asked.json)


def recorded(store: Store) -> tuple[list[Trace], dict[str, list[Rollout]]]:
    """The traces whose steps' truth is known, and the rollouts by prefix in the order of their index."""
    streams: defaultdict[str, list[Rollout]] = defaultdict(list)
    rows = store.at("rollouts", PARTITION).read(["prefix_id", "rollout", "verdict", "tokens"]).to_pylist()
    for row in sorted(rows, key=lambda row: row["rollout"]):
        streams[row["prefix_id"]].append(Rollout(Verdict(row["verdict"]), row["tokens"]))
    columns = ["trace_id", "problem_id", "step", "prefix_id", "truth", "trace_verdict"]
    by_trace: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in store.at("labels", PARTITION).read(columns).to_pylist():
        by_trace[row["trace_id"]].append(row)
    traces = []
    for rows in by_trace.values():
        rows.sort(key=lambda row: row["step"])
        ids = tuple(row["prefix_id"] for row in rows[:-1])
        verdict, truth = Verdict(rows[0]["trace_verdict"]), tuple(row["truth"] for row in rows)
        if verdict is not Verdict.unknown:
            traces.append(Trace(rows[0]["problem_id"], ids, verdict, truth))
    return traces, streams


def follow(decide: Policy, traces: Sequence[Trace], streams: Mapping[str, list[Rollout]]) -> Followed:
    """Feeds a policy from recorded rollouts as it asks for them."""
    reached: defaultdict[str, int] = defaultdict(int)
    predicted = [_follow(decide, trace, streams, reached) for trace in traces]
    spent = [streams[prefix][:count] for prefix, count in reached.items()]
    return Followed(predicted, sum(map(len, spent)), sum(rollout.tokens for each in spent for rollout in each))


def _follow(
    decide: Policy, trace: Trace, streams: Mapping[str, list[Rollout]], reached: defaultdict[str, int]
) -> Prediction:
    counts = [0] * len(trace.prefixes)
    while True:
        seen = (streams[prefix][:count] for prefix, count in zip(trace.prefixes, counts, strict=True))
        evidence = Evidence(tuple(tuple(each.verdict for each in rollouts) for rollouts in seen), trace.answer)
        decision = decide(evidence)
        if not decision.owed:
            return known_first_error([label.hard for label in cut_short(decision, evidence)])
        for step, owed in decision.owed.items():
            prefix, counts[step] = trace.prefixes[step], owed.stop
            reached[prefix] = max(reached[prefix], owed.stop)


def measured(each: Followed, reference: Followed, traces: Sequence[Trace]) -> dict[str, Any]:
    true = [trace.first_error for trace in traces]
    scores = first_error_scores(each.predicted, true)
    gap = paired_difference(each.predicted, reference.predicted, true, [trace.problem for trace in traces])
    return {
        "rollouts_per_trace": each.rollouts / len(traces),
        "tokens_per_trace": each.tokens / len(traces),
        "share_of_fixed": each.rollouts / reference.rollouts,
        "f1": scores.f1,
        "f1_minus_fixed": gap.difference,
        "low": gap.low,
        "high": gap.high,
        "first_error_accuracy": scores.accuracy,
        "accuracy_erroneous": scores.accuracy_erroneous,
        "accuracy_correct": scores.accuracy_correct,
    }


def accuracy_on(each: Followed, traces: Sequence[Trace], places: Sequence[int]) -> float | None:
    """First-error accuracy on these traces alone."""
    chosen = [each.predicted[i] for i in places], [traces[i].first_error for i in places]
    return first_error_scores(*chosen).accuracy


def hidden(traces: Sequence[Trace]) -> float:
    """Of the traces with a right answer, the share with a wrong step: what skipping them hides."""
    right = [trace for trace in traces if trace.answer is Verdict.correct]
    return sum(trace.first_error >= 0 for trace in right) / max(1, len(right))


def why_fixed_errs(
    reference: Followed, traces: Sequence[Trace], streams: Mapping[str, list[Rollout]]
) -> dict[str, float | int]:
    """Where the first "bad" step of all k rollouts lies when it is not the true one.

    `too_early_then_right`: called bad at a right step, and a rollout from a later prefix reached the answer, which
    shows that the label is wrong. `too_early`: the same without such a witness. `too_late`: the model recovered from
    behind the true error. `missed`: no step was called bad.
    """
    kinds = dict.fromkeys(("right", "too_early_then_right", "too_early", "too_late", "missed"), 0)
    rates = []
    for said, trace in zip(reference.predicted, traces, strict=True):
        true = trace.first_error
        early = said is not None and said >= 0 and (true < 0 or said < true)
        if said == true:
            kinds["right"] += 1
        elif early and said is not None:
            later = [r.verdict for prefix in trace.prefixes[said + 1 :] for r in streams[prefix]]
            kinds["too_early_then_right" if Verdict.correct in (*later, trace.answer) else "too_early"] += 1
        else:
            kinds["missed" if said == -1 else "too_late"] += 1
        good = trace.prefixes[: true if true >= 0 else len(trace.prefixes)]
        rates += [np.mean([r.verdict is Verdict.correct for r in streams[prefix]]) for prefix in good]
    shares = {name: count / len(traces) for name, count in kinds.items()}
    return shares | {
        "right_prefixes": len(rates),
        "right_prefixes_that_always_fail": float(np.mean(np.array(rates) == 0)),
        "right_prefixes_median_success": float(np.median(rates)),
    }


def timed(store: Store, count: int, sampling: Sampling) -> dict[str, float]:
    """Seconds a trace through the real stage, the engine being ready; each with rollouts of its own seed."""
    return {
        name: asyncio.run(_timed(store, count, LabelsParams(**VARIANTS[name], sampling=sampling, seed=place)))
        for place, name in enumerate(TIMED, 1)
    }


async def _timed(store: Store, count: int, params: LabelsParams) -> float:
    job = job_of(store, "labels", params)
    few = job.inputs["traces"].read().slice(0, count)
    part = _Part(job.inputs["traces"], few)
    job = type(job)(**{**vars(job), "inputs": {**job.inputs, "traces": part}})
    async with Grader(2) as grader, open_engine(EngineParams(), Resources()) as engine:
        started = time.monotonic()
        await label(job, engine, grader)
        return (time.monotonic() - started) / count


class _Part:
    """The first rows of a committed dataset, under its manifest."""

    def __init__(self, whole: Any, rows: Any) -> None:
        self.manifest: Callable[[], Any] = whole.manifest
        self.read: Callable[..., Any] = lambda *_: rows


def tell(result: dict[str, Any]) -> None:
    show(
        f"{result['traces']} traces at T = {result['temperature']}, {result['wrong_answers']:.1%} with a wrong answer",
        ["policy", "rollouts a trace", "of fixed", "tokens a trace", "F1", "− fixed", "95 % interval", "wrong answers"],
        [
            [
                name, each["rollouts_per_trace"], f"{each['share_of_fixed']:.1%}", f"{each['tokens_per_trace']:.0f}",
                each["f1"], each["f1_minus_fixed"], f"{each['low']:+.3f} {each['high']:+.3f}",
                result["on_wrong_answers"][name],
            ]
            for name, each in result["policies"].items()
        ],
    )  # fmt: skip
    show("Why fixed(16) errs", ["", "share"], [[name, share] for name, share in result["why_fixed_errs"].items()])
    show("Seconds a trace", ["policy", "s"], [[name, each] for name, each in result["seconds_per_trace"].items()])
    print(f"right answers with a wrong step: {result['right_answers_with_a_wrong_step']:.2%}")


def draw(policies: Mapping[str, Mapping[str, Any]], file: Path, temperature: float) -> None:
    """F1 against rollouts a trace, a point a policy with its interval of the difference to the reference."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    reference = policies["fixed(16)"]
    figure, axes = pyplot.subplots(figsize=(8, 4.6), layout="constrained")
    axes.axhline(reference["f1"], color="0.75", linewidth=1, zorder=0)
    for name, each in policies.items():
        low, high = each["f1"] - (reference["f1"] + each["low"]), reference["f1"] + each["high"] - each["f1"]
        family = name.partition("(")[0]
        colour = {"fixed": "C7", "first_success": "C7", "scan": "C0", "binary": "C1", "posterior": "C2"}[family]
        bars = None if name == "fixed(16)" else [[max(0, low)], [max(0, high)]]
        axes.errorbar(each["rollouts_per_trace"], each["f1"], yerr=bars, fmt="o", color=colour, capsize=2, alpha=0.8)
        axes.annotate(name, (each["rollouts_per_trace"], each["f1"]), (5, 4), textcoords="offset points", fontsize=8)
    axes.set(xscale="log", xlabel="rollouts a trace", ylabel="F1 of the first error")
    axes.set_title(f"First errors of the embedded model's traces, T = {temperature}", fontsize=10)
    figure.savefig(file)


def _rest(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name != "policy"}


if __name__ == "__main__":
    main()
