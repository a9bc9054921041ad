"""Is one model less robust than another: its change beside ours, and their difference within each seed problem.

Both models answered the same variants, so what a problem's variants do to everybody drops out. A model that solves
less has less to lose: the difference of the shares that both lose (PDR) allows for that, that of points does not."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from evals.robustness.answers import ORIGINAL, Answers
from evals.robustness.effects import Effect, Rules, adjusted
from evals.robustness.gsm_plus import difference_in_pdr, performance_drop_rate
from evals.robustness.means import DOUBLE_DIFFERENCE, mean_of


def differences_in_changes(ours: Mapping[str, Answers], theirs: Mapping[str, Answers], rules: Rules) -> list[Effect]:
    """For each kind that both answered, over the problems that both have: our change and PDR less theirs, and theirs.

    Below 0, we fall further in points; above 0, we lose more of what we had. `identity` is the control."""
    found = []
    for kind in (kind for kind in ours if kind in theirs and kind != ORIGINAL):
        pairs = [(each[ORIGINAL].arm().accuracy(), each[kind].arm().accuracy()) for each in (ours, theirs)]
        mine, other = (variant - original for original, variant in pairs)
        between = mine - other
        shared = other.values[np.isin(other.problems, between.problems)]
        told = {
            "difference_in_changes": mean_of(between.values, DOUBLE_DIFFERENCE, level=rules.level),
            "change_of_other": mean_of(shared, level=rules.level),
            "difference_in_pdr": difference_in_pdr(pairs[0], pairs[1], rules.level),
            "pdr_of_other": performance_drop_rate(*pairs[1], rules.level),
        }
        found += [Effect(kind, measure, each) for measure, each in told.items()]
    return adjusted(found)
