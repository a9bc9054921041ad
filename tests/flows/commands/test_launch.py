"""`proctor run` as a person types it, on the ephemeral server that it starts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from flows.server.temporary import is_configured

REPOSITORY = Path(__file__).resolve().parents[3]


def processes_with(setting: str) -> list[str]:
    """Processes whose environment holds `setting`."""
    found = []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        try:
            if setting.encode() in environment.read_bytes():
                found.append(environment.parent.name)
        except OSError:  # ended meanwhile, or another user's
            continue
    return found


@pytest.mark.server
@pytest.mark.timeout(400)
def test_a_run_starts_a_server_commits_and_leaves_nothing_behind(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    ran = subprocess.run(
        [sys.executable, "-m", "flows.cli", "run", "problems", "--set", "count=3", "--root", str(tmp_path / "data")],
        cwd=REPOSITORY,
        env={**environment, "PREFECT_HOME": str(tmp_path / "prefect"), "COLUMNS": "160"},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "problems date=" in ran.stdout
    assert "INFO" not in ran.stdout + ran.stderr, "Prefect's logs belong into the file"
    (log,) = (tmp_path / "data" / "logs").glob("*.log")
    assert "Finished in state" in log.read_text()
    assert "connection attempts failed" not in log.read_text()
    assert processes_with(str(tmp_path / "prefect")) == []


def test_a_server_is_configured_by_the_environment_or_by_prefects_profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))
    for name in ("PREFECT_API_URL", "PREFECT_PROFILE", "PREFECT_PROFILES_PATH"):
        monkeypatch.delenv(name, raising=False)
    assert not is_configured()
    (tmp_path / "profiles.toml").write_text(
        'active = "ours"\n[profiles.ours]\nPREFECT_API_URL = "http://prefect:4200/api"\n[profiles.other]\n'
    )
    assert is_configured()
    monkeypatch.setenv("PREFECT_PROFILE", "other")
    assert not is_configured()
    monkeypatch.setenv("PREFECT_API_URL", "http://prefect:4200/api")
    assert is_configured()
