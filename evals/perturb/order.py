"""Two neighbouring sentences of a question in the other order, where neither needs the other.

Both sentences state a number, begin with what they speak of, and have no pronoun, no word that compares, counts on or
orders in time; no definite noun of one is introduced by the other, no one is named first in one of them, unless the
other only compares with that person ("3 more than Bob"), and the next sentence points to neither. The gold answer and solution are the seed's.
Not covered: meaning. Few questions have such a pair; that is the price.
"""

import random
import re
from collections.abc import Iterator, Mapping

from evals.perturb.mentions import singular
from evals.perturb.names import people
from evals.perturb.numerals import numerals
from evals.perturb.sentences import COMPARISON, NAMED_COMPARISON, PRONOUNS, SEQUENCE, Sentences, split
from evals.perturb.variant import Certificate, Draft, Refused, SeedProblem

CHECKS = (
    "no pronouns",
    "no comparison or sequence",
    "no noun introduced by the other",
    "the next sentence points to neither",
)

_FUNCTION_WORDS = """
the a an and or his her its their has had have for with each every are is was were be been per one two there that which who
of to in on at by from as than then he she it they i you we will would can could may cost costs need needs weigh weighs
hold holds make makes take takes use uses get gets sell sells pay pays charge charges earn earns contain contains
"""
_DEFINITE = re.compile(
    rf"\b(?:the|his|her|their|its|each|every)((?:\s+(?:and\s+)?(?!(?:{'|'.join(_FUNCTION_WORDS.split())})\b)[a-z-]+){{1,4}})",
    re.I,
)
"""The words behind an article up to a function word: its noun is among them ("the north and south walls are")."""
_POINTS_BACK = re.compile(
    r"\ball (?:of )?(?:our|their|them|us|these|those)\b|\b(?:add|sum|agree\w*|accept\w*|refus\w*|declin\w*)\b", re.I
)
"""To all that was named so far, or to what was asked."""
_ELLIPTIC = re.compile(
    r"(?:[0-9]\S*|[A-Z][a-z]+)(?: [a-z]+){1,2} (?:that|which|who)\b|"
    r"(?:[0-9]\S*|Two|Three|Four|Five|Six|Seven|Eight|Nine|Ten|Eleven|Twelve|[A-Z][a-z]+teen|[A-Z][a-z]+ty(?:-[a-z]+)?) "
    r"(?:are|were|is|was|ha[ds]|have|of)\b|.*\b(?:double|triple)[sd]?\b"
)
"""Its verb or its noun may stand in the sentence before: "6 vans that hold 30 people, and 10 cars", "3 were red", "Ann wrote double". """
_OPENS_BADLY = re.compile(
    r"(?:And|Or|When|While|Which|Who|Where|For|(?:In|At|On) (?!an? |[A-Z])|By|With|To|Of|From|During|Let|Assume|Suppose|Given|If|What|How)\b"
)
_DATED = re.compile(r"On (?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b|In (?:January|February|March|April|May|June|July|August|"
                    r"September|October|November|December)\b")  # fmt: skip
_PERSONAL = re.compile(r"\b(?:he|she|his|her|hers|him)\b", re.I)
_ALL = re.compile(r"\b(?:they|them|their|both|everyone|each|all)\b", re.I)
_SEQUEL = re.compile(r"(?:Then|After\w*|Next|Later|But|So|However|And|Also)\b")
_HE = re.compile(r"\b(?:he|his|him)\b", re.I)
_SHE = re.compile(r"\b(?:she|hers?)\b", re.I)
_EVENT = re.compile(
    r"\b(?:gave|gives?|giv(?:ing|en)|ate|eats?|eaten|lost|loses?|spent|spends?|sold|sells?|used|uses?|broke|breaks?|took|takes?|"
    r"bought|buys?|received|receives?|found|finds?|added|adds?|joined|left|leaves?|borrow\w*|lent|lends?|threw|throws?|"
    r"donat\w*|remov\w*|deposit\w*|withdr\w*|pa(?:id|ys?)|arriv\w*|died?|went|goes|gets?|got|puts?|taken|brought|brings?|throws?|dropp?\w*|pulls?|pulled|fill\w*|pour\w*|return\w*|won|wins?|"
    r"cuts?|slic(?:es?|ed)|hid(?:es?|den)?|decid\w*|ha(?:s|ve|d) (?:an?|some) (?:piece|slice|bite)|"
    r"pick(?:s|ed)?|mak(?:es?|ing)|made|buil[dt]s?|melt\w*)\b",
    re.I,
)


def order(problem: SeedProblem, rng: random.Random) -> Iterator[Draft]:
    """The kind `order`: every independent pair of neighbours, in random order. Raises Refused."""
    sentences = split(problem.question)
    pairs = [i for i in range(len(sentences.parts) - 2) if independent(sentences, i)]
    if not pairs:
        raise Refused("no independent sentences", f"{len(sentences.parts)} sentences, no two neighbours without a link")
    rng.shuffle(pairs)
    for i in pairs:
        parts = list(sentences.parts)
        parts[i], parts[i + 1] = parts[i + 1], parts[i]
        changes = {"exchanged": f"{i + 1} and {i + 2}"}
        yield Draft(sentences.join(parts), problem.solution, problem.answer, Certificate("text", CHECKS, changes))


