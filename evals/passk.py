"""pass@k and majority@k from n samples of a problem: exact expectations over all ways to draw k of them.

pass@k is the unbiased estimator of Chen et al. 2021 (arXiv 2107.03374, eq. 1): 1 - C(n-c, k) / C(n, k).
majority@k draws k samples, lets each vote for its answer, and gives the right answer its share of the first place:
1 when it leads alone, 1/t when t answers tie, 0 otherwise. No draw is simulated.

Votes are counted by value (evals.answers.answer_key), and all right samples vote as one. A sample without an answer
uses up a draw and votes for nothing. Unknown verdicts are left out of a score's value and counted beside it; the
bounds say what it would be if all of them were wrong, or all correct.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, xlog1py, xlogy

from evals.answers import Verdict

Floats = npt.NDArray[np.float64]


# -- pass@k ------------------------------------------------------------------------------------------


def pass_at_k(n: int, c: int, k: int) -> float:
    """The chance that k of n samples, c of them correct, hold a correct one."""
    return float(passes_at_k([n], [c], k)[0])


def passes_at_k(n: Sequence[int], c: Sequence[int], k: int) -> Floats:
    """pass_at_k for many problems at once: shape (problems,). Raises ValueError unless 1 <= k <= n and 0 <= c <= n."""
    samples, correct = np.asarray(n, dtype=np.int64), np.asarray(c, dtype=np.int64)
    bad = np.flatnonzero((samples < k) | (correct < 0) | (correct > samples))
    if k < 1 or len(bad):
        example = f"problem {bad[0]} has n={samples[bad[0]]}, c={correct[bad[0]]}" if len(bad) else "k is below 1"
        raise ValueError(f"pass@{k} needs 1 <= k <= n samples and 0 <= c <= n correct ones; {example}")
    # C(n-c, k) / C(n, k) is the product of 1 - k/i over i = n-c+1 .. n; its logarithm is a difference of running sums.
    i = np.arange(k + 1, samples.max(initial=k) + 1)
    sums = np.concatenate([np.zeros(k + 1), np.cumsum(np.log1p(-k / i))])
    wrong = samples - correct
    return np.where(wrong < k, 1.0, -np.expm1(sums[samples] - sums[np.minimum(wrong, samples)]))


@dataclass(frozen=True, slots=True)
class Tally:
    """The verdicts of one problem's samples."""

    correct: int
    wrong: int
    unknown: int

    @property
    def decided(self) -> int:
        return self.correct + self.wrong

    @property
    def samples(self) -> int:
        return self.decided + self.unknown


def tally(verdicts: Iterable[str]) -> Tally:
    """Counts verdicts. Raises ValueError for a word that is none."""
    counts = Counter(Verdict(verdict) for verdict in verdicts)
    return Tally(counts[Verdict.correct], counts[Verdict.wrong], counts[Verdict.unknown])


@dataclass(frozen=True, slots=True)
class PassScore:
    """Mean pass@k over problems. `value` is None where no problem has k decided samples."""

    k: int
    value: float | None
    lower: float | None
    """With every unknown wrong; over problems with k samples, decided or not."""
    upper: float | None
    """With every unknown correct."""
    problems: int
    """Problems that the value is the mean of."""
    short: int
    """Problems with fewer than k decided samples."""
    unknown: int
    """Unknown verdicts in all."""


def score(tallies: Iterable[Tally], k: int = 1) -> PassScore:
    """pass@k over problems; k = 1 is the plain accuracy, each problem counting the same."""
    counts = Counter(tallies)
    decided = {tally: n for tally, n in counts.items() if tally.decided >= k}
    sampled = {tally: n for tally, n in counts.items() if tally.samples >= k}
    return PassScore(
        k=k,
        value=_mean([(t.decided, t.correct) for t in decided], decided.values(), k),
        lower=_mean([(t.samples, t.correct) for t in sampled], sampled.values(), k),
        upper=_mean([(t.samples, t.correct + t.unknown) for t in sampled], sampled.values(), k),
        problems=sum(decided.values()),
        short=counts.total() - sum(decided.values()),
        unknown=sum(t.unknown * n for t, n in counts.items()),
    )


def _mean(problems: Sequence[tuple[int, int]], weights: Collection[int], k: int) -> float | None:
    """Of pass@k, over problems with n samples and c correct ones, each counted `weights` times."""
    if not problems:
        return None
    samples, correct = zip(*problems, strict=True)
    return float(np.average(passes_at_k(samples, correct, k), weights=list(weights)))


# -- majority@k --------------------------------------------------------------------------------------


def majority_at_k(keys: Sequence[str | None], right: Sequence[bool], k: int) -> float:
    """The expected share of the first place that the right answer wins among k of the samples.

    `keys[i]` is the answer that sample i votes for (None: it gives none), `right[i]` whether it is correct.
    """
    if len(keys) != len(right) or not 1 <= k <= len(keys):
        raise ValueError(f"majority@{k} needs 1 <= k <= n; there are {len(keys)} answers and {len(right)} verdicts")
    ours = sum(right)
    others = Counter(key for key, is_right in zip(keys, right, strict=True) if key is not None and not is_right)
    if k == len(keys):
        return _share(ours, list(others.values()))
    silent = len(keys) - ours - others.total()
    return _expected_share(ours, list(others.values()), silent, k)


def _share(ours: int, others: list[int]) -> float:
    if not ours or max(others, default=0) > ours:
        return 0.0
    return 1 / (1 + others.count(ours))


def _expected_share(ours: int, others: list[int], silent: int, k: int) -> float:
    """Sums over the votes that the right answer gets, and over how many others get as many.

    Drawing k of n is the same as letting each sample in with chance p = k/n, given that k came in (for any p); then the
    answers' votes are independent binomials, their distributions multiply, and nothing overflows.
    """
    n = ours + sum(others) + silent
    p = k / n
    lead, quiet = _binomial(ours, p), _binomial(silent, p)
    total = 0.0
    for votes in range(1, min(ours, k) + 1):
        rest = _others_up_to(votes, others, quiet, k - votes, p)
        total += lead[votes] * float(rest @ (1 / np.arange(1, len(rest) + 1)))
    return total / float(_binomial(n, p)[k])


def _others_up_to(most: int, others: list[int], quiet: Floats, left: int, p: float) -> Floats:
    """[t]: the chance that the others draw `left` in all, none more than `most`, and t of them exactly `most`."""
    ties = left // most
    ways = np.zeros((ties + 1, left + 1))  # [how many tie, how many samples are drawn]
    ways[0, : min(len(quiet), left + 1)] = quiet[: left + 1]
    for size in others:
        chance, before = _binomial(size, p), ways
        ways = np.zeros_like(before)
        for votes in range(min(size, most, left) + 1):
            tied = int(votes == most)
            ways[tied:, votes:] += chance[votes] * before[: ties + 1 - tied, : left + 1 - votes]
    return ways[:, left]


def _binomial(n: int, p: float) -> Floats:
    x = np.arange(n + 1)
    log = gammaln(n + 1) - gammaln(x + 1) - gammaln(n - x + 1) + xlogy(x, p) + xlog1py(n - x, -p)
    return np.asarray(np.exp(log), dtype=np.float64)
