"""Rows of a general set for `sft`: read, screened like all others, and drawn until they make up their share.

Guarantees: each record is in `screened`, or a dead letter where it cannot be read; the drawn ones depend on the
file's rows, the seed and the count of our own rows alone. Where too few pass the filters, all are taken, and the
share that was reached is told.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from evals.filters.contamination import EvaluationQuestions
from evals.filters.screen import Text, screen
from evals.filters.words import words
from evals.identity import row_id
from evals.recipes.general import General, general_row
from evals.recipes.replay import replay_count, replayed
from evals.records import Refusal, shown
from storage.rows import DeadLetter
from tasks.recipe.params import RecipeParams, ReplayParams
from tasks.recipe.training_rows import Row, messages, screened_row
from tasks.records import digests_of, letter, records_of
from tasks.token_counter import Ruler


@dataclass(frozen=True)
class Replay:
    """What became of the general set."""

    rows: list[Row] = field(default_factory=list)
    """Of `sft`."""
    screened: list[Row] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)
    summary: Mapping[str, Any] = field(default_factory=dict)


def inputs_of(params: RecipeParams) -> dict[str, str]:
    """Digests of the general set's files; other content makes the sets stale."""
    return digests_of(params.replay) if params.replay else {}


def replay(params: RecipeParams, ours: int, ruler: Ruler, evaluation: EvaluationQuestions) -> Replay:
    """Rows that make up `params.replay.share` of the whole, beside `ours` rows of our own."""
    if params.replay is None:
        return Replay()
    general, dead = _read(params.replay)
    lengths = ruler.lengths([(row.prompt, row.completion) for row in general])
    texts = [
        Text(row.prompt, row.completion, " ".join(words(row.prompt)), length=length)
        for row, length in zip(general, lengths, strict=True)
    ]
    results = screen(texts, params.filters, evaluation)
    ids = [row_id("replay", row.place) for row in general]
    passing = [place for place, result in enumerate(results) if not result.reasons]
    wanted = replay_count(ours, params.replay.share)
    drawn = {passing[place] for place in replayed([ids[place] for place in passing], wanted, params.seed)}
    screened = [
        screened_row(
            "replay",
            ids[place],
            result,
            uses=["replay"] if place in drawn else [],
            reasons=[] if place in drawn else [*result.reasons] or ["replay: not_drawn"],
            length=lengths[place],
            duplicate_of=None if result.duplicate_of is None else ids[result.duplicate_of],
        )
        for place, result in enumerate(results)
    ]
    return Replay(
        rows=[_row(ids[place], general[place]) for place in sorted(drawn)],
        screened=screened,
        dead=dead,
        summary={
            "records": len(general) + len(dead),
            "passing": len(passing),
            "wanted": wanted,
            "rows": len(drawn),
            "share": round(len(drawn) / (ours + len(drawn)), 6) if drawn else 0.0,
        },
    )


def _read(source: ReplayParams) -> tuple[list[General], list[DeadLetter]]:
    general: list[General] = []
    dead: list[DeadLetter] = []
    for record in records_of(source):
        if isinstance(record, Refusal):
            dead.append(letter("recipe", record))
            continue
        try:
            general.append(general_row(record.place, record.fields))
        except ValueError as error:
            dead.append(letter("recipe", Refusal("unfit_row", str(error), record.place, shown(record.fields))))
    return general, dead


def _row(name: str, row: General) -> Row:
    return {
        "row_id": name,
        "recipe": "replay",
        "problem_id": None,
        "variant_id": None,
        "trace_ids": [],
        "prompt": row.prompt,
        "completion": row.completion,
        "messages": messages(*((turn.role, turn.content) for turn in row.turns)),
        "verdict": None,
        "why": f"general set, {row.place}",
        "tokens": None,
    }
