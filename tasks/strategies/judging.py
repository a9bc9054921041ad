"""An untrained language model as verifier, by prompt: what it says of each step, or how probable its yes is.

`Judge` reads the text: a step's probability is the share of replies that call it good, with prompt and reading of
evals/judge.py. `GenerativeVerifier` reads the log-probabilities of one token, behind a rationale or without (GenRM,
evals/genrm.py), and gives one probability for the whole. Both are state machines, as strategies are.

Guarantees: a step, or a solution, of which nothing can be read in the form that was asked for is unknown (not a
number), and so is the score of a solution with such a step; it never becomes bad. Replies are samples as all others
are: named by what was asked, kept, charged to the strategy, within the budget.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import nan

from evals.genrm import MOST, Answers, p_yes, verification_prompt, verified
from evals.judge import ReplyForm, judge_prompt, majority, read_reply
from evals.strategies.protocol import Draw, Generate, Play, Probabilities, Said, generate


@dataclass(frozen=True, slots=True)
class Judge:
    """How a verifier by prompt is asked whose text is read; see VerifierRef."""

    form: ReplyForm
    replies: int
    reply_tokens: int
    engine: str = ""
    """Which engine replies: a verifier's name, or that of the samples."""

    def needs(self, draw: Draw) -> tuple[Generate, ...]:
        """Asks that not every engine can be asked; see Samples.require."""
        return ()

    def verify(self, question: str, steps: Sequence[str], draw: Draw, counts: Counter[str]) -> Play[Probabilities]:
        """The probabilities of the steps; what was met is added to `counts`. `draw` is how solutions are drawn."""
        drawn = _reply_draw(draw, self.replies, self.reply_tokens)
        asked = judge_prompt(question, steps, self.form)
        (said,) = yield from generate(Generate(drawn, said=asked, samples=range(self.replies)))
        readings = [read_reply(each.text, each.finish_reason, len(steps), self.form) for each in said]
        counts["judge_replies"] += len(readings)
        counts["judge_replies_unreadable"] += sum(bool(each.fault) for each in readings)
        scores = [each.score for each in majority([reading.views for reading in readings])]
        return tuple(nan if score is None else score for score in scores)


@dataclass(frozen=True, slots=True)
class GenerativeVerifier:
    """How a verifier by prompt is asked whose log-probabilities are read; see VerifierRef."""

    answers: Answers
    rationale: bool
    replies: int
    reply_tokens: int
    engine: str = ""
    """As of a Judge."""

    def needs(self, draw: Draw) -> tuple[Generate, ...]:
        """As of a Judge."""
        return (self._ask(draw, "", "checks" if self.rationale else ""),)

    def verify(self, question: str, steps: Sequence[str], draw: Draw, counts: Counter[str]) -> Play[Probabilities]:
        """One probability, as an outcome verifier gives it: the mean over the rationales that can be read."""
        asked = verification_prompt(question, steps, self.answers, self.rationale)
        written: list[str] = [""]
        if self.rationale:
            drawn = _reply_draw(draw, self.replies, self.reply_tokens)
            (checks,) = yield from generate(Generate(drawn, said=asked, samples=range(self.replies)))
            begun = [verified(each.text, each.finish_reason, self.answers) for each in checks]
            written = [each for each in begun if each is not None]
        said = (yield from generate(*(self._ask(draw, asked, each) for each in written))) if written else ()
        tops = [_first_top(each) for (each,) in said]
        known = [p for top in tops if (p := p_yes(top, self.answers)) is not None]
        counts["judge_replies"] += self.replies
        counts["judge_replies_unreadable"] += self.replies - len(known)
        counts["judge_replies_without_logprobs"] += sum(not top for top in tops)
        return (sum(known) / len(known) if known else nan,)

    def _ask(self, draw: Draw, asked: str, written: str) -> Generate:
        """For the next token alone."""
        first = replace(draw, temperature=0.0, top_p=1.0, top_k=0, max_tokens=1, stop=(), logprobs=MOST)
        return Generate(first, written=written, said=asked)


AnyJudge = Judge | GenerativeVerifier


def _reply_draw(draw: Draw, replies: int, tokens: int) -> Draw:
    """How replies are drawn. A single one is greedy."""
    drawn = replace(draw, max_tokens=tokens, stop=(), logprobs=None)
    return replace(drawn, temperature=0.0) if replies == 1 else drawn


def _first_top(said: Said) -> Sequence[tuple[str, float]]:
    return said.logprobs[0].top if said.logprobs else ()
