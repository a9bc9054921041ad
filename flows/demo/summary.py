"""The demo on one page: a line for each part, from manifests and from the rows that they name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from evals.robustness.answers import IDENTITY
from flows.run.execute import Execution
from flows.stages import MAIN_JOB
from flows.views.summary import job_lines
from storage.store import Store

CHOICES = 8
"""Samples at which strategies are compared."""


def demo_summary(store: Store, done: Sequence[Execution]) -> RenderableType:
    """All numbers are those of what is committed, so a second run says the same."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for name, text in lines(store, done):
        table.add_row(name, text)
    return Group(table, Text(f"\nDatasets in {store.files.address('')}", no_wrap=True, overflow="fold"))


def lines(store: Store, done: Sequence[Execution]) -> list[tuple[str, str]]:
    main = {dataset: each for execution in done[: len(MAIN_JOB)] for dataset, each in execution.manifests.items()}
    first: dict[str, Execution] = {}
    for execution in done:
        first.setdefault(execution.stage, execution)
    contest, simulation = [execution for execution in done if execution.stage == "ratings"]
    tokens = sum(manifest.tokens for each in done for manifest in each.manifests.values())
    seconds = sum(manifest.seconds for each in done for manifest in each.manifests.values())
    return [
        *job_lines(main),
        ("verifier", _verifier(first["verifier"].manifests["verifier_predictions"].summary)),
        ("strategies", _strategies(first["strategies"].manifests["strategies"].summary)),
        ("variants", _variants(first["robustness"].manifests["effects"].summary)),
        ("arena", _board(_rows(store, contest))),
        ("simulation", _simulation(_rows(store, simulation))),
        ("cost", f"{tokens:,} tokens, {seconds:,.0f} s in the stages"),
    ]


def _verifier(summary: dict[str, Any]) -> str:
    process = summary["process"]
    unseen, auroc = process["problems"]["held_out"], process["held_out"]["auroc_truth"]
    return (
        f"trained on the labels; tells right steps from wrong ones, on {unseen} unseen problems, with AUROC {auroc:.2f}"
    )


def _strategies(summary: dict[str, Any]) -> str:
    """Of each, its accuracy at the same number of samples."""
    played = {name: {point["n"]: point for point in points} for name, points in summary["strategies"].items()}
    told = [f"{name} {points[CHOICES]['accuracy']:.1%}" for name, points in played.items() if CHOICES in points]
    return f"at {CHOICES} samples: {' · '.join(told)}"


def _variants(summary: dict[str, Any]) -> str:
    kinds = sorted(summary["kinds"].items(), key=lambda each: each[0] == IDENTITY)
    changes = " · ".join(f"{kind} {_change(told)}" for kind, told in kinds)
    return f"change of the accuracy in points, with 95% intervals: {changes}, which is the same text asked again"


def _change(told: dict[str, Any]) -> str:
    change, low, high = (f"{100 * told[name]:+.1f}" for name in ("change", "low", "high"))
    return f"{change} ({low} to {high})"


def _rows(store: Store, execution: Execution) -> list[dict[str, Any]]:
    """The overall board, best first."""
    rows = store.at("ratings", execution.partition.without_model()).read().to_pylist()
    board = [row for row in rows if row["board"] == "overall"]
    return sorted(board, key=lambda row: -row["rating"])


def _board(rows: Sequence[dict[str, Any]]) -> str:
    return " · ".join(f"{row['model']} {row['rating']:.0f} ({row['lower']:.0f} to {row['upper']:.0f})" for row in rows)


def _simulation(rows: Sequence[dict[str, Any]]) -> str:
    planted = _order(rows, "planted")
    said = {name: _agreement(planted, _order(rows, name)) for name in ("plain", "rating")}
    return (
        f"simulated voters who like style: {said['plain']} of {len(rows)} models in their planted place by the plain "
        f"rating, {said['rating']} with style held equal"
    )


def _order(rows: Sequence[dict[str, Any]], by: str) -> list[str]:
    return [row["model"] for row in sorted(rows, key=lambda row: -row[by])]


def _agreement(a: Sequence[str], b: Sequence[str]) -> int:
    return sum(one == other for one, other in zip(a, b, strict=True))
