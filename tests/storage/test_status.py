import datetime
from dataclasses import replace
from typing import Any

import pytest

from storage.status import Status
from storage.store import Location
from tests.storage.samples import NoLease, committed, expected, location, orms


def params(**sampling: Any) -> dict[str, Any]:
    return {"sampling": {"temperature": 0.8, "stop": ["\n\n"]} | sampling, "keep": True}


def test_missing_before_anything(root: str) -> None:
    assert location(root).status(expected()) == Status(state="missing")


def test_complete_when_made_from_what_is_expected(root: str) -> None:
    place = location(root)
    committed(place)
    assert place.status(expected()) == Status(state="complete")


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({"stage": "orm"}, ["stage: prm -> orm"]),
        ({"stage_version": 2}, ["stage version: 1 -> 2"]),
        ({"checker": "2"}, ["checker: 1 -> 2"]),
        ({"checker": None}, ["checker: 1 -> none"]),
        ({"model_digest": "m2"}, ["model digest: m1 -> m2"]),
        ({"fingerprint": "g"}, [f"fingerprint: {'f' * 32} -> g"]),
        ({"inputs": {"labels": "b" * 64}}, [f"input labels: {'a' * 12} -> {'b' * 12}"]),
        ({"inputs": {}}, [f"input labels: {'a' * 12} -> none"]),
        ({"params": params(temperature=1.0)}, ["params.sampling.temperature: 0.8 -> 1.0"]),
        ({"params": params(stop=[])}, [r'params.sampling.stop: ["\n\n"] -> []']),
        ({"params": params(top_k=5)}, ["params.sampling.top_k: absent -> 5"]),
        ({"params": params() | {"keep": 1}}, ["params.keep: true -> 1"]),
        ({"params": {"keep": True}}, ['params.sampling: {"temperature": 0.8, "stop": ["\\n\\n"]} -> absent']),
        (
            {"stage_version": 2, "checker": "2", "params": params(temperature=0)},
            ["stage version: 1 -> 2", "checker: 1 -> 2", "params.sampling.temperature: 0.8 -> 0"],
        ),
    ],
)
def test_stale_with_every_difference_named(place: Location, changes: dict[str, Any], reasons: list[str]) -> None:
    committed(place, model_digest="m1")
    assert place.status(expected(**changes)) == Status(state="stale", reasons=tuple(reasons))


def test_long_values_are_cut_but_still_said_to_differ(place: Location) -> None:
    with place.attempt(expected(params={"prompt": "x" * 100 + "a"})) as attempt:
        attempt.commit(lease=NoLease())
    (reason,) = place.status(expected(params={"prompt": "x" * 100 + "b"})).reasons
    assert reason == f"params.prompt: changed, {'x' * 57}..."


def test_what_is_recorded_only_makes_nothing_stale(place: Location) -> None:
    committed(place, model_digest="m1", code_revision="abc", flow_run_id="run", tokens=5)
    assert place.status(expected()).state == "complete"


def test_tuples_in_params_are_no_change(place: Location) -> None:
    committed(place)
    assert place.status(expected(params=params(stop=("\n\n",)))).state == "complete"


def test_params_that_are_no_json_are_refused() -> None:
    for value in (datetime.date(2026, 11, 22), {1, 2}, float("nan")):
        with pytest.raises(ValueError, match=r"plain JSON|JSON compliant"):
            expected(params={"value": value})


def test_a_raised_schema_version_makes_stale(place: Location) -> None:
    committed(place)
    newer = replace(place, dataset=replace(place.dataset, version=2))
    assert newer.status(expected(schema_version=2)) == Status(state="stale", reasons=("schema version: 1 -> 2",))


def test_running_while_a_lease_is_live_whatever_else_is_there(place: Location) -> None:
    committed(place)
    with place.lease("nightly"):
        status = place.status(expected(checker="2"))
    assert status.state == "running"
    assert status.reasons[0].startswith("nightly (host ")


def test_failed_with_the_error_of_the_last_attempt(place: Location) -> None:
    with pytest.raises(RuntimeError), place.attempt(expected()):
        raise RuntimeError("no engine")
    (attempt,) = place.attempts()
    assert place.status(expected()) == Status(
        state="failed", reasons=(f"attempt {attempt.id}: RuntimeError: no engine",)
    )


def test_failed_when_an_attempt_stopped_without_a_word(place: Location) -> None:
    place.attempt(expected()).__enter__()  # and never left, as after kill -9
    status = place.status(expected())
    assert status.state == "failed"
    assert "stopped without a word after" in status.reasons[0]


def test_failed_over_stale_data_says_both(place: Location) -> None:
    committed(place)
    with pytest.raises(RuntimeError), place.attempt(expected(checker="2")):
        raise RuntimeError("no engine")
    status = place.status(expected(checker="2"))
    assert (status.state, status.reasons[1]) == ("failed", "checker: 1 -> 2")
    assert place.status(expected()).state == "complete"  # what is committed is what is asked for


def test_a_success_after_a_failure_is_complete(place: Location) -> None:
    with pytest.raises(RuntimeError), place.attempt(expected()):
        raise RuntimeError("no engine")
    committed(place)
    assert place.status(expected()).state == "complete"
    assert place.status(expected(checker="2")).state == "stale"
    assert place.read().num_rows == len(orms(3))
