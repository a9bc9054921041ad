"""The rows of the recipe stage's datasets, out of what the pure recipes made.

`messages` is the row as a conversation, for trainers that apply a chat template of their own; `prompt` is what the
model that wrote the trace was given, its template included.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from evals.filters.screen import Screened
from evals.recipes.attempts import Demonstration
from evals.recipes.preferences import Pair
from evals.recipes.verifiable import Record

Row = dict[str, Any]


def messages(*turns: tuple[str, str]) -> list[dict[str, str]]:
    """(role, content) each, as trainers read them."""
    return [{"role": role, "content": content} for role, content in turns]


def sft_row(row: Demonstration, asked: str) -> Row:
    """`asked`: the user's turn, where the row is about the problem itself."""
    return {
        "row_id": row.row_id,
        "recipe": row.recipe,
        "problem_id": row.problem_id,
        "variant_id": row.variant_id,
        "trace_ids": list(row.trace_ids),
        "prompt": row.prompt,
        "completion": row.completion,
        "messages": messages(("user", row.asked or asked), ("assistant", row.completion)),
        "verdict": row.verdict,
        "why": row.why,
        "tokens": row.tokens,
    }


def pair_row(pair: Pair) -> Row:
    return {
        "pair_id": pair.pair_id,
        "problem_id": pair.chosen.problem_id,
        "prompt": pair.chosen.prompt,
        "chosen": pair.chosen.text,
        "rejected": pair.rejected.text,
        "chosen_id": pair.chosen.trace_id,
        "rejected_id": pair.rejected.trace_id,
        "chosen_tokens": pair.chosen.tokens,
        "rejected_tokens": pair.rejected.tokens,
        "why": pair.why,
    }


def record_row(of: Record, prompt: str, asked: str, gold: str) -> Row:
    rate = "unknown" if of.pass_rate is None else f"{of.pass_rate:.2f}"
    return {
        "problem_id": of.problem_id,
        "prompt": prompt,
        "messages": messages(("user", asked)),
        "gold": gold,
        "right": of.right,
        "wrong": of.wrong,
        "unknown": of.unknown,
        "pass_rate": of.pass_rate,
        "knowledge": of.knowledge,
        "mean_right_tokens": of.lengths.mean if of.lengths else None,
        "trace_ids": list(of.trace_ids),
        "verdicts": list(of.verdicts),
        "tokens": list(of.tokens),
        "relative_lengths": list(of.relative_lengths),
        "rewards": list(of.rewards),
        "why": f"pass rate {rate} over {len(of.trace_ids)} attempts; {of.knowledge}",
    }


def screened_row(
    kind: str, item_id: str, result: Screened, uses: Sequence[str], reasons: Sequence[str], **about: Any
) -> Row:
    """`about`: the columns that this kind has; those that it lacks are null."""
    absent: Mapping[str, None] = dict.fromkeys(
        ("problem_id", "verdict", "finish_reason", "tokens", "length", "duplicate_of", "first_bad_step")
    )
    return {
        **absent,
        "item_id": item_id,
        "kind": kind,
        "foreign": result.foreign,
        "repeated_lines": result.repeated_lines,
        "repeated_ngrams": result.repeated_ngrams,
        "compression": result.compression,
        "contamination": result.contamination,
        "contaminated_by": result.contaminated_by,
        "kept": bool(uses),
        "uses": list(uses),
        "reasons": list(reasons),
        **about,
    }
