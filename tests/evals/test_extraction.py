"""Where the final answer stands, which pattern found it, what may be cut in two; speed on hostile texts."""

import time
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.extraction import find_answer
from evals.rationals import parse_number

HASHES = {
    "9 * 2 = 18\n#### 18": "18",
    "####15": "15",
    "#### $1,234": "$1,234",
    "#### 18 dollars": "18 dollars",
    r"#### \boxed{18}": "18",
    "#### 18\n\nThat is all.": "18",
    "#### 7\n\nWait.\n#### 18": "18",
    "#### Step 1: add\n5 + 3 = 8\n#### Step 2: answer\nThe answer is 8.": "8",
    "#### 1. Compute\nso 7": "7",
    "#### Step 3\n9 eggs": "9 eggs",
}

MARKED = {
    r"so \boxed{18}": "18",
    r"\fbox{7}": "7",
    r"thus \boxed{\frac{1}{2}}.": r"\frac{1}{2}",
    r"\boxed{1}, no, \boxed{18 \text{ eggs {big}}}": r"18 \text{ eggs {big}}",
    r"\boxed{x=5}": "5",
    r"\boxed{(1,2)}": "(1,2)",
    r"\[ \boxed{18\text{ dollars}} \]": "18 dollars",
    "\\boxed{18}\n\nQ: Next one has 7": "18",
    "\\boxed{18}\n\nQuestion: Next one has 7 apples.\nAnswer: \\boxed{7}": "18",
    "<answer>18</answer>": "18",
    "<answer>\nThe answer is $18.\n</answer>": "$18",
    r"<answer>\boxed{18}</answer>": "18",
    "<answer>18": "18",
    r"\boxed{9} are left, so the answer is 18.": "9",
}

SENTENCES = {
    "A: 18": "18",
    "A: $18.": "$18",
    "The answer is: 18": "18",
    "The answer is 18%.": "18%",
    "the final answer is $18. I hope it is correct.": "$18",
    "The final answer is $\\frac{1}{2}$. I hope it is correct.": r"\frac{1}{2}",
    "The answer is **18 dollars** (for 2 days)": "18 dollars (for 2 days)",
    "**Answer:** 18": "18",
    "**Final Answer**: **18**": "18",
    "**Final Answer:**\n\n18": "18",
    "### Final Answer\n\n18 dollars": "18 dollars",
    "Answer: 3 hours (180 minutes)": "3 hours (180 minutes)",
    "The answer is 5 + 3 = 8.": "8",
    "The answer is 5 apples + 3 apples = 8 apples.": "8 apples",
    "The answer is 18 dollars, since 20 - 2 = 18.0": "18",
    "The answer is 18 eggs because x = 9": "18",
    "The answer is x=18 and y=3": "x=18 and y=3",
    "The answer is 5 more than 13, so 18.": "5 more than 13, so 18",
    "The answer to the question is 18 dollars because she sold 9 eggs": "18",
    "The answer is Janet makes 18 dollars.": "18",
    "The answer is 3 hours and 20 minutes.": "3 hours and 20 minutes",
    "A: Let us think. 5 and 3 make 8. The answer is 8.": "8",
    "Answer: Let me work it out.\n5+3=8": "8",
    "A: 10+John's age": "10+John's age",
    "x = 5\nThe answer is x+1.": "x+1",
    "The answer is eight apples.": "eight apples",
    "The answer is −3": "-3",
    "Restated.\nQuestion: how many of the 3?\nAnswer: 5": "5",
}

LAST_NUMBERS = {
    "She has 16 - 3 = 13": "13",
    "She makes $<<9*2=18>>18 every day": "$18",
    "18... I hope": "18",
    "**18 dollars** (for 2 days)": "18 dollars (for 2 days)",
    "She makes **$18** at the market in 2 days.": "$18",
    "it is 5-10": "10",
    "the temperature is -3": "-3",
    "total: 1.5 million": "1.5 million",
    "she has eight eggs": "eight",
    "18\n\nQ: next\nA: 9": "18",
    "18 eggs <|im_end|> 19": "18 eggs",
}


@pytest.mark.parametrize(
    ("marker", "text", "answer"),
    [
        *(("hashes", *case) for case in HASHES.items() if "Step" not in case[0] and "1." not in case[0]),
        *(("sentence", *case) for case in SENTENCES.items() if "work it out" not in case[0]),
        *(("last_number", *case) for case in LAST_NUMBERS.items()),
    ],
)
def test_the_pattern_that_matched_is_named(marker: str, text: str, answer: str) -> None:
    found = find_answer(text)
    assert found is not None
    assert found.marker == ("boxed" if "boxed" in text else marker)


@pytest.mark.parametrize(("text", "answer"), (HASHES | MARKED | SENTENCES | LAST_NUMBERS).items())
def test_the_final_answer_is_found(text: str, answer: str) -> None:
    found = find_answer(text)
    assert found is not None
    assert found.text == answer


