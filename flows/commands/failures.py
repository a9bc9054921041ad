"""How a command ends: the exit code and the readable block of each kind of failure."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import typer
from rich.console import Console

from evals.gates import GateFailed
from flows.backfills.launch import NotDeployed
from flows.commands.regrade import CannotRegrade
from flows.commands.terminal import show_error
from flows.orders.parameters import ParameterError
from flows.run.addresses import Unclear
from flows.run.execute import Interrupted
from flows.run.work import Busy, InputsMissing
from flows.views.diff import Incomparable
from flows.views.sql import BadSelection
from storage.commit import CommitLost, InvalidData
from storage.files import OutsideRoot, StorageFull
from storage.lease import LeaseHeld, LeaseLost
from storage.manifest import Damaged
from storage.partition import BadName
from storage.secrets import SecretGiven, masked
from storage.store import Missing
from tasks.records import SourceError

DONE, FAILED, USAGE, INPUTS_MISSING, RUNNING, INTERRUPTED, TERMINATED = 0, 1, 2, 3, 4, 130, 143

CODES = {
    DONE: "done, or there was nothing to do",
    FAILED: "a stage failed; its record and dead letters are kept",
    USAGE: "an option or a parameter is wrong",
    INPUTS_MISSING: "an input was never committed; the message gives the command that makes it",
    RUNNING: "another run is at work on the same partition",
    INTERRUPTED: "interrupted by Ctrl-C; the same command goes on from there",
    TERMINATED: "terminated by a signal; the same command goes on from there",
}


@dataclass(frozen=True)
class Failure:
    """What a person is told."""

    code: int
    title: str
    message: str
    hint: str = ""


def failure_of(error: BaseException) -> Failure:
    """The failure that `error` means; unexpected ones are named by their class."""
    text = masked(str(error) or type(error).__name__)
    match error:
        case (
            ParameterError()
            | Unclear()
            | BadSelection()
            | SourceError()
            | Incomparable()
            | BadName()
            | OutsideRoot()
            | SecretGiven()
        ):
            return Failure(USAGE, "This cannot be run", text)
        case InputsMissing():
            return Failure(INPUTS_MISSING, "An input is missing", text)
        case Missing():
            return Failure(INPUTS_MISSING, "There is nothing", text)
        case LeaseHeld() | Busy():
            return Failure(RUNNING, "Another run is at work", text)
        case Interrupted():
            return Failure(INTERRUPTED, "Interrupted", text)
        case KeyboardInterrupt():
            return Failure(INTERRUPTED, "Interrupted", "Nothing was lost: the same command goes on from here.")
        case NotDeployed():
            return Failure(FAILED, "There is no deployment", text)
        case CannotRegrade():
            return Failure(FAILED, "This cannot be regraded", text)
        case InvalidData():
            return Failure(FAILED, "The data is not good enough", text, "See what failed: proctor show dead")
        case GateFailed():
            return Failure(
                FAILED, "A gate stopped the run", text, "What was committed stays; nothing after it was made."
            )
        case CommitLost() | LeaseLost():
            return Failure(FAILED, "Another run was faster", text, "See what is there now: proctor status")
        case StorageFull():
            return Failure(FAILED, "The disk is full", text, "What was committed before is intact.")
        case Damaged():
            hint = "Its stage makes it anew, from what can still be read: proctor backfill apply STAGE --reprocess all"
            return Failure(FAILED, "Stored data is damaged", text, hint)
    if type(error).__name__ == "TerminationSignal":  # Prefect's; not imported for commands that run no flow
        return Failure(TERMINATED, "Terminated", "Nothing was lost: the same command goes on from here.")
    return Failure(FAILED, type(error).__name__, text, "proctor --debug COMMAND shows where it happened.")


@contextmanager
def failures_shown(context: typer.Context) -> Iterator[None]:
    """Turns what a command raises into one readable block and an exit code."""
    try:
        yield
    except (typer.Exit, typer.Abort, SystemExit):
        raise
    except BaseException as error:
        failure = failure_of(error)
        if context.obj:
            raise
        notes = getattr(error, "__notes__", [])
        show_error(Console(stderr=True), failure.title, failure.message, [failure.hint, *notes])
        raise typer.Exit(failure.code) from None
