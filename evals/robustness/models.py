"""Is one model less robust than another: its change beside ours, and their difference within each seed problem.

Both models answered the same variants, so what a problem's variants do to everybody drops out. A model that solves
less has less to lose; the shares of GSM-Plus (PDR) allow for that, differences of percentage points do not."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from evals.robustness.answers import ORIGINAL, Answers
from evals.robustness.effects import Effect, Rules, adjusted
from evals.robustness.means import DOUBLE_DIFFERENCE, mean_of


def differences_in_changes(ours: Mapping[str, Answers], theirs: Mapping[str, Answers], rules: Rules) -> list[Effect]:
    """For each kind that both answered: `change_of_other`, theirs on the problems that both have, and our change minus
    it; below 0, we fall further. `identity` is the control."""
    found = []
    for kind in (kind for kind in ours if kind in theirs and kind != ORIGINAL):
        mine, other = (each[kind].arm().accuracy() - each[ORIGINAL].arm().accuracy() for each in (ours, theirs))
        between = mine - other
        estimate = mean_of(between.values, DOUBLE_DIFFERENCE, level=rules.level)
        found.append(Effect(kind, "difference_in_changes", estimate))
        shared = other.values[np.isin(other.problems, between.problems)]
        found.append(Effect(kind, "change_of_other", mean_of(shared, level=rules.level)))
    return adjusted(found)
