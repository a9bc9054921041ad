"""What `proctor up` starts, and what it says, without starting it; tests/e2e starts it."""

import io
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from flows.server import temporary, up
from flows.server.up import Place

AUTH = "me:correct-horse-battery"


def started(monkeypatch: pytest.MonkeyPatch, place: Place) -> tuple[dict[str, list[str]], str]:
    """The command line of each part, and the words for the person."""
    commands: dict[str, list[str]] = {}

    def start(*told: object) -> SimpleNamespace:
        _, _, name, *command = told
        commands[str(name)] = [str(each) for each in command]
        return SimpleNamespace()

    monkeypatch.setattr(up, "_start", start)
    monkeypatch.setattr(up, "_run", lambda *_: None)
    monkeypatch.setattr(up, "_wait_for", lambda *_: None)
    monkeypatch.setattr("flows.server.setup.prepare_server", lambda *_: [("Alerts", "none")])
    said = io.StringIO()
    with ExitStack() as stack:
        up._start_all(stack, place, Console(file=said, width=200))
    return commands, said.getvalue()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place("data", 4200, 6400, AUTH, "token", tmp_path)


def test_every_part_that_listens_is_told_loopback(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    commands, _ = started(monkeypatch, place)
    assert commands["server"] == ["prefect", "server", "start", "--host", "127.0.0.1", "--port", "4200"]
    assert commands["ray"][commands["ray"].index("--node-ip-address") + 1] == "127.0.0.1"
    assert "--include-dashboard=false" in commands["ray"], "whose port runs what it is sent"
    assert place.url.startswith("http://127.0.0.1:")


def test_the_server_of_a_command_listens_on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, object] = {}
    monkeypatch.setattr(temporary.ctypes, "CDLL", lambda _: SimpleNamespace(prctl=lambda *_: 0))
    monkeypatch.setattr("uvicorn.run", lambda _, **options: asked.update(options))
    temporary._serve(4200)
    assert (asked["host"], asked["port"]) == ("127.0.0.1", 4200)


def test_strangers_are_asked_for_a_password_and_a_token(place: Place) -> None:
    told = place.environment()
    assert told["PREFECT_SERVER_API_AUTH_STRING"] == AUTH
    assert told["PREFECT_SERVER_CSRF_PROTECTION_ENABLED"] == "true"
    assert (told["RAY_AUTH_MODE"], told["RAY_AUTH_TOKEN"]) == ("token", "token")


def test_a_new_password_is_said_and_a_known_one_is_not(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    _, said = started(monkeypatch, place)
    assert f"log in with {AUTH}" in said
    known = Place("data", 4200, 6400, AUTH, "token", place.logs, auth_is_known=True)
    commands, said = started(monkeypatch, known)
    assert "correct-horse" not in said + str(commands)
    assert 'PREFECT_API_AUTH_STRING="$PREFECT_SERVER_API_AUTH_STRING"' in said


def test_passwords_are_no_part_of_a_command_line(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which everybody on the machine can read."""
    commands, _ = started(monkeypatch, place)
    assert "correct-horse" not in str(commands)
