"""What was found at a partition, a line for each part: what commands end with, and what a report begins with.

Every number comes from manifests, those of a leaderboard from the rows that one names. A part that is not there, and
one that a manifest does not tell, has no line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from evals.robustness.answers import IDENTITY
from storage.manifest import Manifest
from storage.store import Location
from tasks.arena.report import OVERALL

Manifests = Mapping[str, Manifest]
"""By dataset."""


def headlines(found: Manifests, board: Sequence[Mapping[str, Any]] = ()) -> list[tuple[str, str]]:
    """(part, text) of each line. `board`: rows of `overall_board`."""
    return [*_main_job(found), *_from_there(found), *([("arena", _board(board))] if board else [])]


def overall_board(ratings: Location) -> list[dict[str, Any]]:
    """The rated models of the overall board, the best first."""
    rows = ratings.read(["board", "model", "rating", "lower", "upper", "plain", "planted"]).to_pylist()
    rated = [row for row in rows if row["board"] == OVERALL and row["rating"] is not None]
    return sorted(rated, key=lambda row: -row["rating"])


def _main_job(found: Manifests) -> Iterator[tuple[str, str]]:
    if problems := found.get("problems"):
        yield "problems", f"{problems.rows:,}{_dead(problems)}"
    if traces := found.get("traces"):
        yield "traces", f"{traces.rows:,}, {_tokens(traces):,} tokens{_dead(traces)}"
        yield "accuracy", _shares(traces.summary)
    if labels := found.get("labels"):
        yield "labels", _classes(labels)
        yield from _agreement(labels.summary)
        if rollouts := found.get("rollouts"):
            yield "rollouts", _rollouts(rollouts, labels.summary)
    if (prm := found.get("prm")) and (orm := found.get("orm")):
        yield "training", f"{prm.rows:,} PRM rows, {orm.rows:,} ORM rows"


def _from_there(found: Manifests) -> Iterator[tuple[str, str]]:
    if verifier := found.get("verifier_predictions"):
        yield "verifier", _verifier(verifier.summary)
    if strategies := found.get("strategies"):
        yield "strategies", _strategies(strategies.summary)
    if effects := found.get("effects"):
        yield "variants", _variants(effects.summary)


def _tokens(traces: Manifest) -> int:
    """Of all traces, those that earlier attempts paid for included."""
    return int(traces.summary.get("trace_tokens", traces.tokens))


def _shares(summary: Mapping[str, Any]) -> str:
    """`pass@1 72.0 % · pass@4 85.0 % · majority@4 78.0 %`."""
    named = {name: value for name, value in summary.items() if "@" in name and value is not None}
    return " · ".join(f"{name} {value:.1%}" for name, value in named.items())


def _classes(labels: Manifest) -> str:
    classes = [f"{labels.summary[name]:,} {name}" for name in ("good", "bad", "open") if name in labels.summary]
    return f"{labels.rows:,} steps: {', '.join(classes)}{_dead(labels)}"


def _agreement(summary: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if "label_accuracy" in summary:
        text = f"{summary['label_accuracy']:.1%} of labels equal the known truth of their step"
        if "first_error_accuracy" in summary:
            text += f"; {summary['first_error_accuracy']:.1%} of traces have their first error in its place"
        yield "agreement", text


def _rollouts(rollouts: Manifest, summary: Mapping[str, Any]) -> str:
    tokens = summary.get("rollout_tokens")
    each = summary.get("rollouts_per_trace")
    parts = [f"{rollouts.rows:,}"]
    parts += [f"{tokens:,} tokens"] if tokens is not None else []
    parts += [f"{each:.1f} a trace"] if each is not None else []
    return ", ".join(parts)


def _dead(manifest: Manifest) -> str:
    return f"; {manifest.counts['dead']:,} dead letters" if manifest.counts.get("dead") else ""


def _verifier(summary: Mapping[str, Any]) -> str:
    """Of the process verifier where there is one; against the truth where that is known, else against rollouts."""
    kind = "process" if "process" in summary else next(iter(summary))
    told = summary[kind]["held_out"]
    what = "right steps from wrong ones" if kind == "process" else "right answers from wrong ones"
    unseen = f"on {summary[kind]['problems']['held_out']} unseen problems"
    known = [told[name] for name in ("auroc_truth", "auroc_hard") if told.get(name) is not None]
    if not known:
        return f"trained on the labels; whether it tells {what} cannot be seen {unseen}"
    return f"trained on the labels; tells {what}, {unseen}, with AUROC {known[0]:.2f}"


def _strategies(summary: Mapping[str, Any]) -> str:
    """Of each, its accuracy at the largest number of samples."""
    played = {name: {point["n"]: point for point in points} for name, points in summary["strategies"].items()}
    most = max((n for points in played.values() for n in points), default=0)
    known = {name: points[most]["accuracy"] for name, points in played.items() if most in points}
    told = [f"{name} {accuracy:.1%}" for name, accuracy in known.items() if accuracy is not None]
    return f"at {most} samples: {' · '.join(told)}"


def _variants(summary: Mapping[str, Any]) -> str:
    kinds = sorted(summary["kinds"].items(), key=lambda each: each[0] == IDENTITY)
    changes = " · ".join(f"{kind} {_change(told)}" for kind, told in kinds)
    control = ", which is the same text asked again" if IDENTITY in summary["kinds"] else ""
    return f"change of the accuracy in points, with 95% intervals: {changes}{control}"


def _change(told: Mapping[str, Any]) -> str:
    change, low, high = (told[name] for name in ("change", "low", "high"))
    if change is None:
        return "not known"
    limits = "" if low is None or high is None else f" ({100 * low:+.1f} to {100 * high:+.1f})"
    return f"{100 * change:+.1f}{limits}"


def _board(rows: Sequence[Mapping[str, Any]]) -> str:
    return " · ".join(f"{row['model']} {row['rating']:.0f}{_limits(row)}" for row in rows)


def _limits(row: Mapping[str, Any]) -> str:
    low, high = row["lower"], row["upper"]
    return "" if low is None or high is None else f" ({low:.0f} to {high:.0f})"
