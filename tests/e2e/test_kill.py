"""kill -9, with the real engine, the real storage and a real Ray cluster."""

import os
import random
import shutil
import signal
import time
from collections import Counter
from pathlib import Path

import pyarrow.compute as pc
import pytest

from storage.store import Location
from tasks.engines.engine import EngineParams, Resources, Sampling
from tasks.engines.journal import read_journal
from tasks.params import LabelsParams, ProblemsParams, TracesParams
from tests.e2e.places import kept_ids, kill, location, run, start, wait_until_kept

MODEL = "tiny_reasoner"
K = 8
LABELS = LabelsParams(policy="fixed", k=K, sampling=Sampling(max_tokens=128))
FEWER = LABELS.model_copy(update={"traces_per_problem": 1})
PATIENCE = 240.0
"""Seconds to wait for a driver to get somewhere."""

pytestmark = [pytest.mark.engine, pytest.mark.faults, pytest.mark.timeout(900), pytest.mark.usefixtures("ray", "model")]


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory, ray: None, model: str) -> Path:
    """Problems and traces of the embedded model, from which each test labels in a copy of its own."""
    root = tmp_path_factory.mktemp("traced")
    run(root, "problems", MODEL, ProblemsParams(count=60, seed=11))
    run(
        root,
        "traces",
        MODEL,
        TracesParams(samples=2, engine=EngineParams(model=model), sampling=Sampling(max_tokens=128)),
    )
    return root


@pytest.fixture
def root(traced: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(traced, tmp_path / "data"))


def rollouts_owed(root: Path) -> int:
    """Of `fixed(K)`: K for each different text up to a step that is not the last."""
    traces = location(root, "traces", MODEL).read().to_pylist()
    prefixes = {
        (trace["problem_id"], "".join(trace["steps"][: t + 1]))
        for trace in traces
        for t in range(len(trace["steps"]) - 1)
    }
    return K * len(prefixes)


def test_five_kills_of_the_driver_lose_nothing_that_was_kept(root: Path) -> None:
    owed = rollouts_owed(root)
    rollouts, journal = location(root, "rollouts", MODEL), root / "journal"
    resources = Resources(journal=str(journal))
    draw = random.Random(os.environ.get("PROCTOR_TEST_SEED", "kill"))
    kills: list[tuple[set[str], int]] = []
    for share in sorted(draw.uniform(0.3, 0.9) for _ in range(5)):
        driver = start(root, "labels", MODEL, LABELS, resources)
        wait_until_kept(rollouts, LABELS, int(share * owed), driver, PATIENCE)
        kill(driver)
        kept, generated = settle(rollouts, journal)
        assert len(kept) >= 0.3 * owed
        kills.append((kept, generated))
    driver = start(root, "labels", MODEL, LABELS, resources)
    assert driver.wait(PATIENCE) == 0, driver.stderr.read()  # type: ignore[union-attr]

    asked = [request for request, _ in read_journal(journal)]
    for kept, generated in kills:
        again = kept & set(asked[generated:])
        assert not again, f"{len(again)} of {len(kept)} kept rollouts were generated again"
    ids = rollouts.read()["rollout_id"].to_pylist()
    assert len(ids) == len(set(ids)) == owed
    assert max(Counter(asked).values()) <= 6, "what was lost with a kill is asked once more a run"
    labels = location(root, "labels", MODEL).read()
    others = labels.filter(pc.less(labels["step"], pc.subtract(labels["steps"], 1)))
    counted = pc.add(pc.add(others["successes"], others["failures"]), others["unknowns"])
    assert set(counted.to_pylist()) == {K}


def settle(rollouts: Location, journal: Path) -> tuple[set[str], int]:
    """What is kept, and the length of the journal, once the killed driver's actor has ended too."""
    length = -1
    while length != (length := len(read_journal(journal))):
        time.sleep(1)
    return kept_ids(rollouts, LABELS), length


def test_two_deaths_of_the_actor_change_neither_ids_nor_counts(root: Path, traced: Path) -> None:
    journal = root / "journal"
    owed = rollouts_owed(root) // 2
    driver = start(root, "labels", MODEL, FEWER, Resources(journal=str(journal)))
    for share in (0.2, 0.6):
        end = time.monotonic() + PATIENCE
        while len(finished := read_journal(journal)) < share * owed:
            assert driver.poll() is None, driver.stderr.read()  # type: ignore[union-attr]
            assert time.monotonic() < end
            time.sleep(0.1)
        os.kill(finished[-1][1], signal.SIGKILL)
    assert driver.wait(PATIENCE) == 0, driver.stderr.read()  # type: ignore[union-attr]

    assert len({pid for _, pid in read_journal(journal)}) == 3
    undisturbed = run(traced, "labels", MODEL, FEWER)
    ids = [sorted(location(place, "rollouts", MODEL).read()["rollout_id"].to_pylist()) for place in (root, traced)]
    assert ids[0] == ids[1]
    counts = location(root, "labels", MODEL).manifest()
    assert counts is not None
    assert counts.counts["dead"] == 0
    assert counts.rows == undisturbed.manifests["labels"].rows
