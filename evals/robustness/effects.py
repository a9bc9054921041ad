"""Every measure of a robustness report, from the trials of one model: a number, its interval, its test, its problems.

    >>> for effect in effects(answers(columns), Rules(margin=0.05)):
    ...     print(effect.kind, effect.measure, effect.found.value)

Guarantees: intervals and tests take seed problems as clusters; a change is below 0 where the variants are solved less
often; a measure that the trials cannot give has no row, or a row without a number. Which tests are one family is said
in `FAMILIES`; its p-values carry Holm's correction over the kinds. `identity` is a control and no member of any. Does
not: decide anything (evals/robustness/conclusions.py), or compare models (models.py)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from evals.robustness.answers import IDENTITY, ORIGINAL, Answers, Grader
from evals.robustness.arms import Arm
from evals.robustness.bootstrap import bootstrap_mean
from evals.robustness.by_problem import ByProblem, weights
from evals.robustness.equivalence import equivalence
from evals.robustness.flips import flip_table
from evals.robustness.gsm_plus import accurately_solved_pairs, performance_drop_rate
from evals.robustness.holm import holm
from evals.robustness.lengths import across, doublings, within
from evals.robustness.mcnemar import mcnemar
from evals.robustness.means import DOUBLE_DIFFERENCE, SHARE, UNLIMITED, Estimate, Range, mean_of
from evals.robustness.memorisation import gap, sureness
from evals.robustness.power import Test, detectable
from evals.robustness.shift import Adjusted, adjusted_change, ks_distance

FAMILIES = (
    *("change", "change_bootstrap", "change_net", "equivalence", "mcnemar"),
    *("difference_in_changes", "difference_in_pdr"),
)
"""Measures whose tests are corrected together, over the kinds of one model."""
GROWTH = ("digits", "carries")
"""What makes the arithmetic of a variant harder."""
ALL = "all"
"""The kind of what is measured over all trials."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What is said before the numbers are seen."""

    margin: float = 0.05
    """A change within ± margin is none that matters."""
    level: float = 0.95
    replicates: int = 2000
    seed: int = 0
    """Of the bootstrap."""


@dataclass(frozen=True, slots=True)
class Effect:
    kind: str
    measure: str
    found: Estimate
    group: str = ""
    """What it is restricted to: `3` steps, the `k` of a worst-of-k."""
    p_adjusted: float | None = None


def effects(kinds: Mapping[str, Answers], rules: Rules = Rules()) -> list[Effect]:
    """All measures of one model's kinds. Raises ValueError without trials of the originals."""
    if ORIGINAL not in kinds:
        raise ValueError(f"the trials have the kinds {', '.join(kinds) or 'none'}; changes need those of {ORIGINAL!r}")
    found: list[Effect] = []
    for kind, answers in kinds.items():
        found += _of_kind(kind, answers, rules)
        if kind != ORIGINAL:
            found += _against_original(kind, kinds[ORIGINAL], answers, rules)
        if kind not in (ORIGINAL, IDENTITY) and IDENTITY in kinds:
            found += _net_of_identity(kind, kinds[ORIGINAL], kinds[IDENTITY], answers, rules)
    return adjusted([*found, *_lengths(ALL, [*kinds.items()], rules)])


def adjusted(found: Sequence[Effect]) -> list[Effect]:
    """With Holm's correction within each family."""
    result = list(found)
    for family in FAMILIES:
        places = [i for i, each in enumerate(found) if each.measure == family and each.kind != IDENTITY]
        for place, p in zip(places, holm([found[i].found.p for i in places]), strict=True):
            result[place] = replace(result[place], p_adjusted=p)
    return result


def _of_kind(kind: str, answers: Answers, rules: Rules) -> Iterator[Effect]:
    own = answers.arm()

    def mean(measure: str, values: ByProblem, reach: Range = SHARE, group: str = "") -> Effect:
        return Effect(kind, measure, _untested(mean_of(values.values, reach, level=rules.level)), group)

    yield mean("accuracy", own.accuracy())
    yield mean("accuracy_unknown_wrong", own.accuracy("wrong"))
    yield mean("accuracy_unknown_right", own.accuracy("right"))
    yield mean("unanswered", answers.mean("unanswered"))
    yield mean("truncated", answers.mean("truncated"))
    yield mean("tokens", answers.mean("tokens"), UNLIMITED)
    for steps in np.unique(answers.steps):
        yield mean("accuracy_by_steps", answers.where(answers.steps == steps).arm().accuracy(), group=str(steps))
    yield from _lengths(kind, [(kind, answers)], rules)


