"""The surface patterns of generated word problems, as data: `PATTERNS`, by name.

A pattern is a text with slots, ranges for its numbers and the steps of its solution. `{A}` and `{B}` are people,
`{he}` `{He}` `{his}` speak of A, `{thing}` `{food}` `{place}` are drawn from word lists, one lower-case letter is a number,
and `[x|y]` is a choice between phrasings. A step reads `name = left op right: sentence`, where `{=}` in the sentence
is the equation. Numbers that stand in a step and not among the slots are anchored by a word of the text (half, dozen, week).
Held-out patterns are never trained on.
"""

from evals.patterns.groups import GROUPS
from evals.patterns.pattern import Pattern
from evals.patterns.people import PEOPLE
from evals.patterns.rates import RATES
from evals.patterns.short import SHORT
from evals.patterns.trade import TRADE

PATTERNS: dict[str, Pattern] = {p.name: p for p in (*SHORT, *GROUPS, *TRADE, *RATES, *PEOPLE)}

__all__ = ["PATTERNS", "Pattern"]
