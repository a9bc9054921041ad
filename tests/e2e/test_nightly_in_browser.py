"""A night from the deployment to the browser: what a person sees there is what the manifests and the rows say."""

import datetime
import re
from collections.abc import Iterator
from typing import Any

import pyarrow.compute as pc
import pytest
from playwright.sync_api import expect

from flows.stages import MAIN_JOB, STAGES, place
from storage.manifest import Manifest
from storage.partition import Partition
from storage.store import Location, Store
from tests.e2e.person import CHROMIUM, READ, Person, person
from tests.e2e.service import AUTH, Service, proctor_up
from tests.flows.views.test_nights import night as commit_night

pytestmark = [
    pytest.mark.skipif(
        CHROMIUM is None, reason="nothing was looked at: no chromium on PATH (apt-get install chromium)"
    ),
    pytest.mark.server,
    pytest.mark.engine,
    pytest.mark.timeout(900),
]

DAY = datetime.date(2026, 1, 2)
BEFORE, BASELINE = DAY - datetime.timedelta(days=1), DAY - datetime.timedelta(days=7)
PARTITION = Partition(date=DAY, source="generated", model="tiny_reasoner")
SMALL: dict[str, Any] = {
    "problems": {"count": 20},
    "traces": {"samples": 2},
    "labels": {"policy": "binary", "k": 4},
    "verifier": {"target": "hard", "epochs": 1},
    "strategies": {"ns": [1, 2]},
    "perturb": {"kinds": ["numbers", "distractor"], "variants": 1},
    "robustness": {"replicates": 99},
}
RAN = (*MAIN_JOB, "verifier", "verify", "strategies", "perturb", "trials", "robustness")
DATASETS = [STAGES[stage].shows or STAGES[stage].main for stage in RAN]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with proctor_up(tmp_path_factory.mktemp("up")) as started:
        yield started


@pytest.fixture(scope="module")
def night(service: Service) -> dict[str, Any]:
    """The flow run, with two earlier nights in the store to compare it with."""
    for day, right in ((BEFORE, 3), (BASELINE, 6)):
        commit_night(Store(service.root), PARTITION.model_copy(update={"date": day}), right, 12 - right)
    return service.run("nightly/nightly", {"date": str(DAY), "baseline": str(BASELINE), **SMALL})


@pytest.fixture(scope="module")
def reader(service: Service, night: dict[str, Any]) -> Iterator[Person]:
    with person(service.url) as somebody:
        somebody.log_in(AUTH)
        expect(somebody.page.get_by_role("link", name="Dashboard")).to_be_visible()
        yield somebody


def location(service: Service, dataset: str) -> Location:
    return Store(service.root).at(dataset, place(dataset, PARTITION))


def accuracy(service: Service) -> float:
    """Of the night's traces: the mean over problems of their decided rows."""
    rows = location(service, "traces").read(["problem_id", "verdict"]).to_pylist()
    verdicts: dict[str, list[bool]] = {}
    for row in rows:
        if row["verdict"] != "unknown":
            verdicts.setdefault(row["problem_id"], []).append(row["verdict"] == "correct")
    return sum(sum(each) / len(each) for each in verdicts.values()) / len(verdicts)


def manifest(service: Service, dataset: str) -> Manifest:
    told = location(service, dataset).manifest()
    assert told, f"{dataset} is not committed"
    return told


def test_nobody_gets_in_without_the_password(service: Service, night: dict[str, Any]) -> None:
    with person(service.url) as stranger:
        stranger.log_in("proctor:guessed")
        expect(stranger.page.get_by_text("Invalid credentials")).to_be_visible()
        stranger.open_run(night["id"])
        expect(stranger.page.locator("input[type=password]")).to_be_visible()


def test_the_run_s_page_says_that_the_night_is_complete(reader: Person, night: dict[str, Any]) -> None:
    assert night["state_type"] == "COMPLETED", night["state"]["message"]
    page = reader.open_run(night["id"])
    expect(page.get_by_text(f"nightly {DAY}").first).to_be_visible()
    expect(page.get_by_text("Completed").first).to_be_visible()
    page.get_by_role("tab", name="Task Runs").click()
    expect(page.get_by_text(f"report {PARTITION}").first).to_be_visible()
    reader.hide_artifacts()
    reader.picture("ui_run")


@pytest.mark.parametrize("dataset", DATASETS)
def test_counts_rates_and_costs_are_those_of_the_manifest(reader: Person, service: Service, dataset: str) -> None:
    told, seen = manifest(service, dataset), reader.numbers(dataset)
    assert int(seen["rows"]) == sum(part.rows for part in told.parts)
    assert {name: int(seen[name]) for name in told.counts} == told.counts
    attempted = told.rows + told.counts["dead"]
    if attempted:
        assert float(seen["dead rate"]) == pytest.approx(told.counts["dead"] / attempted, abs=1e-6)
        assert float(seen["unknown rate"]) == pytest.approx(told.counts["unknown"] / attempted, abs=1e-6)
    assert int(seen["tokens"]) == told.tokens
    assert float(seen["seconds"]) == pytest.approx(told.seconds, abs=1e-3)
    for name, value in told.summary.items():
        if type(value) in (int, float) and name not in told.counts:
            assert float(seen[name]) == pytest.approx(value), name
    if dataset == "labels":
        reader.open_artifact("labels-numbers")
        reader.picture("ui_numbers")


