"""The model's own output, right or not: texts of its own distribution, to hold it where it is while it learns.

Self-distillation (SDFT, arXiv 2402.13669) replaces foreign demonstrations by what the model itself writes; here no
foreign answer is shown to it, and the verdict stands beside each row, unknown ones included.
"""

from collections.abc import Iterable

from evals.recipes.attempts import Attempt, Demonstration, Selection, by_problem, demonstration, drawn


def self_output(attempts: Iterable[Attempt], per_problem: int = 1, seed: int = 0) -> Selection[Demonstration]:
    """`per_problem` attempts of each problem, drawn without a look at their answers."""
    selection: Selection[Demonstration] = Selection()
    for group in by_problem(attempts).values():
        order = drawn(group, seed)
        why = f"the model's own output, answer not looked at; {min(per_problem, len(order))} of {len(order)} attempts"
        selection.rows.extend(demonstration("self_output", attempt, why) for attempt in order[:per_problem])
        selection.left.update((attempt.trace_id, "over_limit") for attempt in order[per_problem:])
    return selection
