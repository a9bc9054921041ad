"""Knowledge classes by sampling: what a model can do with a problem, told from the verdicts of its attempts.

The four classes of SliCK (Gekhman et al. 2024, arXiv 2405.05904, section 3), with one greedy attempt (T = 0) in the
place of its greedy answers to several prompts, so that "always" also asks for the sampled ones to be right:

    always        greedy and all sampled attempts are right      (HighlyKnown)
    sometimes     greedy is right, not all sampled ones are      (MaybeKnown)
    only_sampled  greedy is wrong, a sampled one is right        (WeaklyKnown)
    never         none is right                                  (Unknown)

Without a greedy attempt "only_sampled" cannot be told from "sometimes", and is called that. `undecided`: the class
depends on an unknown verdict, or there are no attempts.
"""

from collections.abc import Sequence
from typing import Literal

Knowledge = Literal["always", "sometimes", "only_sampled", "never", "undecided"]


def knowledge(sampled: Sequence[str], greedy: str | None = None) -> Knowledge:
    """The class of a problem from its verdicts: correct, wrong or unknown; `greedy` None where there is none."""
    if not sampled and greedy is None:
        return "undecided"
    best, worst = (_class(_settled(sampled, by), _settled([greedy], by) if greedy else []) for by in (True, False))
    return best if best == worst else "undecided"


def _settled(verdicts: Sequence[str], unknown: bool) -> list[bool]:
    return [unknown if verdict == "unknown" else verdict == "correct" for verdict in verdicts]


def _class(sampled: list[bool], greedy: list[bool]) -> Knowledge:
    """A class between that of the best case and that of the worst does not exist: each needs an unknown to turn."""
    if all(sampled) and all(greedy):
        return "always"
    if not any(sampled) and not any(greedy):
        return "never"
    return "only_sampled" if greedy and not greedy[0] else "sometimes"
