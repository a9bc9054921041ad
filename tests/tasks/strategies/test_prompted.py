"""Strategies that ask a model for more than a solution, played by the stage on a model that does as it is told."""

import re
from pathlib import Path

import pytest

from evals.judge import written_verdicts
from evals.strategies.prompted import (
    BudgetForcing,
    ChainOfDraft,
    CoTDecoding,
    Critique,
    LengthTarget,
    Program,
    Revision,
    SelfRated,
    TreeOfThoughts,
)
from tasks.engines.engine import Request
from tasks.job import Outcome
from tasks.report.section import Table
from tasks.strategies.params import StrategiesParams
from tasks.strategies.report import of_rows
from tests.tasks.strategies.games import Counting, check_that_a_killed_run_goes_on, played, store

ALL = (
    Program(),
    CoTDecoding(),
    BudgetForcing(waits=2),
    LengthTarget(words=6),
    ChainOfDraft(),
    Revision(depth=2),
    Critique(),
    SelfRated(),
    TreeOfThoughts(width=2),
)


def student(request: Request) -> str:
    """Errs with every second seed where it is asked for a solution, and is right where it is asked for more."""
    said = request.prompt.partition("<user>")[2].partition("</user>")[0]
    written = request.prompt.partition("<assistant>")[2]
    numbers = re.findall(r"\d+", said.splitlines()[0])
    total = sum(map(int, numbers))
    if "```python" in said:
        return f"```python\ndef solution():\n    return {' + '.join(numbers)}\n```"
    if "Rating: NUMBER" in said:
        return f"Rating: {9 if f'#### {total}' in said else 2}"
    if "<verdicts>" in said:
        return written_verdicts(["bad"] * said.count("</step_"), ["add again"] * said.count("</step_"))
    if "<attempt>" in said or "####" in said:
        return f"Step 1: all together\n#### {total}"
    if written:
        return f"{'' if written.endswith(chr(10)) else chr(10)}#### {total}"
    return f"Step 1: a guess\n#### {total + request.seed % 2}"


@pytest.fixture
async def root(tmp_path: Path) -> Path:
    return await store(tmp_path)


def rows(outcome: Outcome) -> list[dict]:
    return outcome.tables["strategies"].to_pylist()


@pytest.mark.parametrize("settings", ALL, ids=lambda each: each.kind)
async def test_the_stage_plays_it_and_counts_its_own_tokens(root, settings):
    outcome = await played(root, Counting(student), strategies=(settings,), ns=(4,))
    assert [row["verdict"] for row in rows(outcome)].count("correct") >= 5
    cost = {row["problem_id"]: row["tokens"] for row in rows(outcome)}
    drawn = dict.fromkeys(cost, 0)
    for row in outcome.tables["strategy_samples"].to_pylist():
        drawn[row["problem_id"]] += row["tokens"]
    assert all(cost[problem] >= drawn[problem] > 0 for problem in cost), "traces that it uses are charged too"
    assert outcome.dead == ()


@pytest.mark.parametrize("settings", ALL, ids=lambda each: each.kind)
def test_parameters_name_it_by_its_kind(settings):
    said = settings.model_dump(mode="json")
    assert StrategiesParams(strategies=(said,), ns=(4,)).strategies == (settings,)


async def test_a_killed_run_asks_for_the_rest_alone_and_comes_to_the_same_rows(root, tmp_path):
    other = await store(tmp_path / "other")
    await check_that_a_killed_run_goes_on(root, other, student, strategies=ALL)


async def test_every_cell_of_the_grid_of_revisions_costs_the_same_solutions(root):
    grid = tuple(Revision(depth=depth) for depth in (1, 2, 4))
    outcome = await played(root, Counting(student), strategies=grid, ns=(4,))
    assert {row["samples"] for row in rows(outcome)} == {4}


async def test_what_it_met_is_told_by_row_and_added_up_in_the_summary(root):
    outcome = await played(root, Counting(student), strategies=(Critique(), LengthTarget(words=6)), ns=(2,))
    told = outcome.summary["strategies"]
    assert told["critique(1, verdicts)"][0]["counts"] == {"critique_of_nothing": 0, "critique_bad": 12}
    assert told["length_target(6)"][0]["counts"]["lengths_kept"] == 12


async def test_what_it_met_is_in_the_report(root):
    outcome = await played(root, Counting(student), strategies=(SelfRated(),), ns=(1, 2))
    table = of_rows(rows(outcome)).blocks[-1]
    assert isinstance(table, Table)
    assert ("self_rated(1)", 1, "ratings", 6) in table.rows
    assert ("self_rated(1)", 2, "ratings_unknown", 0) in table.rows


PROGRAMS = ["while True: pass", "open('/etc/passwd')", "import os\nos.fork()", "x = [0] * 10 ** 12", "1 / 0", "return"]


async def test_programs_that_fail_are_counted_and_the_run_goes_on(root):
    def script(request: Request) -> str:
        said = request.prompt.partition("<user>")[2]
        return f"```python\n{PROGRAMS[sum(map(ord, said.splitlines()[0])) % len(PROGRAMS)]}\n```"

    outcome = await played(root, Counting(script), strategies=(Program(seconds=0.3),), ns=(1,))
    counts = outcome.summary["strategies"]["program"][0]["counts"]
    assert sum(counts.values()) == len(rows(outcome)) == 6
    assert "program_answer" not in counts
    verdicts = {row["counts"]: row["verdict"] for row in rows(outcome)}
    for said, verdict in verdicts.items():
        assert verdict == ("unknown" if "time_out" in said or "memory" in said else "wrong")


@pytest.mark.parametrize(
    ("settings", "can", "message"),
    [
        (CoTDecoding(), {"logprobs": False}, "gives no log-probabilities"),
        (CoTDecoding(), {"continues_prefix": False}, "cannot continue a text"),
        (BudgetForcing(), {"tells_stop": False}, "does not tell which stop text"),
        (TreeOfThoughts(width=2), {"continues_prefix": False}, "cannot continue a text"),
    ],
)
async def test_an_engine_that_cannot_do_it_is_refused(root, settings, can, message):
    engine = Counting(student)
    engine.abilities = engine.abilities.model_copy(update=can)
    with pytest.raises(ValueError, match=message):
        await played(root, engine, strategies=(settings,), ns=(2,))


@pytest.mark.parametrize(
    "settings", [Program(), Revision(), Critique(), SelfRated(), ChainOfDraft()], ids=lambda s: s.kind
)
async def test_an_engine_that_only_chats_can_do_what_goes_turn_by_turn(root, settings):
    engine = Counting(student)
    engine.abilities = engine.abilities.model_copy(
        update={"continues_prefix": False, "tells_stop": False, "logprobs": False}
    )
    assert len(rows(await played(root, engine, strategies=(settings,), ns=(2,)))) == 6


async def test_what_the_budget_ends_is_unknown(root):
    outcome = await played(root, Counting(student), strategies=(Revision(depth=2),), ns=(8,), budget=512 + 40)
    assert {row["verdict"] for row in rows(outcome) if row["reason"] == "budget"} == {"unknown"}
    assert any(row["reason"] == "budget" for row in rows(outcome))
