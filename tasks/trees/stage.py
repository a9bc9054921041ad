"""The trees stage: for each question a tree of prefixes, searched for the first errors of its solutions.

Each question is a loop of its own: ask the search (evals/omegaprm.py) what it wants, roll out, answer. Many
questions loop at once, so that the engine always has work. Guarantees: a rollout is generated once, reaches
its ledger before the search sees it, and is kept through a kill; traces that were asked for as the root's
rollouts would be are those rollouts; with the same rollouts the tree is the same. A question whose root the
engine refuses is a dead letter; a refused prefix further on is one too, and its tree goes on without it.

A token budget is never passed. Which questions it leaves unfinished depends on what came in first, unlike
everything else.
"""

import json
import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from evals.answers import CHECKER, Verdict
from evals.golds import gold_of
from evals.omegaprm import Answer, Search, Wanted
from evals.prompts import PROMPTS
from evals.steps import split
from evals.trees import Rollout
from storage.rows import DeadLetter, first_of_each
from storage.schemas import DATASETS
from tasks.budget import Budget, charge
from tasks.completer import Prompts, how_the_traces_were_written, require_continuation, run_with_completer
from tasks.completions import Prompt, Prompter, for_each, regrade
from tasks.engines.engine import Engine
from tasks.grading import Grader
from tasks.job import Job, Outcome
from tasks.params import TreesParams
from tasks.rollouts import EngineRefused, Prefix, Rollouts
from tasks.trees.rows import Grown, rows_of, summarise

Row = dict[str, Any]

_ANNOTATION = re.compile(r"<<[^<>]*>>")


def run(job: Job[TreesParams]) -> Outcome:
    """Rolls out what is owed; gives back all rollouts of the trees, and one row a node."""
    return run_with_completer(job, grow)


async def grow(job: Job[TreesParams], engine: Engine, grader: Grader, prompts: Prompts | None = None) -> Outcome:
    """The stage with an engine and a grader that are ready. Raises ValueError for an engine that cannot do
    it. `prompts`: left out, the engine renders them."""
    require_continuation(engine)
    written, params = how_the_traces_were_written(job), job.params
    problems = job.inputs["problems"].read().to_pylist()[: params.problems]
    prompter = prompts or Prompter(engine, written.prompt, written.chat, params.seed, params.sampling)
    traces = await _traces_as_rollouts(job, problems, prompter)
    earlier = first_of_each(pa.concat_tables([job.kept("tree_rollouts"), traces]), "rollout_id")
    kept = await regrade(earlier, {problem["problem_id"]: gold_of(problem) for problem in problems}, grader)
    splitter = params.splitter or written.splitter or PROMPTS[written.prompt].splitter
    with job.ledger("tree_rollouts") as ledger:
        texts = Texts(kept)
        rollouts = Rollouts(engine, grader, params.sampling, ledger, kept, observe=texts.add)
        paid = kept.filter(pc.invert(pc.is_in(kept["rollout_id"], traces["rollout_id"].combine_chunks())))
        most = params.sampling.max_tokens
        budget = Budget(params.budget, sum(charge(row["tokens"], row["text"], most) for row in paid.to_pylist()))
        forest = Forest(job, rollouts, texts, prompter, splitter, budget)
        await forest.grow(problems)
    rolled = rollouts.of(forest.used, kept, job.kept_tables("tree_rollouts"))
    rows = [row for grown in forest.done for row in rows_of(grown, engine.identity.name)]
    return Outcome(
        tables={"tree_rollouts": rolled.reader(), "trees": pa.Table.from_pylist(rows, schema=DATASETS["trees"].schema)},
        dead=tuple(forest.dead),
        counts={"unknown": sum(row["hard"] is None for row in rows)},
        tokens=rollouts.tokens,
        summary=summarise(forest.done, rows, rolled) | {"generated": rollouts.generated},
        model_digest=engine.identity.digest,
        checker=CHECKER,
    )


class Texts:
    """The rollouts themselves, by prefix and index."""

    def __init__(self, kept: pa.Table) -> None:
        self._known: defaultdict[str, dict[int, Rollout]] = defaultdict(dict)
        for row in kept.to_pylist():
            self.add(row)

    def add(self, row: Row) -> None:
        self._known[row["prefix_id"]][row["rollout"]] = Rollout(row["text"], row["tokens"], Verdict(row["verdict"]))

    def first(self, count: int, prefix: Prefix) -> list[Rollout]:
        known = self._known[prefix.prompt.id]
        return [known[index] for index in range(count)]


