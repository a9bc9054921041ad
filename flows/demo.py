"""`proctor demo`: the main job with the embedded model, sized for minutes on two cores.

It goes to `run=demo`. A demo that was begun on another day is finished, not begun anew: the newest one in storage is
taken. Everything committed: the summary comes from manifests within seconds, and Prefect, Ray and vLLM stay unimported.
"""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from flows.addresses import Wanted
from flows.execute import MAX_DEAD_RATE
from flows.launch import finished, launch
from flows.orders import PIPELINE, Order, given, order
from flows.stages import MAIN_JOB
from flows.summary import job_summary
from storage.store import Store
from tasks.engine import Resources

RUN = "demo"
MODEL = "tiny_reasoner"
SETTINGS = ("problems.count=100", "traces.samples=8", "labels.policy=binary", "labels.k=8")
"""Sized by measurement: the whole job takes under five minutes on two cores, engines and servers included."""


def run_demo(root: str, problems: int | None = None, debug: bool = False) -> None:
    """Runs what is owed of the demo, and prints the summary."""
    what = demo_order(root, problems)
    done = finished(what.works)
    console = Console()
    if done is None:
        console.print(_opening(what))
        done = launch(PIPELINE, what.arguments(), MAIN_JOB, what.root, debug)
    else:
        console.print(f"The demo is complete: everything is committed in {what.root}.", markup=False)
    console.print()
    console.print(job_summary(done))
    console.print()
    console.print(_next())


def demo_order(root: str, problems: int | None = None) -> Order:
    """The demo's order: at the newest partition that has any of it, else at today's."""
    settings = [*SETTINGS, *([f"problems.count={problems}"] if problems else [])]
    params = given(PIPELINE, None, settings, MODEL)
    begun = [each.date for each in Store(root).partitions("problems") if each.run == RUN]
    wanted = Wanted(max(begun, default=None), None, MODEL, RUN)
    return order(PIPELINE, params, wanted, Resources(), root, MAX_DEAD_RATE)


def _opening(what: Order) -> Text:
    problems, traces, labels, _ = (work.params for work in what.works)
    return Text(
        f"Proctor's main job with {MODEL}: {problems.model_dump()['count']} problems, "
        f"{traces.model_dump()['samples']} traces each, up to {labels.model_dump()['k']} rollouts a step.\n"
        "Stop it when you like (Ctrl-C): the same command goes on from there.\n"
    )


def _next() -> Text:
    lines = (
        ("proctor show labels --where 'hard = 0'", "steps that led nowhere"),
        ("proctor show prm --limit 1", "a row of training data"),
        ("proctor status", "what is stored, and in what state"),
        ("proctor run pipeline --help", "your problems, your model"),
    )
    text = Text("Next\n", "bold")
    text.append("\n".join(f"  {command:<40}{meaning}" for command, meaning in lines), "not bold")
    return text
