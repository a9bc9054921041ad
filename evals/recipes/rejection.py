"""Rejection-sampled demonstrations: the right attempts, at most so many of each problem.

RFT (arXiv 2308.01825) keeps every distinct right reasoning path; STaR (arXiv 2203.14465) and Llama 2 (arXiv 2307.09288)
keep one or a few. A limit draws by the seed, not by the order of sampling.
"""

from collections.abc import Iterable

from evals.recipes.attempts import Attempt, Demonstration, Selection, by_problem, demonstration, drawn, with_verdict


def rejection_sampled(
    attempts: Iterable[Attempt], per_problem: int | None = None, seed: int = 0
) -> Selection[Demonstration]:
    """The right attempts of each problem; None takes all."""
    selection: Selection[Demonstration] = Selection()
    for group in by_problem(attempts).values():
        right = drawn(with_verdict(group, "correct"), seed)
        taken = right[:per_problem]
        why = f"right answer; {len(taken)} of {len(right)} right attempts of its problem"
        selection.rows.extend(demonstration("rejection", attempt, why) for attempt in taken)
        selection.left.update((attempt.trace_id, "over_limit") for attempt in right[len(taken) :])
        selection.left.update((each.trace_id, f"answer_{each.verdict}") for each in group if each.verdict != "correct")
    return selection
