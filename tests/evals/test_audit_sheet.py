import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from evals.audit_sheet import ANSWERS, NoSheet, SheetRow, read_sheet, word_of, write_sheet
from evals.records import Refusal

# What a spreadsheet keeps: no NUL, and line ends as \n.
TEXT = st.text(st.characters(blacklist_characters="\0\r", blacklist_categories=["Cs"]), max_size=20)
ROW = st.builds(
    SheetRow,
    label_id=st.just("a"),
    number=st.integers(1, 9),
    question=TEXT,
    steps_before=TEXT,
    step=TEXT,
    answer=st.sampled_from(["", *ANSWERS]),
    note=st.just("seen twice"),
)
HEADER = "label_id,number,question,steps_before,step,answer,note\n"


def read(text):
    return list(read_sheet(text, "audit.csv"))


@example([SheetRow("a", 1, "'=", "''+1", "'=2")])
@given(st.lists(ROW, max_size=4))
def test_what_was_written_is_read_back(rows):
    rows = [SheetRow(f"id-{n}", *list(_fields(row))[1:]) for n, row in enumerate(rows)]
    found = read(write_sheet(rows))
    assert [list(_fields(row)) for row in found] == [list(_fields(row)) for row in rows]


def _fields(row):
    return (row.label_id, row.number, row.question, row.steps_before, row.step, row.answer, row.note)


def test_a_step_that_looks_like_a_formula_is_not_run_by_a_spreadsheet():
    text = write_sheet([SheetRow("a", 1, "q", "", "=2+3")])
    assert ",'=2+3," in text
    assert read(text)[0].step == "=2+3"


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("good", "good"),
        ("g", "good"),
        (" B ", "bad"),
        ("UNSURE", "unsure"),
        ("un", "unsure"),
        ("", None),
        ("fine", None),
    ],
)
def test_words_are_known_by_their_beginning(said, word):
    assert word_of(said) == word


def test_a_wrong_word_is_refused_with_its_line_and_an_empty_one_is_still_to_be_done():
    rows = read(HEADER + 'a,1,q,"two\nlines",s,good,\nb,2,q,,s,maybe,\nc,3,q,,s,,\n\n')
    assert [(type(row), getattr(row, "line", None)) for row in rows] == [(SheetRow, 2), (Refusal, None), (SheetRow, 5)]
    refused = rows[1]
    assert (refused.kind, refused.place) == ("unknown_word", "audit.csv:4"), "a cell of two lines counts as two"
    assert refused.message == "`answer` is 'maybe'; write good, bad, unsure, or nothing yet"
    assert rows[2].answer == ""


def test_a_step_that_is_judged_twice_or_has_no_id_is_refused():
    rows = read(HEADER + "a,1,q,,s,good,\na,2,q,,s,bad,\n,3,q,,s,bad,\n")
    assert [(row.kind, row.place) for row in rows[1:]] == [
        ("judged_twice", "audit.csv:3"),
        ("no_label_id", "audit.csv:4"),
    ]
    assert "line 2" in rows[1].message


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_sheet_may_be_saved_by_any_spreadsheet(delimiter):
    text = "\ufeff" + (HEADER + "a,1,q,,s,b,off by one\n").replace(",", delimiter).replace("\n", "\r\n")
    (row,) = read(text)
    assert (row.answer, row.note) == ("bad", "off by one")


def test_columns_may_be_left_out_and_reordered():
    (row,) = read("Answer,label_id\ngood,a\n")
    assert (row.label_id, row.answer, row.number) == ("a", "good", 1)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the columns are"),
        ("id,verdict\n", "a sheet has label_id and answer"),
        (HEADER.strip() + ",mine\n", r"\['mine'\] are no columns of a sheet"),
        (HEADER + 'a,1,"' + "x" * 200_000 + '",,s,good,\n', "is no CSV"),
    ],
)
def test_what_is_no_sheet_says_what_one_has(text, says):
    with pytest.raises(NoSheet, match=says):
        read(text)
