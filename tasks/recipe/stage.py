"""The `recipe` stage: training sets out of graded traces, and a row about each trace, problem and general row.

Guarantees: each trace, each whole solution of the trees (where streams of search are made of them), each problem (of
`rlvr`) and each row of the general set is in `screened` exactly once, with all its measures: kept, with the recipes
that made a row of it, or not, with the reasons. The other three datasets hold what is kept and nothing else. Nothing is
generated: other filters on the same traces give other sets in seconds.
Does not: train, balance classes, or look at an answer again (verdicts are those of the traces).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from evals.filters.contamination import EvaluationQuestions
from evals.filters.screen import Screened, Text, screen
from evals.prompts import user_text
from evals.recipes.attempts import Attempt, Demonstration, Fits, Selection, by_problem
from evals.recipes.chained import chained
from evals.recipes.preferences import Pair, preference_pairs
from evals.recipes.rejection import rejection_sampled
from evals.recipes.search_stream import search_streams
from evals.recipes.self_output import self_output
from evals.recipes.shortest import shortest_correct
from evals.recipes.verifiable import record, refused
from storage.rows import table_of
from storage.schemas import DATASETS
from tasks.job import Job, Outcome
from tasks.recipe.corpus import Corpus, elsewhere, evaluation_sets, first_bad_step, read_corpus, texts
from tasks.recipe.params import Recipe, RecipeParams
from tasks.recipe.paraphrases import paraphrases
from tasks.recipe.replay import Replay, inputs_of, replay
from tasks.recipe.training_rows import Row, pair_row, record_row, screened_row, sft_row
from tasks.recipe.tree_attempts import solutions_of
from tasks.token_counter import Ruler

__all__ = ["elsewhere", "inputs_of", "run"]


@dataclass(frozen=True)
class Sifted:
    """Attempts with what the filters say of them."""

    kind: Literal["trace", "solution"]
    corpus: Corpus
    lengths: Sequence[int | None]
    results: Sequence[Screened]

    @property
    def passing(self) -> list[Attempt]:
        return [each for each, said in zip(self.corpus.attempts, self.results, strict=True) if not said.reasons]


def run(job: Job[RecipeParams]) -> Outcome:
    params = job.params
    corpus, sets = read_corpus(job), evaluation_sets(job)
    evaluation = EvaluationQuestions((each for asked in sets.values() for each in asked), params.filters.ngram)
    ruler = Ruler(params.tokenizer, params.filters.max_length)
    traces = sifted("trace", corpus, params, ruler, evaluation)
    job.progress(0, len(corpus.attempts))
    groups = [traces]
    if params.walks_trees:
        groups.append(sifted("solution", solutions_of(job, corpus), params, ruler, evaluation))
    source = {"search": groups[-1].passing}
    wanted = [name for name in params.recipes if name in TO_IMITATE]
    shown = {name: demonstrations(name, source.get(name, traces.passing), params, ruler.fits) for name in wanted}
    reworded = paraphrases(job, corpus, traces.passing, ruler.fits, evaluation)
    if "paraphrased" in params.recipes:
        shown["paraphrased"] = reworded.selection
    pairs = pairs_of(traces.passing, params)
    sft = [sft_row(row, _asked(corpus, row.problem_id)) for each in shown.values() for row in each.rows]
    records, problems = _records(corpus, params, evaluation)
    general = replay(params, len(sft), ruler, evaluation)
    fates = _fates(shown, pairs)
    attempts = [row for each in groups for row in _attempt_rows(each, fates)]
    tables = {
        "sft": [*sft, *general.rows],
        "preferences": [pair_row(pair) for pair in pairs.rows],
        "rlvr": records,
        "screened": [*attempts, *problems, *reworded.screened, *general.screened],
    }
    job.progress(len(corpus.attempts), len(corpus.attempts))
    return Outcome(
        tables={name: table_of(DATASETS[name], rows) for name, rows in tables.items()},
        dead=(*(letter for each in groups for letter in each.corpus.dead), *general.dead),
        counts={"unknown": sum(row["verdict"] == "unknown" for row in sft)},
        summary=summarise(tables, general, {address: len(asked) for address, asked in sets.items()}),
    )


def sifted(
    kind: Literal["trace", "solution"],
    corpus: Corpus,
    params: RecipeParams,
    ruler: Ruler,
    evaluation: EvaluationQuestions,
) -> Sifted:
    lengths = ruler.lengths([(each.prompt, each.text) for each in corpus.attempts])
    return Sifted(kind, corpus, lengths, screen(texts(corpus, lengths), params.filters, evaluation))


TO_IMITATE: tuple[Recipe, ...] = ("rejection", "shortest", "chained", "search", "self_output")


def demonstrations(
    name: Recipe, attempts: Sequence[Attempt], params: RecipeParams, fits: Fits
) -> Selection[Demonstration]:
    """What one recipe makes of the attempts that passed the filters."""
    match name:
        case "rejection":
            return rejection_sampled(attempts, params.per_problem, params.seed)
        case "shortest":
            return shortest_correct(attempts, params.per_problem or 1)
        case "chained":
            return chained(attempts, fits, params.wrong_attempts, params.per_problem, params.seed)
        case "search":
            return search_streams(attempts, fits, params.max_dead_ends)
        case "self_output":
            return self_output(attempts, params.per_problem or 1, params.seed)
        case _:
            raise ValueError(f"{name!r} makes no rows to imitate; {', '.join(TO_IMITATE)} do")


def pairs_of(attempts: Sequence[Attempt], params: RecipeParams) -> Selection[Pair]:
    """Preference pairs, where they are asked for."""
    if "preferences" not in params.recipes:
        return Selection()
    return preference_pairs(attempts, params.per_problem, params.length_ratio, params.seed)


def summarise(tables: Mapping[str, Sequence[Row]], general: Replay, sets: Mapping[str, int]) -> dict[str, Any]:
    """Where everything went. A trace that several filters reject is counted under each of them."""
    screened = tables["screened"]
    traces, solutions = ([row for row in screened if row["kind"] == kind] for kind in ("trace", "solution"))
    reasons = Counter(f"{row['kind']} {reason}" for row in screened for reason in row["reasons"])
    return {
        "traces": len(traces),
        "traces_kept": sum(row["kept"] for row in traces),
        **({"solutions": len(solutions), "solutions_kept": sum(row["kept"] for row in solutions)} if solutions else {}),
        "by_recipe": dict(Counter(row["recipe"] for row in tables["sft"])),
        "knowledge": dict(Counter(row["knowledge"] for row in tables["rlvr"])),
        "not_kept": dict(sorted(reasons.items())),
        "evaluation_questions": sum(sets.values()),
        "evaluation_sets": dict(sets),
        **({"replay": dict(general.summary)} if general.summary else {}),
    }


def _asked(corpus: Corpus, problem_id: str) -> str:
    return user_text(corpus.problems[problem_id]["question"], corpus.style)


def _records(corpus: Corpus, params: RecipeParams, evaluation: EvaluationQuestions) -> tuple[list[Row], list[Row]]:
    """Rows of `rlvr`, and rows of `screened` about all problems."""
    if "rlvr" not in params.recipes:
        return [], []
    groups = by_problem(corpus.attempts)
    questions = [Text(row["question"], row["question"], "questions") for row in corpus.problems.values()]
    rows, screened = [], []
    names = list(corpus.problems)
    for name, result in zip(names, screen(questions, params.filters, evaluation), strict=True):
        attempts = groups.get(name, [])
        found = record(name, attempts, corpus.greedy.get(name), params.reward)
        why = refused(found, params.min_pass_rate, params.max_pass_rate) if attempts else "no_attempts"
        reasons = [*result.reasons] or ([f"rlvr: {why}"] if why else [])
        if not reasons:
            gold = corpus.problems[name]["answer"]
            rows.append(record_row(found, attempts[0].prompt, _asked(corpus, name), gold))
        screened.append(
            screened_row(
                "problem",
                name,
                result,
                uses=[] if reasons else ["rlvr"],
                reasons=reasons,
                problem_id=name,
                duplicate_of=None if result.duplicate_of is None else names[result.duplicate_of],
            )
        )
    return rows, screened


Fate = tuple[list[str], list[str]]
"""Of a trace: the recipes that made a row of it; of the others, why they did not."""


def _fates(shown: Mapping[Recipe, Selection[Demonstration]], pairs: Selection[Pair]) -> dict[str, Fate]:
    fates: dict[str, Fate] = {}
    used: dict[str, list[tuple[str, ...]]] = {
        name: [row.trace_ids for row in each.rows] for name, each in shown.items()
    }
    used["preferences"] = [(pair.chosen.trace_id, pair.rejected.trace_id) for pair in pairs.rows]
    for name, rows in used.items():
        for trace_id in dict.fromkeys(each for ids in rows for each in ids):
            fates.setdefault(trace_id, ([], []))[0].append(name)
    left = {**{name: each.left for name, each in shown.items()}, "preferences": pairs.left}
    for name, whys in left.items():
        for trace_id, why in whys.items():
            fates.setdefault(trace_id, ([], []))[1].append(f"{name}: {why}")
    return fates


def _attempt_rows(of: Sifted, fates: Mapping[str, Fate]) -> list[Row]:
    """Rows of `screened`: why an attempt is in no set is told by the filters, or by each recipe that was asked for."""
    rows, corpus, trace = [], of.corpus, of.kind == "trace"
    for attempt, length, result in zip(corpus.attempts, of.lengths, of.results, strict=True):
        uses, left = fates.get(attempt.trace_id, ([], []))
        rows.append(
            screened_row(
                of.kind,
                attempt.trace_id,
                result,
                uses=uses,
                reasons=[] if uses else [*result.reasons] or left or ["not_asked_for"],
                problem_id=attempt.problem_id,
                verdict=attempt.verdict,
                finish_reason=corpus.finish[attempt.trace_id] if trace else None,
                tokens=attempt.tokens if trace else None,
                length=length,
                duplicate_of=None if result.duplicate_of is None else corpus.attempts[result.duplicate_of].trace_id,
                first_bad_step=first_bad_step(attempt),
            )
        )
    return rows
