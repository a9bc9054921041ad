"""Other names for the people of a problem: the same person everywhere, of the same pronoun, in question and solution.

Guarantees: a name goes to one name of the same list (he, she, either), the new names occur nowhere in the problem
and differ from each other, and nothing but names changes, so the gold answer is the seed's. A name that is a word or
place too ("Will", "Rose", "Paris") is a person only where a verb follows it.
Left as they are: surnames after a title, names of several words, names not in first_names.py.
"""

import random
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from evals.perturb.first_names import (
    DATES,
    DOUBTFUL_HE,
    DOUBTFUL_SHE,
    EITHER,
    HE,
    NO_PERSON,
    RECOGNISED_HE,
    RECOGNISED_SHE,
    SHE,
    SHOPS,
    WORD_OR_NAME,
)
from evals.perturb.rewriting import Edit, rewrite
from evals.perturb.variant import Certificate, Draft, Refused, SeedProblem

CHECKS = ("one name a person", "same pronoun", "new names are new", "numbers untouched")

_CAPITALIZED = re.compile(r"\b[A-ZÀ-Þ][a-zà-ÿ]+\b")
_VERBS = (
    r"(?:ha[sd]|is|was|can|could|will|does|did|[a-z]{2,}ed|made|bought|sold|got|went|gave|ate|ran|spent|won|read|saw|took|wrote|"
    r"drove|found|lost|kept|and (?:his|her|[A-Z])|wants?)"
)
_LEADS = r"(?:'s|’s)?\s+(?:also |only |first |then |already |now |always )?"
_ACTS = rf"{_LEADS}(?:{_VERBS}|[a-z]{{2,}}s)\b"
_CERTAINLY_ACTS = rf"{_LEADS}{_VERBS}\b"
"""Without any word in -s, which may be a plural: "Petri dishes"."""
_TITLE = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|St|Prof|Sgt|Capt)\.?|\b(?:Miss|Professor|Doctor|Sir|Lady|Saint|San|Santa|King|Queen|Prince|"
    r"Princess|President|Mount|Mt\.?|Lake|Fort|Port|New|Los|Officer|Judge|Father|Sister|Brother))\s$"
)
_PLACE_BEFORE = re.compile(r"\b(?:in|near|at)\s$")
_DATE_BEFORE = re.compile(r"\b(?:in|on|of|since|until|by|during|last|next|every|this|and|to|through|from)\s$")
_PRONOUNS = re.compile(r"\b(?:(he|him|his|himself)|(she|her|hers|herself))\b", re.I)
_KIN = frozenset({"Cousin", "Chef", "Nurse", "Baby"})
_SPELLED = re.compile(
    r"\b(?:letters?|alphabet\w*|spell\w*|initials?|vowels?|syllables?|named after|nicknames?|names? (?:starts?|begins?|ends?|"
    r"has|have|is|are)|first names?|last names?)\b",
    re.I,
)
_WORDS = re.compile(r"[A-Za-zÀ-ÿ]+")


def rename(problem: SeedProblem, rng: random.Random) -> tuple[SeedProblem, dict[str, str]]:
    """The problem with new names, and what became what. Raises Refused."""
    known = people(problem.question)
    _require_renameable(problem, known)
    stems = {word[:3].lower() for word in _WORDS.findall(problem.question + " " + problem.solution)}
    mapping: dict[str, str] = {}
    for name in sorted(known):
        pool = [new for new in _pool(known[name]) if new[:3].lower() not in stems]  # no "Sam" beside "Samuel"
        if not pool:
            raise Refused("no new name", f"every name for {name!r} begins like a word of the problem")
        new = pool[int(rng.random() * len(pool))]
        mapping[name] = new
        stems.add(new[:3].lower())
    renamed = SeedProblem(_apply(problem.question, mapping), _apply(problem.solution, mapping), problem.problem_id)
    return renamed, mapping


def names(problem: SeedProblem, rng: random.Random) -> Iterator[Draft]:
    """The kind `names`: endless. Raises Refused."""
    while True:
        renamed, mapping = rename(problem, rng)
        yield Draft(renamed.question, renamed.solution, problem.answer, Certificate("text", CHECKS, mapping))


def people(question: str) -> dict[str, str]:
    """The first names of a question's people, with "he", "she" or "either"."""
    return dict(_people(question))


