"""Labels by their place in the trace: where steps go wrong, by their labels and, where it is known, in truth."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evals.first_errors import known_first_error

Values = Sequence[int | None]
"""Of one trace's steps: 1 good, 0 bad, None not known."""


@dataclass(slots=True)
class Place:
    """The steps at one place of all traces."""

    step: int
    """Counted from 0; the last place holds all that come later too."""
    good: int = 0
    bad: int = 0
    open: int = 0
    first_errors: int = 0
    """Traces whose first bad label is here; one behind an open label may not be the first, and is not counted."""
    true_first_errors: int = 0
    """Traces whose first wrong step is here, of those whose truth is known."""

    @property
    def decided(self) -> int:
        return self.good + self.bad


def by_place(traces: Iterable[tuple[Values, Values]], most: int = 12) -> list[Place]:
    """`traces` are (hard labels, truths) of each; at most `most` places, without a gap. Raises ValueError below 1."""
    if most < 1:
        raise ValueError(f"most={most}: there is one place or more")
    places: list[Place] = []

    def at(step: int) -> Place:
        while len(places) <= min(step, most - 1):
            places.append(Place(len(places)))
        return places[min(step, most - 1)]

    for hard, truths in traces:
        for step, label in enumerate(hard):
            place = at(step)
            place.good += label == 1
            place.bad += label == 0
            place.open += label is None
        if (first := known_first_error(hard)) is not None and first >= 0:
            at(first).first_errors += 1
        if (true := known_first_error(truths)) is not None and true >= 0:
            at(true).true_first_errors += 1
    return places
