"""What the `robustness` stage shows of its rows: tables, pictures, and flipped questions side by side.

All numbers are those of the rows and of the manifest; points are percentage points. docs/robustness.md says what each
is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from evals.robustness.answers import ORIGINAL
from evals.robustness.effects import Rules
from storage.schemas import DATASETS
from storage.store import Location
from tasks.report.section import Block, Prose, Section, Table
from tasks.robustness.drawings import by_steps, forest, heat_map
from tasks.robustness.found import Found
from tasks.robustness.other_models import other_models
from tasks.robustness.side_by_side import side_by_side

Row = Mapping[str, Any]


def section(effects: Location) -> Section:
    """Of the location of `effects`; `flips` lies beside it. Raises Missing where one is not committed."""
    manifest = effects.snapshot().manifest
    summary, rows = manifest.summary, effects.read().to_pylist()
    flips = replace(effects, dataset=DATASETS["flips"], pin=None).read().to_pylist()
    level = float(manifest.params.get("level", Rules().level))
    return Section("Robustness", tuple(_blocks(Found(rows), flips, summary, level)))


def _blocks(found: Found, flips: Sequence[Row], summary: Mapping[str, Any], level: float) -> Iterator[Block]:
    words = {kind: each["conclusion"] for kind, each in summary["kinds"].items()}
    yield Prose(_told(summary))
    yield _changes(found, summary, level)
    yield forest(found.of("change"), found.of("change_net"), summary["margin"], words, found.of("change_of_other"))
    yield from other_models(found, 1 - level)
    yield heat_map(flips)
    yield by_steps(found.of("accuracy_by_steps"))
    yield _tests(found, level)
    yield _flips(found)
    yield _scores(found)
    yield _extraction(found)
    yield _unread(found)
    yield _difficulty(found)
    yield _sureness(found)
    yield _lengths(found)
    yield from side_by_side(flips)


def _told(summary: Mapping[str, Any]) -> str:
    groups: dict[str, list[str]] = defaultdict(list)
    for kind, each in summary["kinds"].items():
        groups[each["conclusion"]].append(f"{kind} ({100 * each['change']:+.1f})")
    told = "; ".join(f"{word}: {', '.join(kinds)}" for word, kinds in groups.items()) or "none"
    accuracy = summary["accuracy"]
    solved = (
        "No original has a verdict."
        if accuracy is None
        else f"The originals are solved with {100 * accuracy:.1f} % accuracy."
    )
    unmeasured = [kind for kind in summary["trials"] if kind != ORIGINAL and kind not in summary["kinds"]]
    missing = (
        f" Not measured, as no problem has a verdict on both sides: {', '.join(unmeasured)}." if unmeasured else ""
    )
    return (
        f"{solved} Changes in points: {told}.{missing} "
        f"“Robust” excludes a change beyond ± {100 * summary['margin']:.1f} points; “open” means that the run was too "
        "small to say. Each seed problem is one observation; p-values carry Holm's correction over the kinds."
    )


def _changes(found: Found, summary: Mapping[str, Any], level: float) -> Table:
    columns = (
        *(
            "kind",
            "problems",
            "original %",
            "variants %",
            "change",
            f"{100 * level:g} % interval",
            "p (Holm)",
            "net of identity",
        ),
        *("conclusion", "doubts"),
    )
    rows = tuple(
        (
            kind,
            found.cell(kind, "change", "problems"),
            found.share(kind, "accuracy_original"),
            found.share(kind, "accuracy"),
            found.points(kind, "change"),
            found.interval(kind, "change"),
            found.p(kind, "change"),
            found.points(kind, "change_net"),
            summary["kinds"].get(kind, {}).get("conclusion"),
            ", ".join(summary["kinds"].get(kind, {}).get("doubts", [])),
        )
        for kind in found.kinds
    )
    note = "Points. Identity is the same text asked again: how far chance goes. An interval across 0 may be chance too."
    return Table("Change against the original", columns, rows, note)


def _tests(found: Found, level: float) -> Table:
    columns = (
        *("kind", "p (one test)", "bootstrap interval", "p (bootstrap, Holm)", "p (McNemar, Holm)"),
        *("p (net, Holm)", f"{100 * (2 * level - 1):g} % interval", "p robust (Holm)", "detectable"),
    )
    rows = tuple(
        (
            kind,
            found.p(kind, "change", "p"),
            found.interval(kind, "change_bootstrap"),
            *(found.p(kind, name) for name in ("change_bootstrap", "mcnemar", "change_net")),
            found.interval(kind, "equivalence"),
            found.p(kind, "equivalence"),
            found.share(kind, "detectable"),
        )
        for kind in found.kinds
    )
    note = (
        "Points. McNemar's test is for one answer a side. “Detectable”: what a test alone finds in 80 % of the runs "
        "with this spread; Holm asks for more."
    )
    return Table("The tests behind it", columns, rows, note).without_empty_columns()


def _flips(found: Found) -> Table:
    columns = ("kind", "stayed right %", "fell %", "rose %", "stayed wrong %", "fell net of identity", "its interval")
    rows = tuple(
        (
            kind,
            *(found.share(kind, name) for name in ("stayed_right", "fell", "rose", "stayed_wrong")),
            found.points(kind, "fell_net"),
            found.interval(kind, "fell_net"),
        )
        for kind in found.kinds
    )
    note = "Pairs of an original's and a variant's answer. Sampling alone flips answers: compare with identity."
    return Table("Flips", columns, rows, note)


def _scores(found: Found) -> Table:
    columns = (
        "kind",
        "PDR %",
        "its interval",
        "ASP %",
        "k",
        "all of k right %",
        "its change",
        "interval of the change",
    )
    rows = tuple(
        (
            kind,
            found.share(kind, "pdr"),
            found.interval(kind, "pdr"),
            found.share(kind, "asp"),
            next((row["part"].removeprefix("k=") for row in found.of("worst_of_k") if row["kind"] == kind), None),
            found.share(kind, "worst_of_k"),
            found.points(kind, "worst_of_k_change"),
            found.interval(kind, "worst_of_k_change"),
        )
        for kind in found.kinds
    )
    note = (
        "As GSM-Plus defines them: PDR, the share of the accuracy that is lost; ASP, original and variant both right. "
        "“All of k right” falls with k for any model; its change is to k answers to the original."
    )
    return Table("PDR and ASP, worst of k", columns, rows, note)


def _extraction(found: Found) -> Table:
    columns = ("kind", "change, strict", "change, flexible", "gap of both", "lowest", "highest")
    names = ("change_strict", "change_flexible", "extractor_gap", "change_lowest", "change_highest")
    rows = tuple((kind, *(found.points(kind, name) for name in names)) for kind in found.kinds)
    note = (
        "Unknown verdicts are left out; “lowest” and “highest” take each of them as told for the fall, and against it."
    )
    return Table("What the change depends on", columns, rows, note)


def _unread(found: Found) -> Table:
    columns = ("kind", "unanswered %", "its change", "cut off %", "change of it")
    rows = tuple(
        (
            kind,
            found.share(kind, "unanswered"),
            found.points(kind, "unanswered_change"),
            found.share(kind, "truncated"),
            found.points(kind, "truncated_change"),
        )
        for kind in found.kinds
    )
    note = "Answers that state none, and answers that the token limit cut off."
    return Table("Answers that cannot be read", columns, rows, note)


def _difficulty(found: Found) -> Table:
    columns = (
        *("kind", "KS numbers", "digits", "KS digits", "carries", "KS carries", "steps", "question tokens"),
        *("change at equal ones", "its interval"),
    )
    names = (
        *("numbers_ks", "digits_change", "digits_ks", "carries_change", "carries_ks", "steps_change"),
        "question_tokens_change",
    )
    rows = tuple(
        (
            kind,
            *(found.number(kind, name, 2) for name in names),
            found.points(kind, "change_adjusted"),
            found.interval(kind, "change_adjusted"),
        )
        for kind in found.kinds
    )
    note = "Variants less originals. KS: the largest distance of their distributions. “Equal ones”: digits and carries."
    return Table("Harder numbers", columns, rows, note)


def _sureness(found: Found) -> Table:
    columns = ("kind", "likelihood gap", "low", "high", "among right ones", "net of identity")
    rows = tuple(
        (
            kind,
            *(found.number(kind, "likelihood_gap", 4, end) for end in ("estimate", "low", "high")),
            *(found.number(kind, f"likelihood_gap_{of}", 4) for of in ("right", "net")),
        )
        for kind in found.kinds
    )
    note = "Nats a token, variants less originals: below 0, the model is surer on the original, which it may remember."
    return Table("Sureness, a sign of memorisation", columns, rows, note)


def _lengths(found: Found) -> Table:
    rows = tuple(
        (
            row["kind"],
            found.cell(row["kind"], "tokens"),
            *(found.number(row["kind"], "length_within", 2, name) for name in ("estimate", "low", "high")),
            row["problems"],
            found.number(row["kind"], "length_across", 2),
        )
        for row in found.of("length_within")
    )
    columns = ("kind", "mean tokens", "within a problem", "low", "high", "problems that tell", "across problems")
    note = "Log-odds of being right for an answer twice as long. Across problems, difficulty answers instead of length."
    return Table("Length and accuracy", columns, rows, note)