@lru_cache(maxsize=256)
def _people(question: str) -> tuple[tuple[str, str], ...]:
    lowered = set(re.findall(r"\b[a-z]+\b", question))
    found: dict[str, str] = {}
    for name in dict.fromkeys(_CAPITALIZED.findall(question)):
        pronoun = _pronoun(name) or _pronoun_by_context(question, name)
        if not pronoun or name.lower() in lowered or not _stands_alone(question, name):
            continue
        if not _is_doubtful(name) or _acts(question, name):
            found[name] = pronoun
    return tuple(found.items())


def _pronoun(name: str) -> str:
    if name in EITHER:
        return "either"
    if name in SHE or name in DOUBTFUL_SHE or name in RECOGNISED_SHE:
        return "she"
    return "he" if name in HE or name in DOUBTFUL_HE or name in RECOGNISED_HE else ""


def _pronoun_by_context(question: str, name: str) -> str:
    """For a name of no list: a capitalized word inside a sentence that certainly acts, in a text with one kind of pronoun."""
    if not _acts(question, name, _CERTAINLY_ACTS) or name in NO_PERSON or not re.search(rf"[a-z,] {name}\b", question):
        return ""
    kinds = {"he" if match[1] else "she" for match in _PRONOUNS.finditer(question)}
    return kinds.pop() if len(kinds) == 1 else ""


def _is_doubtful(name: str) -> bool:
    return name in DOUBTFUL_HE or name in DOUBTFUL_SHE or name in WORD_OR_NAME


def _acts(question: str, name: str, verbs: str = _ACTS) -> bool:
    """Whether a verb or a possessive follows the name somewhere, and nothing before it makes it a place or date."""
    acts = re.search(rf"\b{name}(?:{verbs}|['’]s\b)", question) is not None
    before = _DATE_BEFORE if name in DATES else _PLACE_BEFORE
    placed = any(
        before.search(question, max(0, m.start() - 9), m.start()) for m in re.finditer(rf"\b{name}\b", question)
    )
    return acts and not placed


def _stands_alone(question: str, name: str) -> bool:
    """No title, no second capitalized word beside it, and no shop ("Wendy's")."""
    only_shop = name in SHOPS
    for match in re.finditer(rf"\b{name}\b", question):
        if _TITLE.search(question, max(0, match.start() - 12), match.start()):
            return False
        follows = re.match(r"[ -]([A-Z][\w]+)", question[match.end() : match.end() + 20])
        if follows or re.match(r"[-][a-z]", question[match.end() :]):
            return False
        before = re.search(r"(?:^|([^\s]))\s*\b([A-Z][\w’']*) $", question[: match.start()])
        if before and before[1] and before[1] not in '.?!"' and before[2] not in _KIN | NO_PERSON and before[2] != "I":
            return False
        only_shop = only_shop and re.match(r"['’]s", question[match.end() :]) is not None
    return not only_shop


def _require_renameable(problem: SeedProblem, known: Mapping[str, str]) -> None:
    if not known:
        raise Refused("no known name", "no word of the question is certainly a person's first name")
    spelled = _SPELLED.search(problem.question)
    if spelled:
        raise Refused("names matter", f"the question says {spelled[0]!r}")
    question_words = set(_WORDS.findall(problem.question))
    for match in _CAPITALIZED.finditer(problem.solution):
        if _pronoun(match[0]) and not _is_doubtful(match[0]) and match[0] not in question_words:
            raise Refused("another name in the solution", f"{match[0]!r} is not in the question")
    lowered = set(re.findall(r"\b[a-z]+\b", problem.solution)) & {name.lower() for name in known}
    if lowered:
        raise Refused("a name is a word", f"the solution says {sorted(lowered)[0]!r} in lower case")


@lru_cache(maxsize=8)
def _pool(pronoun: str) -> tuple[str, ...]:
    certain = {"he": HE - DOUBTFUL_HE, "she": SHE - DOUBTFUL_SHE}.get(pronoun)
    if certain is None:
        return ("Alex", "Avery", "Casey", "Charlie", "Emerson", "Jamie", "Kelly", "Morgan", "Peyton", "Quinn", "Riley",
                "Rowan", "Skyler", "Taylor", "Terry", "Logan", "Jessie", "Kerry", "Leslie", "Marley")  # fmt: skip
    return tuple(sorted(name for name in certain - EITHER if (name in SHE) != (name in HE) and len(name) > 2))


def _apply(text: str, mapping: Mapping[str, str]) -> str:
    pattern = re.compile(rf"\b(?:{'|'.join(sorted(map(re.escape, mapping), key=len, reverse=True))})\b")
    return rewrite(text, [Edit(m.start(), m.end(), mapping[m[0]]) for m in pattern.finditer(text)])
