"""One more sentence that changes nothing: somebody or something new, and a quantity of a kind that is not asked for.

Guarantees: the sentence names only what the problem does not have, its number is none of the problem's values, its
topic shares no word with the question, and it stands where no pronoun can be taken for it: before the question
sentence if that has none, else before the first sentence. Independence of the computation graph is not enough (an
independent quantity may still be asked for by "in total"), so questions about all of something vague are refused.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

from evals.perturb.first_names import HE, SHE
from evals.perturb.numerals import numerals
from evals.perturb.sentences import PRONOUNS, Sentences, split
from evals.perturb.variant import Certificate, Draft, Refused, SeedProblem

CHECKS = ("new entity", "unused kind of quantity", "new number", "no pronoun can mean it", "nothing vague is asked for")


@dataclass(frozen=True, slots=True)
class Topic:
    """A sentence with {n}, words that must not occur in the question, and the range of {n}."""

    sentence: str
    words: str
    low: int
    high: int


TOPICS = (
    Topic("A lighthouse on a distant coast is {n} meters tall.", r"lighthouse|coast|meters?|tall\w*|height|high", 21, 68),
    Topic("The oldest bridge in a faraway town has {n} stone arches.", r"bridges?|town|arch\w*|stones?|oldest", 5, 19),
    Topic("A museum in another country owns {n} ancient coins.", r"museum|countr\w+|coins?|ancient", 120, 940),
    Topic("A weather station on a remote island recorded a wind speed of {n} knots.", r"weather|winds?|island|knots?|speed|station", 12, 48),
    Topic("A retired sailor named {name} once painted {n} portraits of seagulls.", r"sailor|paint\w*|portraits?|seagulls?|birds?|art\w*|pictures?", 6, 57),
    Topic("A violinist named {name} knows {n} melodies by heart.", r"violin\w*|melod\w+|songs?|music\w*|tunes?|concert", 14, 86),
    Topic("A clockmaker named {name} has repaired {n} church clocks.", r"clock\w*|church\w*|repair\w*|watch\w*", 7, 64),
    Topic("The crossword in an old newspaper has {n} clues.", r"crosswords?|newspapers?|clues?|puzzles?", 24, 78),
    Topic("A telescope on a mountain in Chile has {n} mirrors.", r"telescopes?|mountains?|mirrors?|Chile", 6, 36),
    Topic("A poet named {name} published a poem with {n} verses.", r"poe\w*|verses?|publish\w*|writ\w*|wrote", 8, 45),
    Topic("The castle in a well-known legend has {n} towers.", r"castles?|legends?|towers?", 4, 17),
    Topic("A beekeeper named {name} looks after {n} beehives.", r"bee\w*|honey|hives?|insects?", 11, 72),
)  # fmt: skip

_VAGUE = re.compile(
    r"\b(?:things?|items?|objects?|numbers?|units|people|persons?|everyone|everybody|anyone|anything|everything|in the story|"
    r"mentioned|characters?|sum of all|what is the (?:total|sum)|who|which)\b|\b(?:all|total) (?:of )?(?:them|together)\b",
    re.I,
)
_POINTS = re.compile(
    r"\b(?:there|the other|another|this|that|these|those|it|its|they|them|their|theirs|both|each|all|one)\b", re.I
)


def distractor(problem: SeedProblem, rng: random.Random) -> Iterator[Draft]:
    """The kind `distractor`. Raises Refused."""
    sentences = split(problem.question)
    asked = sentences.parts[-1]
    _require_clear(sentences, asked)
    taken = {n.value for text in (problem.question, problem.solution) for n in numerals(text)}
    new = {t: [n for n in range(t.low, t.high + 1) if n not in taken] for t in TOPICS}
    topics = [t for t in TOPICS if new[t] and not re.search(rf"\b(?:{t.words})\b", problem.question, re.I)]
    if not topics:
        raise Refused("no unrelated topic", "the question shares a word with every topic, or all its numbers")
    while True:
        topic = topics[int(rng.random() * len(topics))]
        sentence, name = _write(topic, new[topic], problem.question, rng)
        place = len(sentences.parts) - 1 if _may_stand_before_question(asked, name) else 0
        parts = list(sentences.parts)
        gap = sentences.gaps[place - 1] if place else " "
        parts[place] = sentence + (gap if gap.strip() == "" and gap else " ") + parts[place]
        changes = {"inserted": sentence, "before sentence": str(place + 1)}
        yield Draft(sentences.join(parts), problem.solution, problem.answer, Certificate("text", CHECKS, changes))


def _require_clear(sentences: Sentences, asked: str) -> None:
    if not asked.rstrip("\"'”) ").endswith("?") and not re.search(
        r"\b(?:calculate|find|determine|compute)\b", asked, re.I
    ):
        raise Refused("no clear question", "the last sentence asks nothing")
    vague = _VAGUE.search(asked)
    if vague:
        raise Refused("a vague question", f"it asks for {vague[0]!r}")
    if PRONOUNS.match(sentences.parts[0]) and not re.match(r"There|Each|One|Both|Another", sentences.parts[0]):
        raise Refused("no place", "the first sentence begins with a pronoun")


def _may_stand_before_question(asked: str, name: str) -> bool:
    """A person may be meant by "he" and "she", anything new by "it" and "they"."""
    if _POINTS.search(asked):
        return False
    return not name or not re.search(r"\b(?:he|she|him|her|his|hers)\b", asked, re.I)


def _write(topic: Topic, free: list[int], question: str, rng: random.Random) -> tuple[str, str]:
    number = free[int(rng.random() * len(free))]
    if "{name}" not in topic.sentence:
        return topic.sentence.format(n=number), ""
    taken = {word[:3].lower() for word in re.findall(r"[A-Z][a-z]+", question)}
    pool = sorted(name for name in (HE ^ SHE) if name[:3].lower() not in taken)
    name = pool[int(rng.random() * len(pool))]
    return topic.sentence.format(n=number, name=name), name
