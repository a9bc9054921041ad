"""Battles, and what is rated from them. `simulated` says on each row whether a voter was a computation.

Ratings and effects are in rating points. A rating is infinite where a model won all or lost all, and null where the
battles do not determine it; so are its limits.
"""

import pyarrow as pa

from storage.schemas.fields import INT, TEXTS, Dataset, field, text
from storage.schemas.opinions import REPLIES

REAL = pa.float64()
SIDES = ("a", "b")
STYLE = ("length", "headers", "bold", "lists", "emoji")
"""Counts that a battle has of each side, as evals/style.py names them."""

BATTLES = pa.schema(
    [
        *text("battle_id", "prompt_id"),
        *text("question", null=True),
        *text("model_a", "model_b"),  # model_a was shown first
        *text("winner"),  # model_a, model_b, tie, both_bad; unknown: the judge did not say
        *text("reason"),  # why the winner is unknown, else empty
        field("weight", REAL),
        *text("judge"),  # gold, a model's name, voters, or who voted in an import
        field("simulated", pa.bool_()),
        field("categories", TEXTS),
        *text("language", "user", "session", null=True),
        field("at", pa.timestamp("us", tz="UTC"), null=True),  # when the vote was cast
        *text("text_a", "text_b", null=True),
        *text("trace_a", "trace_b", null=True),  # trace ids of contestants
        *(field(f"{name}_{side}", INT, null=True) for side in SIDES for name in STYLE),  # null: nobody counted
        field("extra", pa.map_(pa.utf8(), REAL)),  # further features: a difference, model_a minus model_b
        *text("reply_id", null=True),  # of the judge's reply
        field("tokens", INT),  # of that reply
        *text("place"),
    ]
)

_BOARD = [*text("board", "kind", "value"), field("simulated", pa.bool_())]  # overall; category math; language en

BOARDS = pa.schema(
    [
        *_BOARD,
        *text("status"),  # rated or refused
        *text("message"),  # why it was refused, else empty
        field("left_out", TEXTS),  # features that are the same in every battle here
        field("battles", pa.int64()),  # that count
        field("ties", REAL, null=True),  # share of them
        field("models", INT),
        field("rated", INT),
        *text("tie_rule", "errors"),  # half, davidson, drop; robust or bootstrap
        *text("cluster", null=True),
        field("base", REAL),
        field("points", REAL),
        field("centre", REAL),
        *text("anchor", null=True),
        field("l2", REAL),
        field("level", REAL),
        field("loglik", REAL, null=True),
        field("loglik_plain", REAL, null=True),  # without style
        field("dispersion", REAL, null=True),  # of results over what the model says; below 1 with half-win ties
        field("nu", REAL, null=True),  # Davidson's
        field("variance_share", REAL, null=True),  # of the ratings' variance, what style makes
        field("critical", REAL, null=True),  # studentised difference beyond which two models differ
        # the certificate of the style-controlled fit
        field("gradient", REAL, null=True),
        field("decrement", REAL, null=True),
        field("step", REAL, null=True),
        field("iterations", INT, null=True),
        field("passes", INT, null=True),
        field("digits", REAL, null=True),
    ]
)

RATINGS = pa.schema(
    [
        *text("rating_id"),
        *_BOARD,
        *text("model", "standing"),  # rated, above all, below all, undetermined, no battles
        field("battles", pa.int64()),
        field("wins", REAL),
        field("ties", REAL),
        field("losses", REAL),
        field("rating", REAL, null=True),  # styles being equal
        field("error", REAL, null=True),
        field("lower", REAL, null=True),
        field("upper", REAL, null=True),
        *text("method"),  # of the limits: sandwich, clustered, profile, bootstrap, none
        field("rank", INT, null=True),
        field("rank_lower", INT, null=True),  # the best that is not ruled out; all intervals hold at once
        field("rank_upper", INT, null=True),
        field("best", REAL, null=True),  # chance of being the best
        field("class", INT, null=True),  # of models that cannot be told apart
        field("plain", REAL, null=True),  # with style left in
        field("plain_lower", REAL, null=True),
        field("plain_upper", REAL, null=True),
        field("plain_rank", INT, null=True),
        field("shift", REAL, null=True),  # plain - rating: the points that the model owes to its style
        field("shift_error", REAL, null=True),
        field("shift_lower", REAL, null=True),
        field("shift_upper", REAL, null=True),
        field("shift_q", REAL, null=True),
        field("style_share", REAL, null=True),  # shift over the plain distance from the mean
        field("planted", REAL, null=True),  # simulation: the strength that the voters were given
        field("anchor", pa.bool_()),
    ]
)

