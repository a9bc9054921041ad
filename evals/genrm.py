"""A language model as verifier by the probability of one word: GenRM (arXiv 2408.15240), untrained or trained for it.

The model is shown a problem and a solution and asked "Is the answer correct (Yes/No)?". The score is the probability of
yes among the two, P(yes) / (P(yes) + P(no)), of the token that it would write next; the paper takes P(yes) alone. With
a rationale (GenRM-CoT) it first writes its checks, and is asked behind them; the mean over rationales counts, its vote
of many. The wording of the prompts is this module's, not the paper's.

Guarantees: a score is known only where the engine's alternatives of the token, `MOST` at the most, settle it to within
`TOLERANCE`; a model that would say something else (a thought, a word in bold) is unknown, never wrong. Upper and lower
case, and a space before the word, are one answer. Does not: find an answer that the tokenizer cuts into several tokens.
"""

from collections.abc import Sequence
from math import exp

from evals.judge import Unreadable, finished_answer

MOST = 20
"""Alternatives that are asked for; engines tell no more."""
TOLERANCE = 0.01
"""How far an answer that is not among the alternatives may change the score. It is at most as likely as the least of
them, and as all that they leave."""

Answers = tuple[str, str]
"""Yes and no: each a single token of the model, such as "Yes" and "No", or "+" and "-"."""


def verification_prompt(question: str, steps: Sequence[str], answers: Answers, rationale: bool) -> str:
    """The user's turn. With a rationale it asks for the checks alone."""
    shown = f"<problem>\n{question.strip()}\n</problem>\n\n<solution>\n{''.join(steps).strip()}\n</solution>"
    asked = f"{correct(answers)} Reply with one word: {' or '.join(answers)}."
    if rationale:
        asked = "Check the solution step by step: compute again what can be computed. Write your checks alone."
    return f"Below are a problem and somebody's solution.\n\n{shown}\n\n{asked}"


def correct(answers: Answers) -> str:
    return f"Is the answer correct ({'/'.join(answers)})?"


def verified(rationale: str, finish_reason: str, answers: Answers) -> str | None:
    """What the model has written when it is asked behind its rationale; None where that says nothing or was cut off."""
    try:
        finished_answer(rationale, finish_reason)
    except Unreadable:
        return None
    return f"{rationale.rstrip()}\n\n{correct(answers)}"


def p_yes(top: Sequence[tuple[str, float]], answers: Answers) -> float | None:
    """P(yes) / (P(yes) + P(no)) of a token's alternatives, (text, log-probability); None where it is not known."""
    listed = [(text.strip().casefold(), exp(logprob)) for text, logprob in top]
    yes, no = (sum(p for text, p in listed if text == answer.strip().casefold()) for answer in answers)
    if not yes + no:
        return None
    unlisted = min(min(p for _, p in listed), max(0.0, 1 - sum(p for _, p in listed)))
    if not (yes and no) and unlisted / (unlisted + yes + no) > TOLERANCE:
        return None
    return yes / (yes + no)
