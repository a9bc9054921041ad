"""Other objects of the same sort: pears for apples, everywhere in question and solution.

Guarantees: the new object is of the same sort and occurs nowhere in the problem, singular goes to singular and
plural to plural, and an object is left alone where it is part of a compound ("apple pie", "sea horse"), a verb, or
where the question speaks of what tells the sort's members apart (colours, breeds, seeds …).
"""

import random
import re
from collections.abc import Iterator

from evals.perturb.rewriting import Edit, rewrite
from evals.perturb.variant import Certificate, Draft, Refused, SeedProblem

CHECKS = ("same sort", "new object is new", "no compounds", "numbers untouched")

SORTS: tuple[tuple[tuple[str, str], ...], ...] = (
    (("apple", "apples"), ("pear", "pears"), ("peach", "peaches"), ("plum", "plums"), ("mango", "mangoes"),
     ("banana", "bananas"), ("apricot", "apricots"), ("kiwi", "kiwis"), ("lemon", "lemons")),
    (("strawberry", "strawberries"), ("cherry", "cherries"), ("grape", "grapes"), ("raspberry", "raspberries"),
     ("blueberry", "blueberries"), ("blackberry", "blackberries")),
    (("carrot", "carrots"), ("tomato", "tomatoes"), ("potato", "potatoes"), ("cucumber", "cucumbers"),
     ("onion", "onions"), ("turnip", "turnips"), ("pepper", "peppers"), ("radish", "radishes")),
    (("cookie", "cookies"), ("cupcake", "cupcakes"), ("muffin", "muffins"), ("brownie", "brownies"),
     ("donut", "donuts"), ("scone", "scones"), ("bagel", "bagels"), ("croissant", "croissants")),
    (("pencil", "pencils"), ("pen", "pens"), ("crayon", "crayons"), ("eraser", "erasers"), ("marker", "markers"),
     ("notebook", "notebooks")),
    (("marble", "marbles"), ("sticker", "stickers"), ("stamp", "stamps"), ("seashell", "seashells"),
     ("postcard", "postcards"), ("button", "buttons"), ("bead", "beads")),
    (("shirt", "shirts"), ("sweater", "sweaters"), ("jacket", "jackets"), ("hat", "hats"), ("scarf", "scarves")),
    (("tulip", "tulips"), ("daisy", "daisies"), ("orchid", "orchids"), ("sunflower", "sunflowers"),
     ("carnation", "carnations"), ("daffodil", "daffodils")),
    (("novel", "novels"), ("magazine", "magazines"), ("comic", "comics"), ("book", "books")),
    (("chair", "chairs"), ("stool", "stools"), ("bench", "benches"), ("table", "tables"), ("shelf", "shelves")),
    (("candle", "candles"), ("vase", "vases"), ("lamp", "lamps"), ("mug", "mugs"), ("plate", "plates"), ("bowl", "bowls")),
    (("kitten", "kittens"), ("puppy", "puppies"), ("rabbit", "rabbits"), ("hamster", "hamsters")),
    (("goat", "goats"), ("cow", "cows"), ("pig", "pigs"), ("horse", "horses")),
    (("doll", "dolls"), ("kite", "kites"), ("puzzle", "puzzles"), ("yo-yo", "yo-yos"), ("teddy bear", "teddy bears")),
)  # fmt: skip

