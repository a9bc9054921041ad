import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from evals.judge import REASONS, View, judge_prompt, majority, read_reply, unread, written_verdicts

VERDICTS = st.sampled_from(["good", "bad", "unknown"])
ONE_LINE = st.text(min_size=1).map(lambda text: re.sub(r"[\n<]", " ", text).strip()).filter(bool)
"""A rationale: without line ends, and without tags, which would part the reply elsewhere."""
LINES = ("Step 0: good", "Step 1: bad - no", "step 1: GOOD", "Step 2: maybe", "Step 7: bad", "ſtep 1: bad", "Step 0")
MARKS = ("<verdicts>", "</verdicts>", "\\boxed{1}", "\\boxed{-1}", "\\boxed{9}", "<think>", "</think>", "\n", " ", ".")
PIECES = st.one_of(st.sampled_from((*LINES, *MARKS)), st.text(max_size=5))
REPLIES = st.one_of(
    st.text(),
    st.lists(PIECES, max_size=14).map("".join),
    st.tuples(st.lists(st.sampled_from(LINES[:5]), max_size=5).map("\n".join), st.sampled_from(MARKS)).map(
        lambda parts: f"<verdicts>\n{parts[0]}\n</verdicts>{parts[1]}"
    ),
)


def said(text: str, steps: int = 3, form: str = "verdicts", finish_reason: str = "stop"):
    reading = read_reply(text, finish_reason, steps, form)
    return [view.verdict for view in reading.views], reading.fault


def block(*lines: str) -> str:
    return "\n".join(["Let me check.", "<verdicts>", *lines, "</verdicts>"])


class TestPrompt:
    def test_it_shows_every_step_under_its_number(self):
        prompt = judge_prompt("How many?", ["2 + 3 = 5\n", "#### 5"], "verdicts")
        assert "<step_0>\n2 + 3 = 5\n</step_0>\n<step_1>\n#### 5\n</step_1>" in prompt
        assert "How many?" in prompt
        assert "<reference>" not in prompt

    def test_it_shows_a_reference_where_there_is_one(self):
        assert "<reference>\n42\n</reference>" in judge_prompt("How many?", ["x"], "first_error", "42")

    def test_its_own_example_is_no_verdict(self):
        """A model that repeats its prompt has judged nothing."""
        for form in ("verdicts", "first_error"):
            assert set(said(judge_prompt("How many?", ["x"] * 3, form), form=form)[0]) == {"unknown"}


class TestVerdictLines:
    @given(
        st.lists(st.tuples(VERDICTS, ONE_LINE), min_size=1, max_size=12), st.sampled_from(["", "<think>Hm</think>\n"])
    )
    def test_a_well_formed_reply_is_read_as_it_was_written(self, lines, before):
        verdicts, rationales = zip(*lines, strict=True)
        written = before + written_verdicts(verdicts, rationales)
        reading = read_reply(written, "stop", len(lines), "verdicts")
        assert [(view.verdict, view.rationale) for view in reading.views] == lines
        assert [view.reason for view in reading.views] == ["unsure" if v == "unknown" else "" for v in verdicts]

    def test_the_reason_is_optional(self):
        assert said(block("Step 0: good", "Step 1: bad - 2 + 2 is 4", "Step 2: bad"))[0] == ["good", "bad", "bad"]

    def test_the_order_of_the_lines_does_not_matter_for_their_numbers_say_whose_they_are(self):
        assert said(block("Step 2: bad", "Step 0: good", "Step 1: good"))[0] == ["good", "good", "bad"]

    def test_a_step_without_a_line_is_unknown(self):
        reading = read_reply(block("Step 0: good", "Step 2: bad"), "stop", 3, "verdicts")
        assert [view.verdict for view in reading.views] == ["good", "unknown", "bad"]
        assert reading.views[1].reason == "not_judged"
        assert reading.fault == ""

    def test_lines_that_differ_leave_their_step_unknown(self):
        reading = read_reply(block("Step 0: good", "Step 1: bad", "Step 1: good", "Step 2: bad"), "stop", 3, "verdicts")
        assert [view.verdict for view in reading.views] == ["good", "unknown", "bad"]
        assert reading.views[1].reason == "contradictory"

    @pytest.mark.parametrize("line", ["Step 1: maybe", "Step 1: not good", "Step 1 good", "Step 1: good, or bad"])
    def test_another_word_leaves_its_step_unknown(self, line):
        reading = read_reply(block("Step 0: good", line, "Step 2: bad"), "stop", 3, "verdicts")
        assert [view.verdict for view in reading.views] == ["good", "unknown", "bad"]
        assert reading.views[1].reason == "unreadable"

    @pytest.mark.parametrize(
        ("text", "fault"),
        [
            ("", "empty"),
            ("<think>hm</think>\n ", "empty"),
            ("I cannot help with that.", "no_verdict"),
            ("Step 0: good\nStep 1: good\nStep 2: good", "no_verdict"),
            ("<verdicts>\n\n</verdicts>", "no_verdict"),
            (block("Step 1: good", "Step 2: good", "Step 3: bad"), "numbering"),
            (block("Step 1: good", "Step 2: bad"), "numbering"),
            (block("Step 0: good", "Step 1: good", "Step 2: good", "Step 3: bad"), "numbering"),
            (block("Step 0: good", "I take that back"), "foreign_line"),
            (block("Step 0: good", "Step 99999999999: bad"), "foreign_line"),
            (block("Step 0: good") + block("Step 0: bad"), "several_verdicts"),
            (block("Step 0: good") + "\nOn second thoughts, it is bad.", "text_behind"),
            ("<think>" + block("Step 0: good"), "unfinished_thought"),
        ],
    )
    def test_a_reply_in_another_form_leaves_all_unknown_and_says_why(self, text, fault):
        assert said(text) == (["unknown"] * 3, fault)

    def test_closing_signs_may_follow(self):
        assert said("```\n" + block("Step 0: good", "Step 1: good", "Step 2: good") + "\n```\n")[1] == ""

    def test_a_reply_that_was_cut_off_says_nothing(self):
        whole = block("Step 0: good", "Step 1: good", "Step 2: bad")
        assert said(whole, finish_reason="length") == (["unknown"] * 3, "truncated")


