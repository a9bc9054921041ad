"""The truth about the steps of a written solution: what people said, or what a generated problem's graph tells.

A step is right when it states at least one equation and for each of them: the equation holds, its operands
are quantities of the question or results of earlier right steps, and its result is a node of the graph. An
answer line (`#### 18`) in a step must state the graph's answer. Values stand for names: the generator lets
no two of a problem be equal.

Not covered: equations with more than two operands, words for numbers, numbers of more than 40 digits (a model that
goes on and on), and reasoning that is right by another route than the graph's nodes; such a step counts as wrong.
"""

import re
from collections.abc import Sequence, Set
from typing import NamedTuple

from evals.problems import Graph

_NUMBER = r"\$?(\d[\d,]{0,40})(?![\d,])"
_EQUATION = re.compile(rf"(?<![\d.]){_NUMBER}\s*([-+*/])\s*{_NUMBER}\s*=\s*(?:<<[^<>]*>>)?{_NUMBER}")
_ANSWER = re.compile(r"^####\s*(-?)\$?(\d[\d,]*)", re.MULTILINE)


class Equation(NamedTuple):
    """`left op right = result`, as written."""

    left: int
    op: str
    right: int
    result: int

    def __str__(self) -> str:
        return f"{self.left} {self.op} {self.right} = {self.result}"

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
    return [not fault for fault in step_faults(graph, steps)]


def step_faults(graph: Graph, steps: Sequence[str]) -> list[str]:
    """For each step of a solution the first thing that is wrong with it, in words; empty where it is right."""
    known = set(graph.quantities.values())
    nodes = {node.value for node in graph.nodes}
    faults = []
    for step in steps:
        stated = equations(step)
        available = set(known)
        fault = "" if stated else "it states no equation"
        for equation in stated:
            fault = fault or _fault(equation, available, nodes)
            available.add(equation.result)
        fault = fault or _wrong_answer(graph, step)
        if not fault:
            known = available
        faults.append(fault)
    return faults


def known_truths(graph: str, steps: Sequence[str], told: Sequence[int | None] | None = None) -> list[int | None]:
    """The truth of each step: `told`, what people said, else what the graph (JSON) tells, else None for each."""
    if told is not None:
        return list(told)
    return [int(truth) for truth in step_truths(Graph.from_json(graph), steps)] if graph else [None] * len(steps)


def first_error(truths: Sequence[bool | None]) -> int:
    """Index of the first step that is not right, -1 where all are (ProcessBench's convention)."""
    return next((i for i, truth in enumerate(truths) if not truth), -1)


def _fault(equation: Equation, available: Set[int], nodes: Set[int]) -> str:
    if not equation.holds():
        return f"{equation} does not hold"
    for operand in (equation.left, equation.right):
        if operand not in available:
            return f"in {equation}, {operand} is neither in the question nor a result of a right step"
    return "" if equation.result in nodes else f"{equation} is no step of the problem's computation"


def _wrong_answer(graph: Graph, step: str) -> str:
    stated = [sign + (value.replace(",", "").lstrip("0") or "0") for sign, value in _ANSWER.findall(step)]
    wrong = next((answer for answer in stated if answer != str(graph.answer)), None)
    return f"the answer {wrong[:40]} is not {graph.answer}" if wrong else ""


def _integer(text: str) -> int:
    return int(text.replace(",", ""))
