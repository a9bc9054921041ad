"""`proctor demo`: all of Proctor once with the embedded models, on one page.

It goes to `run=demo`. A demo that was begun on another day is finished, not begun anew: the newest one in storage is
taken. Everything committed: the summary comes from storage within seconds, and Prefect, Ray and vLLM stay unimported.
"""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.text import Text

from flows.commands.launch import finished, launch
from flows.demo.summary import demo_summary
from flows.demo.works import MODELS, PROBLEMS, RUN, demo_works, mark
from flows.orders.order import absolute_root
from flows.run.addresses import today
from flows.run.work import Work
from flows.views.report import report
from flows.views.selection import Selection
from storage.partition import Partition
from storage.store import Store


def run_demo(root: str, problems: int | None = None, debug: bool = False) -> None:
    """Runs what is owed of the demo, writes its report, and prints the summary."""
    root = absolute_root(root)
    store = Store(root)
    where = demo_partition(store)
    works = demo_works(store, where, problems or PROBLEMS)
    done = finished(works)
    ran = done is None
    console = Console()
    if done is None:
        console.print(_opening(works))
        stages, marks = [work.stage.name for work in works], [mark(work) for work in works]
        done = launch("job", _arguments(works, root), stages, root, debug, marks)
    else:
        console.print(f"The demo is complete: everything is committed in {root}.", markup=False)
    console.print()
    console.print(demo_summary(store, done))
    console.print()
    console.print(_next(_page(store, where, renew=ran)))


def demo_partition(store: Store) -> Partition:
    """The newest that has any of the demo, else today's."""
    begun = [each for each in store.partitions("problems") if each.run == RUN]
    date = max((each.date for each in begun), default=today())
    return Partition(date=date, source="generated", model=MODELS["late"], run=RUN)


def _arguments(works: list[Work], root: str) -> dict[str, object]:
    steps = [
        {"stage": work.stage.name, "partition": work.partition, "params": work.params.model_dump(mode="json")}
        for work in works
    ]
    return {"steps": steps, "root": root}


def _page(store: Store, where: Partition, renew: bool) -> str:
    """The report of the demo's partition, in the working folder."""
    page = Path("demo.html")
    if renew or not page.exists():
        page.write_text(report(store, Selection(where.date, where.source, where.model, where.run))[1], encoding="utf-8")
    return str(page)


def _opening(works: list[Work]) -> Text:
    problems, traces, labels = (work.params.model_dump() for work in works[:3])
    return Text(
        f"All of Proctor once, with the embedded models: {problems['count']} problems, {traces['samples']} traces "
        f"each,\nup to {labels['k']} rollouts a step; verifiers, strategies, variants, a leaderboard.\n"
        "Stop it when you like (Ctrl-C): the same command goes on from there.\n"
    )


def _next(page: str) -> Text:
    lines = (
        (f"open {page}", "all of this with pictures, on one page"),
        ("proctor show labels --where 'hard = 0'", "steps that led nowhere"),
        ("proctor status", "what is stored, and in what state"),
        ("proctor run pipeline --help", "your problems, your model"),
        ("proctor up", "the Prefect UI: schedules, backfills"),
    )
    text = Text("Next\n", "bold")
    text.append("\n".join(f"  {command:<40}{meaning}" for command, meaning in lines), "not bold")
    return text
