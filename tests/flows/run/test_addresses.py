"""Which partition a person means."""

import datetime
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.run.addresses import Unclear, Wanted, address, source_name, today, with_model
from flows.run.execute import execute
from flows.run.work import InputsMissing, Work
from flows.stages import STAGES
from storage.partition import Partition
from storage.store import Store
from tasks.arena.params import BattleImport, BattlesParams, RatingsParams
from tasks.engines.engine import EngineParams
from tasks.params import LabelsParams, ProblemsParams, TracesParams

Make = Callable[..., Work]
TRACES = STAGES["traces"]


def at(date: str, source: str = "generated", run: str = "main") -> Partition:
    return Partition(date=datetime.date.fromisoformat(date), source=source, run=run)


def test_problems_are_made_today_under_the_name_of_their_source(store: Store) -> None:
    params = ProblemsParams(source="hub", name="openai/gsm8k")
    where = address(STAGES["problems"], params, Wanted(), store)
    assert where == Partition(date=today(), source="openai-gsm8k")


def test_battles_are_read_today_under_the_name_of_their_file_and_are_of_no_model(store: Store) -> None:
    params = BattlesParams(imported=BattleImport(path="votes of may.parquet"))
    assert address(STAGES["battles"], params, Wanted(), store) == Partition(date=today(), source="votes-of-may")


def test_ratings_lie_where_their_battles_lie(tmp_path: Path) -> None:
    path = tmp_path / "votes.jsonl"
    path.write_text('{"model_a": "x", "model_b": "y", "winner": "tie"}')
    store, where = Store(tmp_path / "data"), at("2026-11-20", "votes")
    execute(Work(STAGES["battles"], where, BattlesParams(imported=BattleImport(path=str(path))), store))
    assert address(STAGES["ratings"], RatingsParams(), Wanted(), store) == where


@pytest.mark.parametrize(
    ("params", "name"),
    [
        (ProblemsParams(), "generated"),
        (ProblemsParams(source="file", path="s3://bucket/some dir/gsm8k test.jsonl"), "gsm8k-test"),
        (ProblemsParams(source="hub", name="openai/gsm8k"), "openai-gsm8k"),
    ],
)
def test_a_source_names_itself(params: ProblemsParams, name: str) -> None:
    assert source_name(params) == name


def test_the_latest_day_with_inputs_is_taken(work: Make, store: Store) -> None:
    for date in ("2026-11-20", "2026-11-21"):
        execute(work(where=at(date)))
    where = address(TRACES, TracesParams(), Wanted(), store)
    assert str(where) == "date=2026-11-21/source=generated/model=tiny_reasoner/run=main"


def test_what_was_given_is_taken_as_given(work: Make, store: Store) -> None:
    execute(work(where=at("2026-11-20")))
    execute(work(where=at("2026-11-21")))
    params = TracesParams(engine=EngineParams(model="Qwen/Qwen3-8B"))
    where = address(TRACES, params, Wanted(datetime.date(2026, 11, 20), "generated", None, "hot"), store)
    assert str(where) == "date=2026-11-20/source=generated/model=Qwen-Qwen3-8B/run=hot"


def test_several_sources_are_listed_instead_of_guessed(work: Make, store: Store) -> None:
    execute(work(where=at("2026-11-20", "gsm8k")))
    execute(work(where=at("2026-11-20", "generated")))
    with pytest.raises(Unclear, match="traces needs --source; there are generated, gsm8k"):
        address(TRACES, TracesParams(), Wanted(), store)


def test_without_any_input_the_first_command_is_named(store: Store) -> None:
    with pytest.raises(InputsMissing, match=r"labels reads traces; .* First: proctor run traces"):
        address(STAGES["labels"], LabelsParams(), Wanted(), store)


def test_a_partition_of_an_attempt_that_failed_is_no_input(work: Make, store: Store) -> None:
    with pytest.raises(RuntimeError):
        execute(work("breaks"))
    with pytest.raises(InputsMissing):
        address(TRACES, TracesParams(), Wanted(), store)


def test_traces_are_named_after_their_model(store: Store) -> None:
    params = TracesParams(engine=EngineParams(model="Qwen/Qwen3-8B"))
    assert with_model(TRACES, params, at("2026-11-20"), store).model == "Qwen-Qwen3-8B"
    named = at("2026-11-20").model_copy(update={"model": "mine"})
    assert with_model(TRACES, params, named, store) == named
    assert with_model(STAGES["problems"], ProblemsParams(), at("2026-11-20"), store).model is None
