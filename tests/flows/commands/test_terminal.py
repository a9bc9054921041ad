"""What a person sees while stages run."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import Progress

from flows.commands.terminal import Bars, TimeLeft, describe, log_path, show_error

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=120)


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_bars_tell_what_each_stage_did(console: Console) -> None:
    with Bars(console, ("problems", "traces", "labels")) as bars:
        bars.started("problems")
        bars.finished("problems", "complete")
        bars.started("traces")
        bars.advanced("traces", 3, 12, {"tokens": 5312})
        bars.finished("traces", "failed")
    problems, traces, labels = written(console).strip().splitlines()
    assert "complete" in problems
    assert "3/12" in traces
    assert "failed" in traces
    assert "waits" in labels


def test_the_next_bar_says_that_its_engine_starts(console: Console) -> None:
    with Bars(console, ("problems", "traces")) as bars:
        bars.started("problems")
        bars.finished("problems", "committed")
    assert "starts" in written(console).splitlines()[-1]


def test_marks_tell_bars_of_one_name_apart(console: Console) -> None:
    with Bars(console, ("traces", "traces"), ("late, concise", "early, concise")) as bars:
        for tokens in (5312, 618):
            bars.started("traces")
            bars.advanced("traces", 12, 12, {"tokens": tokens})
            bars.finished("traces", "committed")
    late, early = written(console).strip().splitlines()
    assert "5,312 tokens late, concise" in late
    assert "618 tokens early, concise" in early


def test_bars_take_a_stage_that_nobody_announced(console: Console) -> None:
    with Bars(console, ()) as bars:
        bars.started("traces")
        bars.advanced("traces", 12, 12, {"tokens": 5312, "rollouts": 800})
        bars.finished("traces", "committed")
    assert "12/12" in written(console)
    assert "5,312 tokens · 800 rollouts" in written(console)


def test_numbers_are_told_in_words() -> None:
    assert describe({"dead_letters": 2.0}) == "2 dead letters"


def test_an_error_is_one_block_and_its_brackets_are_text(console: Console) -> None:
    show_error(console, "Not good", "row [red]7[/] is odd", ["", "Log: here.log"])
    assert "row [red]7[/] is odd" in written(console)
    assert "Log: here.log" in written(console)


def test_logs_lie_in_the_data_root_or_beside_a_remote_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert log_path(str(tmp_path / "data"), "demo").parent == tmp_path / "data" / "logs"
    assert log_path("s3://bucket/data", "demo").parent.resolve() == tmp_path / "proctor-logs"


def test_quiet_takes_what_any_process_prints(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys\nfrom pathlib import Path\nfrom flows.commands.terminal import quiet\n"
        f"with quiet(Path({str(tmp_path / 'a.log')!r})) as console:\n"
        "    print('ours'); print('trouble', file=sys.stderr); subprocess.run(['echo', 'a child'])\n"
        "    console.print('for the person')\n"
        "print('after')\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True)
    assert ran.stdout == "for the person\nafter\n"
    assert ran.stderr == ""
    assert sorted((tmp_path / "a.log").read_text().splitlines()) == ["a child", "ours", "trouble"]


def test_a_bar_says_how_long_it_will_still_take_and_in_the_end_how_long_it_took() -> None:
    now = 0.0
    progress = Progress(TimeLeft(), get_time=lambda: now)
    bar = progress.add_task("labels", total=400)
    progress.update(bar, completed=10)
    now = 10.0
    progress.update(bar, completed=110)
    task = progress.tasks[0]
    assert TimeLeft().render(task).plain == "0:00:29 left"
    now = 40.0
    progress.update(bar, completed=400)
    assert TimeLeft().render(task).plain == "0:00:40"


def test_a_line_of_the_dearest_stage_fits_into_a_narrow_terminal() -> None:
    console = Console(file=io.StringIO(), width=80)
    with Bars(console, ("labels",)) as bars:
        bars.started("labels")
        bars.advanced("labels", 799, 8000, {"rollouts": 12_345, "tokens a label": 17.2})
    assert "799/8000" in written(console)
    assert "12,345 rollouts · 17 tokens a label" in written(console)
