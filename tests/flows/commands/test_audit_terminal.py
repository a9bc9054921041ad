"""`proctor audit`, with a person whose words come from a script."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from evals.audit_sheet import SheetRow
from flows.cli import app
from flows.commands.failures import INTERRUPTED, USAGE
from flows.run.execute import execute
from flows.run.work import Work, status
from flows.stages import STAGES
from storage.store import Store
from tasks.audit import save, sheet_of
from tasks.params import AuditParams
from tests.tasks.jobs import PARTITION
from tests.tasks.test_audit import STEPS, root  # noqa: F401

Audit = Callable[..., Result]


@pytest.fixture
def audit(root: Path) -> Audit:  # noqa: F811
    """Runs the command on six steps, its standard input being `said`."""

    def run(said: str = "", *options: str) -> Result:
        arguments = ["audit", str(root / "audit.csv"), "--root", str(root), "--size", "6", *options]
        return CliRunner(env={"COLUMNS": "100"}).invoke(app, arguments, input=said)

    return run


def answers(root: Path) -> list[tuple[str, str]]:  # noqa: F811
    return [(row.answer, row.note) for row in sheet_of(str(root / "audit.csv")) if isinstance(row, SheetRow)]


def test_each_step_is_asked_with_its_question_and_what_went_before(audit: Audit, root: Path) -> None:  # noqa: F811
    told = audit("g\nbad off by one\nu\ng\ng\ng\n")
    assert told.exit_code == 0
    assert answers(root) == [("good", ""), ("bad", "off by one"), ("unsure", ""), *[("good", "")] * 3]
    for word in ("Question", "This step", STEPS[1].strip(), "6 of 6 steps are answered", "proctor run audit"):
        assert word in told.output
    assert told.output.count("Steps before") == 3, "first steps have none"


def test_nothing_that_is_shown_tells_the_label(audit: Audit) -> None:
    shown, _, _ = audit("").output.partition("good, bad or unsure?")
    assert STEPS[0].strip() in shown or STEPS[1].strip() in shown
    for word in ("hard", "good", "bad", "wrong", "success"):
        assert word not in shown


def test_it_goes_on_where_it_was_left(audit: Audit, root: Path) -> None:  # noqa: F811
    audit("g\nb\nq\n")
    assert [word for word, _ in answers(root)] == ["good", "bad", "", "", "", ""]
    told = audit("u\n")
    assert "3 of 6" in told.output
    assert "1 of 6" not in told.output
    assert [word for word, _ in answers(root)] == ["good", "bad", "unsure", "", "", ""]


def test_ctrl_c_keeps_what_was_answered(audit: Audit, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    words = iter(["g", "b"])

    def person(*_: object, **__: object) -> str:
        said = next(words, None)
        if said is None:
            raise KeyboardInterrupt
        return said

    monkeypatch.setattr("rich.console.Console.input", person)
    told = audit()
    assert told.exit_code == INTERRUPTED
    assert "2 of 6 steps are answered" in told.output
    assert [word for word, _ in answers(root)] == ["good", "bad", "", "", "", ""]


def test_a_word_that_is_none_is_asked_again_and_the_last_answer_can_be_taken_back(audit: Audit, root: Path) -> None:  # noqa: F811
    told = audit("maybe\n\ng\n<\nb\nq\n")
    assert "'maybe' is none of them" in told.output
    assert answers(root)[:2] == [("bad", ""), ("", "")]


def test_a_sheet_can_be_drawn_to_be_filled_in_elsewhere(audit: Audit, root: Path) -> None:  # noqa: F811
    told = audit("", "--only-sheet")
    assert "This step" not in told.output
    assert "Fill in `answer`" in told.output
    assert answers(root) == [("", "")] * 6


def test_a_sheet_with_lines_that_cannot_be_read_is_not_touched(audit: Audit, root: Path) -> None:  # noqa: F811
    audit("", "--only-sheet")
    sheet = root / "audit.csv"
    rows = [row for row in sheet_of(str(sheet)) if isinstance(row, SheetRow)]
    save(str(sheet), [rows[0].answered("perhaps", ""), *rows[1:]])
    before = sheet.read_bytes()
    told = audit("g\n")
    assert told.exit_code == USAGE
    assert "unknown_word" in told.output
    assert sheet.read_bytes() == before


def test_the_stage_commits_what_was_said_and_notices_more(audit: Audit, root: Path) -> None:  # noqa: F811
    audit("g\nb\nq\n")
    work = Work(STAGES["audit"], PARTITION, AuditParams(sheet=str(root / "audit.csv")), Store(root))
    assert execute(work).manifests["audits"].rows == 2
    assert execute(work).skipped
    audit("g\nq\n")
    assert status(Store(root), STAGES["audit"], PARTITION).state == "stale"
    assert execute(work).manifests["audits"].rows == 3
