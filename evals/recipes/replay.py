"""Replay: rows of a general set mixed into a training set at a given share, against forgetting.

With n rows of ours and a share s of the result, round(s·n / (1 − s)) rows are drawn, so that the share is met as
closely as whole rows allow. Which ones depends on their ids and a seed alone.
"""

from collections.abc import Sequence

from evals.identity import row_id


def replay_count(rows: int, share: float) -> int:
    """How many rows of the general set make up `share` (0 up to, not with, 1) of the whole."""
    if not 0 <= share < 1:
        raise ValueError(f"share {share}: 0 up to, not with, 1 is wanted")
    return round(share * rows / (1 - share))


def replayed(ids: Sequence[str], count: int, seed: int) -> list[int]:
    """The places of the `count` rows that are drawn, in their own order; all where there are fewer."""
    order = sorted(range(len(ids)), key=lambda place: row_id(seed, ids[place]))
    return sorted(order[:count])
