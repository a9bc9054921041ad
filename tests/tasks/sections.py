"""Sections as tests read them."""

from typing import Any

from tasks.report.section import Section, Table


def by_first_cell(told: Section, title: str) -> dict[Any, tuple[Any, ...]]:
    """The rows of the table of this title."""
    [found] = [block for block in told.blocks if isinstance(block, Table) and block.title == title]
    return {first: tuple(others) for first, *others in found.rows}
