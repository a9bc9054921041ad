"""Whether the golds of `numbers` are what a human-made template's own formula gives for the new numbers.

    python -m benchmarks.perturb_templates templates.jsonl [--json]

A line of FILE is a template in GSM-Symbolic's form, with the problem at its default values in `question` and `answer`.
The problem goes through `numbers`, which sees no template; the new numbers are read back into the template's variables,
and its `#answer` is evaluated there. Not compared: problems that `numbers` refuses, templates that this package refuses
and those whose formula does not give the stated answer at the defaults. A variant in other words counts as unread.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from benchmarks.workbench import arguments, report, show
from evals.number_words import words_at
from evals.perturb.arithmetic import Number
from evals.perturb.kinds import perturb
from evals.perturb.template_draws import completed
from evals.perturb.template_expressions import Work, evaluate
from evals.perturb.templates import HOLE, Template, read
from evals.perturb.variant import Refused, SeedProblem, Variant

COUNT = 30
SEED = 11
WORK = 50_000
_FIGURE = r"[0-9][0-9,]*(?:\.[0-9]+)?|\.[0-9]+"


def main() -> None:
    parser = arguments("golds of numbers against human-made templates")
    parser.add_argument("file", type=Path)
    asked = parser.parse_args()
    found: Counter[str] = Counter(agree=0, differ=0, unread=0)
    differ = []
    for line in asked.file.read_text(encoding="utf-8").splitlines():
        verdicts = list(compared(json.loads(line)))
        found.update(verdict for verdict, _ in verdicts)
        found["templates"] += 1
        found["templates compared"] += any(verdict in ("agree", "differ") for verdict, _ in verdicts)
        differ += [question for verdict, question in verdicts if verdict == "differ"]
    show("golds against templates", ["", "count"], sorted(found.items()))
    for question in differ:
        print(question)
    report({name.replace(" ", "_"): count for name, count in sorted(found.items())}, asked.json)


def compared(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """`agree`, `differ` or `unread` for each variant, with its question; or one row that says who refused."""
    problem = SeedProblem(str(record["question"]).strip(), str(record["answer"]).strip())
    variants = [each for each in perturb(problem, "numbers", COUNT, SEED) if isinstance(each, Variant)]
    try:
        template = read(record, "", Work(WORK))
        at_defaults = value(template, problem.question)
    except Refused:
        at_defaults = None
    if not variants or at_defaults is None or str(at_defaults) != problem.answer:
        yield "refused by numbers" if not variants else "no formula at the defaults", problem.question
        return
    for variant in variants:
        expected = value(template, variant.question)
        verdict = "unread" if expected is None else "agree" if expected == Fraction(variant.answer) else "differ"
        yield verdict, variant.question


def value(template: Template, question: str) -> Number | None:
    """What the template's formula gives for the numbers of a question in its words; None where they are other words."""
    match = re.compile(pattern(template), re.DOTALL).fullmatch(question)
    if match is None:
        return None
    shown = {name: number(text) for name, text in match.groupdict().items()}
    found = {**_said(template, shown), **completed(template.assignments, shown, Work(WORK))}
    try:
        result = evaluate(template.answer, found, Work(WORK))
    except Refused:
        return None
    return Fraction(result) if isinstance(result, int | Fraction) else None


def _said(template: Template, shown: Mapping[str, Number | str]) -> dict[str, Number]:
    """What number words stand for, where a line sets words and their number; perhaps beyond the template's range."""
    found: dict[str, Number] = {}
    for line in template.assignments:
        text = str(shown.get(line.names[0], ""))
        said, end = words_at(text, 0)
        if len(line.names) == 2 and said is not None and end == len(text):
            found[line.names[1]] = said
    return found


def number(text: str) -> Number | str:
    return Fraction(text.replace(",", "")) if re.fullmatch(_FIGURE, text) else text


def pattern(template: Template) -> str:
    """The question as a regular expression with one group a variable; white space counts as one space."""
    parts: list[str] = []
    position = 0
    seen: set[str] = set()
    for hole in HOLE.finditer(template.question):
        parts.append(_words(template.question[position : hole.start()]))
        name, position = (hole[1] or hole[3]).strip(), hole.end()
        what = ".+?" if isinstance(template.defaults.get(name, ""), str) else _FIGURE
        parts.append(f"(?P={name})" if name in seen else f"(?P<{name}>{what})" if name.isidentifier() else what)
        seen.add(name)
    return "".join([*parts, _words(template.question[position:])])


def _words(text: str) -> str:
    return r"\s+".join(re.escape(part) for part in re.split(r"\s+", text))


if __name__ == "__main__":
    main()
