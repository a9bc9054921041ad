"""The pure part of rewording a question by a language model: the prompt, and the check of what comes back.

The check guarantees that every number is there as often as before and in the same order of magnitude words, that the
words which carry quantities ("twice", "half", "dozen", "percent" …) and the people's names are the same, that what is said
of each, every or per thing is still said of one, and that one question is asked at the end. It does not guarantee the same meaning: report paraphrases apart.
"""

import re
from collections import Counter

from evals.perturb.names import people
from evals.perturb.numerals import numerals
from evals.perturb.variant import Certificate, Draft, Refused, SeedProblem

CHECKS = (
    "same numbers",
    "same quantity words",
    "said of each still",
    "same people",
    "one question at the end",
    "another wording",
)

PROMPT = """Reword the following math problem. Keep every number, every name, every unit and every relation between \
quantities exactly as they are, and ask for the same thing. Do not solve it. Write only the reworded problem.

Problem:
{question}

Reworded problem:
"""

_QUANTITY_WORDS = re.compile(
    r"\b(twice|thrice|double|triple|quadruple|half|halves|third|thirds|quarter|quarters|fourth|fifth|sixth|tenth|dozen|dozens|"
    r"couple|pair|percent|hour|minute|second|day|week|month|year|cent|dollar|mile|foot|feet|inch|pound|ounce|gallon|liter|"
    r"kilogram|gram|meter|kilometer)(?:s|d|ly)?\b",
    re.I,
)
_DIRECTION = re.compile(
    r"\b(more|fewer|less|older|younger|taller|shorter|longer|heavier|faster|slower|cheaper|left|remaining)\b", re.I
)
_DISTRIBUTES = re.compile(
    r"\b(?:each|every|per|apiece|individual(?:ly)?|daily|hourly|weekly|monthly|yearly|annual(?:ly)?)\b|\$[0-9.,]+ an? |"
    r"(?<!\bin )(?<!\bfor )\ban? (?:second|minute|hour|day|week|month|year|pound|ounce|mile|gallon|dozen|piece)\b",
    re.I,
)
_LONGEST = 3


def prompt(problem: SeedProblem) -> str:
    """What to ask an engine."""
    return PROMPT.format(question=problem.question)


def check(problem: SeedProblem, text: str) -> Draft:
    """The reworded problem with the seed's gold. Raises Refused with what was not kept."""
    reworded = text.strip()
    old = problem.question
    if not reworded or " ".join(reworded.split()).lower() == " ".join(old.split()).lower():
        raise Refused("not reworded", f"{len(reworded)} characters, the same wording or none")
    if len(reworded) > _LONGEST * len(old) + 200:
        raise Refused("too long", f"{len(reworded)} characters for a question of {len(old)}")
    for name, read in (
        ("numbers", _numbers),
        ("quantity words", _words),
        ("directions", _directions),
        ("distribution", _distributes),
        ("people", _named),
    ):
        before, after = read(old), read(reworded)
        if before != after:
            lost, new = before - after, after - before
            raise Refused(f"other {name}", f"lost {sorted(map(str, lost))}, new {sorted(map(str, new))}")
    if not reworded.endswith("?") or reworded.count("?") != max(1, old.count("?")):
        raise Refused("no single question", f"ends with {reworded[-20:]!r}")
    if re.search(r"####|<<|\bthe answer is\b|\bparaphrase|\breworded\b", reworded, re.I):
        raise Refused("more than the problem", "the text speaks of its answer or its wording")
    return Draft(reworded, problem.solution, problem.answer, Certificate("text", CHECKS))


def _numbers(text: str) -> Counter[object]:
    return Counter((n.value, n.percent, n.scale) for n in numerals(text))


def _words(text: str) -> Counter[object]:
    return Counter(match[1].lower().rstrip("s").replace("feet", "foot") for match in _QUANTITY_WORDS.finditer(text))


def _directions(text: str) -> Counter[object]:
    return Counter(match[1].lower() for match in _DIRECTION.finditer(text))


def _distributes(text: str) -> Counter[object]:
    """Whether something is said of each thing, in whichever words and how often."""
    return Counter(["each"] if _DISTRIBUTES.search(text) else [])


def _named(text: str) -> Counter[object]:
    return Counter(set(people(text)))
