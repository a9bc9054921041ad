"""What people look at of a manifest."""

import datetime

from storage.manifest import Manifest, Part
from tasks.report.figures import flattened, lineage, numbers


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


def test_lineage_draws_ancestors_first_with_short_digests() -> None:
    problems = manifest("problems", "1" * 64, {})
    traces = manifest("traces", "2" * 64, {"problems": "1" * 64})
    drawn = lineage("traces", [problems, traces])
    assert drawn.startswith("```mermaid\nflowchart LR\n")
    assert 'problems["problems<br/>40 rows<br/>11111111"]' in drawn
    assert "problems --> traces" in drawn
    assert drawn.index("problems[") < drawn.index("traces[")
    assert f"| traces | 40 | traces v1 | `{'2' * 16}` |" in drawn


def test_lineage_names_an_input_that_was_replaced_since_by_its_old_digest() -> None:
    newer = manifest("problems", "3" * 64, {})
    traces = manifest("traces", "2" * 64, {"problems": "1" * 64})
    drawn = lineage("traces", [newer, traces])
    assert 'problems["problems<br/>11111111"]' in drawn
    assert "33333333" not in drawn


def test_lineage_gives_addresses_names_that_mermaid_takes() -> None:
    address = "problems/date=2026-11-22/source=bench/run=main"
    drawn = lineage("sft", [manifest("sft", "2" * 64, {address: "1" * 64})])
    assert f'problems_date_2026_11_22_source_bench_run_main["{address}<br/>11111111"]' in drawn
    assert "problems_date_2026_11_22_source_bench_run_main --> sft" in drawn


def test_tables_of_a_summary_are_left_to_the_report() -> None:
    summary = {"kinds": ["a", "b"], "curve": [{"n": 1, "accuracy": 0.5}], "nested": {"empty": []}}
    assert dict(flattened(summary)) == {"kinds": '["a", "b"]', "nested empty": "[]"}
