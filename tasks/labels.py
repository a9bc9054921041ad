"""The labels stage: Monte Carlo labels for every step of every trace.

Each trace is a small loop: ask the policy what is owed, roll out, ask again. Many traces loop at once, so
that the engine always has work; none waits for another, except where they share a prefix and so its
rollouts. Rollouts go to their ledger as they come. A trace whose prefix the engine refuses is a dead
letter; its rollouts stay.
"""

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from evals.answers import CHECKER, Verdict
from evals.consensus import contradicts
from evals.first_errors import Scores, first_error_scores, known_first_error
from evals.golds import Gold, gold_of
from evals.identity import row_id
from evals.montecarlo import Evidence, Policy, StepLabel, cut_short
from evals.policies import Prior, policy
from evals.step_kinds import KindScore, scores_by_kind, step_kinds
from evals.truth import known_truths
from storage.placed_rows import PlacedRows
from storage.rows import DeadLetter
from storage.schemas import DATASETS
from tasks.budget import Budget, charge
from tasks.completer import Prompts, how_the_traces_were_written, require_continuation, run_with_completer
from tasks.completions import Prompter, for_each, regrade
from tasks.engines.engine import Engine
from tasks.grading import Grader
from tasks.job import Job, Outcome
from tasks.params import LabelsParams
from tasks.rollouts import EngineRefused, Prefix, Rollouts

PREFIXES_A_TRACE = 4
"""Traces in flight are the engine's window divided by this: about so many prefixes of a trace roll out at
once."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A trace with the labels of its steps and the ids of the prefixes that they belong to."""

    trace: dict[str, Any]
    labels: tuple[StepLabel, ...]
    prefixes: tuple[str, ...]


def run(job: Job[LabelsParams]) -> Outcome:
    """Rolls out what is owed; gives back all rollouts of these traces, and one label a step."""
    return run_with_completer(job, label)


async def label(job: Job[LabelsParams], engine: Engine, grader: Grader, prompts: Prompts | None = None) -> Outcome:
    """The stage with an engine and a grader that are ready. Raises ValueError for an engine that cannot do
    it. `prompts`: left out, the engine renders them."""
    require_continuation(engine)
    written = how_the_traces_were_written(job)
    problems = {row["problem_id"]: row for row in job.inputs["problems"].read().to_pylist()}
    traces = list(_chosen(job.inputs["traces"].read().to_pylist(), job.params.traces_per_problem))
    golds: dict[str, Gold | str] = {key: gold_of(row) for key, row in problems.items()}
    kept = await regrade(job.kept("rollouts"), golds, grader)
    with job.ledger("rollouts") as ledger:
        rollouts = Rollouts(engine, grader, job.params.sampling, ledger, kept)
        if prompts is None:
            prompts = Prompter(engine, written.prompt, written.chat, job.params.seed, job.params.sampling)
        most = job.params.sampling.max_tokens
        paid = (charge(row["tokens"], row["text"], most) for row in kept.select(["tokens", "text"]).to_pylist())
        budget = Budget(job.params.budget, sum(paid))
        labeller = Labeller(job, rollouts, prompts, problems, budget)
        await labeller.label(traces)
    rolled = rollouts.of(labeller.used, kept, job.kept_tables("rollouts"))
    labels = [row for done in labeller.done for row in _label_rows(done, problems, engine.identity.name)]
    return Outcome(
        tables={"rollouts": rolled.reader(), "labels": pa.Table.from_pylist(labels, schema=DATASETS["labels"].schema)},
        dead=tuple(labeller.dead),
        counts={"unknown": sum(row["hard"] is None for row in labels)},
        tokens=rollouts.tokens,
        summary=summarise(labels, rolled, rollouts),
        model_digest=engine.identity.digest,
        checker=CHECKER,
    )


class BudgetSpent(Exception):
    """There is no room in the budget for a rollout that is owed."""