@pytest.mark.parametrize("text", ["", " ", "no", "<think>#### 5", "#### ", "User: hi", "\x00", "<think>7</think>"])
def test_a_text_without_an_answer_has_none(text: str) -> None:
    assert find_answer(text) is None


def test_only_what_follows_the_thinking_is_read() -> None:
    found = find_answer("<think>#### 5\nThe answer is 6.</think>It is 7.")
    assert found is not None
    assert found.text == "7"


@pytest.mark.parametrize("text", ["The answer is 18", r"\boxed{18}", "A: 18", "18"])
def test_the_strict_style_reads_hashes_only(text: str) -> None:
    assert find_answer(text, "strict") is None
    found = find_answer(f"{text}\n#### 7", "strict")
    assert found is not None
    assert found.text == "7"


def test_an_unknown_style_is_refused() -> None:
    with pytest.raises(ValueError, match="'strict' or 'flexible'"):
        find_answer("#### 18", "loose")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "is_open"),
    [
        ("#### 18", True),
        ("#### 18\n", False),
        ("The answer is 18", True),
        ("The answer is 18.", True),  # 18.5 may have been meant
        ("The answer is 18. I", False),
        (r"\boxed{18}", False),
        ("<answer>18</answer>", False),
        ("<answer>18", True),
        ("so 18", True),
        ("so 18\n\nQ: the next", False),
    ],
)
def test_an_answer_at_the_very_end_may_be_cut_in_two(text: str, is_open: bool) -> None:
    found = find_answer(text)
    assert found is not None
    assert found.open is is_open


FORMS = [
    "#### {}", "so\n#### {}\n", r"we get \boxed{{{}}}", r"\[\fbox{{{}}}\]", "<answer>{}</answer>", "A: {}",
    "The answer is: {}", "The final answer is {}. I hope it is correct.", "**Final answer:** {}",
    "Answer: **{}**", "<think>7 or 8</think>The answer is {}.", "#### {}\n\nQ: Next one has 7",
    "3 + 4 = 7\nThe answer is ${}$.",
]  # fmt: skip
NUMBERS = st.one_of(
    st.integers(-(10**15), 10**15).map(lambda n: (f"{n:,}", Fraction(n))),
    st.integers(-(10**9), 10**9).map(lambda n: (f"{'-' * (n < 0)}${abs(n)}", Fraction(n))),
    st.decimals(-(10**6), 10**6, places=3).map(lambda d: (str(d), Fraction(d))),
    st.fractions(max_denominator=1000).map(lambda f: (f"{f.numerator}/{f.denominator}", f)),
    st.fractions(0, 1, max_denominator=99).map(lambda f: (rf"\frac{{{f.numerator}}}{{{f.denominator}}}", f)),
    st.integers(0, 1000).map(lambda n: (f"{n} dollars", Fraction(n))),
)


@given(st.sampled_from(FORMS), NUMBERS)
def test_a_number_stated_in_any_form_comes_back(form: str, number: tuple[str, Fraction]) -> None:
    text, value = number
    found = find_answer(form.format(text))
    assert found is not None
    assert parse_number(found.text) == value


@given(st.text())
def test_no_text_raises(text: str) -> None:
    find_answer(text)
    find_answer(text, "strict")


PIECES = [
    "#### ", "\\boxed{", "}", "{", "<answer>", "</answer>", "<think>", "</think>", "answer", " is ", ": ",
    "A: ", "Q: ", "Question:", "\n", " ", ".", "!", "-", "$", "**", "18", "1/2", ",", "=", "eight ", "and ",
    "\\frac", "(",
]  # fmt: skip
REPEATED = [
    *PIECES, "1,111", "1 ", "9", "a ", "(a", "\\text{", "<<", "<<1=1>>", "the answer ", "the answer is ",
    "answer: ", "****", "!a", "#### x\n", "Answer:\n", "A: x\n", "\\boxed{1}", "{\\boxed{1}", "twenty ",
    "a hundred ", "1 1/", "~", "\x00", "é", "the final answer a b c d ", "-1", ".5", "1e", "\\left", "  \n",
    "**1**", "Q:\n", "Question: 1\n", "= ", "x=", "_", "`",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_no_text_made_of_markers_raises(text: str) -> None:
    find_answer(text)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("piece", REPEATED)
def test_the_time_is_linear_in_the_text(piece: str) -> None:
    """A quadratic reader needs ten seconds or minutes for these; a linear one a few tenths."""
    text = piece * (100_000 // len(piece))
    start = time.process_time()
    find_answer(text)
    find_answer(f"#### {text}x")
    assert time.process_time() - start < 8


@pytest.mark.parametrize("text", ["a" * 2**20, "#### " + "9" * 2**20, "\\boxed{" + "{1}" * 2**18 + "}", "\x00" * 2**20])
def test_a_text_of_a_megabyte_is_read(text: str) -> None:
    find_answer(text)
