"""What is asked of the vulnerability service, and what its answers, and its silence, mean."""

import json
import subprocess
from typing import Any

import pytest

from scripts import vulnerabilities
from scripts.vulnerabilities import asked, locked, main

BAD = {
    "name": "jinja2",
    "version": "3.1.0",
    "vulns": [{"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["3.1.6"]}],
}
GOOD = {"name": "click", "version": "8", "vulns": []}
UNKNOWN = {"name": "proctor-x", "skip_reason": "Dependency not found on PyPI"}


def answers(monkeypatch: pytest.MonkeyPatch, stdout: str, stderr: str = "") -> None:
    ended = subprocess.CompletedProcess[Any]([], 1, stdout, stderr)
    monkeypatch.setattr(vulnerabilities.subprocess, "run", lambda *_, **__: ended)


def told(*packages: Any) -> str:
    return json.dumps({"dependencies": packages})


def test_versions_are_those_that_the_public_index_knows() -> None:
    assert locked("click==8.1\ntorch==2.13.0+cpu\nuvloop==0.23 ; sys_platform != 'win32'\n\n") == [
        "click==8.1",
        "torch==2.13.0",
        "uvloop==0.23",
    ]


def test_a_known_vulnerability_fails_with_the_version_that_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, told(GOOD, BAD))
    with pytest.raises(SystemExit, match=r"jinja2 3\.1\.0: PYSEC-1, fixed in 3\.1\.6"):
        main("cpu")


def test_one_that_was_accepted_by_any_of_its_names_does_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers(monkeypatch, told(GOOD, BAD, UNKNOWN))
    monkeypatch.setitem(vulnerabilities.ACCEPTED, "CVE-1", "templates are ours alone")
    main("cpu")
    assert "No known vulnerabilities in 2 of 3 packages; it does not know proctor-x." in capsys.readouterr().out


@pytest.mark.parametrize("stdout", [told(UNKNOWN, UNKNOWN), ""])
def test_silence_is_said_and_is_no_failure(
    stdout: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers(monkeypatch, stdout, "Traceback\nConnectionError: no route")
    main("cpu")
    assert capsys.readouterr().out.startswith("NOT AUDITED: ")


def test_the_tool_itself_takes_our_options() -> None:
    """It needs no network to say that there is nothing to ask."""
    assert asked([]) == []
