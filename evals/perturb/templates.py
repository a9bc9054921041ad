"""Variants from a human-made template, in the form of GSM-Symbolic's files (arXiv 2410.05229).

    {name,Ann} has {x,5} apples and buys {y,3} more. How many are there?
    #init:
    - name = sample(names)
    - $x = range(2, 20)
    - $y = range(2, 20)
    #conditions:
    - x > y
    #answer: x + y

The annotated answer has `{expression}` in its text. A line may set a text and its number, `x_txt, x_val = sample([("half",
"1/2")])`, of which the question shows the text. Guarantees: where the text shows or implies what `#answer` needs, it gives the
stated answer there, else the template is refused; every instance fulfils the conditions, has other values than the text,
annotations that hold, and a solution that ends with the value of `#answer`. The certificate names which of that was checked.
"""

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations, islice
from typing import Any

from evals.identity import row_id
from evals.perturb.arithmetic import LONGEST_NUMBER
from evals.perturb.gold import gold_faults
from evals.perturb.numerals import decimal
from evals.perturb.template_draws import Assignment, Draws, completed
from evals.perturb.template_expressions import NO_VALUE, Work, evaluate, is_numeral, mentioned, plain_number, written
from evals.perturb.variant import Certificate, Refusal, Refused, Variant

CHECKS = (
    "defaults give the stated answer",
    "conditions hold",
    "solution ends with the answer",
    "annotations hold",
    "different words stay different",
    "values differ from the defaults",
)
TRIES = 200
WORK = 50_000
WORK_PER_VARIANT = 40_000
"""What the expressions of a template may cost: of 99 human-made ones 96 need at most 18,000 units a variant, half 290."""
LONGEST = 20_000
MOST_VARIABLES = 60

HOLE = re.compile(r"\{(?:\s*+([^\W\d]\w*+)\s*+,([^{}]*+)|([^{}]++))\}")
"""A variable and what the text has for it, or an expression."""
_SENTENCE_START = re.compile(r"[.!?\n]\s+$|\n$")
_NAMES = re.compile(r"[\w$, ]+")


@dataclass(frozen=True, slots=True)
class Template:
    template_id: str
    question: str
    solution: str
    assignments: tuple[Assignment, ...]
    conditions: tuple[str, ...]
    answer: str
    defaults: Mapping[str, Any]
    stated: str
    """The answer at the default values, as the file says."""
    checks: tuple[str, ...] = CHECKS
    """What holds for its variants."""


def instantiate(record: Mapping[str, Any], count: int, seed: int) -> list[Variant | Refusal]:
    """`count` variants of a template file's record, or those there are and a Refusal."""
    name = str(record.get("id_orig", record.get("id", ""))) or row_id(
        "template", str(record.get("question_annotated", ""))
    )
    found: list[Variant | Refusal] = []
    try:
        work = Work(WORK + WORK_PER_VARIANT * count)
        template = read(record, name, work)
        rng = random.Random(f"{seed}/template/{name}")
        draws = Draws(template.assignments, template.conditions, template.defaults, rng, work)
        for variant in islice(_variants(template, draws, seed, work), count):
            found.append(variant)
    except Refused as refused:
        return [*found, Refusal(name, "template", refused.reason, refused.detail)]
    if len(found) < count:
        reason = "no further variant" if found else "no instance"
        said = f"{len(found)} of {count} in {TRIES} tries each" + (f"; {draws.complaint}" if draws.complaint else "")
        found.append(Refusal(name, "template", reason, said))
    return found


def read(record: Mapping[str, Any], template_id: str, work: Work) -> Template:
    """Parses and checks a record. Raises Refused."""
    try:
        annotated, solution, stated = (str(record[key]) for key in ("question_annotated", "answer_annotated", "answer"))
    except KeyError as error:
        raise Refused("no template", f"the field {error} is missing") from error
    if len(annotated) + len(solution) > LONGEST:
        raise Refused("too long", f"{len(annotated) + len(solution)} characters, at most {LONGEST} are read")
    question, assignments, conditions, answer = _sections(annotated)
    template = Template(
        template_id,
        question.strip(),
        solution,
        assignments,
        conditions,
        answer,
        _defaults(question, assignments, work),
        stated.rpartition("####")[2].strip(),
    )
    checked = _require_right_defaults(template, work)
    return template if checked else replace(template, checks=CHECKS[1:])


def _sections(annotated: str) -> tuple[str, tuple[Assignment, ...], tuple[str, ...], str]:
    parts = re.split(r"^\s*#(init|conditions|answer):", annotated, flags=re.MULTILINE)
    named = dict(zip(parts[1::2], parts[2::2], strict=True))
    if "init" not in named or not named.get("answer", "").strip():
        raise Refused("no template", "#init or #answer is missing")
    assignments = [_assignment(line.strip()) for line in named["init"].splitlines() if line.strip()]
    if sum(len(each.names) for each in assignments) > MOST_VARIABLES:
        raise Refused("too long", f"more than {MOST_VARIABLES} variables")
    conditions = [
        line.strip().lstrip("-").strip() for line in named.get("conditions", "").splitlines() if line.strip(" -")
    ]
    return parts[0], tuple(assignments), tuple(conditions), named["answer"].strip().splitlines()[0]


