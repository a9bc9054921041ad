"""The command that draws trees, and its help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.commands.failures import failures_shown
from flows.commands.options import AnyDate, AnyModel, AnyRoot, AnyRun, AnySource


def draw(
    context: typer.Context,
    problem: Annotated[
        str | None, typer.Argument(help="A problem_id, or its beginning. Left out: one that says much.")
    ] = None,
    out: Annotated[Path, typer.Option(help="The SVG file to write; `-` prints Mermaid text instead.")] = Path(
        "tree.svg"
    ),
    root: AnyRoot = "data",
    date: AnyDate = None,
    source: AnySource = None,
    model: AnyModel = None,
    run: AnyRun = None,
) -> None:
    """Draw a question's tree: its prefixes, how many of their rollouts were right, and where solutions went wrong.

    [dim]proctor show trees --columns "problem_id, count(*) AS nodes" --where "true GROUP BY ALL"[/]

    [dim]proctor draw 7c1b --out tree.svg[/]
    """
    with failures_shown(context):
        from flows.run.work import input_location
        from flows.views.selection import Selection, committed
        from storage.store import Missing, Store
        from tasks.trees.drawing import best_to_show, mermaid, svg

        store, chosen = Store(root), Selection(date.date() if date else None, source, model, run)
        [(location, _)] = committed(store, "trees", chosen)
        rows = [row for row in location.read().to_pylist() if row["problem_id"].startswith(problem or "")]
        if not rows:
            raise Missing(f"trees/{location.partition} has no problem whose id begins with {problem!r}")
        rows = best_to_show(rows)
        if str(out) == "-":
            typer.echo(mermaid(rows))
            return
        problems = input_location(store, "problems", location.partition).read(["problem_id", "question"]).to_pylist()
        question = next((row["question"] for row in problems if row["problem_id"] == rows[0]["problem_id"]), "")
        out.write_text(svg(rows, question), encoding="utf-8")
        typer.echo(f"{out}: problem {rows[0]['problem_id']}, {len(rows)} nodes")
