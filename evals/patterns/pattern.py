"""What a pattern is, and the word lists that fill it."""

import re
from dataclasses import dataclass, field
from typing import NamedTuple

NAMES = (
    ("Ada", "she"), ("Amir", "he"), ("Ben", "he"), ("Carla", "she"), ("Chen", "he"), ("Dora", "she"), ("Elif", "she"),
    ("Emil", "he"), ("Fatima", "she"), ("Hugo", "he"), ("Ines", "she"), ("Ivan", "he"), ("Jada", "she"), ("Kofi", "he"),
    ("Lena", "she"), ("Luis", "he"), ("Maya", "she"), ("Nico", "he"), ("Olga", "she"), ("Omar", "he"), ("Priya", "she"),
    ("Ravi", "he"), ("Rosa", "she"), ("Sami", "he"), ("Tara", "she"), ("Tom", "he"), ("Vera", "she"), ("Yuki", "she"),
)  # fmt: skip
"""First names with the pronoun that goes with each."""

WORDS = {
    "thing": (
        "stickers",
        "marbles",
        "beads",
        "coins",
        "cards",
        "stamps",
        "buttons",
        "shells",
        "pencils",
        "badges",
    ),
    "food": (
        "apples",
        "cookies",
        "muffins",
        "pears",
        "bagels",
        "plums",
        "rolls",
        "lemons",
        "tarts",
        "peaches",
    ),
    "place": ("school", "library", "museum", "market", "club", "camp", "farm", "theater"),
}

_STEP = re.compile(r"(\w+) = (\w+) ([-+*/]) (\w+): (.+)")


class Step(NamedTuple):
    """One node of a computation: `name = left op right`, and the sentence that states it (`{=}` is the equation)."""

    name: str
    left: str
    op: str
    right: str
    sentence: str


@dataclass(frozen=True)
class Pattern:
    """A kind of word problem; see the package's docstring for the notation."""

    name: str
    text: str
    steps: tuple[Step, ...]
    ranges: dict[str, tuple[int, int]] = field(default_factory=dict)
    held_out: bool = False


def pattern(name: str, text: str, steps: str, held_out: bool = False, **ranges: tuple[int, int]) -> Pattern:
    """Reads the notation: `steps` holds one step a line. Raises ValueError for a line that is not a step."""
    parsed = []
    for line in filter(None, map(str.strip, steps.splitlines())):
        match = _STEP.fullmatch(line)
        if match is None:
            raise ValueError(f"pattern {name}: {line!r} is not of the form 'name = left op right: sentence'")
        parsed.append(Step(*match.groups()))
    return Pattern(name, text, tuple(parsed), ranges, held_out)
