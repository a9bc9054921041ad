"""What a stage's code is given, and what it gives back. It knows nothing of Prefect, leases, attempts or commits."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Protocol, TypeVar

import pyarrow as pa

from storage.ledger import Ledger
from storage.partition import Partition
from storage.rows import DeadLetter
from storage.store import Location
from tasks.engines.engine import Resources
from tasks.params import Params

P = TypeVar("P", bound=Params)


class Progress(Protocol):
    """Told now and then how far a stage is: `progress(120, 400, tokens=5312)`."""

    def __call__(self, done: int, total: int, **numbers: float) -> None: ...


@dataclass(frozen=True)
class Job(Generic[P]):
    """One stage on one partition."""

    params: P
    resources: Resources
    partition: Partition
    inputs: Mapping[str, Location]
    """The committed datasets that the stage reads."""
    outputs: Mapping[str, Location]
    """The datasets that it writes. Its code uses their ledgers alone; rows are committed by the caller."""
    progress: Progress

    def kept(self, dataset: str) -> pa.Table:
        """Rows that an earlier attempt paid for, first row of an id; they need not be generated again."""
        return self.outputs[dataset].kept(self.params.generation_fingerprint())

    def kept_tables(self, dataset: str) -> Iterator[pa.Table]:
        """The same rows, some thousand at a time, where they are more than memory should hold; ids may come again."""
        return self.outputs[dataset].kept_tables(self.params.generation_fingerprint())

    def ledger(self, dataset: str) -> Ledger:
        """Where expensive rows go while they come."""
        return self.outputs[dataset].ledger(self.params.generation_fingerprint())


@dataclass(frozen=True)
class Outcome:
    """What a stage's code produced."""

    tables: Mapping[str, pa.Table | pa.RecordBatchReader]
    """By dataset, in the order in which they are to be committed; a reader where they are more than memory should
    hold (storage/placed_rows.py, storage/row_spill.py)."""
    dead: tuple[DeadLetter, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    """At least `unknown`; `ok` and `dead` are counted by the commit."""
    tokens: int = 0
    """Generated in this attempt; what was kept from earlier ones is not counted again."""
    summary: Mapping[str, Any] = field(default_factory=dict)
    """Numbers that people look at: accuracy, pass@k, labels by class."""
    model_digest: str | None = None
    checker: str | None = None

    def in_memory(self) -> "Outcome":
        """The same with every reader read into a table: for those who look at the rows, and do not commit them."""
        held = {name: rows if isinstance(rows, pa.Table) else rows.read_all() for name, rows in self.tables.items()}
        return replace(self, tables=held)
