"""`proctor show`: traces as people read them, and SQL over what manifests name."""

import datetime
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from flows.cli import app
from flows.commands.failures import USAGE
from flows.views.labelled_traces import read
from flows.views.selection import Selection
from flows.views.sql import BadSelection, queried
from storage.manifest import Damaged
from storage.partition import Partition
from storage.store import Store
from tasks.params import LabelsParams, ProblemsParams
from tests.tasks.jobs import commit
from tests.tasks.test_prm import LABELS, PROBLEM, TRACES, label, trace

DAY = Partition(date=datetime.date(2026, 11, 22), source="mine", model="tiny")
NEXT = DAY.model_copy(update={"date": datetime.date(2026, 11, 23)})


@pytest.fixture
def filled(tmp_path: Path) -> Store:
    """Two traces with labels on one day, and one without on the next."""
    store = Store(tmp_path)
    commit(store.at("problems", DAY.without_model()), [PROBLEM], ProblemsParams())
    commit(store.at("labels", DAY), LABELS, LabelsParams())
    commit(store.at("traces", NEXT), [trace("c", "4\n", "#### 4", verdict="unknown")], LabelsParams())
    commit(store.at("traces", DAY), TRACES, LabelsParams())
    return store


@pytest.fixture
def show(filled: Store, tmp_path: Path) -> Callable[..., Result]:
    def run(*arguments: str) -> Result:
        return CliRunner(env={"COLUMNS": "120"}).invoke(app, ["show", *arguments, "--root", str(tmp_path)])

    return run


def test_labels_are_shown_as_traces_with_signs_and_counts(show: Callable[..., Result]) -> None:
    lines = [line.split() for line in show("labels").output.splitlines()]
    assert ["trace", "a"] in lines
    assert ["How", "many", "eggs?"] in lines
    assert ["+", "0", "7", "1", "2", "+", "3", "=", "5"] in lines
    assert ["-", "0", "0", "8", "2", "+", "3", "=", "6"] in lines
    assert ["wrong:", "answered", "5,", "gold", "5"] in lines


def test_steps_have_colours_too(filled: Store) -> None:
    from rich.console import Console

    from flows.views.labelled_traces import shown

    console = Console(force_terminal=True, color_system="standard", width=100, record=True, no_color=False)
    for each in read(filled, filled.at("labels", DAY), None, 2):
        console.print(shown(each))
    painted = console.export_text(styles=True)
    good, bad = (next(line for line in painted.splitlines() if text in line) for text in ("2 + 3 = 5", "2 + 3 = 6"))
    assert "\x1b[32m" in good
    assert "\x1b[31m" in bad


def test_a_condition_chooses_traces_and_shows_all_their_steps(show: Callable[..., Result]) -> None:
    told = show("labels", "--where", "hard = 0 AND step = 1").output
    assert "trace b" in told
    assert "2 + 3 = 6" in told
    assert "trace a" not in told


def test_a_step_of_unknown_label_has_a_sign_of_its_own(tmp_path: Path) -> None:
    store = Store(tmp_path)
    commit(store.at("labels", DAY), [label("a", 0, "so", None)], LabelsParams())
    (only,) = read(store, store.at("labels", DAY), None, 5)
    assert (only.steps[0].label, only.question, only.gold) == (None, None, None)


def test_what_people_said_marks_the_steps_of_traces(filled: Store, tmp_path: Path) -> None:
    judged = trace("d", "one\n", "two\n", "three") | {"truths": [1, 0, None]}
    commit(filled.at("traces", DAY), [judged], LabelsParams())
    (only,) = read(filled, filled.at("traces", DAY), None, 1)
    assert [step.label for step in only.steps] == [1, 0, None]


def test_a_table_has_the_columns(show: Callable[..., Result]) -> None:
    assert "stop_rule" in show("labels", "--table").output
    assert [json.loads(line)["step"] for line in show("labels", "--json", "--limit", "9").output.splitlines()] == [
        0,
        1,
        0,
        1,
    ]


def test_a_models_text_gives_no_orders_to_the_terminal(filled: Store, show: Callable[..., Result]) -> None:
    commit(filled.at("traces", DAY), [trace("e", "\x1b[2Jgone\x9b31m", "[red]#[/]")], LabelsParams())
    for arguments in (["traces", "--date", "2026-11-22"], ["traces", "--table", "--all"]):
        told = show(*arguments).output
        assert "\x1b" not in told
        assert "\x9b" not in told
        assert "gone" in told
        assert "[red]" in told


def test_sql_joins_datasets_and_days(show: Callable[..., Result]) -> None:
    query = (
        "SELECT traces.date, count(DISTINCT trace_id) AS n, avg(hard) AS good "
        "FROM traces LEFT JOIN labels USING (trace_id) GROUP BY ALL ORDER BY ALL"
    )
    told = [json.loads(line) for line in show("--sql", query, "--json").output.splitlines()]
    assert told == [{"date": "2026-11-22", "n": 2, "good": 0.5}, {"date": "2026-11-23", "n": 1, "good": None}]


def test_sql_sees_the_partitions_that_were_asked_for(filled: Store) -> None:
    told = queried(filled, "SELECT trace_id, partition FROM traces", Selection(date=NEXT.date))
    assert told.to_pylist() == [{"trace_id": "c", "partition": str(NEXT)}]


def test_sql_sees_committed_rows_alone(filled: Store) -> None:
    commit(filled.at("traces", DAY), TRACES[:1], LabelsParams())
    told = queried(filled, "SELECT count(*) AS n FROM TRACES", Selection(date=DAY.date))
    assert told["n"].to_pylist() == [1]


def test_a_word_that_names_a_dataset_and_means_a_column_is_no_obstacle(filled: Store) -> None:
    assert queried(filled, "SELECT 1 AS consensus FROM traces", Selection()).num_rows == 3


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_text('{file}')",
        "SELECT * FROM '{file}'",
        "COPY traces TO '{file}'",
        "ATTACH '{file}' AS more",
        "SET enable_external_access = true",
        "LOAD httpfs",
    ],
)
def test_sql_reaches_nothing_outside(filled: Store, tmp_path: Path, query: str) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    with pytest.raises(BadSelection):
        queried(filled, query.format(file=secret), Selection())
    assert secret.read_text() == "a\n1\n"


def test_a_query_for_what_is_not_there_says_so(show: Callable[..., Result]) -> None:
    told = show("--sql", "SELECT * FROM judgements")
    assert told.exit_code == USAGE
    assert "no judgements are committed" in told.output + told.stderr


def test_a_query_for_an_unknown_table_names_those_there_are(show: Callable[..., Result]) -> None:
    told = show("--sql", "SELECT * FROM rollouts_of_mine")
    assert told.exit_code == USAGE
    assert "problems, traces" in told.output + told.stderr


def test_a_dataset_and_a_query_together_are_refused(show: Callable[..., Result]) -> None:
    assert show("traces", "--sql", "SELECT 1").exit_code == USAGE
    assert show().exit_code == USAGE


def test_a_shortened_file_is_damaged(filled: Store) -> None:
    file = Path(filled.at("traces", DAY).files()[0])
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(Damaged, match="were committed"):
        queried(filled, "SELECT * FROM traces", Selection())
