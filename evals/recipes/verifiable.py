"""Records for reinforcement learning with verifiable rewards: a prompt, its gold answer, and how the model does on it.

The pass rate is right / (right + wrong) over all attempts, rejected ones included: it says what the model does, not
what is worth imitating. A group of attempts that are all right or all wrong has no advantage to learn from
(DAPO, arXiv 2503.14476, section 3.2, leaves such prompts out), so a window can be asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from evals.recipes.attempts import Attempt
from evals.recipes.knowledge import Knowledge, knowledge
from evals.recipes.rewards import Lengths, Reward, relative_length, reward, right_lengths


@dataclass(frozen=True, slots=True)
class Record:
    """One problem. The lists have an entry for each attempt, in the attempts' order."""

    problem_id: str
    right: int
    wrong: int
    unknown: int
    pass_rate: float | None
    """None where no verdict is known."""
    knowledge: Knowledge
    lengths: Lengths | None
    trace_ids: tuple[str, ...]
    verdicts: tuple[str, ...]
    tokens: tuple[int, ...]
    relative_lengths: tuple[float | None, ...]
    rewards: tuple[float | None, ...]


def record(problem_id: str, attempts: Sequence[Attempt], greedy: str | None, how: Reward) -> Record:
    """The record of a problem; `greedy` is the verdict of its attempt at temperature 0, where there is one."""
    verdicts = tuple(attempt.verdict for attempt in attempts)
    right, wrong = verdicts.count("correct"), verdicts.count("wrong")
    lengths = right_lengths([attempt.tokens for attempt in attempts if attempt.verdict == "correct"])
    return Record(
        problem_id=problem_id,
        right=right,
        wrong=wrong,
        unknown=len(verdicts) - right - wrong,
        pass_rate=right / (right + wrong) if right + wrong else None,
        knowledge=knowledge(verdicts, greedy),
        lengths=lengths,
        trace_ids=tuple(attempt.trace_id for attempt in attempts),
        verdicts=verdicts,
        tokens=tuple(attempt.tokens for attempt in attempts),
        relative_lengths=tuple(relative_length(attempt.tokens, lengths) for attempt in attempts),
        rewards=tuple(reward(how, attempt.verdict, attempt.tokens, lengths) for attempt in attempts),
    )


def refused(of: Record, min_pass_rate: float | None, max_pass_rate: float | None) -> str | None:
    """Why a record is outside the window of pass rates, both ends inclusive; None where it is inside."""
    if min_pass_rate is None and max_pass_rate is None:
        return None
    if of.pass_rate is None:
        return "pass_rate_unknown"
    if min_pass_rate is not None and of.pass_rate < min_pass_rate:
        return "too_hard"
    return "too_easy" if max_pass_rate is not None and of.pass_rate > max_pass_rate else None
