"""Splitting loses nothing, makes no blank steps, and puts openings and answer lines where they belong."""

import time
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.steps import Splitter, prefixes, split, splitter_for

SPLITTERS = get_args(Splitter)
PIECES = [
    "<step>", "</step>", "<step 2>", "Step 1:", "Step 2.", "**Step 3**: ", "### Step 4\n", "step 5 is", "\n", "\n\n",
    " \n\t\n", "\r\n", "<think>", "</think>", "a", "9 * 2 = 18", "#### 18", "The answer is 18.", "A: 18", " ", "\x00",
    "<answer>18</answer>", "\\boxed{18}", "18", "\u2028", "**Final Answer**",
]  # fmt: skip
TEXTS = st.one_of(st.text(), st.lists(st.sampled_from(PIECES), max_size=20).map("".join))

CASES = {
    "tags": [
        (["<step>a</step>\n", "<step>b</step>\n<answer>18</answer>"]),
        (["Let us see.\n<step>a</step> and ", "<step>b</step>\n#### 18\n"]),
        (["<think>\n<step>a</step>\n", "<step>b</step>\n</think>\nThe answer is 18."]),
        (["<step>a", "<step>b"]),
        (["no tags\n\nat all"]),
    ],
    "step": [
        (["Step 1: a\nmore\n", "Step 2: b\n#### 18"]),
        (["We begin.\n\nStep 1: a\n\n", "**Step 2:** b\n\n", "### Step 3\nc\n\nThe answer is: 18"]),
        (["<think>Hm.\nStep 1: a\n", "Step 2: b\n</think>\n", "Step 1: c\n"]),
        (["Step 1: a\nStep 2 gives us b.\n", "Step 3. c"]),
        (["no such line"]),
    ],
    "blank_line": [
        (["First a.\n\n", "Then b,\nand c.\n \n\n", "  So d.\n"]),
        (["<think>\n\nFirst a.\n\n", "Then b.\n</think>\n\n", "All in all c.\n\nThe answer is \\boxed{18}."]),
        (["<think>a\n\n", "b\n\n</think>\n\n", "c"]),
        (["First a.\n\n", "Then b.\n\n### Final Answer\n\n18"]),
        (["First a.\n\n", "So Ann makes \\boxed{18} a day."]),
        (["\n\nFirst a.\n\n", "Then b.\n\n\\[\\boxed{18}\\]\n"]),
    ],
    "newline": [
        (["a\n", "b\n", "c"]),
        (["16 - 3 = 13\n", "13 * 2 = 26\n#### 26"]),
        (["\n\na\n\n\n", "b\n \nThe answer is 18.\n"]),
        (["#### 18"]),
        (["#### 18\n", "so much"]),
    ],
}


@pytest.mark.parametrize(("splitter", "steps"), [(name, steps) for name in CASES for steps in CASES[name]])
def test_a_text_is_split_where_its_steps_begin(splitter: str, steps: list[str]) -> None:
    assert split("".join(steps), splitter) == steps


@given(TEXTS, st.sampled_from(SPLITTERS))
def test_joining_gives_back_the_text(text: str, splitter: str) -> None:
    assert "".join(split(text, splitter)) == text


@given(TEXTS, st.sampled_from(SPLITTERS))
def test_no_step_is_blank_unless_the_text_is(text: str, splitter: str) -> None:
    steps = split(text, splitter)
    assert all(step.strip() for step in steps) or not text.strip()
    assert bool(steps) == bool(text)


@given(TEXTS, st.sampled_from(SPLITTERS))
def test_the_last_prefix_is_the_text_and_each_continues_the_one_before(text: str, splitter: str) -> None:
    steps = split(text, splitter)
    grown = prefixes(steps)
    assert grown[-1:] == ([text] if text else [])
    assert all(text.startswith(prefix) for prefix in grown)
    assert [len(prefix) for prefix in grown] == sorted({len(prefix) for prefix in grown})


@pytest.mark.parametrize(
    ("text", "splitter"),
    [
        ("<step>a</step>\n\nStep 1: b\nStep 2: c", "tags"),
        ("Step 1: a\n\nStep 2: b", "step"),
        ("Step 1: alone\n\nthen b", "blank_line"),
        ("a\n\nb", "blank_line"),
        ("a\nb", "newline"),
        ("a\nb\n\n#### 18", "newline"),
        ("", "newline"),
    ],
)
def test_auto_takes_the_clearest_sign_of_steps(text: str, splitter: str) -> None:
    assert splitter_for(text) == splitter
    assert split(text) == split(text, splitter)


def test_an_unknown_splitter_is_refused() -> None:
    with pytest.raises(ValueError, match="'lines' is unknown; it is one of auto, tags, step"):
        split("a", "lines")


@pytest.mark.timeout(60)
@pytest.mark.parametrize("piece", [*PIECES, "Step 1:\n", "#", "*", "\n ", "18\n", "\n\n18"])
@pytest.mark.parametrize("splitter", SPLITTERS)
def test_the_time_is_linear_in_the_text(piece: str, splitter: str) -> None:
    text = piece * (50_000 // len(piece))
    start = time.process_time()
    split(text, splitter)
    assert time.process_time() - start < 4
