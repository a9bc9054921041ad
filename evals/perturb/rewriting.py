"""Text with some of its places replaced, and the articles before them put right."""

import re
from collections.abc import Iterable
from typing import NamedTuple

_ARTICLE = re.compile(r"\b([Aa])(n?)(\s+\$?)$")
_VOWEL_SOUND = re.compile(r"8|11(?![0-9])|18(?![0-9])|11,|18,|(?!one\b|once\b|uni|eu|use)[aeiouAEIOU]", re.I)


class Edit(NamedTuple):
    """text[start:end] becomes `new`."""

    start: int
    end: int
    new: str


def rewrite(text: str, edits: Iterable[Edit]) -> str:
    """Applies edits that do not overlap; "an 8" before a new "9" becomes "a 9"."""
    parts: list[str] = []
    position = 0
    for edit in sorted(edits):
        if edit.start < position:
            raise ValueError(f"edits overlap at {edit.start}: {text[edit.start : edit.end]!r}")
        parts.append(with_article(text[position : edit.start], text[edit.start : edit.end], edit.new))
        parts.append(edit.new)
        position = edit.end
    return "".join([*parts, text[position:]])


def with_article(before: str, old: str, new: str) -> str:
    """`before` with its last article made to fit `new`, if it fitted `old`."""
    match = _ARTICLE.search(before)
    if match is None or bool(match[2]) != wants_an(old) or wants_an(new) == wants_an(old):
        return before
    return before[: match.start()] + match[1] + ("n" if wants_an(new) else "") + match[3]


def wants_an(word: str) -> bool:
    """Whether the indefinite article before a word or figure is "an"."""
    return _VOWEL_SOUND.match(word) is not None
