"""The numbers that people look at of traces: shares of 1, over all and by the kind of reasoning."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from evals.answers import Verdict
from evals.golds import vote_key
from evals.passk import Tally, majority_at_k, score, tally
from evals.short_answers import f1

Row = Mapping[str, Any]

SCORED = ["problem_id", "verdict", "extracted", "steps", "tokens"]
"""The columns of `traces` that are read."""


def summarise(by_problem: Iterable[tuple[Row, Sequence[Row]]]) -> dict[str, Any]:
    """Counts and scores; those of pass@k leave unknown verdicts out, and say between which bounds they would have been
    with them (evals/passk.py). `by_problem`: each problem with its traces, all of them at once; of a problem the gold
    columns and `reasoning` are read. Nothing of a problem is held once the next one comes."""
    every, by_reasoning = Scores(), dict[str, Scores]()
    steps = tokens = 0
    for problem, traces in by_problem:
        every.add(problem, traces)
        by_reasoning.setdefault(problem["reasoning"], Scores()).add(problem, traces)
        steps += sum(len(trace["steps"]) for trace in traces)
        tokens += sum(trace["tokens"] for trace in traces)
    named = {kind: by_reasoning[kind].found() for kind in sorted(by_reasoning) if kind}
    return {
        **every.found(),
        "steps": steps,
        "trace_tokens": tokens,
        **({"by_reasoning": named} if len(by_reasoning) > 1 else {"reasoning": next(iter(named))} if named else {}),
    }


class Scores:
    """Sums over problems and their traces."""

    def __init__(self) -> None:
        self._tallies: Counter[Tally] = Counter()
        """Problems by the verdicts of their traces."""
        self._majority = 0.0
        self._f1 = 0.0
        self._read = 0
        """Traces that have an F1: the gold answer is a text, and the verdict known."""

    def add(self, problem: Row, traces: Sequence[Row]) -> None:
        self._tallies[tally(trace["verdict"] for trace in traces)] += 1
        self._majority += _majority(traces, problem["answer_kind"])
        if problem["answer_kind"] == "text":
            known = [trace for trace in traces if trace["verdict"] != Verdict.unknown]
            self._f1 += sum(f1(trace["extracted"] or "", problem["answer"]) for trace in known)
            self._read += len(known)

    def found(self) -> dict[str, Any]:
        problems, samples = self._tallies.total(), min((each.samples for each in self._tallies), default=0)
        verdicts = {
            verdict.value: sum(getattr(each, verdict.value) * count for each, count in self._tallies.items())
            for verdict in Verdict
        }
        found: dict[str, Any] = {"problems": problems, "samples": samples, "traces": sum(verdicts.values()), **verdicts}
        for k in sorted({1, samples} - {0}):
            passed = score(self._tallies.elements(), k)
            if passed.value is not None:
                found[f"pass@{k}"] = passed.value
            if passed.unknown:
                found.setdefault("bounds", {})[f"pass@{k}"] = [passed.lower, passed.upper]
        if samples > 1:
            found[f"majority@{samples}"] = self._majority / problems
        if self._read:
            found["f1"] = self._f1 / self._read
        return found


def _majority(votes: Sequence[Row], kind: Any) -> float:
    keys = [vote_key(row["extracted"], kind) if row["extracted"] is not None else None for row in votes]
    return majority_at_k(keys, [row["verdict"] == Verdict.correct for row in votes], len(votes))
