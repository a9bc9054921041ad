"""Attempts for the tests of recipes, and what holds for every recipe."""

from collections.abc import Sequence

from hypothesis import strategies as st

from evals.recipes.attempts import Attempt, Selection


def attempt(
    name: str,
    *steps: str,
    verdict: str = "correct",
    problem: str = "p",
    tokens: int = 9,
    hard: Sequence[bool | None] = (),
) -> Attempt:
    return Attempt(name, problem, "Q\n", "".join(steps), steps, verdict, tokens, tuple(hard))


def wrong(name: str, *steps: str, **more: object) -> Attempt:
    return attempt(name, *steps, verdict="wrong", **more)  # type: ignore[arg-type]


@st.composite
def many(draw: st.DrawFn) -> list[Attempt]:
    """Attempts at a few problems, with shared steps, all verdicts and some labels."""
    found = []
    for number in range(draw(st.integers(0, 12))):
        steps = draw(st.lists(st.sampled_from(["a\n", "b\n", "c\n"]), max_size=3))
        verdict = draw(st.sampled_from(["correct", "wrong", "unknown"]))
        answer = {"correct": "#### 5", "wrong": "#### 6", "unknown": "and so"}[verdict]
        labels = draw(st.lists(st.none() | st.booleans(), max_size=len(steps)))
        found.append(
            attempt(
                f"t{number}",
                *steps,
                answer,
                verdict=verdict,
                problem=draw(st.sampled_from("pq")),
                tokens=draw(st.integers(1, 30)),
                hard=labels,
            )
        )
    return found


def used(selection: Selection[object]) -> set[str]:
    """Ids of the traces that are in rows."""
    found: set[str] = set()
    for row in selection.rows:
        found |= {row.chosen.trace_id, row.rejected.trace_id} if hasattr(row, "chosen") else set(row.trace_ids)  # type: ignore[attr-defined]
    return found
