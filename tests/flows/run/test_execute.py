"""What happens around a stage's code: skip, lease, attempt, commit."""

from collections.abc import Callable

import pytest

from flows.run.execute import Interrupted, Runner, execute
from flows.run.progress import watching
from flows.run.work import Work, status
from storage.commit import InvalidData
from storage.lease import LeaseHeld
from storage.ledger import Ledger
from tests.flows import code

Make = Callable[..., Work]


class Notes:
    """A watcher that writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    def started(self, stage: str) -> None:
        self.told.append(("started", stage))

    def advanced(self, stage: str, done: int, total: int, numbers: object) -> None:
        self.told.append(("advanced", stage, done, total, numbers))

    def finished(self, stage: str, outcome: str) -> None:
        self.told.append(("finished", stage, outcome))


def test_commits_what_the_code_made_with_its_numbers(work: Make) -> None:
    done = execute(work(count=3), Runner(flow_run_id="run-1"))
    manifest = done.manifests["problems"]
    assert not done.skipped
    assert manifest.rows == 3
    assert manifest.counts == {"ok": 3, "dead": 0, "unknown": 0, "asked": 3}
    assert (manifest.tokens, manifest.summary, manifest.flow_run_id) == (7, {"by": {"size": 3}}, "run-1")
    assert work().location("problems").read().num_rows == 3


def test_a_second_call_finds_it_complete_and_runs_nothing(work: Make) -> None:
    first = execute(work())
    code.calls.clear()
    second = execute(work())
    assert second.skipped
    assert code.calls == []
    assert second.manifests == first.manifests


def test_other_parameters_replace_what_there_is(work: Make) -> None:
    execute(work(count=2))
    done = execute(work(count=4))
    assert not done.skipped
    assert done.manifests["problems"].generation == 2
    assert done.manifests["problems"].rows == 4


def test_a_raised_stage_version_runs_again(work: Make) -> None:
    execute(work())
    assert not execute(work(version=2)).skipped


def test_a_second_runner_is_told_who_is_at_work(work: Make) -> None:
    with work().location("problems").lease("the nightly run"), pytest.raises(LeaseHeld, match="the nightly run"):
        execute(work())


def test_a_failure_leaves_a_record_and_the_old_data(work: Make) -> None:
    execute(work())
    with pytest.raises(RuntimeError, match="out of numbers"):
        execute(work("breaks", count=5))
    seen = status(work().store, work().stage, work().partition)
    assert seen.state == "complete", "measured against its own parameters the old data still stands"
    assert "out of numbers" in str(work().location("problems").attempts()[-1].error)
    assert work().location("problems").read().num_rows == 2


def test_a_failed_partition_says_why(work: Make) -> None:
    with pytest.raises(RuntimeError):
        execute(work("breaks"))
    seen = status(work().store, work().stage, work().partition)
    assert seen.state == "failed"
    assert "RuntimeError: the generator is out of numbers" in seen.reasons[0]


def test_too_many_dead_letters_fail_the_partition_and_are_kept(work: Make) -> None:
    with pytest.raises(InvalidData, match=r"2 of 4 rows failed \(50.0%, allowed 5.0%\): unparsable 2"):
        execute(work("with_dead_letters"))
    location = work().location("problems")
    assert location.manifest() is None
    assert location.dead(location.attempts()[-1].id).num_rows == 2


def test_the_rate_of_dead_letters_that_is_allowed_can_be_raised(work: Make) -> None:
    done = execute(work("with_dead_letters"), Runner(max_dead_rate=0.5))
    assert done.manifests["problems"].counts["dead"] == 2


def test_an_interrupt_keeps_what_was_paid_for_and_gives_the_lease_back(work: Make) -> None:
    with pytest.raises(Interrupted, match=r"Kept: 2 problems\. The same command goes on from there"):
        execute(work("is_interrupted"))
    seen = status(work().store, work().stage, work().partition)
    assert seen.state == "failed"
    assert "Interrupted" in seen.reasons[0]
    assert not execute(work()).skipped


def test_an_interrupt_stays_one_where_storage_is_out_of_reach(work: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(_: Ledger) -> int:
        raise ConnectionError("the store was not reached")

    monkeypatch.setattr(Ledger, "count", unreachable)
    with pytest.raises(Interrupted, match=r"could not be counted \(the store was not reached\)"):
        execute(work("is_interrupted"))


def test_code_that_gives_other_tables_than_declared_is_named(work: Make) -> None:
    with pytest.raises(TypeError, match=r"forgets_a_table gave \[\]; the stage declares \['problems'\]"):
        execute(work("forgets_a_table"))


def test_watchers_are_told_from_start_to_end(work: Make) -> None:
    notes = Notes()
    with watching(notes):
        execute(work())
        execute(work())
    execute(work(count=9))
    assert notes.told == [
        ("started", "problems"),
        ("advanced", "problems", 2, 2, {"tokens": 7}),
        ("finished", "problems", "committed"),
        ("started", "problems"),
        ("advanced", "problems", 2, 2, {}),
        ("finished", "problems", "complete"),
    ]


def test_watchers_are_told_of_failure(work: Make) -> None:
    notes = Notes()
    with watching(notes), pytest.raises(RuntimeError):
        execute(work("breaks"))
    assert notes.told[-1] == ("finished", "problems", "failed")
