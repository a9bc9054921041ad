"""What people look at of a manifest: its numbers as rows, and where its data came from as a graph."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from storage.manifest import Manifest
from tasks.report.markdown import label, plain

SHORT = 8
"""Digits of a digest that people see."""
LONG = 16
"""Digits where they may be compared; a whole digest would run out of the UI's page, and the manifest has it."""


def numbers(manifest: Manifest) -> list[dict[str, Any]]:
    """Counts, rates and cost of one dataset, a row each."""
    counts, dead = manifest.counts, manifest.counts.get("dead", 0)
    told: dict[str, Any] = {"rows": manifest.rows, **counts}
    if attempted := manifest.rows + dead:
        told["dead rate"] = round(dead / attempted, 6)
        told["unknown rate"] = round(counts.get("unknown", 0) / attempted, 6)
    told |= {"tokens": manifest.tokens, "seconds": round(manifest.seconds, 3)}
    if manifest.seconds > 0 and manifest.tokens:
        told["tokens a second"] = round(manifest.tokens / manifest.seconds, 1)
    good, bad = manifest.summary.get("good"), manifest.summary.get("bad")
    if isinstance(good, int) and isinstance(bad, int) and good + bad:
        told["bad share"] = round(bad / (good + bad), 6)
    for name, value in flattened(manifest.summary):
        told.setdefault(name, value)  # a summary may repeat what the manifest counts
    return [{"number": name, "value": value} for name, value in told.items()]


def measures(manifest: Manifest) -> dict[str, float | None]:
    """The same numbers by names without spaces (`dead_rate`), as gates ask for them; None: not known. No texts."""
    told = {row["number"].replace(" ", "_"): row["value"] for row in numbers(manifest)}
    return {name: each for name, each in told.items() if each is None or type(each) in (int, float)}


def flattened(summary: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """`{"pass": {"1": 0.7}}` as `("pass 1", 0.7)`; lists as JSON. Tables (lists of objects) are left to the report."""
    for name, value in summary.items():
        match value:
            case Mapping():
                yield from flattened(value, f"{prefix}{name} ")
            case [Mapping(), *_]:
                continue
            case list() | tuple():
                yield prefix + name, json.dumps(value)
            case _:
                yield prefix + name, value


def lineage(dataset: str, manifests: Sequence[Manifest]) -> str:
    """Markdown with a Mermaid graph of what `dataset` was made from, and a table of longer ones."""
    known = {manifest.dataset: manifest for manifest in manifests}
    wanted = _with_ancestors(dataset, known)
    lines = ["```mermaid", "flowchart LR"]
    lines += [f'    {_name(name)}["{_node(name, digest, known)}"]' for name, digest in wanted.items()]
    lines += [f"    {_name(source)} --> {name}" for name in wanted if name in known for source in known[name].inputs]
    lines += [
        f"    style {dataset} stroke-width:3px",
        "```",
        "",
        "| dataset | rows | stage | digest |",
        "|---|---|---|---|",
    ]
    for name, digest in wanted.items():
        manifest = known.get(name)
        rows, stage = (f"{manifest.rows:,}", f"{manifest.stage} v{manifest.stage_version}") if manifest else ("", "")
        lines.append(f"| {plain(name)} | {rows} | {stage} | `{digest[:LONG]}` |")
    return "\n".join(lines)


def _with_ancestors(dataset: str, known: Mapping[str, Manifest]) -> dict[str, str]:
    """Dataset -> digest, ancestors first. What an ancestor's manifest no longer matches is named all the
    same."""
    found: dict[str, str] = {}
    for name, digest in known[dataset].inputs.items():
        if name in known and known[name].digest == digest:
            found.update(_with_ancestors(name, known))
        found[name] = digest
    return {**found, dataset: known[dataset].digest}


def _name(source: str) -> str:
    """What Mermaid takes as a node's name: addresses and file names hold more."""
    return re.sub(r"\W", "_", source)


def _node(name: str, digest: str, known: Mapping[str, Manifest]) -> str:
    manifest = known.get(name)
    rows = f"<br/>{manifest.rows:,} rows" if manifest and manifest.digest == digest else ""
    return f"{label(name)}{rows}<br/>{label(digest[:SHORT])}"
