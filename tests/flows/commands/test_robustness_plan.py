"""`proctor plan robustness`: what storage knows, and what follows."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from flows.cli import app
from flows.commands.failures import USAGE
from tasks.params import Params
from tests.evals.robustness.trials import trials
from tests.tasks.jobs import at as place
from tests.tasks.jobs import commit, problem_rows, trace_row
from tests.tasks.robustness.committed import committed


@pytest.fixture
def proctor(tmp_path: Path) -> Callable[..., Result]:
    def run(*arguments: str) -> Result:
        command = ["plan", "robustness", "--root", str(tmp_path), *arguments]
        return CliRunner(env={"COLUMNS": "200"}).invoke(app, command)

    return run


def test_without_anything_to_go_by_it_asks_for_an_accuracy(proctor: Callable[..., Result]) -> None:
    told = proctor()
    assert told.exit_code == USAGE
    assert "--accuracy" in told.output


def test_an_accuracy_alone_is_enough_to_plan(proctor: Callable[..., Result]) -> None:
    told = json.loads(proctor("--accuracy", "0.8", "--effect", "0.03", "--json").output)
    found = {line["problems"]: line["detectable_holm"] for line in told["lines"]}
    assert found[told["needed"]] <= 0.03
    assert told["lines"][0]["tokens"] is None
    assert "assumed" in told["known"]["told_by"]


def test_an_effect_has_a_power_at_each_number_of_problems(proctor: Callable[..., Result]) -> None:
    told = json.loads(proctor("--accuracy", "0.8", "--effect", "0.03", "--json").output)
    lines = {line["problems"]: line for line in told["lines"]}
    assert lines[told["needed"]]["power_holm"] == pytest.approx(0.8, abs=0.002)
    powers = [lines[size]["power"] for size in sorted(lines)]
    assert powers == sorted(powers)
    assert all(line["power"] > line["power_holm"] for line in lines.values() if line["power"] < 0.999)
    assert "finds 3" in proctor("--accuracy", "0.8", "--effect", "0.03").output
    assert "finds" not in proctor("--accuracy", "0.8").output


def test_former_trials_tell_accuracy_difficulty_cost_and_how_much_kinds_move(
    proctor: Callable[..., Result], tmp_path: Path
) -> None:
    committed(tmp_path, trials({"identity": 0.0, "names": 0.0, "numbers": 0.3}, problems=150, accuracy=0.7))
    told = json.loads(proctor("--json", "--variants", "2").output)
    known = told["known"]
    assert known["told_by"].startswith("trials/date=")
    assert known["world"]["accuracy"] == pytest.approx(0.7, abs=0.1)
    assert known["world"]["difficulty"] == pytest.approx(0.5, abs=0.15)
    assert known["problems"] == {"identity": 150, "names": 150, "numbers": 150}
    assert told["design"] == {"problems": 150, "variants": 2, "samples": 1, "originals": 2}
    line = next(line for line in told["lines"] if line["problems"] == 150)
    assert line["trials"] == 150 * (3 * 2 + 2)  # identity is asked too
    assert line["tokens"] == pytest.approx(line["trials"] * known["tokens"])


def test_traces_tell_what_they_can(proctor: Callable[..., Result], tmp_path: Path) -> None:
    problems = problem_rows(20)
    rows = [
        trace_row(problem, ["a"], "correct" if (i + sample) % 4 else "wrong", sample)
        for i, problem in enumerate(problems)
        for sample in range(4)
    ]
    commit(place(tmp_path, "traces"), rows, Params())
    known = json.loads(proctor("--json").output)["known"]
    assert known["world"]["accuracy"] == pytest.approx(0.75)
    assert (known["told_by"][:7], known["kind_told_by"]) == ("traces/", "assumed")


def test_people_read_what_it_found_and_where_it_is_from(proctor: Callable[..., Result]) -> None:
    told = proctor("--accuracy", "0.8", "--effect", "0.03").output
    assert "a change of 3 points takes" in told
    assert "accuracy: --accuracy" in told
