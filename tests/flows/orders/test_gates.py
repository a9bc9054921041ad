"""Gates between the stages of the pipeline."""

import datetime
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evals.gates import Gate, GateFailed
from flows.cli import app
from flows.commands.failures import USAGE
from flows.orders.gates import checks_of, refuse_strangers
from flows.orders.parameters import ParameterError
from flows.run.addresses import Unclear
from flows.run.execute import Execution
from flows.stages import MAIN_JOB
from storage.partition import Partition
from storage.store import Store
from tasks.params import LabelsParams, ProblemsParams
from tests.flows.fake_stages import TRACES, made, put_problems
from tests.tasks.jobs import problem_rows


@pytest.fixture
def labelled(tmp_path: Path) -> Execution:
    put_problems(tmp_path, problem_rows(2))
    made(tmp_path, TRACES)
    return made(tmp_path, LabelsParams(policy="fixed", k=2))


def test_a_gate_asks_for_the_numbers_of_the_manifest(labelled: Execution) -> None:
    manifest = labelled.manifests["labels"]
    summary = manifest.summary
    asked = {
        "labels.rows": manifest.rows,
        "labels.tokens": manifest.tokens,
        "labels.dead_rate": 0,
        "labels.bad_share": round(summary["bad"] / (summary["good"] + summary["bad"]), 6),
        "labels.rollouts_per_trace": summary["rollouts_per_trace"],
        "rollouts.rows": labelled.manifests["rollouts"].rows,
    }
    checks = checks_of(labelled, [Gate(metric=metric, min=value, max=value) for metric, value in asked.items()])
    assert [(str(check), check.passed) for check in checks if not check.passed] == []
    assert len(checks) == len(asked)


def test_a_gate_on_what_the_pipeline_does_not_make_is_refused() -> None:
    with pytest.raises(ParameterError, match="makes no 'trees'; it makes problems, traces"):
        refuse_strangers([Gate.parse("trees.rows>=1")], MAIN_JOB)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["pipeline", "--gate", "labels.rows=1"], "is no gate"),
        (["pipeline", "--gate", "trees.rows>=1"], "makes no 'trees'"),
        (["labels", "--gate", "labels.rows>=1"], "--gate is of the pipeline"),
    ],
)
def test_a_wrong_gate_is_refused_before_anything_runs(tmp_path: Path, arguments: list[str], said: str) -> None:
    put_problems(tmp_path, problem_rows(2))
    made(tmp_path, TRACES)
    told = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["run", *arguments, "--root", str(tmp_path)])
    assert told.exit_code == USAGE
    assert said in told.output + told.stderr


@pytest.mark.server
@pytest.mark.timeout(600)
def test_a_gate_stops_what_comes_after_with_its_reason_in_the_ui(prefect_server: None, tmp_path: Path) -> None:
    from flows.nightly import nightly
    from tests.flows.test_pipeline import artifact, newest_run

    day, gate = datetime.date(2026, 11, 21), Gate(metric="problems.rows", min=4, max=9)
    with pytest.raises(GateFailed, match=r"problems\.rows <= 9: it is 3"):
        nightly(day, ProblemsParams(count=3), traces=TRACES, gates=(gate,), root=str(tmp_path))
    for flow in ("nightly", "pipeline"):
        run = newest_run(flow)
        assert (run.state_name, run.state_type and run.state_type.value) == ("Gate problems.rows", "FAILED")
        assert "it is 3" in str(run.state and run.state.message)
    [row] = json.loads(str(artifact("problems-gates").data))
    assert (row["gate"], row["value"], row["passed"]) == ("4 <= problems.rows <= 9", 3, "no")
    store, where = Store(tmp_path), Partition(date=day, source="generated")
    assert store.at("problems", where).manifest(), "what was committed stays"
    assert store.partitions("traces") == []
    [page] = (tmp_path / "reports").rglob("*.html")
    assert "All numbers of problems" in page.read_text(encoding="utf-8"), (
        "a night that was stopped has its report as well"
    )
    assert "Datasets, their cost and their lineage" in str(artifact("nightly-report").data)


@pytest.mark.server
@pytest.mark.timeout(600)
def test_a_night_whose_baseline_nobody_made_makes_nothing(prefect_server: None, tmp_path: Path) -> None:
    from flows.nightly import nightly

    day = datetime.date(2026, 11, 21)
    with pytest.raises(Unclear, match="baseline date=2026-11-14"):
        nightly(day, ProblemsParams(count=3), traces=TRACES, baseline=day - datetime.timedelta(7), root=str(tmp_path))
    assert Store(tmp_path).partitions("problems") == []