def independent(sentences: Sentences, i: int) -> bool:
    """Whether sentences i and i + 1 may change places; the last sentence never does."""
    first, second = sentences.parts[i], sentences.parts[i + 1]
    if i + 2 >= len(sentences.parts) or not _state_numbers(first, second, i > 0):
        return False
    before = " ".join(sentences.parts[:i])
    whole, known = people(" ".join(sentences.parts)), people(before)
    if not all(_stands_alone(_without_resolved(sentence, whole, known)) for sentence in (first, second)):
        return False
    dated = _DATED.match(first) and _DATED.match(second)
    if not dated and (_EVENT.search(first) or _EVENT.search(second)) and _shared(first, second):
        return False  # events of one thing have an order, unless each says its day
    if i == 0 and any(_EVENT.search(each) and _unknown_definite(each, before) for each in (first, second)):
        return False  # what an event leaves of something that only the other sentence brings
    if _introduces(first, second, before) or _introduces(second, first, before):
        return False
    later = sentences.parts[i + 2 :]
    return _points_nowhere(later[0], sentences) and not re.search(
        r"\b(?:first|second|third|last|former|latter|respectively|order)\b", " ".join(later), re.I
    )


def _state_numbers(first: str, second: str, one_suffices: bool) -> bool:
    stated = bool(numerals(first)) + bool(numerals(second))
    return stated == 2 or (one_suffices and stated == 1)


def _stands_alone(sentence: str) -> bool:
    """States a number and points nowhere; a comparison says with what, and compares states, not events."""
    if "?" in sentence or '"' in sentence or (_OPENS_BADLY.match(sentence) and not _DATED.match(sentence)):
        return False
    if (
        PRONOUNS.search(sentence)
        or SEQUENCE.search(sentence)
        or _POINTS_BACK.search(sentence)
        or _ELLIPTIC.match(sentence)
    ):
        return False
    return not COMPARISON.search(sentence) or bool(NAMED_COMPARISON.search(sentence) and not _EVENT.search(sentence))


def _without_resolved(sentence: str, whole: Mapping[str, str], known: Mapping[str, str]) -> str:
    """The sentence without "he" and "she" where they can mean but one: the text's only such person, named before,
    or the only person of the sentence, named in it first."""
    inside = [name for name in whole if re.search(rf"\b{name}\b", sentence)]
    pronoun = _PERSONAL.search(sentence)
    if pronoun and len(inside) == 1 and sentence.index(inside[0]) < pronoun.start():
        return _PERSONAL.sub("", sentence).strip()
    for kind, words in (("he", _HE), ("she", _SHE)):
        fitting = [name for name, pronoun_ in whole.items() if pronoun_ in (kind, "either")]
        if len(fitting) == 1 and fitting[0] in known:
            sentence = words.sub("", sentence).strip()
    return sentence


def _introduces(one: str, other: str, before: str) -> bool:
    """Whether `other` may need `one`: a definite noun or a name that `one` has and the text before has not. Who is only
    compared with may be told of later: "Ann has 3 fewer than Bob. Bob has 9." """
    words, known = _stems(one), _stems(before)
    if _definite(other) & words - known:
        return True
    named = set(re.findall(r"(?<!^)(?<![.?!] )\b[A-Z][a-z]+\b", other)) | set(people(other))
    named -= {name for name in people(f"{one} {other}") if _only_compared(name, one) or _only_compared(name, other)}
    return bool({singular(name.lower()) for name in named} & words - known)


def _only_compared(name: str, sentence: str) -> bool:
    return re.search(rf"(?<!than )(?<!as )(?<!of )(?<!half )(?<!twice )(?<!times )\b{name}\b", sentence) is None


def _unknown_definite(sentence: str, before: str) -> bool:
    """Whether it speaks of "the fruit" where nothing before does."""
    return bool(_definite(sentence) - _stems(before))


def _definite(sentence: str) -> set[str]:
    return {singular(word.lower()) for words in _DEFINITE.findall(sentence) for word in words.split()} - {"and"}


def _shared(one: str, other: str) -> bool:
    """Whether two sentences have a person or a word that names something in common."""
    both = bool(_PERSONAL.search(one)) and bool(_PERSONAL.search(other))
    return both or any(len(stem) > 2 for stem in _stems(one) & _stems(other) - set(_FUNCTION_WORDS.split()))


def _stems(text: str) -> set[str]:
    return {singular(word.lower()) for word in re.findall(r"[A-Za-z]+", text)}


def _points_nowhere(sentence: str, sentences: Sentences) -> bool:
    """No pronoun; or personal ones in a text about one person; or, in the question, "they" and "both", who are all."""
    if sentence == sentences.parts[-1]:
        sentence = _ALL.sub("", sentence)
    whole = people(" ".join(sentences.parts))
    sentence = _without_resolved(sentence, whole, whole)
    return not PRONOUNS.search(sentence) and not _SEQUEL.match(sentence)
