"""Whole solutions of committed trees, as attempts in the corpus of a recipe.

Guarantees: each solution is an attempt with all its steps, those that the tree started from first, and the labels that
the tree's counts give (tasks/trees/paths.py); a tree whose problem is gone is a dead letter. A node's row does not say
how many tokens its solution has, so an attempt has none.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace

from evals.extraction import find_answer
from evals.prompts import plain_prompt
from evals.recipes.attempts import Attempt
from storage.rows import DeadLetter
from tasks.job import Job
from tasks.recipe.corpus import Corpus
from tasks.recipe.params import RecipeParams
from tasks.trees.paths import NODE, Row, solutions


def solutions_of(job: Job[RecipeParams], traces: Corpus) -> Corpus:
    """The solutions of the trees of `traces`' problems, under the prompts of the traces."""
    nodes = job.inputs["trees"].read(NODE).to_pylist()
    attempts = tuple(_attempts([node for node in nodes if node["problem_id"] in traces.problems], traces))
    return replace(
        traces,
        attempts=attempts,
        finish={each.trace_id: "stop" for each in attempts},
        unanswered=frozenset(each.trace_id for each in attempts if find_answer(each.text) is None),
        labelled=True,
        dead=tuple(_without_problem(nodes, traces)),
    )


def _attempts(nodes: list[Row], traces: Corpus) -> Iterator[Attempt]:
    prompts = {each.problem_id: each.prompt for each in reversed(traces.attempts)}
    for node, root, steps in solutions(nodes):
        problem_id = node["problem_id"]
        plain = plain_prompt(traces.problems[problem_id]["question"], traces.style)
        yield Attempt(
            trace_id=node["node_id"],
            problem_id=problem_id,
            prompt=prompts.get(problem_id) or plain,
            text=node["prefix"],
            steps=(*root["steps"], *(step.text for step in steps)),
            verdict=node["verdict"],
            tokens=0,
            hard=(*(None for _ in root["steps"]), *(step.hard for step in steps)),
        )


def _without_problem(nodes: Iterable[Row], traces: Corpus) -> Iterator[DeadLetter]:
    for name in dict.fromkeys(node["problem_id"] for node in nodes if node["problem_id"] not in traces.problems):
        message = f"the problem {name} of a tree is not in storage; grow the trees again"
        yield DeadLetter(name, "recipe", "no_problem", message, f"problem {name}", json.dumps({"problem_id": name}))
