"""Voters who do not vote as the ratings say: bots, fans of one model, people who click the first answer.

For each voter a test martingale is played against the fitted model. Under it a vote's expected score is p, whatever
the ties, so with stakes that were fixed before the vote, wealth = product(1 + stake · (y - p)) is a nonnegative
martingale, and by Ville's inequality (1939) it ever reaches 1/alpha with a chance of at most alpha, however long the
voter votes. Bets are laid on every manner of `MANNERS` at several stakes and on every model, for and against; the
voter's p-value is one over the most that their mean wealth is known to have had. So a voter may be tested after every
vote, and votes of the past need not be the same in number. (Public leaderboards multiply 1 / (2 p) of ranks of votes,
Chiang et al. 2024, which needs many votes on the same pair.)

q-values are Benjamini and Hochberg's over the voters. Guaranteed for voters who vote as the model says, up to the
ratings' own error. Not guaranteed: that a voter who is told is dishonest; somebody with a lasting taste is told too,
given votes enough. So nobody is left out here: that is for people to decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import expit

from evals.bradley_terry import Fit
from evals.ratings.battles import POSITION, TIE, Array, Battles, Floats, Ints, tiles
from evals.ratings.effects import false_discovery
from evals.ratings.likelihood import predictor

MANNERS = ("against the ratings", "with the ratings", "first side", "second side", "for a model", "against a model")
"""With the ratings: for the favourite more often than the ratings give it. The sides need the position feature."""
STAKES = (0.2, 0.5, 0.9)
"""Shares of the wealth that a wholly lost vote would cost; each has an equal part of a bet's money."""


@dataclass(frozen=True, eq=False)
class Voters:
    """V voters, the most suspicious first."""

    voter: Array
    """(V,) values of `battles.cluster`."""
    votes: Ints
    p: Floats
    q: Floats
    manner: tuple[str, ...]
    """What they were caught at, or what comes nearest to it."""
    model: tuple[str | None, ...]
    """Of whom, where the manner is about a model."""


class _Bets(NamedTuple):
    """One for each vote and manner."""

    voter: Ints
    """(m,) place of the voter."""
    kind: Ints
    """(m,) what is bet on: 0 the ratings, 1 the side, 2 + k model k."""
    gain: Floats
    """(m,) stake's direction times (y - p), within -1 and 1."""


def voters(found: Fit, battles: Battles) -> Voters:
    """Tests every cluster of the battles as a voter, in the order of the rows. Raises ValueError without clusters, and
    for Davidson's ties, whose expected score is another."""
    if battles.cluster is None:
        raise ValueError("the battles name no voters: read them with the column of users as their cluster")
    if found.ties == "davidson":
        raise ValueError("voters are tested against a rating with ties='half' or 'drop', not Davidson's")
    names, place = np.unique(np.asarray(battles.cluster), return_inverse=True)
    bets = _bets(found, battles, place)
    kinds = 2 + len(found.models)
    best, which = np.full(len(names), -np.inf), np.zeros(len(names), dtype=np.int64)
    for sign in (1, -1):
        owner, kind, wealth = _most(bets, sign, kinds)
        # Half of the money is on each sign; of it a third on ratings, sides and models, each model having its part.
        wealth = wealth - np.log(2 * 3) - np.where(kind >= 2, np.log(len(found.active)), 0.0)
        order = np.lexsort((wealth, owner))
        last = np.flatnonzero(np.append(owner[order][1:] != owner[order][:-1], True))
        mine, most = owner[order][last], wealth[order][last]
        better = most > best[mine]
        best[mine[better]] = most[better]
        which[mine[better]] = 2 * kind[order][last][better] + (sign < 0)
    p = np.minimum(1.0, np.exp(-np.maximum(best, 0.0)))
    ranking = np.lexsort((names, p))
    return Voters(
        voter=names[ranking],
        votes=np.bincount(place, minlength=len(names))[ranking],
        p=p[ranking],
        q=false_discovery(p)[ranking],
        manner=tuple(MANNERS[min(w // 2, 2) * 2 + w % 2] for w in which[ranking].tolist()),
        model=tuple(found.models[w // 2 - 2] if w >= 4 else None for w in which[ranking].tolist()),
    )


def _bets(found: Fit, battles: Battles, place: Ints) -> _Bets:
    """Every counted vote's bets; those of one voter and kind in the order of the rows."""
    point, models = found.point(), len(found.models)
    side = battles.columns[battles.features.index(POSITION)] if POSITION in battles.features else None
    owners, kinds, gains = [], [], []
    for tile in tiles(battles.with_features(found.features)):
        eta = predictor(tile, point, models)
        chance, score = expit(eta), tile.score * 0.5
        counted = tile.spread(found.counted[tile.pairs].astype(np.float64)) > 0
        counted &= (tile.score != TIE) if found.ties == "drop" else True
        counted &= (tile.weight > 0) if tile.weight is not None else True
        miss, owner = (score - chance)[counted], place[tile.rows][counted]
        first, second = (np.repeat(end, tile.lengths)[counted] for end in np.divmod(tile.pairs, models))
        laid = [(np.zeros(len(miss), dtype=np.int64), -np.sign(eta[counted]) * miss)]
        if side is not None:
            laid.append((np.ones(len(miss), dtype=np.int64), np.sign(side[tile.rows][counted]) * miss))
        laid += [(2 + first, miss), (2 + second, -miss)]
        owners += [owner] * len(laid)
        kinds += [kind for kind, _ in laid]
        gains += [gain for _, gain in laid]
    return _Bets(np.concatenate(owners), np.concatenate(kinds), np.concatenate(gains))


def _most(bets: _Bets, sign: int, kinds: int) -> tuple[Ints, Ints, Floats]:
    """Voter, kind, and the log of the most that the mean wealth over the stakes has been."""
    group = bets.voter.astype(np.int64) * kinds + bets.kind
    order = np.argsort(group, kind="stable")
    group, gain = group[order], sign * bets.gain[order]
    starts = np.flatnonzero(np.concatenate([[True], group[1:] != group[:-1]])) if len(group) else np.empty(0, np.int64)
    total = np.full(len(group), -np.inf)
    for stake in STAKES:
        run = np.cumsum(np.log1p(stake * gain))
        before = np.concatenate([[0.0], run])[starts]
        total = np.logaddexp(total, run - np.repeat(before, np.diff(starts, append=len(group))) - np.log(len(STAKES)))
    most = np.maximum.reduceat(total, starts) if len(starts) else total
    owner, kind = np.divmod(group[starts], kinds)
    return owner, kind, most
