"""Runs programs that a model wrote, each in a process of its own that can compute and nothing else.

Guarantees, on Linux (x86_64, aarch64) and without root: a program runs in a fresh interpreter whose system calls are
on a short list of allowed ones (seccomp, tasks/sandbox/child.py), so that it cannot open, read, write or list a file,
reach a network, start a process or a thread, signal one, wait, or lift these limits; whatever it imports or rebuilds,
the kernel refuses with "Operation not permitted". It sees no environment, no stdin and no descriptor but its own
output. CPU seconds, address space and output are bounded, and each of these ends the program alone: a counted failure
with a word of `evals.programs.REASONS`. No process outlives its run, its cancellation, or a killed parent. Hash seeds
and `random` are fixed, so a program that does not ask for the time gives the same answer again.

Does not guarantee: safety from a bug in the kernel's handling of the allowed calls or in the processor, secrecy of what
the interpreter itself holds (paths of modules), or an exact count of memory: the limit is on addresses.
A machine on which the lock does not hold runs no program: `Unprotected` is raised instead.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evals.programs import MODULES, REASONS, Execution, Reason

CHILD = Path(__file__).with_name("child.py")

LAZY = {
    "sympy": (
        "codegen.ast combinatorics concrete.delta logic.algorithms.dpll2 logic.algorithms.lra_theory physics.units "
        "assumptions.ask assumptions.facts assumptions.lra_satask assumptions.predicates assumptions.satask "
        "assumptions.sathandlers assumptions.wrapper assumptions.handlers.calculus assumptions.handlers.matrices "
        "assumptions.handlers.ntheory assumptions.handlers.order assumptions.handlers.sets "
        "matrices.expressions.factorizations matrices.expressions.fourier "
        "sets.handlers.functions sets.handlers.issubset sets.setexpr tensor.tensor"
    ),
}
"""Parts that a package imports only when it is used, which a program no longer can. Found by calling 50 functions of
sympy 1.14 that solutions use; what is missing here shows as the reason `import`."""

WAITING = 10
"""A program gets this many times its seconds by the clock, for one that waits for itself or has to share its core."""

LEAST_MEMORY = 2**27
"""Bytes without which the interpreter itself would not start."""

STARTING = 60.0
"""Seconds by the clock until the child is ready: it imports our modules, and the machine may be busy."""

OUTPUT = 20_000
"""Characters that a program may print, and as many that it may return."""

RECORD = 16 * OUTPUT
"""Bytes of the child's output that are read: JSON takes up to 12 for a character."""


class Unprotected(RuntimeError):
    """This machine cannot lock a program in, or lacks a module that programs were promised."""


class Programs:
    """Runs at most `processes` programs at once, each with `memory` bytes of address space at the most."""

    def __init__(self, processes: int = 2, memory: int = 2**30) -> None:
        if processes < 1 or memory < LEAST_MEMORY:
            raise ValueError(f"Programs({processes=}, {memory=}): wanted are at least 1 and {LEAST_MEMORY}")
        self._places = asyncio.Semaphore(processes)
        self._memory = memory

    async def run(self, program: str, seconds: float = 5.0, modules: Sequence[str] = ()) -> Execution:
        """How the program ends, within so many seconds of CPU time. It may import `MODULES` and `modules`.

        Raises Unprotected where this machine cannot lock it in, not in time, or lacks one of the modules.
        """
        async with self._places:
            child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-s", "-S", "-P", "-B", str(CHILD)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env=_environment(),
                cwd="/",
                start_new_session=True,
            )
            try:
                await _locked(child, self._order(program, seconds, modules))
                return await _watched(child, WAITING * seconds)
            finally:
                await _end(child)

    def _order(self, program: str, seconds: float, modules: Sequence[str]) -> str:
        order = {
            "parent": os.getpid(),
            "modules": [
                *MODULES,
                *modules,
                *(f"{name}.{part}" for name in modules for part in LAZY.get(name, "").split()),
            ],
            "paths": [path for path in sys.path if path.endswith("-packages")] if modules else [],
            "memory": self._memory,
            "seconds": seconds,
            "output": OUTPUT,
            "program": program,
        }
        return json.dumps(order)


def _environment() -> dict[str, str]:
    """Nothing of ours but where the interpreter's own libraries are."""
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    return kept | {"PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


async def _locked(child: asyncio.subprocess.Process, order: str) -> None:
    assert child.stdin is not None, "it was asked for"
    assert child.stdout is not None, "it was asked for"
    child.stdin.write(order.encode())
    child.stdin.close()
    try:
        async with asyncio.timeout(STARTING):
            said = await child.stdout.readline()
    except TimeoutError:
        raise Unprotected(f"a child was not ready within {STARTING:g} s; run again where less else runs") from None
    if said != b'"locked"\n':
        told = json.loads(said)["unprepared"] if said.endswith(b"}\n") else f"the child said {said[:200]!r}"
        raise Unprotected(f"no program is run here: {told}. Wanted: Linux with seccomp, and all modules installed")


async def _watched(child: asyncio.subprocess.Process, seconds: float) -> Execution:
    try:
        async with asyncio.timeout(seconds):
            record = await _record(child)
            code = await child.wait() if len(record) <= RECORD else 0
    except TimeoutError:
        return Execution("time_out", message="it waited")
    return _execution(record, code)


async def _record(child: asyncio.subprocess.Process) -> bytes:
    """What the child writes, up to one byte more than is allowed."""
    assert child.stdout is not None, "it was asked for"
    record = b""
    while len(record) <= RECORD and (more := await child.stdout.read(RECORD + 1 - len(record))):
        record += more
    return record


def _execution(record: bytes, code: int) -> Execution:
    """A program that writes past us can only lie about itself: its record is read as data, and strictly."""
    if len(record) > RECORD:
        return Execution("output", message=f"more than {RECORD:,} bytes")
    if code == -signal.SIGPROF:
        return Execution("time_out")
    try:
        said: Any = json.loads(record)
        texts = [_storable(said[name]) for name in ("returned", "printed", "message")]
        reason = None if said["reason"] is None else _known(said["reason"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Execution("crash", message=signal.Signals(-code).name if code < 0 else f"exit code {code}")
    return Execution(reason, texts[0], texts[1] or "", texts[2] or "")


def _known(reason: str) -> Reason:
    return {str(word): word for word in REASONS}[reason]


def _storable(text: str | None) -> str | None:
    """The text, with a question mark for halves of surrogate pairs, which no file can hold."""
    return None if text is None else text.encode("utf-8", "replace").decode()


async def _end(child: asyncio.subprocess.Process) -> None:
    """Kills the child's whole group, and waits for it whatever else happens."""
    if child.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
    await asyncio.shield(_gone(child))


async def _gone(child: asyncio.subprocess.Process) -> None:
    """asyncio knows that a process has ended once all that it wrote is read."""
    assert child.stdout is not None, "it was asked for"
    while await child.stdout.read(RECORD):
        pass
    await child.wait()
