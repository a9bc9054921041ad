"""What datasets were made from, as a graph: Mermaid where the UI draws it, a picture on a page."""

import re
from collections.abc import Mapping, Sequence

from storage.manifest import Manifest
from tasks.report.markdown import label, plain
from tasks.report.pictures import drawing, svg
from tasks.report.section import Picture

SHORT = 8
"""Digits of a digest that people see."""
LONG = 16
"""Digits where they may be compared; a whole digest would run out of the UI's page, and the manifest has it."""


def dataset_of(source: str) -> str:
    """`traces` of `traces/date=.../run=other`; datasets of the same partition and files are inputs by their names."""
    return source.partition("/date=")[0]


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


def lineage_picture(manifests: Sequence[Manifest]) -> Picture:
    """The stages with what they made, from left to right: each is right of all whose rows it read.

    An arrow that a longer way implies is left out: what is made of traces is made of problems.
    """
    sources = _sources(manifests)
    texts = {name: "\n".join([name, *_made(name, manifests)]) for name in sources}
    places = _places(sources, texts)
    box = {"boxstyle": "round,pad=0.4", "facecolor": "#f3f5f7", "edgecolor": "#57606a"}
    width, height = (max(place[axis] for place in places.values()) + 1 for axis in (0, 1))
    with drawing(1.6 * width, 0.4 + 0.16 * height) as (figure, axes):
        axes.set_axis_off()
        axes.set_xlim(-0.5, width - 0.5)
        axes.set_ylim(height + 1, -2)
        boxes = {
            name: axes.text(*places[name], text, ha="center", va="center", bbox=box) for name, text in texts.items()
        }
        for name, source in _arrows(sources):
            arrow = {
                "arrowstyle": "->",
                "color": "#57606a",
                "patchA": boxes[source].get_bbox_patch(),
                "patchB": boxes[name].get_bbox_patch(),
            }
            axes.annotate("", places[name], places[source], arrowprops=arrow)
        drawn = svg(figure)
    said = [f"{name} from {', '.join(of)}" for name, of in sources.items() if of]
    return Picture("Lineage", drawn, "; ".join(said) or f"{', '.join(sources)}: made from nothing that is stored.")


Sources = Mapping[str, Sequence[str]]
"""Stage -> the stages whose rows it read, each of which is there too. What no stage of these made (a file, a dataset of
another run) stands for itself."""


def _sources(manifests: Sequence[Manifest]) -> Sources:
    made_by = {manifest.dataset: manifest.stage for manifest in manifests}
    found: dict[str, dict[str, None]] = {}
    for manifest in manifests:
        for name in manifest.inputs:
            dataset = dataset_of(name)
            source = made_by.get(dataset, dataset)
            found.setdefault(source, {})
            if source != manifest.stage:
                found.setdefault(manifest.stage, {})[source] = None
        found.setdefault(manifest.stage, {})
    return {name: list(of) for name, of in found.items()}


def _made(stage: str, manifests: Sequence[Manifest]) -> list[str]:
    return [f"{each.rows:,} {each.dataset}" for each in manifests if each.stage == stage and each.rows]


def _places(sources: Sources, texts: Mapping[str, str]) -> dict[str, tuple[float, float]]:
    """(column, line) of each stage's middle; the columns are centred."""
    columns: dict[int, list[str]] = {}
    for name in sources:
        columns.setdefault(_depth(name, sources), []).append(name)
    heights = {name: text.count("\n") + 3 for name, text in texts.items()}
    tallest = max(sum(heights[name] for name in names) for names in columns.values())
    places = {}
    for column, names in columns.items():
        line = (tallest - sum(heights[name] for name in names)) / 2
        for name in names:
            places[name] = (float(column), line + heights[name] / 2)
            line += heights[name]
    return places


def _depth(name: str, sources: Sources) -> int:
    return 1 + max((_depth(each, sources) for each in sources[name]), default=-1)


def _arrows(sources: Sources) -> list[tuple[str, str]]:
    """(stage, source), those left out that lead to a source of another source."""
    return [
        (name, each)
        for name, of in sources.items()
        for each in of
        if not any(each in _ancestors(other, sources) for other in of if other != each)
    ]


def _ancestors(name: str, sources: Sources) -> set[str]:
    return {far for each in sources[name] for far in (each, *_ancestors(each, sources))}
