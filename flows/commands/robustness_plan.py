"""What a robustness run will be able to see, and what it will cost, told from what storage knows before it is paid
for.

Accuracy and the problems' difficulty come of the newest trials that fit, else of the newest traces; how much a kind
moves single problems comes of trials alone, and is assumed where there are none. Tokens are those that an answer took
there; seconds follow from that attempt's rate, start-up included. Each number says where it is from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table

from evals.robustness.answers import COLUMNS, IDENTITY, ORIGINAL, Answers, answers
from evals.robustness.arms import arm
from evals.robustness.power import (
    Test,
    detectable_fall,
    kind_share,
    power,
    problems_for,
    shown_margin,
    spread,
    world_of,
)
from evals.robustness.worlds import Design, World
from flows.orders.parameters import ParameterError
from flows.views.selection import Selection, committed
from storage.manifest import Manifest
from storage.store import Location, Missing, Store


@dataclass(frozen=True)
class Known:
    """What storage knows of the model and its problems."""

    world: World
    told_by: str
    """Where the accuracy and the problems' difficulty come from."""
    kind_told_by: str = "assumed"
    tokens: float | None = None
    """Of one answer."""
    rate: float | None = None
    """Tokens a second."""
    problems: dict[str, int] | None = None
    """Problems that have variants, by kind."""


@dataclass(frozen=True)
class Line:
    """One number of problems."""

    problems: int
    detectable: float
    """The smallest change that one test finds."""
    detectable_holm: float
    """The same at Holm's first step."""
    power: float | None
    """How probably one test finds `effect`; None where no effect was asked for."""
    power_holm: float | None
    """The same at Holm's first step."""
    margin: float
    """The smallest margin within which a model that does not change is shown robust."""
    trials: int
    tokens: float | None
    seconds: float | None


