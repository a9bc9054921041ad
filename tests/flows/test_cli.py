"""The `proctor` command, without flows: what it says, how it ends, what it does not import."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from flows.cli import app
from flows.commands.failures import INPUTS_MISSING, RUNNING, USAGE
from flows.run.execute import execute
from flows.run.work import Work
from flows.stages import STAGES
from storage.partition import Partition
from storage.store import Store
from tasks.params import TracesParams

Make = Callable[..., Work]
REPOSITORY = Path(__file__).resolve().parents[2]
HEAVY = {"prefect", "ray", "vllm", "torch", "transformers", "datasets", "pandas"}


@pytest.fixture
def proctor(tmp_path: Path) -> Callable[..., Result]:
    """Runs the command on the store of the test."""

    def run(*arguments: str) -> Result:
        return CliRunner(env={"COLUMNS": "200"}).invoke(app, [*arguments, "--root", str(tmp_path / "data")])

    return run


def test_help_teaches_where_to_start() -> None:
    told = CliRunner().invoke(app, ["--help"])
    assert told.exit_code == 0
    assert "proctor demo" in told.output
    assert "Exit codes" in told.output


def test_help_of_a_stage_lists_every_parameter_with_its_meaning() -> None:
    told = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["run", "traces", "--help"])
    for name in TracesParams.model_fields:
        assert name in told.output
    assert "Traces a problem" in told.output
    assert "Examples" in told.output


def test_version_names_what_it_stands_on() -> None:
    told = CliRunner().invoke(app, ["version"])
    assert told.output.startswith("proctor ")
    assert "prefect " in told.output


def test_status_of_nothing_says_how_to_begin(proctor: Callable[..., Result]) -> None:
    told = proctor("status")
    assert told.exit_code == 0
    assert "proctor demo" in told.output


def test_status_shows_states_and_reasons(proctor: Callable[..., Result], work: Make) -> None:
    execute(work())
    failing = work("breaks", where=work().partition.model_copy(update={"run": "bad"}))
    with pytest.raises(RuntimeError):
        execute(failing)
    told = proctor("status").output
    assert "complete" in told
    assert "failed" in told
    assert "problems date=2026-11-22/source=generated/run=bad: attempt" in told
    assert "RuntimeError: the generator is out of numbers" in told


def test_status_says_what_an_experiment_reads_from_main(
    proctor: Callable[..., Result], work: Make, store: Store, partition: Partition
) -> None:
    execute(work())
    with store.at("traces", partition.model_copy(update={"model": "m", "run": "hot"})).lease("somebody"):
        (line,) = [line for line in proctor("status", "--run", "hot").output.splitlines() if "2026-11-22" in line][:1]
    assert line.split()[4:] == ["of", "main", "running", "missing", "missing"]


def test_status_is_told_to_programs_too(proctor: Callable[..., Result], work: Make) -> None:
    execute(work())
    lines = [json.loads(line) for line in proctor("status", "--json").output.splitlines()]
    states = {line["stage"]: line["state"] for line in lines}
    assert states == {name: "complete" if name == "problems" else "missing" for name in STAGES}


def test_status_lists_the_files_that_manifests_name(proctor: Callable[..., Result], work: Make) -> None:
    execute(work(count=2))
    execute(work(count=3))
    files = proctor("status", "--files", "problems").output.splitlines()
    assert files == work().location("problems").files()
    assert len(files) == 1, "the replaced attempt is no data any more"


def test_status_and_help_import_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom typer.testing import CliRunner\nfrom flows.cli import app\n"
        f"told = CliRunner().invoke(app, ['status', '--root', {str(tmp_path)!r}])\n"
        "assert told.exit_code == 0, told.output\n"
        "told = CliRunner().invoke(app, ['run', 'labels', '--help'])\n"
        "assert told.exit_code == 0, told.output\n"
        "print(*sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert not HEAVY & set(ran.stdout.split())


def test_a_missing_input_has_its_own_exit_code(proctor: Callable[..., Result]) -> None:
    told = proctor("run", "labels")
    assert told.exit_code == INPUTS_MISSING
    assert "proctor run traces" in told.output


def test_a_wrong_parameter_is_named_before_anything_runs(proctor: Callable[..., Result]) -> None:
    told = proctor("run", "problems", "--set", "count=0")
    assert told.exit_code == USAGE
    assert "count: Input should be greater than or equal to 1; given: 0" in told.output


def test_a_server_to_prepare_has_to_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))
    told = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["prepare"])
    assert told.exit_code == USAGE
    assert "export PREFECT_API_URL=" in told.output + told.stderr


def test_the_root_may_be_named_by_the_environment(tmp_path: Path, work: Make) -> None:
    execute(work())
    told = CliRunner(env={"COLUMNS": "200", "PROCTOR_ROOT": str(tmp_path / "data")}).invoke(app, ["status"])
    assert "complete" in told.output


def test_a_wrong_resource_is_named(proctor: Callable[..., Result]) -> None:
    told = proctor("run", "problems", "--resource", "gpus=4")
    assert told.exit_code == USAGE
    assert "gpus: there is no such field" in told.output


def test_a_second_run_is_told_who_is_at_work(proctor: Callable[..., Result], work: Make) -> None:
    with work().location("problems").lease("flow run brave-otter"):
        told = proctor("run", "problems", "--date", "2026-11-22")
    assert told.exit_code == RUNNING
    assert "flow run brave-otter" in told.output


def test_a_complete_partition_is_reported_at_once(proctor: Callable[..., Result], work: Make) -> None:
    execute(work(count=2))
    told = proctor("run", "problems", "--date", "2026-11-22", "--set", "count=2")
    assert told.exit_code == 0
    assert "complete already" in told.output


def test_show_prints_rows(proctor: Callable[..., Result], work: Make) -> None:
    execute(work(count=5))
    told = proctor("show", "problems", "--limit", "2")
    assert "problems date=2026-11-22/source=generated/run=main: 5 rows" in told.output
    assert "p0" in told.output
    assert "p2" not in told.output


def test_show_selects_by_sql(proctor: Callable[..., Result], work: Make) -> None:
    execute(work(count=5))
    told = proctor(
        "show", "problems", "--columns", "problem_id, steps * 2 AS twice", "--where", "problem_id = 'p3'", "--json"
    )
    assert json.loads(told.output) == {"problem_id": "p3", "twice": 4}


def test_a_wrong_selection_names_the_columns(proctor: Callable[..., Result], work: Make) -> None:
    execute(work())
    told = proctor("show", "problems", "--where", "verdict = 'wrong'")
    assert told.exit_code == USAGE
    assert "problem_id" in told.output


def test_show_dead_prints_dead_letters_of_failed_attempts_too(proctor: Callable[..., Result], work: Make) -> None:
    with pytest.raises(ValueError, match="2 of 4 rows failed"):
        execute(work("with_dead_letters"))
    told = proctor("show", "dead")
    assert "2 dead letters of 1 attempts" in told.output
    assert "no answer" in told.output


def test_show_of_what_is_not_there_says_so(proctor: Callable[..., Result]) -> None:
    assert "no traces are committed" in proctor("show", "traces").output
    unknown = proctor("show", "tracks")
    assert unknown.exit_code == USAGE
    assert "there are problems, traces" in unknown.output
