"""The grid of partitions: as a section for the UI, as words or signs for a terminal."""

import io
from collections.abc import Callable

from rich.console import Console

from flows.run.execute import execute
from flows.run.work import Work
from flows.stages import STAGES
from flows.views.grid import as_section, for_terminal, grid
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


def test_a_narrow_terminal_gets_signs_under_whole_names(store: Store, work: Callable[..., Work]) -> None:
    execute(work())
    execute(work(where=work().partition.model_copy(update={"run": "other"}), version=99))
    wide, narrow = (Console(file=io.StringIO(), width=width) for width in (120, 50))
    for console in (wide, narrow):
        console.print(for_terminal(grid(store, lambda _: True), console))
    words, signs = (console.file.getvalue() for console in (wide, narrow))
    assert "complete" in words
    assert "✓" not in words
    heads = signs.splitlines()[: len("problems")]
    assert "problems" in ["".join(column) for column in zip(*(head.ljust(50) for head in heads), strict=True)]
    assert "✓" in signs
    assert "~ stale" in signs
