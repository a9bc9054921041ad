"""ProcessBench's metric: how often a predictor names the first wrong step of a solution, or that there is none.

A first error is the index of a step, counted from 0, or -1 where no step is wrong. F1 here is the harmonic mean of
two accuracies, the one on solutions with an error and the one on solutions without (ProcessBench, arXiv 2412.06559,
section 4; its run_eval.py). It is not the F1 of precision and recall, and a predictor that always says the same has 0.

A prediction may be None, for unknown: that is not right, and it is counted apart. Two predictors on the same
solutions are compared by a bootstrap that draws whole problems, for the solutions of one problem err together
(the cluster bootstrap of Field and Welsh, JRSS B 69, 2007; percentile interval). Does not correct for comparing many
predictors.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Prediction = int | None

NO_ERROR = -1
_CELLS = 2_000_000
"""Numbers that one block of bootstrap draws may hold: 16 MB, whatever the number of problems."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Of one predictor. A share is None where there is nothing that it could be the share of."""

    accuracy_erroneous: float | None
    """Of solutions with a wrong step: the share whose first one is named."""
    accuracy_correct: float | None
    """Of solutions without: the share of which that is said."""
    f1: float | None
    """The harmonic mean of the two."""
    accuracy: float | None
    """Of all solutions."""
    erroneous: int
    correct: int
    unknown: int
    """Predictions that are None, on either kind."""


@dataclass(frozen=True, slots=True)
class Difference:
    """F1 of the first predictor minus that of the second, with a confidence interval."""

    difference: float
    low: float
    high: float


def known_first_error(labels: Sequence[int | bool | None]) -> Prediction:
    """The first error that step labels (good, bad, None for unknown) tell.

    -1 where all are good; None where an unknown step comes before any bad one, for it may be the first. What comes
    after the first bad step does not matter.
    """
    for step, label in enumerate(labels):
        if not label:
            return step if label is not None else None
    return NO_ERROR


def first_error_scores(predicted: Sequence[Prediction], true: Sequence[int]) -> Scores:
    """Scores of predictions against true first errors. Raises ValueError where they do not fit each other."""
    right, erroneous = _right(predicted, true)
    on_erroneous, on_correct = _share(right[erroneous]), _share(right[~erroneous])
    both = on_erroneous is not None and on_correct is not None
    return Scores(
        accuracy_erroneous=on_erroneous,
        accuracy_correct=on_correct,
        f1=float(_harmonic(np.float64(on_erroneous), np.float64(on_correct))) if both else None,
        accuracy=_share(right),
        erroneous=int(erroneous.sum()),
        correct=int((~erroneous).sum()),
        unknown=sum(each is None for each in predicted),
    )


def paired_difference(
    a: Sequence[Prediction],
    b: Sequence[Prediction],
    true: Sequence[int],
    clusters: Sequence[Hashable],
    draws: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Difference:
    """F1 of `a` minus F1 of `b` on the same solutions, with its bootstrap interval; the same for the same seed.

    `clusters` names each solution's problem. A draw that holds one kind of solution alone has no F1 and is passed
    over. Raises ValueError where the sequences do not fit, or the solutions are all of one kind.
    """
    (right_a, erroneous), (right_b, _) = _right(a, true), _right(b, true)
    if len(clusters) != len(true):
        raise ValueError(f"{len(clusters)} clusters for {len(true)} solutions; give each solution its problem")
    if erroneous.all() or not erroneous.any():
        kind = "with" if len(true) and erroneous.all() else "without"
        raise ValueError(f"F1 needs solutions of both kinds; all {len(true)} are {kind} an error")
    columns = (
        erroneous,
        right_a & erroneous,
        right_b & erroneous,
        ~erroneous,
        right_a & ~erroneous,
        right_b & ~erroneous,
    )
    counts = _by_cluster(np.stack(columns, axis=1).astype(np.float64), clusters)
    drawn = _drawn(counts, draws, seed)
    low, high = np.nanquantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Difference(float(_difference(counts.sum(axis=0))), float(low), float(high))


def _right(predicted: Sequence[Prediction], true: Sequence[int]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which predictions are right, and which solutions have an error."""
    if len(predicted) != len(true):
        raise ValueError(f"{len(predicted)} predictions for {len(true)} solutions; give one each, None for unknown")
    bad = next((each for each in (*predicted, *true) if each is not None and each < NO_ERROR), None)
    if bad is not None or None in true:
        raise ValueError(f"{bad} is no first error; there are -1 (no wrong step), 0, 1, 2 … and, predicted, None")
    right = np.fromiter((said == known for said, known in zip(predicted, true, strict=True)), np.bool_, len(true))
    return right, np.asarray(true, dtype=np.int64) != NO_ERROR


def _share(right: npt.NDArray[np.bool_]) -> float | None:
    return float(right.mean()) if len(right) else None


def _harmonic(x: Floats | np.float64, y: Floats | np.float64) -> Floats:
    """2xy / (x + y), and 0, its limit, where both are 0."""
    total = np.asarray(x + y)
    return np.divide(2 * x * y, total, out=np.zeros_like(total), where=total != 0)


def _by_cluster(columns: Floats, clusters: Sequence[Hashable]) -> Floats:
    """Sums over each problem's solutions: (solutions, columns) -> (problems, columns)."""
    codes: dict[Hashable, int] = {}
    place = np.fromiter((codes.setdefault(name, len(codes)) for name in clusters), np.int64, len(clusters))
    sums = np.zeros((len(codes), columns.shape[1]))
    np.add.at(sums, place, columns)
    return sums


def _drawn(counts: Floats, draws: int, seed: int) -> Floats:
    """The difference in each bootstrap draw, shape (draws,): problems drawn with replacement, as many as there are."""
    generator = np.random.default_rng(seed)
    problems = len(counts)
    chances = np.full(problems, 1 / problems)
    block = max(1, _CELLS // problems)
    sizes = [min(block, draws - start) for start in range(0, draws, block)]
    return np.concatenate([_difference(generator.multinomial(problems, chances, size) @ counts) for size in sizes])


def _difference(counts: Floats) -> Floats:
    """From the six sums in the last axis; nan where a kind of solution is missing."""
    erroneous, a_named, b_named, correct, a_cleared, b_cleared = np.moveaxis(counts, -1, 0)
    with np.errstate(invalid="ignore"):
        return _harmonic(a_named / erroneous, a_cleared / correct) - _harmonic(b_named / erroneous, b_cleared / correct)
