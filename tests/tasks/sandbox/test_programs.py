"""Programs in real processes, which try whatever a program may try."""

import asyncio
import os
import subprocess
import sys
import textwrap
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from evals.programs import MODULES, answer_of
from tasks.sandbox import programs
from tasks.sandbox.programs import CHILD, Programs, Unprotected

ROOT = Path(__file__).parents[3]
SECONDS = 0.3
MEMORY = 2**28


async def run(program: str, **limits: object):
    return await Programs(memory=MEMORY).run(textwrap.dedent(program), **({"seconds": SECONDS} | limits))  # type: ignore[arg-type]


def children() -> list[psutil.Process]:
    """Processes of programs that this process has started, and that have not ended."""
    found = []
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it has ended meanwhile, or waits for somebody to ask how
            if str(CHILD) in child.cmdline():
                found.append(child)
    return found


@pytest.fixture(autouse=True)
def nothing_is_left_behind():
    yield
    assert children() == []


@pytest.mark.parametrize(
    ("program", "answer"),
    [
        ("def solution():\n    return 0.1 + 0.2", "0.3"),
        ("answer = 2 ** 100", str(2**100)),
        ("from fractions import Fraction\nanswer = Fraction(1, 3) + Fraction(1, 6)", "1/2"),
        ("print('It is', 18)", "18"),
        ("print('18')\nraise SystemExit", "18"),
        ("import sys\nprint(18)\nsys.exit(0)", "18"),
        ("def solution():\n    return sum(n for n in range(10 ** 5) if n % 7 == 0)", "714264285"),
        ("answer = 'drei € ∑'", "drei € ∑"),
        ("if __name__ == '__main__':\n    print(5)", "5"),
        ("import math\nwhile True:\n    break\nanswer = math.comb(10, 3)", "120"),
    ],
)
async def test_a_program_computes_its_answer(program: str, answer: str) -> None:
    assert answer_of(await run(program, seconds=5)).answer == answer


async def test_every_module_that_is_promised_is_there() -> None:
    execution = await run(f"import {', '.join(MODULES)}\nanswer = 1", seconds=5)
    assert (execution.reason, execution.message) == (None, "")


HOSTILE = {
    "loops": ("while True: pass", "time_out"),
    "loops and catches all": ("while True:\n try:\n  while True: pass\n except BaseException: pass", "time_out"),
    "loops in C": ("sum(range(10 ** 12))", "time_out"),
    "loops in a regular expression": ("import re\nre.match('(a|a)*b', 'a' * 60)", "time_out"),
    "makes a huge number": ("answer = 9 ** 9 ** 9", "time_out"),
    "recurses": ("def f(): return f()\nf()", "exception"),
    "allocates 10 GB": ("x = bytearray(10 * 2 ** 30)", "memory"),
    "allocates bit by bit": ("x = []\nwhile True: x.append(bytearray(2 ** 20))", "memory"),
    "forks": ("import os\nos.fork()", "forbidden"),
    "starts a shell": ("import os\nos.system('touch /tmp/proctor-was-here')\nos.execv('/bin/sh', ['sh'])", "forbidden"),
    "imports subprocess": ("import subprocess", "import"),
    "starts a thread": ("import _thread, time\n_thread.start_new_thread(print, ())", "exception"),
    "kills its parent": ("import os\nos.kill(os.getppid(), 9)", "forbidden"),
    "kills everybody": ("import os\nos.kill(-1, 9)", "forbidden"),
    "reads a file": ("open('/etc/passwd').read()", "forbidden"),
    "lists a folder": ("import os\nos.listdir('/')", "forbidden"),
    "writes a file": ("open('/tmp/proctor-was-here', 'w').write('x')", "forbidden"),
    "removes a file": ("import os\nos.remove('/tmp/x')", "forbidden"),
    "reads what its parent was told": ("open('/proc/self/environ').read()", "forbidden"),
    "imports a library": ("import numpy", "import"),
    "imports socket": ("import socket", "import"),
    "asks for input": ("input()", "forbidden"),
    "sleeps": ("import time\ntime.sleep(1000)", "forbidden"),
    "lifts its limits": ("import resource\nresource.setrlimit(resource.RLIMIT_AS, (-1, -1))", "exception"),
    "puts its timer off": ("import signal\nsignal.setitimer(signal.ITIMER_PROF, 0)", "exception"),
    "ignores its timer": ("import signal\nsignal.signal(signal.SIGPROF, signal.SIG_IGN)", "forbidden"),
    "shuts its ears to its timer": (
        "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGPROF})\nwhile True: pass",
        "forbidden",
    ),
    "prints without end": ("while True: print('x' * 1000)", "output"),
    "prints without end and catches it": ("while True:\n try: print('x' * 1000)\n except Exception: pass", "output"),
    "writes past us": ("import os\nwhile True: os.write(1, b'x' * 1000)", "output"),
    "returns a book": ("answer = 'x' * 10 ** 6", "output"),
    "forges its record": ("import os\nos.write(1, b'null\\n')\nos._exit(0)", "crash"),
    "exits": ("import sys\nsys.exit(3)", "exception"),
    "exits at once": ("import os\nos._exit(0)", "crash"),
    "crashes": ("import ctypes\nctypes.string_at(1)", "crash"),
    "raises": ("1 / 0", "exception"),
    "raises what cannot be told": ("class E(Exception):\n def __str__(self): 1 / 0\nraise E", "exception"),
    "answers with what cannot be told": ("class A:\n def __str__(self): 1 / 0\nanswer = A()", "exception"),
    "is no Python": ("def solution(:", "syntax"),
    "holds a NUL": ("answer = '\0'", "syntax"),
    "is nested too deep": ("(" * 10_000, "syntax"),
    "says nothing": ("x = 1", "no_answer"),
    "returns nothing": ("def solution(): pass", "no_answer"),
    "wants arguments": ("def solution(n): return n", "exception"),
    "has half a character": ("raise ValueError('\\ud800')", "exception"),
}


