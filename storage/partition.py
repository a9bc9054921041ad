"""A partition: the address that one slice has in every dataset, and its one canonical string.

The string is the path of the slice, and its name in run names, tags, leases and idempotency keys:

    date=2026-11-22/source=generated/model=tiny_reasoner/run=main

The keys always come in this order; `model` is left out for what no model made (problems). An experiment with
other params takes another `run`, so that it replaces nothing.
"""

from __future__ import annotations

import datetime
import re
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")
_FORM = re.compile(r"date=([^/]+)/source=([^/]+)(?:/model=([^/]+))?/run=([^/]+)")


class BadName(ValueError):
    """A text that cannot be part of a partition's path."""


def checked_name(text: str) -> str:
    """The same text. Raises BadName where a path with it could mean another place, or no place."""
    if not _NAME.fullmatch(text):
        seen = text if len(text) <= 120 else f"{text[:120]}... ({len(text):,} characters)"
        raise BadName(
            f"{seen!r} cannot be part of a path: give 1 to 120 of A-Z a-z 0-9 . _ - that start with a "
            "letter or digit (storage.partition.slug makes such a name)"
        )
    return text


Name = Annotated[str, AfterValidator(checked_name)]
"""A part of a partition, as a field of parameters."""


class Partition(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    date: datetime.date
    source: Name
    model: Name | None = None
    run: Name = "main"

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
    """A name for a path out of any name: "Qwen/Qwen3-8B" -> "Qwen-Qwen3-8B". Two names may share a slug.

    Raises BadName where there is nothing to make one of.
    """
    cleaned = re.sub(r"[^A-Za-z0-9._-]+", "-", name).lstrip("._-").rstrip("-")[:120]
    if not cleaned:
        raise BadName(f"{name!r} holds no letter or digit to make a path's name of")
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
