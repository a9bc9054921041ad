"""What a person reads when a command ends."""

import io
from collections.abc import Callable

from rich.console import Console, RenderableType

from flows.run.execute import execute
from flows.run.work import Work
from flows.views.summary import results

Make = Callable[..., Work]


def written(what: RenderableType) -> str:
    console = Console(file=io.StringIO(), width=160)
    console.print(what)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_stage_tells_its_numbers_and_where_they_lie(work: Make) -> None:
    told = written(results([execute(work(count=3))]))
    assert "problems date=2026-11-22/source=generated/run=main: committed" in told
    assert "problems/v2/date=2026-11-22/source=generated/run=main" in told
    assert "proctor show problems" in told
    assert written(results([execute(work(count=3))])).splitlines()[0].endswith("complete already")