@dataclass(frozen=True)
class Plan:
    known: Known
    design: Design
    test: Test
    lines: tuple[Line, ...]
    effect: float | None
    needed: int | None
    """Problems that `effect` takes, at Holm's first step."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def plan(
    known: Known, design: Design, test: Test, effect: float | None, sizes: Sequence[int] = (100, 200, 500, 1000, 2000)
) -> Plan:
    """For the number of problems of the design, and for `sizes`. Raises ParameterError for an effect out of reach."""
    found, needed = None, None
    if effect is not None:
        try:
            found = effect, _spread_at(effect, known.world, design)
            needed = problems_for(*found, test)
        except ValueError as error:
            raise ParameterError(f"--effect: {error}") from error
    numbers = sorted({design.problems, *sizes, *([needed] if needed else [])})
    lines = tuple(_line(known, replace(design, problems=each), test, found) for each in numbers if each > 1)
    return Plan(known, design, test, lines, effect, needed)


def _spread_at(effect: float, world: World, design: Design) -> float:
    if effect >= world.accuracy:
        raise ValueError(f"an accuracy of {world.accuracy:.2f} cannot fall by {effect}")
    return spread(replace(world, fall=effect / world.accuracy), design)


def _line(known: Known, design: Design, test: Test, effect: tuple[float, float] | None) -> Line:
    """`effect`: the one to find, and the spread that it has."""
    alone = replace(test, tests=1)
    arms = test.tests + 1  # identity, the control, is in no family
    trials = design.problems * (design.variants * design.samples * arms + design.originals)
    tokens = None if known.tokens is None else trials * known.tokens
    return Line(
        problems=design.problems,
        detectable=detectable_fall(known.world, design, alone),
        detectable_holm=detectable_fall(known.world, design, test),
        power=None if effect is None else power(*effect, design.problems, alone),
        power_holm=None if effect is None else power(*effect, design.problems, test),
        margin=shown_margin(spread(known.world, design), design.problems, test),
        trials=trials,
        tokens=tokens,
        seconds=None if tokens is None or known.rate is None else tokens / known.rate,
    )


# -- what storage knows ------------------------------------------------------------------------------


def known(store: Store, selection: Selection, accuracy: float | None = None) -> Known:
    """From trials, else traces; an accuracy that is given wins. Raises ParameterError where there is neither."""
    found = _of_trials(store, selection) or _of_traces(store, selection)
    if found is None and accuracy is None:
        raise ParameterError("no trials and no traces are committed here: say what to expect, --accuracy 0.8")
    if accuracy is not None:
        base = found.world if found else World(accuracy)
        rest = f"the rest: {found.told_by}" if found else "the rest assumed"
        told = f"accuracy: --accuracy, {rest}"
        found = replace(found or Known(base, ""), world=replace(base, accuracy=accuracy), told_by=told)
    assert found is not None
    return replace(found, problems=_with_variants(store, selection))


def _of_trials(store: Store, selection: Selection) -> Known | None:
    location, manifest = _newest(store, "trials", selection)
    if location is None or manifest is None:
        return None
    kinds = answers(location.read(list(COLUMNS)).to_pydict())
    if ORIGINAL not in kinds:
        return None
    own = kinds[ORIGINAL].arm()
    world = world_of(own.right, own.right + own.wrong)
    moved = [_kind(world, kinds[ORIGINAL], each) for kind, each in kinds.items() if kind not in (ORIGINAL, IDENTITY)]
    tokens = float(np.mean(np.concatenate([each.columns["tokens"] for each in kinds.values()])))
    where = f"trials/{location.partition}"
    if moved:
        return Known(replace(world, kind=float(np.median(moved))), where, where, tokens, _rate(manifest))
    return Known(world, where, tokens=tokens, rate=_rate(manifest))


def _kind(world: World, original: Answers, variant: Answers) -> float:
    before, after = original.arm(), variant.arm()
    design = Design(
        problems=1,
        variants=_typical(Counter(after.problems.tolist()).values()),
        samples=_typical((after.right + after.wrong).tolist()),
        originals=_typical((before.right + before.wrong).tolist()),
    )
    return kind_share((after.accuracy() - before.accuracy()).values, world, design)


def _typical(counts: Any) -> int:
    return max(1, int(np.median([*counts])))


def _of_traces(store: Store, selection: Selection) -> Known | None:
    location, manifest = _newest(store, "traces", selection)
    if location is None or manifest is None:
        return None
    rows = location.read(["problem_id", "verdict", "tokens"]).to_pydict()
    own = arm(rows["problem_id"], [0] * len(rows["verdict"]), rows["verdict"])
    world = world_of(own.right, own.right + own.wrong)
    return Known(world, f"traces/{location.partition}", tokens=float(np.mean(rows["tokens"])), rate=_rate(manifest))


def _with_variants(store: Store, selection: Selection) -> dict[str, int] | None:
    location, _ = _newest(store, "variants", replace(selection, model=None))
    if location is None:
        return None
    rows = location.read(["problem_id", "kind"]).to_pydict()
    pairs = {*zip(rows["kind"], rows["problem_id"], strict=True)}
    return dict(Counter(kind for kind, _ in pairs if kind != ORIGINAL))


def _newest(store: Store, dataset: str, selection: Selection) -> tuple[Location | None, Manifest | None]:
    try:
        return committed(store, dataset, selection)[0]
    except Missing:
        return None, None


def _rate(manifest: Manifest) -> float | None:
    return manifest.tokens / manifest.seconds if manifest.tokens and manifest.seconds else None


# -- shown -------------------------------------------------------------------------------------------


def shown(made: Plan) -> RenderableType:
    table = Table(title="what a run can see, in points", title_justify="left", box=None, pad_edge=False)
    asked = () if made.effect is None else (f"finds {100 * made.effect:g}", "by Holm")
    for column in ("problems", "change", "by Holm", *asked, "robust", "trials", "tokens", "time"):
        table.add_column(column, justify="right", no_wrap=" " not in column)
    for line in made.lines:
        marked = "bold" if line.problems in (made.design.problems, made.needed) else None
        table.add_row(*_cells(line), style=marked)
    return Group(*_said(made), table)


def _cells(line: Line) -> Iterator[str]:
    yield f"{line.problems:,}"
    yield f"{100 * line.detectable:.1f}"
    yield f"{100 * line.detectable_holm:.1f}"
    for chance in (line.power, line.power_holm):
        if chance is not None:
            yield f"{chance:.0%}"
    yield f"± {100 * line.margin:.1f}"
    yield f"{line.trials:,}"
    yield "" if line.tokens is None else f"{line.tokens:,.0f}"
    yield "" if line.seconds is None else _duration(line.seconds)


def _said(made: Plan) -> list[str]:
    world, design, test = made.known.world, made.design, made.test
    lines = [
        f"accuracy {world.accuracy:.1%}, difficulty {world.difficulty:.2f} ({made.known.told_by}); "
        f"kinds move problems by {world.kind:.2f} ({made.known.kind_told_by})",
        f"{design.variants} variants of each kind, asked {_times(design.samples)}; "
        f"originals {_times(design.originals)}; "
        f"{test.tests} kinds and identity; power {test.power:.0%} at {test.level:.0%}, two-sided",
    ]
    if made.needed is not None and made.effect is not None:
        lines.append(f"a change of {100 * made.effect:g} points takes {made.needed:,} problems")
    if made.known.problems:
        there = ", ".join(f"{kind} {count:,}" for kind, count in sorted(made.known.problems.items()))
        lines.append(f"problems that have variants: {there}")
    return lines


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _duration(seconds: float) -> str:
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min" if minutes else f"{seconds:.0f} s"
