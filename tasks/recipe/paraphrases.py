"""The recipe `paraphrased` on what is in storage: rewordings of the variants dataset, screened, put over right traces.

Guarantees: every rewording of a problem of the recipe is in `screened` once: kept, or with the reason why not. One that
is nearly another one, or that an evaluation set asks, makes no row.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from evals.filters.contamination import EvaluationQuestions
from evals.filters.screen import Text, screen
from evals.prompts import user_text
from evals.recipes.attempts import Attempt, Demonstration, Fits, Selection
from evals.recipes.paraphrased import Rewording, paraphrased
from tasks.job import Job
from tasks.recipe.corpus import Corpus
from tasks.recipe.params import RecipeParams
from tasks.recipe.training_rows import Row, screened_row


@dataclass(frozen=True)
class Paraphrases:
    selection: Selection[Demonstration] = field(default_factory=Selection)
    screened: list[Row] = field(default_factory=list)


def paraphrases(
    job: Job[RecipeParams], corpus: Corpus, passing: Sequence[Attempt], fits: Fits, evaluation: EvaluationQuestions
) -> Paraphrases:
    """Nothing where the recipe was not asked for."""
    params = job.params
    if "paraphrased" not in params.recipes:
        return Paraphrases()
    columns = ["variant_id", "problem_id", "kind", "question"]
    variants = [
        row
        for row in job.inputs["variants"].read(columns).to_pylist()
        if row["kind"] == "paraphrase" and row["problem_id"] in corpus.problems
    ]
    results = screen(
        [Text(row["question"], row["question"], row["problem_id"]) for row in variants], params.filters, evaluation
    )
    rewordings = [_rewording(row, corpus) for row, result in zip(variants, results, strict=True) if not result.reasons]
    made = paraphrased(passing, rewordings, fits, params.per_problem, params.seed)
    screened = []
    for row, result in zip(variants, results, strict=True):
        name, original = row["variant_id"], result.duplicate_of
        why = [*result.reasons] or ([f"paraphrased: {made.unused[name]}"] if name in made.unused else [])
        repeats = None if original is None else variants[original]["variant_id"]
        uses = [] if why else ["paraphrased"]
        about = {"problem_id": row["problem_id"], "duplicate_of": repeats}
        screened.append(screened_row("paraphrase", name, result, uses, why, **about))
    return Paraphrases(made.selection, screened)


def _rewording(row: Row, corpus: Corpus) -> Rewording:
    original = corpus.problems[row["problem_id"]]["question"]
    asked, said = (user_text(question, corpus.style) for question in (row["question"], original))
    return Rewording(row["variant_id"], row["problem_id"], asked, said)
