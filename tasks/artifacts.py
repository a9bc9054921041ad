"""What a run leaves in the Prefect UI: numbers, where the data came from, where it lies, and how far it is.

All of it is read from manifests, so the UI shows what storage holds. Keys are stable per dataset
(`traces-numbers`, `traces-lineage`, `traces-data`, `traces-progress`, `traces-gates`, `trees-report`,
`trees-picture-1`); `status` is the grid of partitions, `nightly-report` and `nightly-page` are of a whole night. The
UI keeps the versions of a key, one for each run.
"""

import contextvars
import logging
import threading
from collections.abc import Mapping, Sequence
from typing import cast
from uuid import UUID

from prefect.artifacts import (
    create_image_artifact,
    create_link_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)

from evals.gates import Check
from storage.manifest import Manifest
from tasks.report.figures import numbers
from tasks.report.lineage import SHORT, lineage
from tasks.report.markdown import markdown, plain
from tasks.report.section import Picture, Section

_log = logging.getLogger(__name__)


def leave(manifests: Mapping[str, Manifest], ancestors: Sequence[Manifest], addresses: Mapping[str, str]) -> None:
    """Artifacts for each dataset of `manifests`; `ancestors` are the manifests it was made from, as far as
    known."""
    for dataset, manifest in manifests.items():
        about = f"{dataset}, {manifest.partition}"
        create_table_artifact(table=numbers(manifest), key=_key(dataset, "numbers"), description=about)
        drawn = [*ancestors, *manifests.values()]
        create_markdown_artifact(markdown=lineage(dataset, drawn), key=_key(dataset, "lineage"), description=about)
        create_link_artifact(
            link=as_url(addresses[dataset]),
            link_text=addresses[dataset],
            key=_key(dataset, "data"),
            description=f"{about}: {manifest.rows:,} rows in {len(manifest.parts)} "
            f"file{'s' if len(manifest.parts) != 1 else ''}, "
            f"digest {manifest.digest[:SHORT]}. The files: `proctor status --files {dataset}`",
        )


def leave_report(dataset: str, section: Section, about: str) -> None:
    """What a stage says about its rows, as `<dataset>-report`, and its pictures, as `<dataset>-picture-1` and on."""
    create_markdown_artifact(markdown=markdown(section), key=_key(dataset, "report"), description=about)
    pictures = [block for block in section.blocks if isinstance(block, Picture)]
    for number, picture in enumerate(pictures, start=1):
        said = plain(f"{picture.title}. {picture.alt} ({about})")  # a description is Markdown too
        create_image_artifact(image_url=picture.uri, key=_key(dataset, f"picture-{number}"), description=said)


def leave_page(name: str, address: str, about: str) -> None:
    """Where a page lies that any browser opens, as `<name>-page`."""
    create_link_artifact(link=as_url(address), link_text=address, key=_key(name, "page"), description=about)


def leave_checks(dataset: str, checks: Sequence[Check], about: str) -> None:
    """What gates asked and what they met, as `<dataset>-gates`."""
    rows = [
        {"gate": str(check.gate), "value": check.value, "passed": "yes" if check.passed else "no", "said": str(check)}
        for check in checks
    ]
    create_table_artifact(table=rows, key=_key(dataset, "gates"), description=about)


def leave_status(section: Section, about: str) -> None:
    """The grid of partitions, as `status`."""
    create_markdown_artifact(markdown=markdown(section), key="status", description=about)


def _key(dataset: str, what: str) -> str:
    """Prefect takes no underscores."""
    return f"{dataset}-{what}".replace("_", "-")


def as_url(address: str) -> str:
    """A link that a browser takes: local folders become file URLs."""
    return address if "://" in address else f"file://{address}"


class ProgressBar:
    """A watcher (flows/run/progress.py) that keeps a progress artifact up to date, at most once in `seconds`.

    The stage calls from inside its event loop, where Prefect's functions would return coroutines, and it
    must not wait for a server: a thread posts the latest state. A server that does not answer costs the run
    nothing but the artifact.
    """

    def __init__(self, dataset: str, about: str, seconds: float = 5.0) -> None:
        self._key, self._about, self._seconds = _key(dataset, "progress"), about, seconds
        self._state = (0.0, about)
        self._ended = threading.Event()

    def __enter__(self) -> "ProgressBar":
        self._posted = self._state
        self._artifact = cast(UUID, create_progress_artifact(0.0, key=self._key, description=self._about))
        run_in_context = contextvars.copy_context().run  # the thread talks to this run's server
        self._thread = threading.Thread(target=run_in_context, args=(self._post_now_and_then,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(timeout=30)

    def started(self, stage: str) -> None:
        pass

    def advanced(self, stage: str, done: int, total: int, numbers: Mapping[str, float]) -> None:
        told = ", ".join(f"{value:,.0f} {name}" for name, value in numbers.items())
        self._state = (100.0 * done / max(total, 1), f"{self._about}: {done:,} of {total:,}. {told}")

    def finished(self, stage: str, outcome: str) -> None:
        done = self._state[0] if outcome == "failed" else 100.0
        self._state = (done, f"{self._state[1]} ({outcome})")

    def _post_now_and_then(self) -> None:
        while not self._ended.wait(self._seconds):
            self._post()
        self._post()

    def _post(self) -> None:
        state = self._state
        if state == self._posted:
            return
        try:
            update_progress_artifact(self._artifact, progress=min(state[0], 100.0), description=state[1])
            self._posted = state
        except Exception as error:
            _log.warning("the progress artifact %s was not updated: %s", self._key, error)
