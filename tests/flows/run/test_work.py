"""What storage says of a piece of work."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from flows.run.execute import execute
from flows.run.work import Busy, InputsMissing, Work, ancestors, input_location, status
from flows.stages import STAGES
from storage.partition import Partition
from storage.store import Store
from tasks.params import ProblemsParams, TracesParams

Make = Callable[..., Work]


def traces(store: Store, partition: Partition, run: str = "main") -> Work:
    where = partition.model_copy(update={"model": "m", "run": run})
    return Work(STAGES["traces"], where, TracesParams(), store)


def test_a_missing_input_is_named_with_the_command_that_makes_it(store: Store, partition: Partition) -> None:
    with pytest.raises(InputsMissing) as raised:
        traces(store, partition).inputs()
    assert "traces reads problems" in str(raised.value)
    assert "proctor run problems --date 2026-11-22 --source generated --run main" in str(raised.value)


def test_problems_are_shared_by_all_models(work: Make, store: Store, partition: Partition) -> None:
    execute(work())
    assert traces(store, partition).inputs()["problems"].partition == partition


def test_an_experiment_reads_from_main_what_it_does_not_have_itself(
    work: Make, store: Store, partition: Partition
) -> None:
    execute(work())
    assert traces(store, partition, "hot").inputs()["problems"].partition.run == "main"
    own = partition.model_copy(update={"run": "hot"})
    execute(work(where=own))
    assert input_location(store, "problems", own).partition.run == "hot"


def test_ancestors_are_the_manifests_of_the_inputs(work: Make, store: Store, partition: Partition) -> None:
    done = execute(work())
    assert ancestors(store, STAGES["traces"].reads, traces(store, partition).partition) == [done.manifests["problems"]]


def test_status_is_missing_then_complete_then_stale(work: Make, store: Store, partition: Partition) -> None:
    assert status(store, work().stage, partition).state == "missing"
    execute(work(count=3))
    assert status(store, work().stage, partition).state == "complete"
    assert status(store, work(version=2).stage, partition).reasons == ("stage version: 1 -> 2",)


def test_a_live_lease_shows_as_running(work: Make, store: Store, partition: Partition) -> None:
    with work().location("problems").lease("flow run brave-otter"):
        seen = status(store, work().stage, partition)
        with pytest.raises(Busy, match=r"problems at date=2026-11-22/.* is running: flow run brave-otter"):
            work().check_idle()
    assert seen.state == "running"
    work().check_idle()


def test_a_changed_source_file_makes_its_problems_stale(store: Store, partition: Partition, tmp_path) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_text('{"question": "1 + 1?", "answer": "2\\n#### 2"}\n')
    mine = Work(STAGES["problems"], partition, ProblemsParams(source="file", path=str(file)), store)
    execute(mine)
    assert status(store, mine.stage, partition).state == "complete"
    file.write_text('{"question": "1 + 2?", "answer": "3\\n#### 3"}\n')
    assert mine.committed() is None
    assert status(store, mine.stage, partition).state == "stale"
    file.unlink()
    assert status(store, mine.stage, partition).state == "complete", "what cannot be compared is not called changed"


class Asking(ProblemsParams):
    """Parameters that ask for a dataset which their stage does not always read."""

    def also_reads(self) -> tuple[str, ...]:
        return ("problems",)


def test_parameters_may_ask_for_more_inputs_and_then_depend_on_them(
    work: Make, store: Store, partition: Partition
) -> None:
    where = partition.model_copy(update={"model": "m"})
    stage = replace(STAGES["prm"], reads=(), writes=("prm",), run="tests.flows.code:no_training_rows")
    asking = Work(stage, where, Asking(), store)
    with pytest.raises(InputsMissing, match="prm reads problems"):
        asking.inputs()
    execute(work())
    done = execute(asking)
    assert [each.dataset for each in done.ancestors] == ["problems"]
    assert status(store, stage, where).state == "complete"
    execute(work(count=3))
    assert status(store, stage, where).state == "stale"
