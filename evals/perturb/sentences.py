"""A question as sentences, and the words by which one sentence hangs on another.

Guarantees: the sentences with the gaps between them are the text. An abbreviation's full stop ends no sentence.
"""

import re
from dataclasses import dataclass

_END = re.compile(r"[.!?]+[\"”')]*(?=\s+[\"“'(]?[A-Z0-9$])")
_ABBREVIATION = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|St|Jr|Sr|vs|No|oz|lbs?|ft|in|approx|etc|[ap]\.m|U\.S|[A-Z])\.$")

PRONOUNS = re.compile(
    r"\b(?:he|she|it|they|him|her|hers|his|them|their|theirs|its|himself|herself|itself|themselves|this|these|those|such|"
    r"that (?:amount|many|much|number|day|time|same)|both|either|neither|everyone|everybody|someone|another|others?|same|"
    r"former|latter|here|the ones?|one of)\b|^(?:That|Each of|Each (?:is|was|has|had|costs?)|One|All|Some|None|Half|Most)\b",
    re.I,
)
"""Words that may point into another sentence."""

SEQUENCE = re.compile(
    r"\b(?:then|next|after\w*|later|again|also|too|still|now|instead|meanwhile|finally|"
    r"(?:first|second|third|fourth|fifth)(?![- ]?grade)|last|final\w*|previous\w*|following|another|additional\w*|extra|remaining|remainder|rest|left|"
    r"others?|same|remain\w*|increase\w*|decrease\w*|earlier|already|back|once|addition|besides|except|return\w*|replac\w*|respond\w*|repl(?:y|ies|ied)|"
    r"switch\w*|chang\w*|original\w*|initial\w*|yesterday|today|tomorrow|tonight|percent|(?:double|triple)(?:s|d)|(?:double|triple) (?:the|that|as|what|it)|before)\b|%|"
    r"[0-9]/[0-9]|\b(?:half|thirds?|quarters?|fourths?|fifths?|tenths?) (?:of|the)\b|^(?:However|But|So|Thus|Therefore)\b",
    re.I,
)
"""Words that order in time or take a part of something said before."""

COMPARISON = re.compile(
    r"\b(?:more|fewer|less|than|as|times|twice|half|older|younger|taller|shorter|longer|heavier|lighter)\b", re.I
)
NAMED_COMPARISON = re.compile(
    r"\b(?:than|as)\b(?! (?:many|much|long|old|far|fast|tall|heavy|big|large|often|expensive|high|well|usual|normal|before))\s+"
    r"(?:on |in |for |the |there (?:are|were) )*[A-Za-z$0-9]"
)
"""A comparison that says what it compares with: "than Ann.", "as girls."."""


@dataclass(frozen=True, slots=True)
class Sentences:
    """`parts[i]` stands at `starts[i]`; the last part is usually the question itself."""

    parts: tuple[str, ...]
    gaps: tuple[str, ...]
    """What follows each part."""

    def join(self, parts: list[str]) -> str:
        """The text with other parts and the same gaps."""
        return "".join(part + gap for part, gap in zip(parts, self.gaps, strict=True))


def split(text: str) -> Sentences:
    """The sentences of a text; surrounding white space counts as gaps."""
    parts, gaps, start = [], [], 0
    for match in _END.finditer(text):
        if _ABBREVIATION.search(text, start, match.end()):
            continue
        gap = re.compile(r"\s+").match(text, match.end())
        end = gap.end() if gap else match.end()
        parts.append(text[start : match.end()])
        gaps.append(text[match.end() : end])
        start = end
    last = text[start:].rstrip()
    return Sentences((*parts, last), (*gaps, text[start + len(last) :]))
