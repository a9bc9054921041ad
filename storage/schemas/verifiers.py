"""Trained verifiers, how they were trained, and what they say of solutions."""

import pyarrow as pa

from storage.schemas.fields import INT, Dataset, field, text

PROBABILITIES = pa.list_(pa.float64())

VERIFIERS = pa.schema(
    [
        *text("chunk_id"),
        *text("kind"),  # process or outcome; while it is trained, checkpoint/...
        *text("file"),  # as a Hugging Face folder has it
        field("offset", pa.int64()),  # of this chunk in the file, in bytes
        field("size", pa.int64()),  # of the whole file
        *text("sha256"),  # of the whole file
        field("content", pa.large_binary()),
    ]
)

VERIFIER_CURVE = pa.schema(
    [
        *text("point_id", "kind"),
        field("epoch", pa.float64()),  # epochs done
        field("step", INT),  # updates of the weights done
        field("tokens", pa.int64()),  # read in training so far
        field("train_loss", pa.float64()),  # nats a unit of evidence, since the point before
        field("choosing_loss", pa.float64()),
        field("rate", pa.float64()),  # learning rate of the last update
        field("kept", pa.bool_()),  # these weights are the verifier
    ]
)

VERIFIER_PREDICTIONS = pa.schema(
    [
        *text("prediction_id", "kind", "trace_id", "problem_id"),
        *text("split"),  # choosing or held_out
        field("step", INT),  # counted from 0
        field("steps", INT),  # of the whole trace
        field("probability", pa.float64()),
        field("successes", INT),
        field("failures", INT),
        field("hard", pa.bool_()),
        field("truth", pa.int8(), null=True),
        *text("verdict"),
    ]
)

VERIFICATIONS = pa.schema(
    [
        *text("trace_id", "problem_id"),
        *text("split"),  # of the verifier's training; unseen: its problem was in none
        field("steps", INT),
        field("probabilities", PROBABILITIES),  # of the steps; null: a judge has not said
        # scores of the whole solution; null where there is no such verifier
        field("last", pa.float64(), null=True),
        field("min", pa.float64(), null=True),
        field("product", pa.float64(), null=True),
        field("mean", pa.float64(), null=True),
        field("outcome", pa.float64(), null=True),
        field("combined", pa.float64(), null=True),
        # first errors: index from 0, -1 for none, null where it is unknown
        field("first_error", INT, null=True),
        field("first_error_truth", INT, null=True),
        *text("verdict"),
    ]
)

DATASETS = (
    Dataset("verifiers", 1, VERIFIERS, "chunk_id"),
    Dataset("verifier_curve", 1, VERIFIER_CURVE, "point_id"),
    Dataset("verifier_predictions", 1, VERIFIER_PREDICTIONS, "prediction_id"),
    Dataset("verifications", 1, VERIFICATIONS, "trace_id"),
)
