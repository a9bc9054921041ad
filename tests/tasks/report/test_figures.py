"""What people look at of a manifest."""

import datetime

from storage.manifest import Manifest, Part
from tasks.report.figures import flattened, numbers


def manifest(dataset: str, digest: str, inputs: dict[str, str], **more: object) -> Manifest:
    values: dict[str, object] = {
        "stage": dataset,
        "stage_version": 1,
        "params": {},
        "fingerprint": "f",
        "schema_version": 1,
        "inputs": inputs,
        "dataset": dataset,
        "partition": "date=2026-11-22/source=generated/run=main",
        "generation": 1,
        "attempt": "a",
        "parts": (Part(path="part-0.parquet", rows=40, bytes=1, sha256="0"),),
        "committed_at": datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC),
        "digest": digest,
        "counts": {"ok": 38, "dead": 10, "unknown": 2},
        **more,
    }
    return Manifest.model_validate(values)


def test_numbers_hold_counts_rates_cost_and_the_summary() -> None:
    told = manifest("traces", "d", {}, tokens=500, seconds=20.0, summary={"pass": {"1": 0.7}, "ks": [1, 4]})
    assert {row["number"]: row["value"] for row in numbers(told)} == {
        "rows": 40,
        "ok": 38,
        "dead": 10,
        "unknown": 2,
        "dead rate": 0.2,
        "unknown rate": 0.04,
        "tokens": 500,
        "seconds": 20.0,
        "tokens a second": 25.0,
        "pass 1": 0.7,
        "ks": "[1, 4]",
    }


def test_a_summary_is_flattened_by_path() -> None:
    assert list(flattened({"a": {"b": {"c": 1}}, "d": "x"})) == [("a b c", 1), ("d", "x")]


def test_tables_of_a_summary_are_left_to_the_report() -> None:
    summary = {"kinds": ["a", "b"], "curve": [{"n": 1, "accuracy": 0.5}], "nested": {"empty": []}}
    assert dict(flattened(summary)) == {"kinds": '["a", "b"]', "nested empty": "[]"}
