"""The truth about the steps of a written solution, computed from a generated problem's graph.

A step is right when it states at least one equation and for each of them: the equation holds, its operands
are quantities of the question or results of earlier right steps, and its result is a node of the graph. An
answer line (`#### 18`) in a step must state the graph's answer. Values stand for names: the generator lets
no two of a problem be equal.

Not covered: equations with more than two operands, words for numbers, and reasoning that is right by
another route than the graph's nodes; such a step counts as wrong.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from evals.problems import Graph

_NUMBER = r"\$?(\d[\d,]*)"
_EQUATION = re.compile(rf"(?<![\d.]){_NUMBER}\s*([-+*/])\s*{_NUMBER}\s*=\s*(?:<<[^<>]*>>)?{_NUMBER}")
_ANSWER = re.compile(rf"^####\s*(-?){_NUMBER}", re.MULTILINE)


class Equation(NamedTuple):
    """`left op right = result`, as written."""

    left: int
    op: str
    right: int
    result: int

    def holds(self) -> bool:
        if self.op == "/":
            return self.right != 0 and self.left == self.right * self.result
        exact = {"+": self.left + self.right, "-": self.left - self.right, "*": self.left * self.right}
        return exact[self.op] == self.result


def equations(step: str) -> list[Equation]:
    """Every equation of two operands that a step states, in its order."""
    return [
        Equation(_integer(left), op, _integer(right), _integer(result))
        for left, op, right, result in _EQUATION.findall(step)
    ]


def step_truths(graph: Graph, steps: Sequence[str]) -> list[bool]:
    """For each step of a solution whether it is right."""
    known = set(graph.quantities.values())
    nodes = {node.value for node in graph.nodes}
    truths = []
    for step in steps:
        stated = equations(step)
        right = bool(stated) and _answers_right(graph, step)
        available = set(known)
        for equation in stated:
            right &= equation.holds() and {equation.left, equation.right} <= available and equation.result in nodes
            available.add(equation.result)
        if right:
            known = available
        truths.append(right)
    return truths


def first_error(truths: Sequence[bool | None]) -> int:
    """Index of the first step that is not right, -1 where all are (ProcessBench's convention)."""
    return next((i for i, truth in enumerate(truths) if not truth), -1)


def _answers_right(graph: Graph, step: str) -> bool:
    return all(not sign and _integer(value) == graph.answer for sign, value in _ANSWER.findall(step))


def _integer(text: str) -> int:
    return int(text.replace(",", ""))
