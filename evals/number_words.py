"""Numbers written in English words, as Fractions: "one hundred and five", "two and a half", "three quarters".

Not covered: ordinals ("the fifth" is no number), "dozen" (a unit, like eggs), years in pairs ("twenty twelve").
"""

import re
from fractions import Fraction

SCALES = {"hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_LONGEST = 4000  # characters
_UNIT_NAMES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
_TEN_NAMES = "twenty thirty forty fifty sixty seventy eighty ninety"
CARDINALS = {word: value for value, word in enumerate(_UNIT_NAMES.split())}
CARDINALS |= {word: 10 * value for value, word in enumerate(_TEN_NAMES.split(), start=2)}
_PARTS = {"half": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "eighth": 8, "tenth": 10}
_PLURAL_PARTS = {word + "s": value for word, value in _PARTS.items()} | {"halves": 2}
_PARTS |= _PLURAL_PARTS
_VOCABULARY = "|".join(sorted([*CARDINALS, *SCALES], key=len, reverse=True))
_PART = "|".join(sorted(_PARTS, key=len, reverse=True))
_WORDS = re.compile(
    rf"""
    (?P<minus>(?:minus|negative)\s++)?
    (?: (?P<cardinal> (?:an?\s++(?=hundred|thousand|million|billion))? (?:{_VOCABULARY})\b
            (?: (?:[\s-]++(?:and\s++)?) (?:{_VOCABULARY})\b )* )
        (?: [\s-]++ (?P<parts>{_PART})\b | (?P<half>\s++and\s++(?:a|one)[\s-]++half)\b )?
      | (?: (?:a|one)\s++ )? (?P<lone>half)\b (?!\s*-)
    )
    """,
    re.VERBOSE | re.IGNORECASE,
)
WORD_START = re.compile(rf"\b(?:minus\s|negative\s|an?\s+(?:hundred|half)|half|{_VOCABULARY})\b", re.IGNORECASE)


def words_at(text: str, position: int) -> tuple[Fraction | None, int]:
    """The number in words at this very position, and where the words end; None for words that make no number."""
    match = _WORDS.match(text, position)
    if match is None:
        return None, position
    return _value(match) if match.end() - position <= _LONGEST else None, match.end()


def _value(match: re.Match[str]) -> Fraction | None:
    value = _cardinal(match["cardinal"]) if match["cardinal"] else Fraction(1, 2)
    if value is None:
        return None
    if match["parts"]:
        part = match["parts"].lower()
        if (value == 1) == (part in _PLURAL_PARTS):
            return None  # "twenty-fifth" counts, "twenty fifths" divides
        value /= _PARTS[part]
    if match["half"]:
        value += Fraction(1, 2)
    return -value if match["minus"] else value


def _cardinal(words: str) -> Fraction | None:
    """ "one hundred and five" -> 105; None for a row of words that is not one number ("three four")."""
    total, group, room, scale = 0, 0, 100, 10**18
    for word in re.findall(r"[a-z]+", words.lower()):
        size = CARDINALS.get(word, SCALES.get(word))
        if size is None:
            continue  # and, a
        if word == "hundred":
            if group > 9:
                return None
            group, room = max(group, 1) * 100, 100
        elif word in SCALES:
            if size >= scale:
                return None
            total, group, room, scale = total + max(group, 1) * size, 0, 100, size
        elif 0 < size < room or words.lower() == "zero":
            group, room = group + size, 10 if size > 19 else 0
        else:
            return None
    return Fraction(total + group)
