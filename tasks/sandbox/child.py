"""The process in which one program runs: a script for a fresh interpreter, which knows nothing else of the project.

It reads its order (JSON) from stdin and closes it, limits itself, asks the kernel to refuse all but the system calls
that computing needs, says `locked`, runs the program, and writes one line of JSON. tasks/sandbox/programs.py starts
it, and says what all this guarantees.
"""

import builtins
import ctypes
import errno
import importlib
import io
import json
import os
import random
import resource
import signal
import struct
import sys
from typing import Any

LOCKED = "locked"

PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38
SET_MODE_FILTER, ALL_THREADS = 1, 1  # of seccomp(2); modules like numpy have started threads
ALLOW, KILL, REFUSE = 0x7FFF0000, 0x80000000, 0x00050000 | errno.EPERM
LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06  # of classic BPF
X32 = 0x40000000  # x86_64 takes calls by a second set of numbers, which begin here

# machine: (its number in <linux/audit.h>, seccomp(2), what computing needs). None of these opens, starts, waits for or
# signals anything.
MACHINES: dict[str, tuple[int, int, dict[str, int]]] = {
    "x86_64": (
        0xC000003E,
        317,
        {
            "write": 1, "close": 3, "lseek": 8, "mmap": 9, "mprotect": 10, "munmap": 11, "brk": 12,
            "rt_sigreturn": 15, "sched_yield": 24, "mremap": 25, "madvise": 28, "getpid": 39,
            "exit": 60, "gettimeofday": 96, "times": 100, "gettid": 186, "time": 201, "futex": 202,
            "restart_syscall": 219, "clock_gettime": 228, "clock_getres": 229, "exit_group": 231, "getrandom": 318,
        },
    ),
    "aarch64": (
        0xC00000B7,
        277,
        {
            "write": 64, "close": 57, "lseek": 62, "mmap": 222, "mprotect": 226, "munmap": 215, "brk": 214,
            "rt_sigreturn": 139, "sched_yield": 124, "mremap": 216, "madvise": 233,
            "getpid": 172, "exit": 93, "gettimeofday": 169, "times": 153, "gettid": 178, "futex": 98,
            "restart_syscall": 128, "clock_gettime": 113, "clock_getres": 114, "exit_group": 94, "getrandom": 278,
        },
    ),
}  # fmt: skip


class Unprotected(Exception):
    """The kernel does not refuse what it was asked to refuse."""


class TooMuch(BaseException):
    """More was printed or returned than anybody reads; no `except Exception` stops it."""


class Printed(io.TextIOBase):
    """What a program prints, up to a limit."""

    def __init__(self, limit: int) -> None:
        self._limit, self._parts, self._length = limit, list[str](), 0

    def write(self, text: str) -> int:
        self._length += len(text)
        if self._length > self._limit:
            raise TooMuch(f"more than {self._limit:,} characters")
        self._parts.append(text)
        return len(text)

    def text(self) -> str:
        return "".join(self._parts)


def main() -> None:
    order = json.loads(sys.stdin.buffer.read())
    os.close(0)
    try:
        _prepare(order)
        lock()
    except (Unprotected, ImportError, OSError) as error:
        _say({"unprepared": f"{type(error).__name__}: {error}"})
        os._exit(1)
    _say(LOCKED)
    _say(run(order["program"], order["output"]))
    os._exit(0)  # past all that the program may have left to be called at the end


def _say(said: Any) -> None:
    left = (json.dumps(said) + "\n").encode()
    while left:
        left = left[os.write(1, left) :]


# -- limits and lock ---------------------------------------------------------------------------------


def _prepare(order: dict[str, Any]) -> None:
    _libc().prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != order["parent"]:
        raise Unprotected("the parent has ended")
    sys.path += order["paths"]
    for module in order["modules"]:
        importlib.import_module(module)
    random.seed(0)
    resource.setrlimit(resource.RLIMIT_AS, (order["memory"],) * 2)
    for limit in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
        resource.setrlimit(limit, (0, 0))
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, order["seconds"])  # no program can put it off: setitimer will be refused


