"""`proctor demo` as a person types it: the embedded model in a real vLLM engine, and a second time from storage."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from storage.store import Store

REPOSITORY = Path(__file__).resolve().parents[2]
HEAVY = ["prefect", "ray", "vllm", "torch", "transformers", "datasets"]
AGAIN = """
import json, sys
from flows.cli import app
app(["demo", "--problems", "20", "--root", sys.argv[1]], standalone_mode=False)
print(json.dumps([name for name in json.loads(sys.argv[2]) if name in sys.modules]))
"""


def run(*arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=home,
        env={**environment, "PYTHONPATH": str(REPOSITORY), "PREFECT_HOME": str(home / "prefect"), "COLUMNS": "160"},
        capture_output=True,
        text=True,
    )


@pytest.mark.engine
@pytest.mark.server
@pytest.mark.timeout(900)
def test_the_demo_runs_every_part_and_then_tells_it_from_storage(tmp_path: Path) -> None:
    root = tmp_path / "data"
    first = run("-m", "flows.cli", "demo", "--problems", "20", "--root", str(root), home=tmp_path)
    assert first.returncode == 0, first.stdout + first.stderr
    for line in ("pass@1", "majority@8", "rollouts", "PRM rows", "AUROC", "weighted", "identity", "late, concise"):
        assert line in first.stdout, line
    assert "6 with style held equal" in first.stdout
    assert re.search(r"distractor [-+]\d+\.\d \([-+]\d+\.\d to [-+]\d+\.\d\)", first.stdout), (
        "what chance may do is said"
    )
    assert (tmp_path / "demo.html").stat().st_size > 100_000, "pictures are in the page"
    (where,) = Store(root).partitions("labels")
    assert len(Store(root).partitions("traces")) == 6, "three checkpoints in two prompt styles"
    assert (where.source, where.model, where.run) == ("generated", "tiny_reasoner", "demo")

    started = time.monotonic()
    again = run("-c", AGAIN, str(root), json.dumps(HEAVY), home=tmp_path)
    seconds = time.monotonic() - started
    *told, loaded = again.stdout.splitlines()
    assert again.returncode == 0, again.stderr
    assert "The demo is complete" in told[0]
    assert told[1:] == first.stdout[first.stdout.index("\nproblems ") :].rstrip("\n").splitlines(), "the same summary"
    assert json.loads(loaded) == []
    assert seconds < 30, "a few seconds, on a machine that is not busy"
