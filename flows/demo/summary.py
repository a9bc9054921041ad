"""The demo on one page: a line for each part, from manifests and from the rows that they name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from flows.run.execute import Execution
from flows.views.headlines import headlines, overall_board
from flows.views.summary import lines
from storage.manifest import Manifest
from storage.store import Store


def demo_summary(store: Store, done: Sequence[Execution]) -> RenderableType:
    """All numbers are those of what is committed, so a second run says the same."""
    root = Text(f"\nDatasets in {store.files.address('')}", no_wrap=True, overflow="fold")
    return Group(lines(told(store, done)), root)


def told(store: Store, done: Sequence[Execution]) -> list[tuple[str, str]]:
    """(part, text) of each line. Of a dataset that several steps make, the first is meant: the demo's own run."""
    first: dict[str, Manifest] = {}
    for execution in done:
        for dataset, manifest in execution.manifests.items():
            first.setdefault(dataset, manifest)
    contest, simulation = (_board(store, execution) for execution in done if execution.stage == "ratings")
    tokens = sum(manifest.tokens for each in done for manifest in each.manifests.values())
    seconds = sum(manifest.seconds for each in done for manifest in each.manifests.values())
    return [
        *headlines(first, contest),
        ("simulation", _simulation(simulation)),
        ("cost", f"{tokens:,} tokens, {seconds:,.0f} s in the stages"),
    ]


def _board(store: Store, ratings: Execution) -> list[dict[str, Any]]:
    return overall_board(store.at("ratings", ratings.partition.without_model()))


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
