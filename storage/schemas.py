"""The datasets and their Arrow schemas, versioned: what a row of each is.

A column may be null only where it says so. A change of a schema bumps its version, and with it the folder the
dataset lies in, so that readers of the old version keep reading what they know.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

INT = pa.int32()
TEXTS = pa.list_(pa.utf8())


@dataclass(frozen=True)
class Dataset:
    name: str
    version: int
    schema: pa.Schema
    key: str
    """The column whose value names a row; unique in a partition."""


def _text(*names: str, null: bool = False) -> list[pa.Field]:
    return [pa.field(name, pa.utf8(), nullable=null) for name in names]


def _field(name: str, kind: pa.DataType, null: bool = False) -> pa.Field:
    return pa.field(name, kind, nullable=null)


PROBLEMS = pa.schema(
    [
        *_text("problem_id", "source", "question"),
        *_text("answer"),  # the gold answer
        *_text("solution"),  # the gold solution, may be empty
        *_text("split", "pattern"),
        _field("held_out", pa.bool_()),
        _field("steps", INT),  # of the gold solution; 0: unknown
        *_text("graph"),  # JSON of the generated problem's graph, empty where there is none
        *_text("place"),  # where it was read, e.g. "file.jsonl:12"
    ]
)

TRACES = pa.schema(
    [
        *_text("trace_id", "problem_id"),
        _field("sample", INT),
        *_text("prompt", "text"),
        _field("steps", TEXTS),  # joined, they are the text byte for byte
        _field("truths", pa.list_(pa.int8()), null=True),  # what a person said of each step: 1, 0, null; null: nobody
        *_text("splitter"),
        _field("tokens", INT),
        _field("prompt_tokens", INT),
        *_text("finish_reason"),
        _field("mean_logprob", pa.float64(), null=True),
        *_text("extracted", null=True),
        *_text("verdict", "reason", "model", "model_digest"),
        _field("seed", pa.int64()),
        *_text("checker"),
    ]
)

ROLLOUTS = pa.schema(
    [
        *_text("rollout_id", "prefix_id", "problem_id"),
        _field("rollout", INT),
        *_text("text"),
        _field("tokens", INT),
        _field("prompt_tokens", INT),
        *_text("finish_reason"),
        *_text("extracted", null=True),
        *_text("verdict", "reason"),
        _field("seed", pa.int64()),
        *_text("model_digest", "checker"),
    ]
)

LABELS = pa.schema(
    [
        *_text("label_id", "trace_id", "problem_id"),
        _field("step", INT),  # counted from 0
        _field("steps", INT),  # of the whole trace
        *_text("text"),  # of the step
        _field("kinds", TEXTS),  # what the step does, by rules (evals/step_kinds.py)
        *_text("prefix_id"),
        _field("successes", INT),
        _field("failures", INT),
        _field("unknowns", INT),
        *_text("stop_rule"),
        _field("hard", pa.int8(), null=True),
        _field("soft", pa.float64(), null=True),
        _field("truth", pa.int8(), null=True),  # known where people said it, or the problem's graph is there
        *_text("trace_verdict", "model", "completer"),
    ]
)

REPLIES = pa.schema(
    [
        *_text("reply_id", "prompt_id", "problem_id"),
        _field("sample", INT),
        *_text("text"),  # as the judge wrote it; a better parser reads it again
        _field("tokens", INT),
        _field("prompt_tokens", INT),
        *_text("finish_reason"),
        _field("seed", pa.int64()),
        *_text("model_digest"),
    ]
)

JUDGEMENTS = pa.schema(
    [
        *_text("judgement_id", "trace_id", "problem_id"),
        _field("step", INT),  # counted from 0
        _field("steps", INT),  # of the whole trace
        *_text("text"),  # of the step
        *_text("verdict"),  # good, bad or unknown
        _field("score", pa.float64(), null=True),  # good / (good + bad)
        _field("good", INT),  # replies that say so
        _field("bad", INT),
        _field("unknown", INT),
        *_text("reason"),  # why the verdict is unknown, else empty
        *_text("rationale"),
        *_text("prompt_id"),  # of the replies, empty for the program
        _field("tokens", INT),  # of all replies about the trace; the same on each of its rows
        *_text("judge", "judge_digest"),
    ]
)

CONSENSUS = pa.schema(
    [
        *_text("trace_id", "problem_id"),
        _field("steps", INT),
        _field("kept", pa.bool_()),
        *_text("reason"),
        # first errors: index from 0, -1 for none, null where it is open or unknown
        _field("first_error_rollouts", INT, null=True),
        _field("first_error_judge", INT, null=True),
        _field("first_error_truth", INT, null=True),
        *_text("judge"),
    ]
)

TREES = pa.schema(
    [
        *_text("node_id", "problem_id"),
        *_text("parent_id", null=True),  # null: the root
        _field("depth", INT),  # edges from the root
        _field("steps", TEXTS),  # from the parent to here; of the root, the human steps that it starts from
        *_text("prefix"),  # all steps from the beginning of the answer, joined
        *_text("prefix_id", null=True),  # of its rollouts; null: a whole solution, which has none
        *_text("rollout_id", null=True),  # of a whole solution: which rollout it was
        _field("successes", INT),
        _field("failures", INT),
        _field("unknowns", INT),
        _field("visits", INT),  # its rollouts that were searched
        _field("hard", pa.int8(), null=True),
        _field("soft", pa.float64(), null=True),
        _field("proven", pa.bool_()),  # it succeeded, or a node below it did
        _field("contradicted", pa.bool_()),  # hard is 0, and a node below it succeeded
        _field("truth", pa.int8(), null=True),  # of its steps, known where the problem's graph is
        *_text("verdict", null=True),  # of a whole solution
        _field("first_error", INT, null=True),  # of a wrong one that was searched: its first bad step, from 0
        *_text("stop_rule"),  # of the tree
        *_text("model"),
    ]
)

AUDITS = pa.schema(
    [
        *_text("label_id", "trace_id", "problem_id"),
        _field("step", INT),
        _field("hard", pa.int8(), null=True),  # the label; null: it is open by now
        _field("human", pa.int8(), null=True),  # what the person said; null: unsure
        _field("agrees", pa.bool_(), null=True),  # null where one of the two is
        *_text("note"),
        *_text("place"),  # in the sheet
    ]
)

PRM = pa.schema(
    [
        *_text("trace_id", "problem_id", "prompt"),
        _field("completions", TEXTS),
        _field("labels", pa.list_(pa.bool_())),
        _field("soft_labels", pa.list_(pa.float64())),
        _field("successes", pa.list_(INT)),
        _field("failures", pa.list_(INT)),
        *_text("tagged"),  # every step followed by the same token
        *_text("tagged_labels"),  # the same text with + and - in the token's place
        *_text("verdict"),
    ]
)

ORM = pa.schema([*_text("trace_id", "problem_id", "prompt", "completion"), _field("label", pa.bool_())])

MESSAGES = pa.list_(pa.struct([pa.field("role", pa.utf8()), pa.field("content", pa.utf8())]))

SFT = pa.schema(
    [
        *_text("row_id", "recipe"),
        *_text("problem_id", null=True),  # none: a row of the general set
        _field("trace_ids", TEXTS),
        *_text("prompt", "completion"),
        _field("messages", MESSAGES),  # the same as a conversation, without the model's chat template
        *_text("verdict", null=True),
        *_text("why"),
        _field("tokens", INT, null=True),  # of a completion that is one whole trace
    ]
)

PREFERENCES = pa.schema(
    [
        *_text("pair_id", "problem_id", "prompt", "chosen", "rejected", "chosen_id", "rejected_id"),
        _field("chosen_tokens", INT),
        _field("rejected_tokens", INT),
        *_text("why"),
    ]
)

RLVR = pa.schema(
    [
        *_text("problem_id", "prompt"),
        _field("messages", MESSAGES),  # the user's turn
        *_text("gold"),
        _field("right", INT),
        _field("wrong", INT),
        _field("unknown", INT),
        _field("pass_rate", pa.float64(), null=True),  # right / (right + wrong)
        *_text("knowledge"),
        _field("mean_right_tokens", pa.float64(), null=True),
        _field("trace_ids", TEXTS),  # this and what follows: an entry for each trace of the problem
        _field("verdicts", TEXTS),
        _field("tokens", pa.list_(INT)),
        _field("relative_lengths", pa.list_(pa.float64())),  # tokens over `mean_right_tokens`
        _field("rewards", pa.list_(pa.float64())),
        *_text("why"),
    ]
)

SCREENED = pa.schema(
    [
        *_text("item_id", "kind"),  # trace, problem or replay
        *_text("problem_id", "verdict", "finish_reason", null=True),
        _field("tokens", INT, null=True),
        _field("length", INT, null=True),  # of prompt and completion, by the recipe's tokenizer
        _field("foreign", pa.float64()),
        _field("repeated_lines", pa.float64()),
        _field("repeated_ngrams", pa.float64()),
        _field("compression", pa.float64()),
        _field("contamination", pa.float64()),
        *_text("contaminated_by", "duplicate_of", null=True),
        _field("first_bad_step", INT, null=True),
        _field("kept", pa.bool_()),
        _field("uses", TEXTS),  # recipes that made a row of it
        _field("reasons", TEXTS),  # why there is none; empty where it is kept
    ]
)

# Rows that failed, of every stage. Never mixed into the data.
DEAD_SCHEMA = pa.schema(
    [
        *_text("id", "stage", "kind", "message", "place"),
        *_text("payload"),  # JSON of what failed, cut at 10 kB
        _field("at", pa.timestamp("us", tz="UTC")),
    ]
)

DATASETS: dict[str, Dataset] = {
    dataset.name: dataset
    for dataset in (
        Dataset("problems", 1, PROBLEMS, "problem_id"),
        Dataset("traces", 2, TRACES, "trace_id"),
        Dataset("rollouts", 1, ROLLOUTS, "rollout_id"),
        Dataset("labels", 2, LABELS, "label_id"),
        Dataset("audits", 1, AUDITS, "label_id"),
        Dataset("replies", 1, REPLIES, "reply_id"),
        Dataset("judgements", 1, JUDGEMENTS, "judgement_id"),
        Dataset("consensus", 1, CONSENSUS, "trace_id"),
        Dataset("tree_rollouts", 1, ROLLOUTS, "rollout_id"),
        Dataset("trees", 1, TREES, "node_id"),
        Dataset("prm", 1, PRM, "trace_id"),
        Dataset("orm", 1, ORM, "trace_id"),
        Dataset("sft", 1, SFT, "row_id"),
        Dataset("preferences", 1, PREFERENCES, "pair_id"),
        Dataset("rlvr", 1, RLVR, "problem_id"),
        Dataset("screened", 1, SCREENED, "item_id"),
    )
}