def lock() -> None:
    """From here on the kernel refuses every system call that is not on the list. Raises Unprotected where it does not.

    There is no way back: a process without new privileges cannot drop a filter.
    """
    machine = os.uname().machine
    if machine not in MACHINES:
        raise Unprotected(f"no list of system calls for {machine}; there is one for {', '.join(MACHINES)}")
    libc, code = _libc(), _filter(*MACHINES[machine][::2])
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise Unprotected(f"PR_SET_NO_NEW_PRIVS: {os.strerror(ctypes.get_errno())}")
    buffer = ctypes.create_string_buffer(code, len(code))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer)))
    if libc.syscall(MACHINES[machine][1], SET_MODE_FILTER, ALL_THREADS, ctypes.byref(program)):
        raise Unprotected(f"seccomp: {os.strerror(ctypes.get_errno())}")
    _check()


def _filter(architecture: int, calls: dict[str, int]) -> bytes:
    """BPF over `struct seccomp_data`: the call's number is at offset 0, the architecture at 4."""
    allowed = sorted(calls.values())
    lines = [(LOAD, 0, 0, 4), (EQUAL, 1, 0, architecture), (RETURN, 0, 0, KILL), (LOAD, 0, 0, 0)]
    lines += [(AT_LEAST, 0, 1, X32), (RETURN, 0, 0, KILL)]
    lines += [(EQUAL, len(allowed) - place, 0, number) for place, number in enumerate(allowed)]
    lines += [(RETURN, 0, 0, REFUSE), (RETURN, 0, 0, ALLOW)]
    return b"".join(struct.pack("HBBI", *line) for line in lines)


def _check() -> None:
    try:
        os.close(os.open("/", os.O_RDONLY))
    except PermissionError:
        return
    raise Unprotected("the filter is set, and a file can be opened all the same")


def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)


# -- the program -------------------------------------------------------------------------------------


def run(program: str, output: int) -> dict[str, str | None]:
    """How a program ends: `reason` (None at its end), `returned`, `printed`, `message`."""
    printed = Printed(output)
    sys.stdout = sys.stderr = printed
    reason, returned, message = None, None, ""
    try:
        returned = _result(_compiled(program), output)
    except BaseException as error:
        reason, message = _reason(error), _message(error)
    return {"reason": reason, "returned": returned, "printed": printed.text(), "message": message}


class NotPython(Exception):
    pass


def _compiled(program: str) -> Any:
    try:
        return compile(program, "<program>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, OverflowError, RecursionError) as error:
        raise NotPython(f"{type(error).__name__}: {error}") from None


def _result(code: Any, output: int) -> str | None:
    """The text of what `solution()` returns, else of what `answer` holds; None where there is neither."""
    names: dict[str, Any] = {"__name__": "__main__", "__builtins__": builtins}
    try:
        exec(code, names)  # what this process is for: it has nothing left to lose
    except SystemExit as end:
        if end.code not in (None, 0):
            raise
    solution = names.get("solution")
    value = solution() if callable(solution) else None
    value = names.get("answer") if value is None else value
    text = None if value is None else str(value)
    if text is not None and len(text) > output:
        raise TooMuch(f"an answer of {len(text):,} characters")
    return text


def _reason(error: BaseException) -> str:
    reasons: dict[type[BaseException], str] = {
        NotPython: "syntax",
        TooMuch: "output",
        MemoryError: "memory",
        PermissionError: "forbidden",
        ImportError: "import",
    }
    return next((word for kind, word in reasons.items() if isinstance(error, kind)), "exception")


def _message(error: BaseException) -> str:
    try:
        said = str(error)
    except BaseException:  # its __str__ is the program's own
        said = "?"
    return said[:300] if isinstance(error, NotPython | TooMuch) else f"{type(error).__name__}: {said}"[:300]


if __name__ == "__main__":
    main()