class Forest:
    """Drives the searches of all questions, many at a time."""

    def __init__(
        self,
        job: Job[TreesParams],
        rollouts: Rollouts,
        texts: Texts,
        prompter: Prompts,
        splitter: str,
        budget: Budget,
    ) -> None:
        self._job, self._rollouts, self._texts, self._budget = job, rollouts, texts, budget
        self._prompter, self._splitter, self._settings = prompter, splitter, job.params.settings()
        self._finished = self._total = 0
        self.used: set[str] = set()
        """Prefixes whose rollouts a search has asked for, be they refused in part."""
        self.done: list[Grown] = []
        self.dead: list[DeadLetter] = []

    async def grow(self, problems: Sequence[Row]) -> None:
        self._total = len(problems)
        window = self._job.resources.actors * self._job.resources.window
        await for_each(problems, window // self._job.params.k + 1, self._question)
        order = {problem["problem_id"]: place for place, problem in enumerate(problems)}
        self.done.sort(key=lambda grown: order[grown.problem["problem_id"]])

    async def _question(self, problem: Row) -> None:
        prompt = await self._prompter.prompt(problem["question"])
        start = human_start(problem["solution"], self._job.params.start_steps)
        search = Search(start, self._splitter, self._settings)
        while search.wanted:
            prefix = Prefix(
                self._prompter.continued(prompt, search.wanted.text), problem["problem_id"], gold_of(problem)
            )
            answer = await self._answer(prefix, search.wanted)
            if not answer and answer is not None and search.wanted.path == start:
                break  # a dead letter; there is no tree without a root
            search.answer(answer)
        if search.tree:
            self.done.append(Grown(problem, prompt, self._prompter, search.tree))
        self._finished += 1
        self._tell()

    async def _answer(self, prefix: Prefix, wanted: Wanted) -> Answer:
        missing = wanted.count - len(self._rollouts.verdicts(prefix))
        if missing > 0 and not await self._reserve(missing):
            return None
        self.used.add(prefix.prompt.id)
        spent = 0
        try:
            spent = await self._rollouts.extend(prefix, range(wanted.count), prefix.problem_id)
        except EngineRefused as refused:
            spent = refused.spent
            self._bury(prefix, refused)
            return ()
        finally:
            if missing > 0:
                each = self._job.params.sampling.max_tokens
                await self._budget.settle(missing * each, spent)
        self._tell()
        return self._texts.first(wanted.count, prefix)

    async def _reserve(self, rollouts: int) -> bool:
        """Whether the budget has room for so many; a part of them would be of no use."""
        each = self._job.params.sampling.max_tokens
        granted = await self._budget.reserve(each, rollouts)
        if granted < rollouts:
            await self._budget.settle(granted * each, 0)
        return granted == rollouts

    def _tell(self) -> None:
        numbers = {"rollouts": self._rollouts.generated, "tokens": self._rollouts.tokens}
        self._job.progress(self._finished, self._total, **numbers)

    def _bury(self, prefix: Prefix, refused: EngineRefused) -> None:
        kind, _, message = str(refused).partition(": ")
        payload = json.dumps({"problem_id": prefix.problem_id, "prefix_id": prefix.prompt.id})
        place = f"problem {prefix.problem_id} prefix {prefix.prompt.id}"
        self.dead.append(DeadLetter(prefix.prompt.id, "trees", kind, message, place, payload))


def human_start(solution: str, steps: int) -> tuple[str, ...]:
    """The first steps of a gold solution without its calculator annotations, all but its last at the most."""
    return tuple(split(_ANNOTATION.sub("", solution))[:-1][:steps])


async def _traces_as_rollouts(job: Job[TreesParams], problems: Sequence[Row], prompter: Prompts) -> pa.Table:
    """Those traces that were asked for exactly as the root's rollouts would be: they have the same ids."""
    prompts: dict[str, Prompt] = {}

    async def render(problem: Row) -> None:
        prompts[problem["problem_id"]] = await prompter.prompt(problem["question"])

    await for_each(problems, 256, render)
    schema, rows = DATASETS["tree_rollouts"].schema, []
    for trace in job.inputs["traces"].read().to_pylist():
        prompt = prompts.get(trace["problem_id"])
        if prompt and prompt.request(trace["sample"], job.params.sampling).id == trace["trace_id"]:
            named = {"rollout_id": trace["trace_id"], "prefix_id": prompt.id, "rollout": trace["sample"]}
            rows.append({name: (trace | named)[name] for name in schema.names})
    return pa.Table.from_pylist(rows, schema=schema)