# Behind an object these show that it stands for itself; any other word may make it a compound.
_FREE_AFTER = re.compile(
    r"(?:['’]s?)?(?:$|[.,;:?!)\-–—/=+*]|\s(?:[0-9=+*/$(<]|(?:a|an|and|are|as|at|be|because|before|but|by|can|cost|costs|did|do|does|"
    r"each|every|for|from|had|has|have|he|how|if|in|into|is|it|left|less|more|of|off|on|or|per|she|sold|so|than|that|the|then|"
    r"there|they|this|to|together|total|total|was|were|when|which|while|who|will|with|x|you|altogether|after|also|during|"
    r"available|remaining|instead|equally|evenly|over|under|were|would|needed|bought|made|given|today|yesterday)\b))"
)
# In front of an object likewise: "mixing bowls", "sea horses" and "butter cookies" are other things.
_FREE_BEFORE = re.compile(
    r"(?:^|[.,;:?!()\"“”'’\-–—/=+*$0-9>]|['’]s|\b(?:an?|the|this|that|these|those|my|your|his|her|its|our|their|own|some|any|no|all|both|each|"
    r"every|per|many|much|more|most|fewer|less|enough|other|another|additional|extra|remaining|different|total|new|old|small|"
    r"medium|large|big|unused|unsold|fresh|whole|few|several|of|on|in|for|to|from|with|without|between|by|than|as|and|or|but|if|not|"
    r"are|is|were|was|be|has|have|had|did|do|does|buy|buys|buying|bought|sell|sells|selling|sold|make|makes|making|made|eat|eats|"
    r"ate|get|gets|got|give|gives|gave|collect|collects|collected|collecting|need|needs|needed|want|wants|wanted|pick|picks|picked|"
    r"picking|lost|found|used|use|uses|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|"
    r"sixty|seventy|eighty|ninety|hundred|thousand|dozen|dozens|half))\s*$",
    re.I,
)
_ONE_BEFORE = re.compile(r"(?:\b(?:an?|one|each|every|per|the|another|1)\s|[/=>0-9]\s?)$", re.I)
"""A singular stands for one thing: not "a block of marble", "press a bench"."""
_TELLS_APART = re.compile(
    r"\b(?:juice|pie|cider|jam|smoothies?|seeds?|trees?|milk|eggs|wool|ride|riding|vegetables?|legs?|paws|chapters?|pages?|"
    r"read(?:s|ing)?|write|writing|wrote|draw|drew|sharpen\w*|ink|shave\w*|wear\w*|wore|sit|sits|sitting|seats?|burn\w*|melt\w*|"
    r"colou?r\w*|red|orange|yellow|green|blue|purple|pink|white|black|brown|gr[ae]y|golden?|silver|breeds?|dogs?|cats?|bark\w*|"
    r"purr\w*|poodles?|pomeranians?|labradors?|retrievers?|beagles?|terriers?|bulldogs?|persians?|siamese|"
    r"rodents?|citrus|berries|flashlights?|lights?|lit|power|"
    r"orchard|vine|blooms?|petals?|stamps? (?:a|the)|letters?|envelopes?|mail|bakery|bake\w*|flavors?|frosting)\b",
    re.I,
)


def objects(problem: SeedProblem, rng: random.Random) -> Iterator[Draft]:
    """The kind `objects`: every exchange that is possible, in random order. Raises Refused."""
    choices = exchanges(problem)
    order = list(choices)
    rng.shuffle(order)
    for old, new in order:
        pairs = list(zip(old, new, strict=True))
        yield Draft(
            _exchange(problem.question, pairs),
            _exchange(problem.solution, pairs),
            problem.answer,
            Certificate("text", CHECKS, dict(pairs)),
        )


def exchanges(problem: SeedProblem) -> list[tuple[tuple[str, str], tuple[str, str]]]:
    """Pairs of objects (singular, plural) of one sort: one that the question has, one that it has not."""
    text = problem.question + "\n" + problem.solution
    found = []
    for sort in SORTS:
        present = [each for each in sort if _occurs(text, each)]
        absent = [each for each in sort if not _occurs(text, each)]
        for old in present:
            if _is_free(text, old) and _occurs(problem.question, old):
                found += [(old, new) for new in absent]
    if not found:
        raise Refused("no exchangeable object", "no object of a known sort stands by itself everywhere")
    told = _TELLS_APART.search(problem.question)
    if told:
        raise Refused("the object matters", f"the question says {told[0]!r}")
    return found


def _pattern(words: tuple[str, str]) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{words[1]}|{words[0]})(?![\w])", re.I)


def _occurs(text: str, words: tuple[str, str]) -> bool:
    return _pattern(words).search(text) is not None


def _is_free(text: str, words: tuple[str, str]) -> bool:
    """Every occurrence stands for the object itself, and no other form of the word occurs ("buttoned")."""
    stem = words[0][:-1] if words[0].endswith("y") else words[0]
    all_forms = len(re.findall(rf"\b{stem}", text, re.I))
    matches = list(_pattern(words).finditer(text))
    counted = any(match[0].lower() == words[1] for match in matches)
    single = [match for match in matches if match[0].lower() == words[0]]
    return (
        counted
        and len(matches) == all_forms
        and all(_FREE_AFTER.match(text, match.end()) for match in matches)
        and all(_FREE_BEFORE.search(text, max(0, match.start() - 16), match.start()) for match in matches)
        and all(_ONE_BEFORE.search(text, max(0, match.start() - 12), match.start()) for match in single)
    )


def _exchange(text: str, pairs: list[tuple[str, str]]) -> str:
    (single, new_single), (plural, new_plural) = pairs
    edits = []
    for match in _pattern((single, plural)).finditer(text):
        new = new_plural if match[0].lower() == plural else new_single
        edits.append(Edit(match.start(), match.end(), new.capitalize() if match[0][0].isupper() else new))
    return rewrite(text, edits)
