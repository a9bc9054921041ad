"""A part of a set that moves through it, so that nights that follow one another see what the others did not."""

from collections.abc import Iterable

from evals.identity import row_id


def window(ids: Iterable[str], size: int, offset: int, seed: int) -> set[str]:
    """`size` of the ids, all where there are fewer: those from place `offset` on in their shuffled order, and from its
    beginning again behind its end.

    The order is that of a hash of seed and id, so that it does not depend on the order of `ids`, and an id more or less
    moves the others by one place at the most.
    """
    shuffled = sorted(ids, key=lambda each: row_id("window", seed, each))
    places = range(offset, offset + min(size, len(shuffled)))
    return {shuffled[place % len(shuffled)] for place in places}
