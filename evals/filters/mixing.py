"""Language mixing: letters of a script that the question is not written in.

Measured is the share of a solution's letters that belong to none of the question's scripts. Latin and Greek
always belong: formulas are written in them, whatever the language. Han, kana and Bopomofo count as one script, for
Japanese mixes them. DeepSeek-R1 (arXiv 2501.12948, section 2.3.2) rewards the share of words in the target
language for the same reason.

Not seen: two languages of one script (English and French), and English in a solution to a Chinese question.
"""

import unicodedata
from collections import Counter
from functools import lru_cache

ALWAYS = frozenset({"LATIN", "GREEK"})
_JOINED = {"HIRAGANA": "CJK", "KATAKANA": "CJK", "BOPOMOFO": "CJK", "IDEOGRAPHIC": "CJK", "KATAKANA-HIRAGANA": "CJK"}


def foreign_share(question: str, solution: str) -> float:
    """0 to 1: the share of the solution's letters that are of a script the question does not use."""
    counts = script_counts(solution)
    if counts.keys() <= ALWAYS:  # most texts, at no further cost
        return 0.0
    at_home = ALWAYS | script_counts(question).keys()
    return sum(count for script, count in counts.items() if script not in at_home) / counts.total()


def script_counts(text: str) -> Counter[str]:
    """Letters by script; digits, signs and combining marks have none."""
    counts: Counter[str] = Counter()
    for character, count in Counter(unicodedata.normalize("NFKC", text)).items():
        if script := _script(character):
            counts[script] += count
    return counts


@lru_cache(maxsize=1 << 16)
def _script(character: str) -> str | None:
    """By the first word of the character's Unicode name: "CYRILLIC SMALL LETTER A" is CYRILLIC."""
    if not character.isalpha():
        return None
    first = unicodedata.name(character, "UNNAMED").partition(" ")[0]
    return _JOINED.get(first, first)
