"""What was found, a line for each part."""

from collections.abc import Callable

import pytest

from flows.run.execute import execute
from flows.run.work import Work
from flows.views.headlines import headlines
from storage.manifest import Manifest

Make = Callable[..., Work]
Manifests = Callable[..., Manifest]


@pytest.fixture
def manifest(work: Make) -> Manifests:
    base = execute(work()).manifests["problems"]

    def made(rows: int, **more: object) -> Manifest:
        part = base.parts[0].model_copy(update={"rows": rows})
        counts = {"ok": rows, "dead": 0, "unknown": 0}
        return base.model_copy(update={"parts": (part,), "counts": counts, **more})

    return made


def test_the_job_is_told_from_manifests_alone(manifest: Manifests) -> None:
    lines = dict(
        headlines(
            {
                "problems": manifest(100),
                "traces": manifest(400, tokens=48_000, summary={"pass@1": 0.72, "pass@4": 0.9, "majority@4": 0.78}),
                "rollouts": manifest(5_000),
                "labels": manifest(
                    1_200,
                    counts={"ok": 1_100, "dead": 3, "unknown": 100},
                    summary={
                        "good": 800,
                        "bad": 300,
                        "open": 100,
                        "rollout_tokens": 123_456,
                        "rollouts_per_trace": 12.5,
                        "label_accuracy": 0.91,
                        "first_error_accuracy": 0.8,
                    },
                ),
                "prm": manifest(390),
                "orm": manifest(400),
            }
        )
    )
    assert lines == {
        "problems": "100",
        "traces": "400, 48,000 tokens",
        "accuracy": "pass@1 72.0% · pass@4 90.0% · majority@4 78.0%",
        "labels": "1,200 steps: 800 good, 300 bad, 100 open; 3 dead letters",
        "agreement": "91.0% of labels equal the known truth of their step; "
        "80.0% of traces have their first error in its place",
        "rollouts": "5,000, 123,456 tokens, 12.5 a trace",
        "training": "390 PRM rows, 400 ORM rows",
    }


def test_what_is_not_there_has_no_line(manifest: Manifests) -> None:
    assert headlines({}) == []
    assert headlines({"problems": manifest(3)}) == [("problems", "3")]


def test_a_verifier_is_held_against_rollouts_where_the_truth_is_not_known(manifest: Manifests) -> None:
    told = {"problems": {"held_out": 15}, "held_out": {"auroc_hard": 0.9, "auroc_truth": None}}
    [(_, text)] = headlines({"verifier_predictions": manifest(1, summary={"process": told})})
    assert text.endswith("on 15 unseen problems, with AUROC 0.90")


def test_strategies_are_compared_at_the_most_samples(manifest: Manifests) -> None:
    points = [{"n": 2, "accuracy": 0.5}, {"n": 4, "accuracy": 0.75}]
    played = {"majority": points, "beam": points[:1], "unheard": [{"n": 4, "accuracy": None}]}
    assert headlines({"strategies": manifest(1, summary={"strategies": played})}) == [
        ("strategies", "at 4 samples: majority 75.0%")
    ]


def test_a_change_without_an_interval_or_a_value_is_said_so(manifest: Manifests) -> None:
    kinds = {
        "names": {"change": -0.1, "low": None, "high": None},
        "order": {"change": None, "low": None, "high": None},
    }
    [(_, text)] = headlines({"effects": manifest(1, summary={"kinds": kinds})})
    assert text.endswith("names -10.0 · order not known")


def test_a_board_is_told_the_best_first_as_it_comes() -> None:
    rows = [
        {"model": "a", "rating": 1100.4, "lower": 1080.0, "upper": 1120.0},
        {"model": "b", "rating": 900.0, "lower": None, "upper": None},
    ]
    assert headlines({}, rows) == [("arena", "a 1100 (1080 to 1120) · b 900")]