class TestFirstError:
    @pytest.mark.parametrize(
        ("box", "verdicts"),
        [("-1", "good good good"), ("0", "bad unknown unknown"), ("1", "good bad unknown"), (" 2 ", "good good bad")],
    )
    def test_the_index_tells_the_steps_up_to_it(self, box, verdicts):
        reading = read_reply(f"They end in \\boxed{{18}}, see?\n$\\boxed{{{box}}}$.", "stop", 3, "first_error")
        assert [view.verdict for view in reading.views] == verdicts.split()
        assert {view.reason for view in reading.views if view.verdict == "unknown"} <= {"after_error"}
        assert all(view.rationale.startswith("They end in") for view in reading.views)

    @pytest.mark.parametrize(
        ("text", "fault"),
        [
            ("The first error is in step 1.", "no_verdict"),
            ("\\boxed{3}", "numbering"),
            ("\\boxed{-2}", "unreadable"),
            ("\\boxed{step 1}", "unreadable"),
            ("\\boxed{1.0}", "unreadable"),
            ("\\boxed{99999999999999}", "unreadable"),
            ("It says \\boxed{1} and that is right.", "text_behind"),
            ("\\boxed{1} \\boxed{\\text{none}}", "text_behind"),
        ],
    )
    def test_another_form_leaves_all_unknown_and_says_why(self, text, fault):
        assert said(text, form="first_error") == (["unknown"] * 3, fault)

    def test_a_quoted_answer_at_the_point_of_cutting_is_no_index(self):
        assert said("It ends in \\boxed{1}", form="first_error", finish_reason="length")[1] == "truncated"


@given(REPLIES, st.integers(1, 5), st.sampled_from(["verdicts", "first_error"]), st.sampled_from(["stop", "length"]))
@example("<verdicts>\nStep 0: good\nStep 1: bad\n</verdicts>", 2, "verdicts", "stop")
@example("\\boxed{1}", 3, "first_error", "stop")
def test_no_text_raises_and_no_verdict_is_one_that_the_text_does_not_state(text, steps, form, finish_reason):
    views = read_reply(text, finish_reason, steps, form).views
    assert len(views) == steps
    for step, view in enumerate(views):
        assert (view.verdict == "unknown") == (view.reason in REASONS) == bool(view.reason)
        if view.verdict == "unknown":
            continue
        assert finish_reason == "stop"
        if form == "verdicts":
            assert re.search(rf"(?im)^\s*step 0*{step}: {view.verdict}\b", text)
        else:
            index = int(re.findall(r"\\boxed\{\s*(-?\d+)\s*\}", text)[-1])
            assert view.verdict == ("bad" if step == index else "good")
            assert step <= index or index == -1


class TestMajority:
    def decided(self, *samples: str):
        letters = {"g": View("good"), "b": View("bad"), "u": View("unknown", "unsure")}
        return majority([[letters[letter] for letter in sample] for sample in samples])

    def test_one_reply_is_its_own_majority(self):
        assert [judged.verdict for judged in self.decided("gbu")] == ["good", "bad", "unknown"]

    def test_more_than_half_of_all_replies_decide(self):
        [judged] = self.decided("b", "b", "u")
        assert (judged.verdict, judged.good, judged.bad, judged.unknown) == ("bad", 0, 2, 1)
        assert judged.score == 0

    @pytest.mark.parametrize("votes", ["gb", "gbu", "ggbb", "gguu", "ggbu", "uubg"])
    def test_half_is_no_majority_and_unknown_votes_count_as_votes(self, votes):
        [judged] = self.decided(*votes)
        assert (judged.verdict, judged.reason) == ("unknown", "no_majority")

    def test_mostly_unknown_keeps_the_reason(self):
        [judged] = majority([[View("unknown", "no_reply")], [View("unknown", "no_reply")], [View("good")]])
        assert (judged.verdict, judged.reason) == ("unknown", "no_reply")

    def test_first_errors_are_voted_on_step_by_step(self):
        def vote(*indices: int) -> list[str]:
            samples = [read_reply(f"\\boxed{{{index}}}", "stop", 4, "first_error").views for index in indices]
            return [judged.verdict for judged in majority(samples)]

        assert vote(1, 2, 2) == ["good", "good", "bad", "unknown"]
        assert vote(1, 2, 3)[:3] == ["good", "good", "unknown"]
        assert vote(-1, -1, 0) == ["good"] * 4

    def test_the_rationale_is_of_a_reply_that_says_the_same(self):
        samples = [[View("good", "", "fine")], [View("bad", "", "no")], [View("bad", "", "nope")]]
        assert majority(samples)[0].rationale == "no"

    @given(st.lists(VERDICTS, min_size=1, max_size=9))
    def test_a_verdict_never_rests_on_fewer_than_half_and_the_votes_add_up(self, votes):
        [judged] = majority([[View(vote, "unsure" if vote == "unknown" else "")] for vote in votes])
        assert judged.good + judged.bad + judged.unknown == len(votes)
        if judged.verdict != "unknown":
            assert 2 * votes.count(judged.verdict) > len(votes)
        assert (judged.verdict == "unknown") == bool(judged.reason)


def test_unread_steps_are_unknown_for_a_known_reason():
    assert unread(2, "budget") == (View("unknown", "budget"),) * 2
