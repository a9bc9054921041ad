"""Splits a solution into steps without losing a byte: "".join(split(text, splitter)) == text, for every text.

Steps begin where the splitter says; all between two beginnings belongs to the first of them, its trailing white space
included. So a prefix, the join of the first t steps, ends exactly where the model would begin its next step, and can
be continued as text. Rules common to all splitters:

- No step is empty or blank, unless the whole text is.
- What stands before the first tag or "Step k:" line belongs to the first step, as does a lone "<think>"; "</think>"
  belongs to the step before it. Steps inside and behind a thinking part are split alike.
- A closing line that only states the answer (`#### 18`, "The answer is 18.", "A: 18", <answer>18</answer>, a lone
  number or box) belongs to the last step, as in Math-Shepherd's data: it is no reasoning of its own.

Not covered: sentences, and steps of equal token counts; several steps in one line are one step to "step" and "newline".
"""

import re
from collections.abc import Callable, Iterator
from itertools import accumulate, islice, pairwise
from typing import Literal, get_args

from evals.rationals import parse_number

Splitter = Literal["auto", "tags", "step", "blank_line", "newline"]


def split(text: str, splitter: str = "auto") -> list[str]:
    """The steps of a text, in order; none for the empty text. Raises ValueError for an unknown splitter."""
    if splitter == "auto":
        splitter = splitter_for(text)
    if splitter not in _BEGINNINGS:
        raise ValueError(f"splitter {splitter!r} is unknown; it is one of {', '.join(get_args(Splitter))}")
    places = [0, *_BEGINNINGS[splitter](text), len(text)]
    return _joined([text[start:end] for start, end in pairwise(places) if start < end])


def prefixes(steps: list[str]) -> list[str]:
    """The text up to and with each step; the last one is the whole text."""
    return list(accumulate(steps))


def splitter_for(text: str) -> str:
    """What "auto" means for this text: tags, else two "Step k:" lines, else blank lines, else lines."""
    if _TAG.search(text):
        return "tags"
    if any(True for _ in _step_lines(text)):
        return "step"
    return "blank_line" if len(split(text, "blank_line")) > 1 else "newline"


# -- where steps begin -------------------------------------------------------------------------------

_TAG = re.compile(r"<step\b[^<>\n]{0,40}>", re.IGNORECASE)
_STEP_LINE = re.compile(r"^[ \t>*_#]*+step[ \t]*+[0-9]{1,4}[*_]*+[ \t]*+(?:[:.)\-–—]|$)", re.MULTILINE | re.IGNORECASE)
_AFTER_BLANK = re.compile(r"\n[^\S\n]*+\n(?:[^\S\n]*+\n)*+")


def _tags(text: str) -> Iterator[int]:
    """All but the first, whose step begins with the text; so below."""
    return (match.start() for match in islice(_TAG.finditer(text), 1, None))


def _step_lines(text: str) -> Iterator[int]:
    return (match.start() for match in islice(_STEP_LINE.finditer(text), 1, None))


def _blank_lines(text: str) -> Iterator[int]:
    return (match.end() for match in _AFTER_BLANK.finditer(text))


def _newlines(text: str) -> Iterator[int]:
    return (match.end() for match in re.finditer("\n", text))


_BEGINNINGS: dict[str, Callable[[str], Iterator[int]]] = {
    "tags": _tags,
    "step": _step_lines,
    "blank_line": _blank_lines,
    "newline": _newlines,
}


# -- which pieces are no steps of their own ----------------------------------------------------------

_NOTHING_YET = re.compile(r"(?:\s|<think>)*+")
_NOTHING_MORE = re.compile(r"(?:\s|</think>)*+")
_ANSWER = re.compile(
    r"""
    [\s>*_]*+
    (?: \#\#\#\#
      | [#\s]*+ (?:(?:so|thus|hence|therefore),?[ ])? (?:the[ ])?(?:final[ ]|correct[ ])? answer \b [*_]*+ [ ]?+
        (?::|is\b)
      | [#\s]*+ (?:the[ ])? final[ ]answer [*_:]*+ \s
      | A(?:ns)? [*_]*+ :
      | <answer>
      | (?:\\\[|\$|\\\()? \s*+ \\f?boxed
    )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_ANSWER_LONGEST = 200


def _joined(pieces: list[str]) -> list[str]:
    steps: list[str] = []
    for piece in pieces:
        if steps and (_NOTHING_MORE.fullmatch(piece) or _NOTHING_YET.fullmatch(steps[-1])):
            steps[-1] += piece
        else:
            steps.append(piece)
    while len(steps) > 1 and _states_only_the_answer(steps[-1]):
        last = steps.pop()
        steps[-1] += last
    return steps


def _states_only_the_answer(piece: str) -> bool:
    line = piece.strip()
    if len(line) > _ANSWER_LONGEST:
        return False
    label = _ANSWER.match(line + "\n")
    return "\n" not in line[label.end() :].strip() if label else parse_number(line) is not None
