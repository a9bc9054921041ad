"""What a person reads when a command ends."""

import io
from collections.abc import Callable

from rich.console import Console, RenderableType

from flows.run.execute import execute
from flows.run.work import Work
from flows.views.summary import job_lines, results
from storage.manifest import Manifest

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


def test_the_job_is_told_from_manifests_alone(work: Make) -> None:
    base = execute(work()).manifests["problems"]

    def manifest(rows: int, **more: object) -> Manifest:
        part = base.parts[0].model_copy(update={"rows": rows})
        counts = {"ok": rows, "dead": 0, "unknown": 0}
        return base.model_copy(update={"parts": (part,), "counts": counts, **more})

    lines = dict(
        job_lines(
            {
                "problems": manifest(100),
                "traces": manifest(400, tokens=48_000, summary={"pass@1": 0.72, "pass@4": 0.9, "majority@4": 0.78}),
                "rollouts": manifest(5_000),
                "labels": manifest(
                    1_200,
                    counts={"ok": 1_100, "dead": 3, "unknown": 100},
                    summary={
                        "good": 800,
                        "bad": 300,
                        "open": 100,
                        "rollout_tokens": 123_456,
                        "rollouts_per_trace": 12.5,
                        "label_accuracy": 0.91,
                        "first_error_accuracy": 0.8,
                    },
                ),
                "prm": manifest(390),
                "orm": manifest(400),
            }
        )
    )
    assert lines == {
        "problems": "100",
        "traces": "400, 48,000 tokens",
        "accuracy": "pass@1 72.0% · pass@4 90.0% · majority@4 78.0%",
        "labels": "1,200 steps: 800 good, 300 bad, 100 open; 3 dead letters",
        "agreement": "91.0% of labels equal the known truth of their step; "
        "80.0% of traces have their first error in its place",
        "rollouts": "5,000, 123,456 tokens, 12.5 a trace",
        "training": "390 PRM rows, 400 ORM rows",
    }
