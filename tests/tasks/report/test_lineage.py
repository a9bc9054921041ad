"""Where data came from, as a graph."""

from tasks.report.lineage import lineage, lineage_picture
from tests.tasks.report.test_figures import manifest


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


def test_the_picture_says_what_each_stage_read_and_made() -> None:
    problems = manifest("problems", "1", {})
    rollouts = manifest("rollouts", "2", {"problems": "1"}, stage="labels")
    labels = manifest("labels", "3", {"problems": "1", "rollouts": "2"})
    picture = lineage_picture([problems, rollouts, labels])
    assert picture.alt == "labels from problems"
    for text in ("problems", "40 rollouts", "40 labels"):
        assert f">{text}<" in picture.svg, text


def test_what_is_read_from_elsewhere_stands_for_itself() -> None:
    battles = manifest("battles", "1", {"traces/date=2026-11-22/source=a/run=b": "2", "votes.csv": "3"})
    assert lineage_picture([battles]).alt == "battles from traces, votes.csv"


def test_a_single_dataset_is_drawn_too() -> None:
    assert lineage_picture([manifest("problems", "1", {})]).alt == "problems: made from nothing that is stored."


def test_an_arrow_that_a_longer_way_implies_is_left_out() -> None:
    problems, traces = manifest("problems", "1", {}), manifest("traces", "2", {"problems": "1"})
    chain = [problems, traces, manifest("labels", "3", {"traces": "2"})]
    shortcut = [problems, traces, manifest("labels", "3", {"problems": "1", "traces": "2"})]
    assert lineage_picture(shortcut).svg == lineage_picture(chain).svg
