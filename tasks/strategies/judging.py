"""An untrained language model as verifier, by prompt: a step's probability is the share of replies that call it good.

The prompt and its reading are those of evals/judge.py. Guarantees: a step of which no reply says good or bad, in the
form that was asked for, is unknown (not a number), and so is the score of a solution with such a step; it never becomes
bad. Replies are samples as all others are: named by what was asked, kept, charged to the strategy, within the budget.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import nan

from evals.judge import ReplyForm, judge_prompt, majority, read_reply
from evals.strategies.protocol import Draw, Generate, Probabilities, Said


@dataclass(frozen=True, slots=True)
class Judge:
    """How a verifier by prompt is asked; see VerifierRef."""

    form: ReplyForm
    replies: int
    reply_tokens: int
    engine: str = ""
    """Which engine replies: a verifier's name, or that of the samples."""

    def ask(self, question: str, steps: Sequence[str], draw: Draw) -> Generate:
        """For the replies about a solution; `draw` is how solutions are drawn. A single reply is greedy."""
        drawn = replace(draw, max_tokens=self.reply_tokens, stop=(), logprobs=None)
        if self.replies == 1:
            drawn = replace(drawn, temperature=0.0)
        return Generate(drawn, said=judge_prompt(question, steps, self.form), samples=range(self.replies))

    def read(self, steps: Sequence[str], said: Sequence[Said], counts: Counter[str]) -> Probabilities:
        """The probabilities of the steps; what was met is added to `counts`."""
        readings = [read_reply(each.text, each.finish_reason, len(steps), self.form) for each in said]
        counts["judge_replies"] += len(readings)
        counts["judge_replies_unreadable"] += sum(bool(each.fault) for each in readings)
        scores = [each.score for each in majority([reading.views for reading in readings])]
        return tuple(nan if score is None else score for score in scores)