def _assignment(line: str) -> Assignment:
    left, equals, expression = line.partition("=")
    if not (line.startswith("-") and equals and expression.strip() and _NAMES.fullmatch(left[1:])):
        raise Refused("an unreadable expression", f"#init has {line[:60]!r}")
    names = tuple(name.strip().lstrip("$") for name in left[1:].split(","))
    return Assignment(names, expression.strip(), "$" in left)


def _default(text: str) -> Any:
    cleaned = text.strip()
    if re.fullmatch(r"-?[0-9][0-9,]*(?:\.[0-9]+)?", cleaned):
        if len(cleaned) > LONGEST_NUMBER:
            raise Refused("too long", f"a number of {len(cleaned)} digits, at most {LONGEST_NUMBER} are read")
        return plain_number(Fraction(cleaned.replace(",", "")))
    return cleaned


def _defaults(question: str, assignments: tuple[Assignment, ...], work: Work) -> dict[str, Any]:
    """What the text shows, and what that stands for."""
    shown = {match[1]: _default(match[2]) for match in HOLE.finditer(question) if match[1]}
    return completed(assignments, shown, work)


def _require_right_defaults(template: Template, work: Work) -> bool:
    """Whether #answer, at the values of the text, is the answer that the file states; False where the text hides a value."""
    variables = {name for each in template.assignments for name in each.names}
    if mentioned(template.answer) & variables - template.defaults.keys():
        return False
    value = plain_number(evaluate(template.answer, template.defaults, work))
    stated = template.stated.replace(",", "").strip("$ ")
    readable = len(stated) <= LONGEST_NUMBER and re.fullmatch(r"-?[0-9]+(?:\.[0-9]+)?", stated)
    if not readable or Fraction(stated) != value:
        detail = f"#answer gives {value} at the defaults, the file says {template.stated[:60]!r}"
        raise Refused("contradictory template", detail)
    return True


def _variants(template: Template, draws: Draws, seed: int, work: Work) -> Iterator[Variant]:
    seen = {_fill(template.question, template.defaults, work)} if template.defaults else set()
    index = misses = 0
    while misses < TRIES:
        misses += 1
        values = draws.draw()
        if values is None:
            continue
        try:
            question, solution, answer = _instance(template, values, work)
        except Refused as refused:
            if refused.reason != NO_VALUE:
                raise
            draws.complaint = refused.detail
            continue
        if question in seen:
            continue
        seen.add(question)
        changes = {name: written(value) for name, value in values.items()}
        certificate = Certificate("template", template.checks, changes)
        yield Variant(template.template_id, "template", index, seed, question, solution, answer, certificate)
        index, misses = index + 1, 0


def _instance(template: Template, values: Mapping[str, Any], work: Work) -> tuple[str, str, str]:
    """Question, solution and answer. Raises Refused where the solution does not hold or ends elsewhere."""
    _require_different_things(template, values)
    question, solution = (_fill(text, values, work) for text in (template.question, template.solution))
    answer = decimal(plain_number(evaluate(template.answer, values, work)))
    if answer is None:
        raise Refused(NO_VALUE, f"{template.answer[:60]!r} is no decimal that ends")
    stated = solution.rpartition("####")[2].strip().replace(",", "")
    if stated != answer:
        raise Refused(NO_VALUE, f"#answer gives {answer}, the solution ends with {stated[:60]!r}")
    for fault in gold_faults(solution, answer):
        if fault.reason == "annotation does not hold":
            raise Refused(NO_VALUE, f"the annotation {fault.detail} does not hold")
    return question, solution, answer


def _require_different_things(template: Template, values: Mapping[str, Any]) -> None:
    """Words that differ in the text still do: "some of the marbles were beads". A line of several is drawn apart anyway,
    and what stands for a number may be the same twice. Raises Refused."""
    lines = [each.names[0] for each in template.assignments if len(each.names) == 1]
    words = [name for name in lines if isinstance(values[name], str) and isinstance(template.defaults.get(name), str)]
    for one, other in combinations(words, 2):
        became_one = values[one] == values[other] and template.defaults[one] != template.defaults[other]
        if became_one and not is_numeral(values[one]):
            raise Refused(NO_VALUE, f"{one} and {other} are both {values[one][:40]!r}")


def _fill(text: str, values: Mapping[str, Any], work: Work) -> str:
    """The text with the values of its variables and expressions; a sentence begins with a capital letter."""

    def filled(match: re.Match[str]) -> str:
        work.spend(1)
        name = (match[1] or match[3]).strip()
        found = written(values[name] if name in values else evaluate(name, values, work))
        begins = not match.start() or _SENTENCE_START.search(text, max(0, match.start() - 3), match.start())
        return found[:1].upper() + found[1:] if begins else found

    return HOLE.sub(filled, text)
