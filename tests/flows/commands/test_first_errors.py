"""`proctor processbench`: the metric of predictions in a file."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from flows.cli import app
from flows.commands.failures import USAGE
from tests.tasks.annotated_files import processbench, write

STEPS = ["a", "b", "c"]
RECORDS = [
    processbench(0, STEPS, 1, False, prediction=1, other=0, generator="x"),
    processbench(1, STEPS, 0, False, prediction=None, other=[0, 0, 1], generator="x"),
    processbench(2, STEPS, -1, True, prediction=-1, other=-1, generator="y"),
    processbench(3, STEPS, -1, True, prediction=[1, 1, 1], other=2, generator="y"),
]


@pytest.fixture
def score(tmp_path: Path) -> Callable[..., Result]:
    def run(records: list, *options: str) -> Result:
        file = write(tmp_path / "bench.jsonl", records)
        return CliRunner(env={"COLUMNS": "160"}).invoke(app, ["processbench", str(file), *options])

    return run


def test_predictions_are_indices_or_step_labels(score):
    told = json.loads(score(RECORDS, "--json").output)
    scores = told["scores"]["all"]["prediction"]
    assert (scores["accuracy_erroneous"], scores["accuracy_correct"], scores["unknown"]) == (0.5, 1.0, 1)
    assert scores["f1"] == pytest.approx(2 / 3)
    assert told["difference"] is None


def test_two_columns_are_compared_with_an_interval(score):
    told = json.loads(score(RECORDS, "--against", "other", "--json").output)
    f1 = {name: each["f1"] for name, each in told["scores"]["all"].items()}
    assert told["difference"]["difference"] == pytest.approx(f1["prediction"] - f1["other"])
    assert told["difference"]["low"] <= told["difference"]["difference"] <= told["difference"]["high"]
    assert "F1 of prediction minus F1 of other: +16.7 points" in score(RECORDS, "--against", "other").output


def test_scores_by_a_column_stand_beside_those_of_all(score):
    scores = json.loads(score(RECORDS, "--by", "generator", "--json").output)["scores"]
    assert list(scores) == ["x", "y", "all"]
    assert scores["x"]["prediction"]["accuracy_erroneous"] == 0.5
    assert scores["x"]["prediction"]["f1"] is None


def test_predictions_may_lie_in_another_file_by_id(score, tmp_path):
    ids = [{"id": record["id"], "hard": record["label"]} for record in RECORDS]
    mine = write(tmp_path / "mine.jsonl", ids[:3])
    options = ["--predictions", str(mine), "--column", "hard"]
    told = json.loads(score(RECORDS, *options, "--json").output)
    assert told["scores"]["all"]["hard"]["f1"] == pytest.approx(2 / 3), "the one that is missing is not right"
    assert told["refused"] == 1
    assert "bench.jsonl:4  no_prediction" in score(RECORDS, *options).output


def test_what_is_no_prediction_is_unknown_and_named_with_its_line(score):
    bad = [{**RECORDS[0], "prediction": "first"}, *RECORDS[1:], processbench(4, STEPS, 9, False)]
    output = score(bad).output
    assert "bench.jsonl:1  bad_prediction  `prediction` is 'first'; it is a step from 0, -1, null" in output
    assert "bench.jsonl:5  bad_label" in output
    assert json.loads(score(bad, "--json").output)["scores"]["all"]["prediction"]["unknown"] == 2


def test_a_file_that_holds_none_is_an_error_that_says_why(score, tmp_path):
    told = score([{"id": 1}])
    assert told.exit_code == USAGE
    assert "has no solution in ProcessBench's format" in told.output
    missing = CliRunner().invoke(app, ["processbench", str(tmp_path / "none.jsonl")])
    assert missing.exit_code == USAGE
