"""The command's options and parameters that become paths: bad ones end it at once, with words of what is right."""

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli import app
from flows.commands.failures import USAGE
from flows.stages import STAGES
from tasks.params import ProblemsParams
from tasks.records import SourceError

OUT = ["../x", "/etc/passwd", "a/../../b", "..", "%2e%2e", "x" * 300]


@pytest.mark.parametrize("name", OUT)
@pytest.mark.parametrize("option", ["--source", "--run"])
def test_a_name_that_leads_out_is_refused(tmp_path: Path, option: str, name: str) -> None:
    said = refused(tmp_path, "problems", option, name)
    assert f"{option} '{name[:80]}" in said
    assert "give 1 to 120 of A-Z a-z 0-9" in said


@pytest.mark.parametrize("name", ["..", "/", "\u202e"])
def test_a_model_without_a_letter_is_refused(tmp_path: Path, name: str) -> None:
    assert "holds no letter or digit" in refused(tmp_path, "traces", "--model", name)


def test_a_day_is_a_day(tmp_path: Path) -> None:
    assert "does not match the format" in refused(tmp_path, "problems", "--date", "../2026-01-02")


@pytest.mark.parametrize(
    "path", ["a\0b", "a\0b/c.jsonl", "../nowhere.jsonl", "x" * 5000, "..", "/etc/passwd", "%2e%2e"]
)
def test_a_file_of_problems_that_cannot_be_read_is_named(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    with pytest.raises(SourceError, match=r"give a|is no \.jsonl or \.parquet file|cannot be opened") as caught:
        STAGES["problems"].source_digests(ProblemsParams(source="file", path=path))
    assert repr(path)[1:-1] in str(caught.value)


@pytest.mark.parametrize(
    ("stage", "setting"),
    [
        ("strategies", 'verifiers={"process": {"kind": "process", "run": "../../x"}}'),
        ("recipe", "greedy_run=../../x"),
        ("ratings", 'also=["battles/date=2026-01-02/source=../run=main"]'),
    ],
)
def test_a_parameter_that_names_another_partition_is_refused(tmp_path: Path, stage: str, setting: str) -> None:
    assert "cannot be part of a path" in refused(tmp_path, stage, "--set", setting)


def refused(tmp_path: Path, stage: str, *options: str) -> str:
    """What is said; the folder beside the root is as it was."""
    root = tmp_path / "data"
    ended = CliRunner(env={"COLUMNS": "1000"}).invoke(app, ["run", stage, "--root", str(root), *options])
    assert ended.exit_code == USAGE, ended.output
    assert names(tmp_path) <= {"data"}
    return ended.output


def names(folder: Path) -> set[str]:
    return set(os.listdir(folder))
