"""A partition: the address that one slice has in every dataset, and its one canonical string.

The string is the path of the slice, and its name in run names, tags, leases and idempotency keys:

    date=2026-11-22/source=generated/model=tiny_reasoner/run=main

The keys always come in this order; `model` is left out for what no model made (problems). An experiment with
other params takes another `run`, so that it replaces nothing.
"""

from __future__ import annotations

import datetime
import re
from typing import Self

from pydantic import BaseModel, ConfigDict, field_validator

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")
_FORM = re.compile(r"date=([^/]+)/source=([^/]+)(?:/model=([^/]+))?/run=([^/]+)")


class Partition(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    date: datetime.date
    source: str
    model: str | None = None
    run: str = "main"

    @field_validator("source", "model", "run")
    @classmethod
    def _is_a_name(cls, value: str | None) -> str | None:
        if value is not None and not _NAME.fullmatch(value):
            raise ValueError(
                f"{value!r} cannot be part of a path: give 1 to 120 of A-Z a-z 0-9 . _ - that start with a "
                "letter or digit (storage.partition.slug makes such a name)"
            )
        return value

    def __str__(self) -> str:
        model = f"/model={self.model}" if self.model is not None else ""
        return f"date={self.date.isoformat()}/source={self.source}{model}/run={self.run}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The inverse of `str`; raises ValueError for any other spelling of the same partition."""
        found = _FORM.fullmatch(text)
        if not found:
            raise ValueError(f"{text!r} is no partition: write date=YYYY-MM-DD/source=NAME[/model=NAME]/run=NAME")
        day, source, model, run = found.groups()
        return cls(date=_day(day, text), source=source, model=model, run=run)

    def without_model(self) -> Self:
        """Where the data of this slice lies that no model made."""
        return self.model_copy(update={"model": None})


def slug(name: str) -> str:
    """A name for a path out of any name: "Qwen/Qwen3-8B" -> "Qwen-Qwen3-8B". Two names may share a slug."""
    cleaned = re.sub(r"[^A-Za-z0-9._-]+", "-", name).lstrip("._-").rstrip("-")[:120]
    if not cleaned:
        raise ValueError(f"{name!r} holds no letter or digit to make a path's name of")
    return cleaned


def _day(day: str, text: str) -> datetime.date:
    # fromisoformat also reads 20261122 and 2026-W47-7, which would give one partition several names.
    try:
        parsed = datetime.date.fromisoformat(day)
    except ValueError:
        parsed = None
    if parsed is None or parsed.isoformat() != day:
        raise ValueError(f"{day!r} in {text!r} is no date: write YYYY-MM-DD")
    return parsed