def _against_original(kind: str, original: Answers, answers: Answers, rules: Rules) -> Iterator[Effect]:
    first, second = original.arm(), answers.arm()
    before, after = first.accuracy(), second.accuracy()
    change = after - before
    same = before.values[np.isin(before.problems, after.problems)]

    def row(measure: str, found: Estimate, group: str = "") -> Effect:
        return Effect(kind, measure, found, group)

    yield row("accuracy_original", _untested(mean_of(same, SHARE, level=rules.level)))
    yield row("change", mean_of(change.values, level=rules.level))
    yield row("change_bootstrap", _bootstrapped(change, rules))
    yield from _bounds(kind, first, second, rules)
    yield from _by_extractor(kind, original, answers, rules)
    yield row("equivalence", equivalence(change.values, rules.margin, level=rules.level))
    if first.single and second.single:
        yield row("mcnemar", mcnemar(first, second))
    if len(change) > 1:
        test = Test(level=1 - rules.level)
        yield row(
            "detectable", Estimate(detectable(float(change.values.std(ddof=1)), len(change), test), n=len(change))
        )
    yield row("pdr", performance_drop_rate(before, after, rules.level))
    yield row("asp", accurately_solved_pairs(before, after, rules.level))
    table = flip_table(before, after, rules.level)
    for name in ("stayed_right", "fell", "rose", "stayed_wrong"):
        yield row(name, _untested(getattr(table, name)))
    yield from _worst_of(kind, first, second, rules)
    for column, reach in (("unanswered", (-1.0, 1.0)), ("truncated", (-1.0, 1.0)), ("tokens", UNLIMITED)):
        shift = answers.mean(column) - original.mean(column)
        yield row(f"{column}_change", mean_of(shift.values, reach, level=rules.level))
    yield from _difficulty(kind, original, answers, rules)
    known, fresh = (sureness(a.problems, a.columns["mean_logprob"], a.right()) for a in (original, answers))
    if len(known.all) and len(fresh.all):
        yield row("likelihood_gap", gap(known.all, fresh.all, rules.level))
        yield row("likelihood_gap_right", gap(known.right, fresh.right, rules.level))


def _bootstrapped(change: ByProblem, rules: Rules) -> Estimate:
    return bootstrap_mean(change.values, level=rules.level, replicates=rules.replicates, seed=rules.seed)


def _bounds(kind: str, original: Arm, variant: Arm, rules: Rules) -> Iterator[Effect]:
    """The change if every unknown verdict told for the fall, and if it told against it."""
    lowest = variant.accuracy("wrong") - original.accuracy("right")
    highest = variant.accuracy("right") - original.accuracy("wrong")
    yield Effect(kind, "change_lowest", mean_of(lowest.values, level=rules.level))
    yield Effect(kind, "change_highest", mean_of(highest.values, level=rules.level))


def _by_extractor(kind: str, original: Answers, answers: Answers, rules: Rules) -> Iterator[Effect]:
    changes = {}
    graders: tuple[tuple[str, Grader], ...] = (("strict", "strict_verdict"), ("flexible", "flexible_verdict"))
    for name, grader in graders:
        changes[name] = answers.arm(grader).accuracy() - original.arm(grader).accuracy()
        yield Effect(kind, f"change_{name}", mean_of(changes[name].values, level=rules.level))
    between = changes["strict"] - changes["flexible"]
    yield Effect(kind, "extractor_gap", mean_of(between.values, DOUBLE_DIFFERENCE, level=rules.level))


def _worst_of(kind: str, original: Arm, variant: Arm, rules: Rules) -> Iterator[Effect]:
    """At the largest k that the typical problem has trials for, on both sides."""
    k = min(_draws(original), _draws(variant))
    if k > 1:
        before, after = original.worst_of(k), variant.worst_of(k)
        yield Effect(kind, "worst_of_k", _untested(mean_of(after.values, SHARE, level=rules.level)), f"k={k}")
        yield Effect(kind, "worst_of_k_change", mean_of((after - before).values, level=rules.level), f"k={k}")


