"""Variants from a human-made template, in the form of GSM-Symbolic's files (arXiv 2410.05229).

    {name,Ann} has {x,5} apples and buys {y,3} more. How many are there?
    #init:
    - name = sample(names)
    - $x = range(2, 20)
    - $y = range(2, 20)
    #conditions:
    - x > y
    #answer: x + y

The annotated answer has `{expression}` in its text. Guarantees: at the default values the template gives the stated
answer, else it is refused; every instance fulfils the conditions, has other values than the defaults, and its solution
ends with the value of `#answer`. A list that the file only names and that is not known here keeps its default.
"""

import calendar
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import Any

from evals.identity import row_id
from evals.perturb.first_names import HE, SHE
from evals.perturb.numerals import decimal
from evals.perturb.template_expressions import Work, evaluate, plain_number
from evals.perturb.variant import Certificate, Refusal, Refused, Variant

CHECKS = (
    "defaults give the stated answer",
    "conditions hold",
    "solution ends with the answer",
    "values differ from the defaults",
)
TRIES = 200
WORK = 50_000
WORK_PER_VARIANT = 20_000
"""What the expressions of a template may cost: GSM-Symbolic's need some 50 units a try."""
LONGEST = 20_000
MOST_VARIABLES = 60

HOLE = re.compile(r"\{([^{},]++)(?:,([^{}]*+))?\}")
_NAMES = re.compile(r"[\w$, ]+")
LISTS: dict[str, list[Any]] = {
    "names": sorted(HE ^ SHE),
    "names_male": sorted(HE - SHE),
    "names_female": sorted(SHE - HE),
    "weekdays": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    "months": list(calendar.month_name)[1:],
    "colors": ["red", "blue", "green", "yellow", "purple", "orange", "white", "black", "brown", "pink"],
}


@dataclass(frozen=True, slots=True)
class Assignment:
    """One line of #init: the variables that it sets, and how."""

    names: tuple[str, ...]
    expression: str
    numeric: bool


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


def instantiate(record: Mapping[str, Any], count: int, seed: int) -> list[Variant | Refusal]:
    """`count` variants of a template file's record, or those there are and a Refusal."""
    name = str(record.get("id_orig", record.get("id", ""))) or row_id(
        "template", str(record.get("question_annotated", ""))
    )
    found: list[Variant | Refusal] = []
    try:
        work = Work(WORK + WORK_PER_VARIANT * count)
        template = read(record, name, work)
        for variant in islice(_variants(template, random.Random(f"{seed}/template/{name}"), seed, work), count):
            found.append(variant)
    except Refused as refused:
        return [*found, Refusal(name, "template", refused.reason, refused.detail)]
    if len(found) < count:
        reason = "no further variant" if found else "no instance"
        found.append(Refusal(name, "template", reason, f"{len(found)} of {count} in {TRIES} tries each"))
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
    defaults = {m[1].strip(): _default(m[2]) for m in HOLE.finditer(question) if m[2] is not None}
    template = Template(
        template_id,
        question.strip(),
        solution,
        assignments,
        conditions,
        answer,
        defaults,
        stated.rpartition("####")[2].strip(),
    )
    _require_right_defaults(template, work)
    return template


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
        return plain_number(Fraction(cleaned.replace(",", "")))
    return cleaned


def _require_right_defaults(template: Template, work: Work) -> None:
    """The answer expression, at the values of the text, is the answer that the file states."""
    missing = [n for a in template.assignments for n in a.names if a.numeric and n not in template.defaults]
    if missing:
        return  # a number that the text does not show has no default; each instance is still checked
    value = plain_number(evaluate(template.answer, template.defaults, work=work))
    stated = template.stated.replace(",", "").strip("$ ")
    if not re.fullmatch(r"-?[0-9]+(?:\.[0-9]+)?", stated) or Fraction(stated) != value:
        raise Refused(
            "contradictory template", f"#answer gives {value} at the defaults, the file says {template.stated!r}"
        )


def _variants(template: Template, rng: random.Random, seed: int, work: Work) -> Iterator[Variant]:
    seen = {_fill(template.question, template.defaults, work)} if template.defaults else set()
    index = misses = 0
    while misses < TRIES:
        misses += 1
        values = _draw(template, rng, work)
        if values is None:
            continue
        question = _fill(template.question, values, work)
        answer = decimal(plain_number(evaluate(template.answer, values, work=work)))
        solution = _fill(template.solution, values, work)
        if question in seen or answer is None or solution.rpartition("####")[2].strip().replace(",", "") != answer:
            continue
        seen.add(question)
        changes = {name: _written(value) for name, value in values.items()}
        certificate = Certificate("template", CHECKS, changes)
        yield Variant(template.template_id, "template", index, seed, question, solution, answer, certificate)
        index, misses = index + 1, 0


def _draw(template: Template, rng: random.Random, work: Work) -> dict[str, Any] | None:
    """Values that fulfil the conditions, or None. A range means one of its values."""
    values: dict[str, Any] = {}
    for assignment in template.assignments:
        drawn = _assigned(template, assignment, values, rng, work)
        if len(assignment.names) == 1:
            drawn = [rng.choice(drawn) if isinstance(drawn, list | range) and drawn else drawn]
        elif isinstance(drawn, list | range) and len(drawn) > len(assignment.names):
            drawn = rng.sample(drawn, len(assignment.names))
        if not isinstance(drawn, list | range) or len(drawn) != len(assignment.names):
            raise Refused(
                "an expression without a value",
                f"{assignment.expression[:60]!r} gives no {len(assignment.names)} values",
            )
        values |= dict(zip(assignment.names, drawn, strict=True))
    values = {**{k: v for k, v in template.defaults.items() if k not in values}, **values}
    if any(isinstance(value, list | range) for value in values.values()):
        raise Refused("an expression without a value", "a variable is a list")
    return values if all(evaluate(condition, values, work=work) for condition in template.conditions) else None


def _assigned(
    template: Template, assignment: Assignment, values: Mapping[str, Any], rng: random.Random, work: Work
) -> Any:
    try:
        return evaluate(assignment.expression, {**LISTS, **values}, rng, work)
    except Refused as refused:
        known = all(name in template.defaults for name in assignment.names)
        if refused.reason == "an unknown name" and known and not assignment.numeric:
            kept = [template.defaults[name] for name in assignment.names]
            return kept if len(kept) > 1 else kept[0]
        raise


def _fill(text: str, values: Mapping[str, Any], work: Work) -> str:
    def filled(match: re.Match[str]) -> str:
        work.spend(1)
        name = match[1].strip()
        return _written(values[name] if name in values else evaluate(name, values, work=work))

    return HOLE.sub(filled, text)


def _written(value: Any) -> str:
    if isinstance(value, int | Fraction) and not isinstance(value, bool):
        return decimal(plain_number(value)) or str(value)
    return str(value)
