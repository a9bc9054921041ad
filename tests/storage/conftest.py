"""Stores to test against: a folder, memory, and S3 as moto speaks it. Children of a test never outlive it."""

import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from storage.store import Location
from tests.storage.s3 import Network, served
from tests.storage.samples import location

ROOT = Path(__file__).resolve().parents[2]

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def place(tmp_path: Path) -> Location:
    return location(tmp_path)


@pytest.fixture(params=["folder", "memory"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path) if request.param == "folder" else f"memory://{uuid.uuid4().hex}/store"


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """No byte of a temporary file finds room."""
    monkeypatch.setattr("tempfile.TemporaryFile", lambda **_: open("/dev/full", "w+b"))  # noqa: SIM115


@pytest.fixture(scope="session")
def s3() -> Iterator[tuple[Network, int]]:
    with served() as (network, port):
        yield network, port


@pytest.fixture
def network(s3: tuple[Network, int]) -> Iterator[Network]:
    network, _ = s3
    network.heal()
    yield network
    network.heal()


@pytest.fixture
def options(s3: tuple[Network, int], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    return {"endpoint_url": f"http://127.0.0.1:{s3[1]}", "key": "test", "secret": "test"}


@pytest.fixture
def bucket(network: Network, options: dict[str, Any]) -> str:
    import s3fs

    name = f"bucket-{uuid.uuid4().hex}"
    s3fs.S3FileSystem(**options).mkdir(name)
    return f"s3://{name}/store"


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a function of children.py in a process of its own."""
    running: list[subprocess.Popen[str]] = []

    def run(*arguments: Any) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "tests.storage.children", *map(str, arguments)]
        child = subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        running.append(child)
        return child

    yield run
    for child in running:
        child.kill()
        child.communicate()