class Labeller:
    """Drives the policy of each trace, many traces at a time."""

    def __init__(
        self,
        job: Job[LabelsParams],
        rollouts: Rollouts,
        prompts: Prompts,
        problems: dict[str, dict[str, Any]],
        budget: Budget,
    ) -> None:
        params = job.params
        self._job, self._rollouts, self._prompts, self._problems = job, rollouts, prompts, problems
        prior = Prior(right=params.right, recovery=params.recovery)
        self._budget = budget
        self._policy: Policy = policy(
            params.policy, params.k, params.waves, params.skip_right, params.probe, params.error, prior
        )
        self.used: set[str] = set()
        """Prefixes of these traces, of dead ones too: their rollouts are paid for, and never asked for again."""
        self.done: list[Labelled] = []
        self.dead: list[DeadLetter] = []

    async def label(self, traces: Sequence[dict[str, Any]]) -> None:
        finished = 0

        async def one(trace: dict[str, Any]) -> None:
            nonlocal finished
            await self._label(trace)
            finished += 1
            self._job.progress(finished, len(traces), **self._cost())

        window = self._job.resources.actors * self._job.resources.window
        await for_each(traces, window // PREFIXES_A_TRACE + 1, one)
        order = {trace["trace_id"]: place for place, trace in enumerate(traces)}
        self.done.sort(key=lambda labelled: order[labelled.trace["trace_id"]])

    async def _label(self, trace: dict[str, Any]) -> None:
        problem = self._problems.get(trace["problem_id"])
        if problem is None or not trace["steps"]:
            why = ("no_problem", "its problem is not in storage") if problem is None else ("no_steps", "it is empty")
            self._bury(trace, *why)
            return
        prefixes = await self._prefixes(trace, problem)
        self.used.update(prefix.prompt.id for prefix in prefixes)
        try:
            labels = await self._decide(prefixes, Verdict(trace["verdict"]), trace["trace_id"])
        except EngineRefused as refused:
            kind, _, message = str(refused).partition(": ")
            self._bury(trace, kind, message)
        else:
            self.done.append(Labelled(trace, labels, tuple(prefix.prompt.id for prefix in prefixes)))

    async def _prefixes(self, trace: dict[str, Any], problem: dict[str, Any]) -> tuple[Prefix, ...]:
        start = await self._prompts.prompt(problem["question"])
        prefixes, written = [], ""
        for step in trace["steps"]:
            written += step
            prompt = self._prompts.continued(start, written)
            prefixes.append(Prefix(prompt, problem["problem_id"], gold_of(problem)))
        return tuple(prefixes)

    async def _decide(self, prefixes: tuple[Prefix, ...], answer: Verdict, affinity: str) -> tuple[StepLabel, ...]:
        """Follows the policy to its end; a prefix's next wave starts when its last one is back."""
        running: dict[int, asyncio.Task[None]] = {}
        spent = False
        try:
            while True:
                seen = tuple(self._rollouts.verdicts(prefix) for prefix in prefixes[:-1])
                evidence = Evidence(seen, answer)
                decision = self._policy(evidence)
                owed = decision.owed.keys() - running.keys() if not spent else ()
                for step in owed:
                    rolling = self._roll_out(prefixes[step], decision.owed[step], affinity)
                    running[step] = asyncio.create_task(rolling)
                if not running:
                    return cut_short(decision, evidence)
                await asyncio.wait(running.values(), return_when=asyncio.FIRST_COMPLETED)
                for step in [step for step, task in running.items() if task.done()]:
                    try:
                        running.pop(step).result()
                    except BudgetSpent:
                        spent = True
        except asyncio.CancelledError:
            for wave in running.values():
                wave.cancel()
            raise
        finally:
            # Where another prefix was refused, what is under way is paid for: let it reach the ledger.
            await asyncio.gather(*running.values(), return_exceptions=True)

    async def _roll_out(self, prefix: Prefix, wanted: range, affinity: str) -> None:
        """Raises BudgetSpent where there is room for a part of them at most, and EngineRefused."""
        missing = self._rollouts.missing(prefix, wanted)
        each = self._job.params.sampling.max_tokens
        granted, spent = await self._budget.reserve(each, len(missing)), 0
        try:
            spent = await self._rollouts.extend(prefix, missing[:granted], affinity)
        except EngineRefused as refused:
            spent = refused.spent
            raise
        finally:
            await self._budget.settle(granted * each, spent)
        if granted < len(missing):
            raise BudgetSpent

    def _cost(self) -> dict[str, float]:
        """What was spent so far, and what a label came to."""
        tokens, labels = self._rollouts.tokens, sum(len(done.labels) for done in self.done)
        return {"rollouts": self._rollouts.generated, "tokens a label": tokens / max(1, labels)}

    def _bury(self, trace: dict[str, Any], kind: str, message: str) -> None:
        place = f"problem {trace['problem_id']} sample {trace['sample']}"
        payload = json.dumps({"trace_id": trace["trace_id"]})
        self.dead.append(DeadLetter(trace["trace_id"], "labels", kind, message, place, payload))


def summarise(labels: Sequence[dict[str, Any]], rolled: PlacedRows, rollouts: Rollouts) -> dict[str, Any]:
    """Counts, and where the truth of the steps is known, how often hard labels and first errors agree with
    it."""
    by_trace: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in labels:
        by_trace[row["trace_id"]].append(row)
    classes = Counter({1: "good", 0: "bad", None: "open"}[row["hard"]] for row in labels)
    tokens = [row["tokens"] for _, row in rolled.items(["tokens"])]
    spent = {"rollouts": len(tokens), "rollout_tokens": sum(tokens)}
    summary: dict[str, Any] = {
        "traces": len(by_trace),
        "labels": len(labels),
        **{name: classes[name] for name in ("good", "bad", "open")},
        **spent,
        "generated": rollouts.generated,
        "rollouts_per_trace": len(tokens) / max(1, len(by_trace)),
        "tokens_per_label": spent["rollout_tokens"] / max(1, len(labels)),
        "contradictions": sum(contradicts([row["hard"] for row in rows]) for rows in by_trace.values()),
        "cut_by_budget": sum(row["stop_rule"] == "budget" for row in labels),
    }
    known = [row for row in labels if row["truth"] is not None and row["hard"] is not None]
    if known:
        summary["label_accuracy"] = sum(row["hard"] == row["truth"] for row in known) / len(known)
        summary |= _first_errors(by_trace.values())
    return summary | {"kinds": _kinds(labels)}


def _first_errors(traces: Iterable[list[dict[str, Any]]]) -> dict[str, Any]:
    """ProcessBench's metric of the hard labels, on the traces whose first wrong step is known."""
    firsts = [[known_first_error([row[name] for row in rows]) for name in ("hard", "truth")] for rows in traces]
    pairs = [(said, true) for said, true in firsts if true is not None]
    scores = first_error_scores([said for said, _ in pairs], [true for _, true in pairs])
    told = {"first_error_accuracy": scores.accuracy, "first_error_f1": scores.f1, "first_errors": _said(scores)}
    return {name: value for name, value in told.items() if value is not None}


def _kinds(labels: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """How the steps of each kind fare: share labelled good, and agreement with the truth where that is known."""
    columns = ([row[name] for row in labels] for name in ("kinds", "hard", "truth"))
    return {kind: _said(score) for kind, score in scores_by_kind(*columns).items()}


def _said(scores: Scores | KindScore) -> dict[str, Any]:
    return {name: value for name, value in asdict(scores).items() if value is not None}


def _chosen(traces: Sequence[dict[str, Any]], per_problem: int | None) -> Iterator[dict[str, Any]]:
    taken: Counter[str] = Counter()
    for trace in traces:
        taken[trace["problem_id"]] += 1
        if per_problem is None or taken[trace["problem_id"]] <= per_problem:
            yield trace


def _label_rows(done: Labelled, problems: dict[str, dict[str, Any]], completer: str) -> Iterator[dict[str, Any]]:
    trace = done.trace
    truths = known_truths(problems[trace["problem_id"]]["graph"], trace["steps"], trace["truths"])
    for step, (label, prefix, text) in enumerate(zip(done.labels, done.prefixes, trace["steps"], strict=True)):
        yield {
            "label_id": row_id("label", trace["trace_id"], step),
            "trace_id": trace["trace_id"],
            "problem_id": trace["problem_id"],
            "step": step,
            "steps": len(trace["steps"]),
            "text": text,
            "kinds": list(step_kinds(text)),
            "prefix_id": prefix,
            "successes": label.successes,
            "failures": label.failures,
            "unknowns": label.unknowns,
            "stop_rule": label.stop_rule,
            "hard": label.hard,
            "soft": label.soft,
            "truth": truths[step],
            "trace_verdict": trace["verdict"],
            "model": trace["model"],
            "completer": completer,
        }
