"""Sections as a person sees them: in Markdown, on a page, as pictures."""

import base64
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.report.html import page
from tasks.report.markdown import LARGEST, WIDEST, markdown
from tasks.report.pictures import drawing, svg
from tasks.report.section import LONG, Number, Picture, Prose, Section, Table, interval, p_value, shown

TABLE = Table("Kinds", ("kind", "drop", "flagged"), (("numbers", -0.125, True), ("names", None, False)), note="paired")
HOSTILE = "<script>alert(1)</script> | `x` *y* [z](u)"


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def drawn() -> str:
    with drawing(3, 2) as (figure, axes):
        axes.plot([1, 2, 3], [1, 4, 9])
        axes.set_title("squares")
        return svg(figure)


def test_a_table_becomes_lines_with_numbers_on_the_right():
    assert markdown(Section("s", (TABLE,))).splitlines() == [
        "**Kinds**",
        "",
        "| kind | drop | flagged |",
        "|---|---:|---|",
        "| numbers | -0.125 | yes |",
        "| names |  | no |",
        "",
        "*paired*",
    ]


def test_a_long_table_says_what_it_leaves_out():
    rows = tuple((n,) for n in range(LARGEST + 7))
    told = markdown(Section("s", (Table("t", ("n",), rows),)))
    assert f"| {LARGEST - 1} |" in told
    assert f"| {LARGEST} |" not in told
    assert "7 more rows" in told


WIDE = tuple(f"c{place}" for place in range(WIDEST + 2))


def test_a_wide_table_of_few_rows_is_turned():
    rows = (("a", *range(1, len(WIDE))), ("b", *range(11, len(WIDE) + 10)))
    lines = markdown(Section("s", (Table("t", WIDE, rows),))).splitlines()
    assert lines[2:6] == ["| c0 | a | b |", "|---|---:|---:|", "| c1 | 1 | 11 |", "| c2 | 2 | 12 |"]
    assert len(lines) == 2 + 2 + len(WIDE) - 1


def test_a_wide_table_of_many_rows_comes_in_pieces_with_its_first_column():
    rows = tuple((f"r{n}", *range(1, len(WIDE))) for n in range(WIDEST))
    lines = markdown(Section("s", (Table("t", WIDE, rows),))).splitlines()
    assert "| c0 | c1 | c2 | c3 | c4 | c5 | c6 |" in lines
    assert "| c0 | c7 | c8 |" in lines
    assert "| r3 | 7 | 8 |" in lines


def test_markup_in_the_data_stays_text_in_markdown():
    told = markdown(Section("s", (Prose(HOSTILE), Table("t", ("a",), ((HOSTILE,),)))))
    assert "<script>" not in told
    assert r"\`x\` \*y\* \[z\](u)" in told
    assert told.splitlines()[-1].count("|") - told.splitlines()[-1].count(r"\|") == 2


def test_a_page_holds_all_blocks_and_needs_no_network():
    text = page("Report", "about it", [Section("First", (Prose("words"), TABLE, Picture("p", drawn(), "squares")))])
    tags = Tags(text)
    assert {"words", "about it", "Kinds", "paired", "numbers", "-0.125"} <= set(tags.texts)
    assert [each["alt"] for tag, each in tags.tags if tag == "img"] == ["squares"]
    links = [value for _, each in tags.tags for name, value in each.items() if name in ("src", "href") and value]
    assert all(link.startswith(("data:", "#")) for link in links), links


@given(st.text() | st.just(HOSTILE) | st.just('" onload="x'))
def test_no_text_adds_a_tag_or_an_attribute(text):
    def parts(text: str) -> list[tuple[str, list[str]]]:
        made = page(
            text, text, [Section(text, (Prose(text), Table(text, (text,), ((text,),)), Picture(text, "", text)))]
        )
        return [(tag, sorted(attributes)) for tag, attributes in Tags(made).tags]

    assert parts(text) == parts("x" * len(text)), "a long text may have a wider column, and no more"


def test_a_picture_is_the_same_bytes_every_time_and_its_texts_are_texts():
    assert drawn() == drawn()
    assert ">squares</text>" in drawn()
    head, _, body = Picture("p", drawn(), "a").uri.partition(",")
    assert head == "data:image/svg+xml;base64"
    assert base64.b64decode(body).decode() == drawn()


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        *((None, ""), (True, "yes"), (12345, "12,345"), (0.123456, "0.1235"), (123456.7, "123,457"), ("a", "a")),
        *((4.6641e-35, "4.7e-35"), (0.0, "0"), (Number(0.5, "half"), "half")),
        *((p_value(4.6641e-35), "< 0.001"), (p_value(0.0123), "0.012"), (p_value(None), "")),
        *((interval(-7.94, -0.81), "-7.9 … -0.8"), (interval(-0.1234, 2, digits=2), "-0.12 … +2.00")),
        (interval(None, 1.0), ""),
    ],
)
def test_values_are_written_for_people(cell, text):
    assert shown(cell) == text


def test_numbers_stay_on_one_line_sort_as_numbers_and_texts_get_room():
    table = Table("t", ("name", "p", "text"), (("a", p_value(2e-5), "x" * (LONG + 1)), ("b", None, "y")))
    tags = Tags(page("r", "", [Section("s", (table,))])).tags
    cells = [(each.get("class"), each["data-value"]) for tag, each in tags if tag == "td"]
    assert cells[:3] == [(None, "a"), ("number", "2e-05"), ("text", "x" * (LONG + 1))]
    assert cells[4] == ("number", "")


def test_a_folded_table_opens_when_asked_and_holds_its_rows():
    tags = Tags(page("r", "", [Section("s", (replace(TABLE, folded=True), TABLE))]))
    assert [tag for tag, _ in tags.tags].count("details") == 1
    assert "Kinds, 2 rows" in tags.texts
    assert tags.texts.count("numbers") == 2


def test_columns_that_hold_nothing_are_left_out():
    table = Table("t", ("a", "b", "c"), ((1, None, None), (2, None, "x"))).without_empty_columns()
    assert (table.columns, table.rows) == (("a", "c"), ((1, None), (2, "x")))


def test_a_row_of_another_length_is_refused():
    with pytest.raises(ValueError, match="table 'Kinds', row 1: 1 cells under 2 columns"):
        Table("Kinds", ("a", "b"), ((1, 2), (3,)))
