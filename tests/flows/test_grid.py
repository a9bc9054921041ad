"""The grid of partitions as a section, for the UI."""

from collections.abc import Callable

from flows.execute import execute
from flows.grid import as_section, grid
from flows.stages import STAGES
from flows.work import Work
from storage.partition import Partition
from storage.store import Store
from tasks.report.section import Table


def tables(store: Store, fits: Callable[[Partition], bool] = lambda _: True) -> list[Table]:
    return [block for block in as_section(grid(store, fits)).blocks if isinstance(block, Table)]


def test_what_is_stale_says_which_field_differs(store: Store, work: Callable[..., Work]) -> None:
    execute(work(version=99))
    states, why = tables(store)
    assert states.columns[:2] == ("partition", "problems")
    assert states.rows[0][:2] == (str(work().partition), "stale")
    said = f"stage version: 99 -> {STAGES['problems'].version}"
    assert why.rows == (("problems", str(work().partition), "stale", said),)


def test_where_all_is_as_it_should_be_there_are_no_reasons(store: Store, work: Callable[..., Work]) -> None:
    execute(work())
    [states] = tables(store)
    assert [row[1] for row in states.rows] == ["complete"]


def test_only_what_fits_is_shown(store: Store, work: Callable[..., Work]) -> None:
    execute(work())
    [states] = tables(store, lambda partition: partition.run == "other")
    assert states.rows == ()