def _draws(arm: Arm) -> int:
    """Trials of the typical problem that may be drawn: its variants, or the samples of a lone one."""
    if not len(arm):
        return 0
    variants = np.unique(arm.problems, return_counts=True)[1]
    lone = (arm.right + arm.wrong)[np.isin(arm.problems, np.unique(arm.problems)[variants == 1])]
    return int(np.median(lone if (variants == 1).mean() > 0.5 else variants))


def _difficulty(kind: str, original: Answers, answers: Answers, rules: Rules) -> Iterator[Effect]:
    for feature in (*GROWTH, "steps", "question_tokens"):
        shift = answers.mean(feature) - original.mean(feature)
        yield Effect(kind, f"{feature}_change", mean_of(shift.values, UNLIMITED, level=rules.level))
    same = original.where(np.isin(original.problems, answers.problems))
    for feature in GROWTH if len(same) else ():
        samples = [(each.columns[feature].astype(np.float64), weights(each.problems)) for each in (same, answers)]
        distance = ks_distance(samples[0][0], samples[1][0], samples[0][1], samples[1][1])
        yield Effect(kind, f"{feature}_ks", Estimate(distance, n=len(np.unique(answers.problems))))
    found = _adjusted_change(original, answers, rules)
    if found is not None:
        yield Effect(kind, "change_adjusted", found.change)
        for feature, slope in zip(GROWTH, found.slopes, strict=True):
            yield Effect(kind, f"slope_{feature}", slope)


def _adjusted_change(original: Answers, answers: Answers, rules: Rules) -> Adjusted | None:
    """The originals' means are looked up for each trial; a problem without them is NaN, and so left out."""
    base = original.arm().accuracy()
    lookup = {str(name): value for name, value in zip(base.problems, base.values, strict=True)}
    before = np.array([lookup.get(name, np.nan) for name in answers.problems.tolist()])
    growth = []
    for feature in GROWTH:
        own = original.mean(feature)
        known = {str(name): value for name, value in zip(own.problems, own.values, strict=True)}
        at_first = np.array([known.get(name, np.nan) for name in answers.problems.tolist()])
        growth.append(answers.columns[feature].astype(np.float64) - at_first)
    return adjusted_change(answers.problems, answers.right() - before, np.column_stack(growth), rules.level)


def _net_of_identity(
    kind: str, original: Answers, identity: Answers, answers: Answers, rules: Rules
) -> Iterator[Effect]:
    """The change less that of the same text asked again: the originals' own luck drops out."""
    base, floor, after = (each.arm().accuracy() for each in (original, identity, answers))
    yield Effect(kind, "change_net", mean_of((after - floor).values, level=rules.level))
    moved = flips_down(base, after) - flips_down(base, floor)
    yield Effect(kind, "fell_net", mean_of(moved.values, level=rules.level))
    floor_sure, after_sure = (sureness(a.problems, a.columns["mean_logprob"], a.right()) for a in (identity, answers))
    if len(floor_sure.all) and len(after_sure.all):
        yield Effect(kind, "likelihood_gap_net", gap(floor_sure.all, after_sure.all, rules.level))


def flips_down(original: ByProblem, variant: ByProblem) -> ByProblem:
    """Of each problem, the share of its pairs of trials in which a right original meets a wrong variant."""
    return original * ByProblem(variant.problems, 1 - variant.values)


def _lengths(kind: str, kinds: Sequence[tuple[str, Answers]], rules: Rules) -> Iterator[Effect]:
    """The log-odds of being right for an answer twice as long: within a problem's kind, and over all."""
    problems = np.concatenate([each.problems for _, each in kinds])
    right = np.concatenate([each.right() for _, each in kinds])
    x = np.concatenate([doublings(each.columns["tokens"]) for _, each in kinds])
    questions = np.concatenate([np.char.add(f"{name}/", each.problems) for name, each in kinds])
    kept = ~np.isnan(right)
    yield Effect(kind, "length_within", within(problems[kept], questions[kept], x[kept], right[kept], rules.level))
    yield Effect(kind, "length_across", across(problems[kept], x[kept], right[kept], rules.level))


def _untested(found: Estimate) -> Estimate:
    """A share has no null of its own."""
    return replace(found, p=None)
