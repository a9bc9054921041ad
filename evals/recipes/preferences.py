"""Preference pairs: a right attempt beside a wrong one at the same problem, for DPO and its kin.

The pairing rule: both are attempts at one problem, with one prompt; each attempt is in one pair at the most; unknown
verdicts take no part. Without a length ratio right and wrong attempts are paired in drawn order. With one, pairs are
made from the closest lengths on, and none whose longer text has more than `length_ratio` times the tokens of the
shorter: where wrong attempts are longer on average, a trainer would else learn length (arXiv 2403.19159).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evals.identity import row_id
from evals.recipes.attempts import Attempt, Selection, by_problem, drawn, with_verdict


@dataclass(frozen=True, slots=True)
class Pair:
    """`chosen` is right, `rejected` wrong."""

    chosen: Attempt
    rejected: Attempt
    why: str

    @property
    def pair_id(self) -> str:
        return row_id("preference", self.chosen.trace_id, self.rejected.trace_id)


def preference_pairs(
    attempts: Iterable[Attempt], per_problem: int | None = None, length_ratio: float | None = None, seed: int = 0
) -> Selection[Pair]:
    """Pairs of each problem, at most `per_problem`; None makes as many as there are attempts for."""
    selection: Selection[Pair] = Selection()
    for group in by_problem(attempts).values():
        right, wrong = (drawn(with_verdict(group, verdict), seed) for verdict in ("correct", "wrong"))
        matched = _in_order(right, wrong) if length_ratio is None else _by_length(right, wrong, length_ratio)
        for chosen, rejected in matched[:per_problem]:
            selection.rows.append(Pair(chosen, rejected, _why(chosen, rejected, right, wrong, length_ratio)))
        used = {each.trace_id for pair in matched[:per_problem] for each in pair}
        spare = {each.trace_id for pair in matched for each in pair} - used
        for attempt in group:
            if attempt.trace_id not in used:
                selection.left[attempt.trace_id] = _left(attempt, spare, right, wrong)
    return selection


def _in_order(right: Sequence[Attempt], wrong: Sequence[Attempt]) -> list[tuple[Attempt, Attempt]]:
    return list(zip(right, wrong, strict=False))


def _by_length(right: Sequence[Attempt], wrong: Sequence[Attempt], ratio: float) -> list[tuple[Attempt, Attempt]]:
    """Greedily from the smallest ratio on; equal ratios in drawn order."""
    ratios = sorted(
        (_ratio(chosen, rejected), i, j)
        for i, chosen in enumerate(right)
        for j, rejected in enumerate(wrong)
        if _ratio(chosen, rejected) <= ratio
    )
    free_right, free_wrong = set(range(len(right))), set(range(len(wrong)))
    pairs = []
    for _, i, j in ratios:
        if i in free_right and j in free_wrong:
            free_right.remove(i)
            free_wrong.remove(j)
            pairs.append((right[i], wrong[j]))
    return pairs


def _ratio(one: Attempt, other: Attempt) -> float:
    shorter, longer = sorted((max(one.tokens, 1), max(other.tokens, 1)))
    return longer / shorter


def _why(
    chosen: Attempt, rejected: Attempt, right: Sequence[Attempt], wrong: Sequence[Attempt], ratio: float | None
) -> str:
    how = "in drawn order" if ratio is None else f"closest lengths, ratio {_ratio(chosen, rejected):.2f}"
    return f"right beside wrong; of {len(right)} right and {len(wrong)} wrong attempts, {how}"


def _left(attempt: Attempt, spare: set[str], right: Sequence[Attempt], wrong: Sequence[Attempt]) -> str:
    if attempt.verdict == "unknown":
        return "answer_unknown"
    if attempt.trace_id in spare:
        return "over_limit"
    others = wrong if attempt.verdict == "correct" else right
    return "no_partner_left" if others else ("no_wrong_attempt" if attempt.verdict == "correct" else "no_right_attempt")
