"""Chained attempts: wrong attempts at a problem, then the right one, in a single completion.

Teaches to notice a failure and to begin again (RISE, arXiv 2407.18219, and "journey learning", arXiv 2410.18982, train
on such chains). Nothing is masked here: a trainer that learns from whole completions learns the wrong attempts too.

Guarantees: all attempts are of one problem; a wrong attempt is in one chain at the most; the chain's stated answer is
the right attempt's, as the project's own extraction reads it; attempts with unknown verdicts take no part.
"""

from collections.abc import Iterable, Sequence

from evals.extraction import find_answer
from evals.recipes.attempts import (
    Attempt,
    Demonstration,
    Fits,
    Selection,
    by_problem,
    drawn,
    with_verdict,
)

AGAIN = "\n\nThat is not right. Let me try again.\n\n"
"""What stands between two attempts."""


def chained(
    attempts: Iterable[Attempt],
    fits: Fits,
    wrong_attempts: int = 1,
    per_problem: int | None = None,
    seed: int = 0,
    again: str = AGAIN,
) -> Selection[Demonstration]:
    """Each right attempt behind `wrong_attempts` wrong ones, as long as there are any left of its problem."""
    selection: Selection[Demonstration] = Selection()
    for group in by_problem(attempts).values():
        wrong = drawn(with_verdict(group, "wrong"), seed)
        made = 0
        for right in drawn(with_verdict(group, "correct"), seed):
            before, rest = wrong[:wrong_attempts], wrong[wrong_attempts:]
            refused = _refused(before, right, fits, wrong_attempts, again)
            if made == per_problem or refused:
                selection.left[right.trace_id] = refused or "over_limit"
            else:
                selection.rows.append(_chain(before, right, again))
                wrong, made = rest, made + 1
        selection.left.update((attempt.trace_id, "no_right_attempt_left") for attempt in wrong)
        selection.left.update((attempt.trace_id, "answer_unknown") for attempt in with_verdict(group, "unknown"))
    return selection


def _refused(before: Sequence[Attempt], right: Attempt, fits: Fits, wanted: int, again: str) -> str | None:
    if len(before) < wanted:
        return "too_few_wrong_attempts"
    text = _text(before, right, again)
    if not fits(right.prompt, text):
        return "over_length"
    stated, meant = find_answer(text), find_answer(right.text)
    if stated is None or meant is None or stated.text != meant.text:
        return "answer_hidden"
    return None


def _chain(before: Sequence[Attempt], right: Attempt, again: str) -> Demonstration:
    chain = (*before, right)
    return Demonstration(
        recipe="chained",
        problem_id=right.problem_id,
        trace_ids=tuple(attempt.trace_id for attempt in chain),
        prompt=right.prompt,
        completion=_text(before, right, again),
        verdict=right.verdict,
        why=f"{len(before)} wrong attempt{'s' * (len(before) > 1)}, then the right one",
        tokens=None,
    )


def _text(before: Sequence[Attempt], right: Attempt, again: str) -> str:
    return "".join(attempt.text.rstrip() + again for attempt in before) + right.text
