"""Shortest-correct selection: of the right attempts of a problem, those with the fewest tokens.

Kimi k1.5 (arXiv 2501.12599, section 2.4, "shortest rejection sampling") trains on the shortest right one of eight.
"""

from collections.abc import Iterable

from evals.recipes.attempts import Attempt, Demonstration, Selection, by_problem, demonstration, with_verdict


def shortest_correct(attempts: Iterable[Attempt], per_problem: int = 1) -> Selection[Demonstration]:
    """The `per_problem` shortest right attempts of each problem; equal lengths go by trace id."""
    selection: Selection[Demonstration] = Selection()
    for group in by_problem(attempts).values():
        right = sorted(with_verdict(group, "correct"), key=lambda attempt: (attempt.tokens, attempt.trace_id))
        mean = sum(attempt.tokens for attempt in right) / len(right) if right else 0.0
        for place, attempt in enumerate(right):
            if place < per_problem:
                why = f"right answer; {attempt.tokens} tokens, {len(right)} right attempts have {mean:.1f} on average"
                selection.rows.append(demonstration("shortest", attempt, why))
            else:
                selection.left[attempt.trace_id] = "not_shortest"
        selection.left.update((each.trace_id, f"answer_{each.verdict}") for each in group if each.verdict != "correct")
    return selection