def test_rates_of_labels_and_traces_are_those_of_the_rows(reader: Person, service: Service) -> None:
    labels, traces = reader.numbers("labels"), reader.numbers("traces")
    hard = location(service, "labels").read(["hard"])["hard"]
    good, bad = pc.sum(hard).as_py(), pc.sum(pc.equal(hard, 0)).as_py()
    assert (int(labels["good"]), int(labels["bad"])) == (good, bad)
    assert float(labels["bad share"]) == pytest.approx(bad / (good + bad), abs=1e-6)
    verdicts = location(service, "traces").read(["verdict"])["verdict"].to_pylist()
    assert int(traces["rows"]) == len(verdicts) == 40
    if "unknown" not in verdicts:
        assert float(traces["pass@1"]) == pytest.approx(verdicts.count("correct") / len(verdicts))


def test_lineage_is_drawn_with_rows_and_digests(reader: Person, service: Service) -> None:
    page = reader.open_artifact("labels-lineage")
    graph = page.locator("svg[id^=mermaid], .mermaid svg").first
    expect(graph).to_contain_text("labels")
    drawn = " ".join(graph.text_content().split())  # type: ignore[union-attr]
    for dataset in ("problems", "traces", "rollouts", "labels"):
        told = manifest(service, dataset)
        assert re.search(rf"{dataset}\s*{told.rows:,} rows\s*{told.digest[:8]}", drawn), drawn
    reader.picture("ui_lineage")


@pytest.mark.parametrize("key", ["strategies-picture-1", "effects-picture-1", "nightly-picture-1"])
def test_pictures_are_drawn(reader: Person, key: str) -> None:
    image = reader.open_artifact(key).locator("img[src^='data:image/svg+xml']").first
    assert reader.drawn(image)["width"] > 300
    if key == "strategies-picture-1":
        reader.picture("ui_picture", height=570)


def test_the_night_is_compared_with_the_one_before_and_with_the_baseline(reader: Person, service: Service) -> None:
    reader.open_artifact("nightly-report")
    told = reader.tables()
    assert told["against"] == [str(BEFORE)] * 2 + [f"{BASELINE} (baseline)"] * 2
    assert told["rate"] == ["correct answers", "good steps"] * 2
    assert [float(each) for each in told["then"]] == [0.25, 0.25, 0.5, 0.5]
    assert float(told["now"][0]) == float(told["now"][2]) == pytest.approx(accuracy(service), abs=1e-4)
    for then, now, change, low, high in zip(*map(told.get, ("then", "now", "change", "low", "high")), strict=True):
        assert float(low) < float(change) < float(high)
        assert float(change) == pytest.approx(float(now) - float(then), abs=2e-4)
    reader.picture("ui_night")


def test_the_night_s_page_shows_the_same_and_asks_nobody(reader: Person, service: Service) -> None:
    reader.open_artifact("nightly-page")
    path = service.root / "reports" / f"{PARTITION}.html"
    expect(reader.page.get_by_role("link", name=str(path))).to_be_visible()
    asked: list[str] = []
    page = reader.page
    page.goto("about:blank")  # the UI's page, which asks Prefect's analytics for its settings, is left behind
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    assert {url for url in asked if not url.startswith("data:")} == {path.as_uri()}
    assert re.search(r"problems\s+20\s", page.locator("table").first.inner_text()), "what was found"
    overview = page.locator("table").nth(1)
    seen = overview.locator("tbody tr").evaluate_all(READ)
    assert {row[0]: (row[2], row[4]) for row in seen} == {
        name: (f"{told.rows:,}", f"{told.tokens:,}")
        for stage in RAN
        for name in STAGES[stage].writes
        for told in [manifest(service, name)]
    }
    overview.get_by_role("columnheader", name="tokens").click()
    tokens = [int(row[4].replace(",", "")) for row in overview.locator("tbody tr").evaluate_all(READ)]
    assert tokens == sorted(tokens)
    assert tokens != [int(row[4].replace(",", "")) for row in seen], "they were in order before"
    images = page.locator("img").all()
    assert len(images) > 5
    assert all(reader.drawn(image)["width"] > 100 and reader.drawn(image)["alt"] for image in images)
    page.evaluate("scrollTo(0, 0)")
    reader.picture("report", height=800, left=0)


def test_progress_stands_at_its_end(reader: Person) -> None:
    page = reader.open_artifact("labels-progress")
    expect(page.get_by_text("(committed)").first).to_be_visible()
    expect(page.get_by_text("100%").first).to_be_visible()
