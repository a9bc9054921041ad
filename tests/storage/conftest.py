"""Stores to test against: a folder, memory, and S3 as moto speaks it. Children of a test never outlive it."""

import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from storage.store import Location
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