STYLE_EFFECTS = pa.schema(
    [
        *text("effect_id"),
        *_BOARD,
        *text("feature"),
        field("placebo", pa.bool_()),
        field("estimate", REAL),  # points for one standard deviation of the difference, which is `rms`
        field("rms", REAL),
        field("error", REAL),
        field("lower", REAL),
        field("upper", REAL),
        field("z", REAL),
        field("p", REAL),
        field("q", REAL),
        *text("verdict"),  # positive, negative, equivalent (to zero, within `margin`), undecided
        field("margin", REAL),
        field("inflation", REAL),  # VIF, given models and other features
        field("explained", REAL),  # share of the difference that who met whom explains
        # what leaving the feature out changes
        field("lost_loglik", REAL, null=True),
        field("lost_p", REAL, null=True),
        field("largest_move", REAL, null=True),
        *text("moved_model", null=True),
        field("spread_move", REAL, null=True),
    ]
)

MATCHUPS = pa.schema(
    [
        *text("matchup_id"),
        *_BOARD,
        *text("model", "opponent"),
        field("battles", pa.int64()),
        field("wins", REAL),
        field("ties", REAL),
        field("losses", REAL),
        field("score", REAL, null=True),  # share of the points that the model took
        field("expected", REAL, null=True),  # the chance that the ratings give it, styles being equal
    ]
)

RANK_CHANCES = pa.schema(
    [
        *text("chance_id"),
        *_BOARD,
        *text("model"),
        field("rank", INT),
        field("chance", REAL),
    ]
)

DRIFT = pa.schema(
    [
        *text("drift_id"),
        *text("period"),  # such as 2026-11
        *text("model"),
        field("simulated", pa.bool_()),
        field("battles", pa.int64()),
        *text("feature"),
        field("mean", REAL),  # of the difference to the opponent, in standard deviations
        field("error", REAL, null=True),
        field("points", REAL),  # mean times the feature's effect: what it was worth in that period
        field("trend", REAL, null=True),  # slope of `mean` over all periods, a period; null for fewer than three
        field("trend_error", REAL, null=True),
        field("trend_q", REAL, null=True),  # share of false discoveries among trends as clear
        field("rating", REAL, null=True),  # of that period alone, styles being equal; null where it cannot be told
        field("plain", REAL, null=True),
        field("style_share", REAL, null=True),
    ]
)

RATING_CHECKS = pa.schema(
    [
        *text("check_id"),
        *_BOARD,
        *text("check"),  # firth, online_elo, flips, voters
        *text("subject"),  # a model, or a user; empty where there is no answer, which the note explains
        field("answer", REAL, null=True),  # a rating; of flips the share of the votes; of voters p
        field("lower", REAL, null=True),  # of online_elo, over random orders of the battles
        field("upper", REAL, null=True),
        field("q", REAL, null=True),
        field("votes", pa.int64(), null=True),
        *text("note"),
    ]
)

DATASETS = (
    Dataset("battle_replies", 1, REPLIES, "reply_id"),
    Dataset("battles", 1, BATTLES, "battle_id"),
    Dataset("boards", 1, BOARDS, "board"),
    Dataset("ratings", 1, RATINGS, "rating_id"),
    Dataset("style_effects", 1, STYLE_EFFECTS, "effect_id"),
    Dataset("matchups", 1, MATCHUPS, "matchup_id"),
    Dataset("rank_chances", 1, RANK_CHANCES, "chance_id"),
    Dataset("rating_checks", 1, RATING_CHECKS, "check_id"),
    Dataset("drift", 1, DRIFT, "drift_id"),
)