def patience(trick: str) -> float:
    """Memory is filled, and found to be full, by a machine that may be busy."""
    return 10.0 if HOSTILE[trick][1] == "memory" else SECONDS


@pytest.mark.parametrize("trick", HOSTILE)
async def test_a_program_that_fails_has_its_reason(trick: str) -> None:
    program, reason = HOSTILE[trick]
    execution = await run(program, seconds=patience(trick))
    assert answer_of(execution).reason == reason, execution
    assert not Path("/tmp/proctor-was-here").exists()
    execution.message.encode()


SYSCALLS = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
answer = [libc.{call}, ctypes.get_errno()]
"""


@pytest.mark.parametrize(
    "call",
    [
        "fork()",
        "socket(2, 1, 0)",
        "open(b'/etc/passwd', 0)",
        "creat(b'/tmp/proctor-was-here', 0o600)",
        "execv(b'/bin/true', None)",
        "syscall(59, b'/bin/true', None, None)",
        "ptrace(16, 1, 0, 0)",
        "prctl(22, 0, 0, 0, 0)",
        "unshare(0x10000000)",
        "mount(b'x', b'/', b'tmpfs', 0, 0)",
        "syscall(425, 8, 0)",
        "read(0, None, 0)",
    ],
)
async def test_the_kernel_refuses_what_goes_around_python(call: str) -> None:
    assert answer_of(await run(SYSCALLS.format(call=call))).answer == "[-1, 1]"


async def test_calls_by_the_second_set_of_numbers_end_the_program() -> None:
    execution = await run("import ctypes\nctypes.CDLL(None).syscall(0x40000000 + 57)")
    assert (execution.reason, execution.message) == ("crash", "SIGSYS")


async def test_a_fork_bomb_is_one_process_that_fails() -> None:
    before = len(psutil.pids())
    bomb = """
    import os
    answer = 0
    while answer < 1000:
        try:
            os.fork()
        except PermissionError:
            answer += 1
    """
    assert answer_of(await run(bomb, seconds=5)).answer == "1000"
    assert len(psutil.pids()) < before + 50


async def test_nothing_of_the_environment_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "hunter2")
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)  # the one that is handed on, where it is there
    said = answer_of(await run("import os\nanswer = sorted(os.environ)")).answer
    assert said == "['LC_CTYPE', 'OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'PYTHONHASHSEED']"


async def test_no_descriptor_of_ours_is_open(tmp_path) -> None:
    with open(tmp_path / "secret", "w") as file:
        os.set_inheritable(file.fileno(), True)
        probe = """
        import os
        answer = []
        for number in range(100):
            try:
                os.lseek(number, 0, os.SEEK_CUR)
                answer.append(number)
            except OSError as error:
                if error.errno == 29:  # a pipe, which is open
                    answer.append(number)
        """
        assert answer_of(await run(probe)).answer == "[1, 2]"


async def test_a_program_that_waits_for_itself_is_ended_by_the_clock() -> None:
    execution = await run(
        "import _thread\nlock = _thread.allocate_lock()\nlock.acquire()\nlock.acquire()", seconds=0.05
    )
    assert (execution.reason, execution.message) == ("time_out", "it waited")


async def test_the_same_program_gives_the_same_answer_again() -> None:
    program = "import random\nanswer = [random.random(), list({'a', 'b', 'c', 'd', 'e'}), hash('x')]"
    assert (await run(program)).returned == (await run(program)).returned


async def test_failures_harm_no_other_program() -> None:
    runner = Programs(processes=2, memory=MEMORY)
    tricks = ["loops", "allocates bit by bit", "forks", "writes past us", "crashes", "exits at once"]
    hostile = [runner.run(HOSTILE[trick][0], patience(trick)) for trick in tricks]
    honest = [runner.run(f"answer = {number}", 5) for number in range(6)]
    executions = await asyncio.gather(*(each for pair in zip(hostile, honest, strict=True) for each in pair))
    assert [execution.reason for execution in executions[::2]] == [HOSTILE[trick][1] for trick in tricks]
    assert [execution.returned for execution in executions[1::2]] == ["0", "1", "2", "3", "4", "5"]


async def test_a_program_that_nobody_waits_for_any_more_is_gone() -> None:
    running = asyncio.create_task(run("while True: pass", seconds=60))
    while not children():
        await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert children() == []


@pytest.mark.faults
def test_a_killed_parent_leaves_no_program() -> None:
    script = """
    import asyncio
    from tasks.sandbox.programs import Programs
    asyncio.run(Programs().run("while True: pass", seconds=60))
    """
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], cwd=ROOT)
    try:
        deadline = time.monotonic() + 60
        while not (programs_of_it := psutil.Process(parent.pid).children()) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert programs_of_it
    finally:
        parent.kill()
        parent.wait()
    assert psutil.wait_procs(programs_of_it, timeout=10)[1] == []


async def test_modules_that_are_given_can_be_used_although_they_import_late() -> None:
    program = """
    from sympy import symbols, solve, integrate, exp, oo
    x = symbols("x")
    def solution():
        return solve(x**2 - 2, x)[1] + integrate(exp(-x), (x, 0, oo))
    """
    execution = await run(program, seconds=20, modules=("sympy",))
    assert (execution.returned, execution.message) == ("1 + sqrt(2)", "")


async def test_a_module_that_is_not_installed_stops_the_run_before_any_program() -> None:
    with pytest.raises(Unprotected, match="No module named 'no_such_module'"):
        await run("answer = 1", modules=("no_such_module",))


async def test_a_machine_on_which_no_child_is_ready_in_time_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "STARTING", 0.001)
    with pytest.raises(Unprotected, match=r"not ready within 0\.001 s"):
        await run("answer = 1")


async def test_a_machine_that_does_not_lock_programs_in_runs_none(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = CHILD.read_text().replace("ALLOW, KILL, REFUSE = 0x7FFF0000, 0x80000000, 0x00050000 | errno.EPERM", "")
    open_door = tmp_path / "child.py"
    open_door.write_text(
        source.replace("PR_SET_PDEATHSIG,", "ALLOW = KILL = REFUSE = 0x7FFF0000\nPR_SET_PDEATHSIG,", 1)
    )
    monkeypatch.setattr(programs, "CHILD", open_door)
    with pytest.raises(Unprotected, match="a file can be opened all the same"):
        await run("answer = 1")


@pytest.mark.parametrize("wrong", [{"processes": 0}, {"memory": 1000}])
def test_limits_that_are_none_are_refused(wrong: dict) -> None:
    with pytest.raises(ValueError, match="wanted are at least 1 and"):
        Programs(**wrong)
