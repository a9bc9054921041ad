"""Programs that a model writes instead of a calculation (PAL, arXiv 2211.10435): found in a reply, and their answers.

Guarantees: no text raises, and nothing is compiled here; a program that gives no answer has one word of `REASONS`. What
runs them is tasks/sandbox/programs.py. A float is rounded to 12 significant digits, for 0.1 + 0.2 means 0.3, and
answers are compared exactly; integers, fractions and decimals are left as they are. Does not: mend a program.
"""

import re
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Literal

from evals.extraction import after_thinking, find_answer

Reason = Literal[
    "no_program",
    "truncated",
    "too_long",
    "syntax",
    "exception",
    "import",
    "forbidden",
    "memory",
    "output",
    "time_out",
    "crash",
    "no_answer",
]
REASONS: dict[Reason, str] = {
    "no_program": "the reply has no block of Python",
    "truncated": "the reply was cut off within its program",
    "too_long": "the program is longer than any that is run",
    "syntax": "it is not Python",
    "exception": "it raised an exception, which the message names",
    "import": "it needs a module that programs are not given",
    "forbidden": "it tried to open a file, a socket or a process, or to wait",
    "memory": "it needed more memory than programs are given",
    "output": "it printed or returned more than is read",
    "time_out": "it computed longer than programs may",
    "crash": "it ended its interpreter, by a signal or by itself",
    "no_answer": "it ended without returning, assigning or printing an answer",
}
"""Why there is no answer."""

UNDECIDED: frozenset[Reason] = frozenset({"truncated", "time_out", "memory", "crash"})
"""Reasons that a limit or the machine has a part in: with more room there might have been an answer. Such a program is
unknown, the others are wrong."""

MODULES = (
    *("math", "cmath", "fractions", "decimal", "numbers", "random", "statistics"),
    *("itertools", "functools", "collections", "heapq", "bisect", "operator", "copy", "enum", "dataclasses", "typing"),
    *("re", "string", "json", "datetime", "calendar", "time"),
)
"""What every program may import."""

LONGEST = 50_000
"""Characters of a program."""

DIGITS = 12
"""Significant digits of a float that are kept; a double has 15 to 17, and a sum of many loses a few."""


@dataclass(frozen=True, slots=True)
class Execution:
    """How a program ended. `reason`: None where it came to its end, be it with an answer or not."""

    reason: Reason | None
    returned: str | None = None
    """What `solution()` returned, else what `answer` holds, as text."""
    printed: str = ""
    message: str = ""
    """Of an exception: its name and what it says."""


@dataclass(frozen=True, slots=True)
class ProgramAnswer:
    """The answer of a program, or the reason why it has none."""

    answer: str | None
    reason: Reason | None = None
    message: str = ""


def find_program(reply: str, finish_reason: str = "stop") -> str | Execution:
    """The program of a reply; where there is none to run, an end before it began, with its reason.

    It is the last block that is marked as Python behind all thoughts; else the last one without a mark; else the text
    from its first `def solution(` on, for prompts that have begun the block. The block may lack its end, which a stop
    text cuts off.
    """
    visible = after_thinking(reply)
    marked, bare = _blocks(visible)
    program = marked or _from_definition(visible) or bare
    if program is None:
        return Execution("truncated" if finish_reason == "length" else "no_program")
    if program.open and finish_reason == "length":
        return Execution("truncated")
    return Execution("too_long") if len(program.text) > LONGEST else program.text


def answer_of(execution: Execution) -> ProgramAnswer:
    """What a program answers: what it returned or assigned, else what its last printed line states."""
    if execution.reason is not None:
        return ProgramAnswer(None, execution.reason, execution.message)
    answer = _settled(execution.returned) if execution.returned is not None else _last_printed(execution.printed)
    return ProgramAnswer(answer) if answer else ProgramAnswer(None, "no_answer", execution.message)


def program_prompt(question: str, modules: tuple[str, ...] = ()) -> str:
    """The user's turn that asks for a program. `modules`: what it may import beside `MODULES`."""
    return (
        f"{question.strip()}\n\nWrite a Python program that computes the answer. Define a function solution() without "
        "arguments that returns the answer alone, a number or an expression, and say in comments what each line "
        f"computes. It may import {', '.join((*MODULES, *modules))}; it has no input, no files and no network. "
        "Give the program in one block of ```python, and nothing behind it."
    )


@dataclass(frozen=True, slots=True)
class _Program:
    text: str
    open: bool


_FENCE = re.compile(r"^[ \t]*```[ \t]*([A-Za-z0-9_+-]*)[ \t]*$", re.MULTILINE)
_PYTHON = frozenset({"python", "py", "python3"})
_DEFINITION = re.compile(r"^def solution\(", re.MULTILINE)
_FLOAT = re.compile(r"[+-]?[0-9]*\.?[0-9]*(?:[eE][+-]?[0-9]{1,3})?")


def _blocks(text: str) -> tuple[_Program | None, _Program | None]:
    """The last block that is marked as Python, and the last without a mark. A fence with a mark always opens one."""
    marked: _Program | None = None
    bare: _Program | None = None
    opened: re.Match[str] | None = None
    for fence in [*_FENCE.finditer(text), None]:
        if opened is not None and (fence is None or not fence[1]):
            program = _Program(text[opened.end() : fence.start() if fence else len(text)].strip("\n"), fence is None)
            if program.text.strip() and opened[1].lower() in _PYTHON:
                marked = program
            elif program.text.strip() and not opened[1]:
                bare = program
            opened = None
        elif fence is not None:
            opened = fence
    return marked, bare


def _from_definition(text: str) -> _Program | None:
    """The text before the first fence, from its definition on."""
    before, fence, _ = text.partition("```")
    found = _DEFINITION.search(before)
    return _Program(before[found.start() :].rstrip(), not fence) if found else None


def _last_printed(printed: str) -> str | None:
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    stated = find_answer(lines[-1]) if lines else None
    return _settled(stated.text) if stated else None


def _settled(text: str) -> str | None:
    """The text; a float without the noise of its arithmetic, and none that is not finite."""
    text = text.strip()
    if text.lower().lstrip("+-") in ("nan", "inf", "none", ""):
        return None
    if not _FLOAT.fullmatch(text) or not any(sign in text for sign in ".eE"):
        return text
    value = Decimal(text).normalize(Context(prec=DIGITS)) if any(map(str.isdigit, text)) else None
    return text if value is None else format(value, "f")
