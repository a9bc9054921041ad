import json
from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from evals.exports import (
    COUNTS,
    TAG,
    Fit,
    Form,
    LabelledStep,
    LabelledTrace,
    Limits,
    cut_counts,
    export,
    fit,
    fits,
    read_marks,
    tagged,
    untagged,
)
from tests.evals.word_tokenizer import word_tokenizer

MODELS = Path(__file__).parents[2] / "models"


def step(text, hard=True, successes=1, failures=0, soft=None):
    return LabelledStep(text, hard, soft, successes, failures)


def trace(*steps, verdict="correct", prompt="How many?\n", name="t1"):
    return LabelledTrace(name, "p1", prompt, steps, verdict)


MIXED = trace(
    step("Step 1: 2 + 3 = 5\n", True, 7, 1, 0.875),
    step("Step 2: 5 * 4 = 21\n", False, 0, 8, 0.0),
    step("#### 21", False, 0, 1, 0.0),
    verdict="wrong",
)


class TestWhatARowHolds:
    def test_every_step_with_its_labels_and_counts_in_columns_of_their_own(self):
        [row] = export([MIXED], Form()).prm
        assert row["prompt"] == "How many?\n"
        assert row["completions"] == ["Step 1: 2 + 3 = 5", "Step 2: 5 * 4 = 21", "#### 21"]
        assert row["labels"] == [True, False, False]
        assert row["soft_labels"] == [0.875, 0.0, 0.0]
        assert row["successes"] == [7, 0, 0]
        assert row["failures"] == [1, 8, 1]
        assert row["verdict"] == "wrong"

    def test_steps_from_the_first_unknown_label_on_are_left_out_and_counted(self):
        result = export([trace(step("a\n"), step("b\n", None), step("c\n", False))], Form())
        assert [row["completions"] for row in result.prm] == [["a"]]
        assert result.counts["steps_without_label"] == 2

    def test_a_trace_without_a_first_label_gives_no_row_and_is_counted(self):
        result = export([trace(step("a\n", None), step("b\n"))], Form())
        assert result.prm == []
        assert result.counts["traces_without_label"] == 1

    def test_steps_after_the_first_error_go_when_asked(self):
        result = export([MIXED], Form(through_first_error=True))
        assert result.prm[0]["labels"] == [True, False]
        assert result.counts["steps_after_error"] == 1

    def test_a_trace_without_error_keeps_all_its_steps_when_errors_end_rows(self):
        [row] = export([trace(step("a\n"), step("b\n"))], Form(through_first_error=True)).prm
        assert row["labels"] == [True, True]

    def test_every_count_is_present_in_an_empty_export(self):
        assert export([], Form()).counts == dict.fromkeys(COUNTS, 0)

    def test_counts_add_up_over_traces(self):
        counts = export([MIXED, trace(step("a"), name="t2")], Form()).counts
        assert counts["traces"] == counts["rows"] == 2
        assert (counts["positive"], counts["negative"], counts["steps"]) == (2, 2, 4)

    def test_trl_joins_the_completions_into_the_text_of_the_trace(self):
        [row] = export([MIXED], Form()).prm
        assert "\n".join(row["completions"]) == "".join(s.text for s in MIXED.steps)

    def test_a_step_that_does_not_end_in_the_separator_is_counted_as_respelled(self):
        result = export([trace(step("<step>a</step>"), step("<step>b</step>"))], Form())
        assert result.counts["rows_respelled"] == 1


class TestOutcomeRows:
    def test_the_label_is_the_verdict_and_the_completion_is_the_whole_text(self):
        [row] = export([MIXED], Form(through_first_error=True)).orm
        assert row["completion"] == "Step 1: 2 + 3 = 5\nStep 2: 5 * 4 = 21\n#### 21"
        assert row["label"] is False

    def test_a_trace_without_step_labels_still_gives_an_outcome(self):
        assert export([trace(step("a", None), verdict="correct")], Form()).orm[0]["label"] is True

    def test_an_unknown_verdict_is_not_exported_and_counted(self):
        result = export([trace(step("a"), verdict="unknown")], Form())
        assert result.orm == []
        assert result.counts["outcomes_unknown"] == 1


class TestTokenTags:
    def test_the_tag_stands_before_the_line_end_of_its_step(self):
        with_tags, with_marks = tagged(MIXED.prompt, MIXED.steps)
        assert with_tags == "How many?\nStep 1: 2 + 3 = 5 ки\nStep 2: 5 * 4 = 21 ки\n#### 21 ки"
        assert with_marks == "How many?\nStep 1: 2 + 3 = 5 +\nStep 2: 5 * 4 = 21 -\n#### 21 -"

    def test_blank_lines_between_steps_stay_behind_the_tag(self):
        assert tagged("", [step("a\n\n"), step("b\r\n")])[0] == "a ки\n\nb ки\r\n"

    @given(
        st.text(alphabet="ab +-=\n\rк1"),
        st.lists(st.tuples(st.text(alphabet="ab +-=\n\rк1", min_size=1), st.booleans()), min_size=1),
    )
    def test_removing_the_tags_gives_back_text_and_labels(self, prompt, steps):
        texts = tagged(prompt, [step(text, hard) for text, hard in steps])
        assert untagged(texts[0]) == prompt + "".join(text for text, _ in steps)
        assert read_marks(*texts) == [hard for _, hard in steps]

    @given(
        st.text(alphabet=" ки", max_size=4),
        st.lists(st.text(alphabet=" ки\n", min_size=1, max_size=4), min_size=1),
    )
    def test_a_text_is_given_back_whole_or_refused(self, prompt, steps):
        texts = tagged(prompt, [step(text) for text in steps])
        assert texts is None or untagged(texts[0]) == prompt + "".join(steps)

    @pytest.mark.parametrize("text", ["знаки", "a ки\n", "ки"])
    def test_a_text_that_holds_the_tag_has_no_tagged_form_and_keeps_the_others(self, text):
        result = export([trace(step(text))], Form())
        assert result.prm[0]["tagged"] == result.prm[0]["tagged_labels"] == ""
        assert result.prm[0]["labels"] == [True]
        assert result.counts["rows_untaggable"] == 1

    @pytest.mark.parametrize("tag", ["", " ки", "\n"])
    def test_a_tag_of_white_space_is_no_tag(self, tag):
        with pytest.raises(ValueError, match="white space"):
            Form(tag=tag)

    def test_texts_of_different_rows_are_not_read_as_one(self):
        with_tags, _ = tagged("", [step("a")])
        with pytest.raises(ValueError, match="differ in more than the marks"):
            read_marks(with_tags, "b +")


@pytest.fixture(scope="module", params=["words", "words_with_bos", "tiny_reasoner"])
def tokenizer(request):
    """A small tokenizer of words, with and without an opening token, or the model's own."""
    if request.param == "tiny_reasoner":
        return AutoTokenizer.from_pretrained(MODELS / "tiny_reasoner")
    return word_tokenizer(bos="<s>" if request.param == "words_with_bos" else None)


def _counter(tokenizer):
    return lambda texts: [len(ids) for ids in tokenizer(list(texts), add_special_tokens=False)["input_ids"]]


def _trl_labels(row, tokenizer, max_length=None, max_completion_length=None):
    """The labels that TRL's trainer would learn from a row, in order."""
    from trl.experimental.prm import PRMTrainer

    read = PRMTrainer.tokenize_row(row, tokenizer, "\n", max_length, max_completion_length, False, False)
    separator = tokenizer.encode("\n", add_special_tokens=False)[-1]
    tokens = zip(read["input_ids"], read["labels"], strict=True)
    labelled = [(token, label) for token, label in tokens if label != -100]
    assert all(token == separator for token, _ in labelled)
    return [label for _, label in labelled], len(read["input_ids"])


LONG = trace(*(step(f"Step {n}: {n} + {n * 7} = {n * 8}\n", n % 3 != 0) for n in range(1, 12)))


class TestWhatTRLReads:
    def test_hard_labels_come_back_unchanged_on_the_separators(self, tokenizer):
        for row in export([MIXED, LONG], Form()).prm:
            labels, _ = _trl_labels(row, tokenizer)
            assert [bool(label) for label in labels] == row["labels"]

    @pytest.mark.parametrize("limit", [*range(0, 120, 7), 1024])
    def test_the_fit_is_what_trl_cuts(self, tokenizer, limit):
        [row] = export([LONG], Form()).prm
        bos = tokenizer.bos_token_id is not None
        for whole, completion in [(limit, None), (None, limit), (40, limit), (limit, 40), (None, None)]:
            [found] = fits([row], _counter(tokenizer), Limits(whole, completion, bos=bos))
            labels, _ = _trl_labels(row, tokenizer, whole, completion)
            assert found.kept == len(labels)
            assert [bool(label) for label in labels] == row["labels"][: found.kept]
            assert found.tokens == _trl_labels(row, tokenizer)[1]

    def test_soft_labels_given_as_labels_would_be_truncated_to_integers(self, tokenizer):
        """Why soft labels have a column of their own."""
        [row] = export([MIXED], Form()).prm
        labels, _ = _trl_labels({**row, "labels": [0.9, 0.5, 1.0]}, tokenizer)
        assert labels == [0, 0, 1]

    def test_the_trainer_reads_the_written_parquet_and_keeps_every_hard_label(self, tokenizer, tmp_path):
        from transformers import Qwen2Config, Qwen2ForTokenClassification
        from trl.experimental.prm import PRMConfig, PRMTrainer

        rows = export([MIXED, LONG], Form()).prm
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / "prm.parquet")
        data = datasets.Dataset.from_parquet(str(tmp_path / "prm.parquet"), cache_dir=str(tmp_path / "cache"))
        assert data["labels"][0] == [True, False, False]
        config = Qwen2Config(
            vocab_size=len(tokenizer), hidden_size=8, intermediate_size=8, num_hidden_layers=1,
            num_attention_heads=1, num_key_value_heads=1, num_labels=2,
        )  # fmt: skip
        trainer = PRMTrainer(
            model=Qwen2ForTokenClassification(config),
            args=PRMConfig(output_dir=str(tmp_path), use_cpu=True, bf16=False, report_to="none"),
            processing_class=tokenizer,
            train_dataset=data,
        )
        read = trainer.train_dataset["labels"]
        assert [[bool(one) for one in labels if one != -100] for labels in read] == [row["labels"] for row in rows]


class TestCutRows:
    def test_a_row_of_exactly_the_limit_is_whole_and_one_token_more_is_cut(self):
        assert fit(10, [4, 4], 1, Limits(20)) == Fit(tokens=20, labels=2, kept=2)
        assert fit(10, [4, 5], 1, Limits(20)) == Fit(tokens=21, labels=2, kept=1)

    def test_the_opening_token_takes_room(self):
        assert fit(10, [4, 4], 1, Limits(20, bos=True)).kept == 1

    def test_a_prompt_that_fills_the_limit_leaves_no_label(self):
        found = [fit(30, [4, 4], 1, Limits(20)), fit(1, [4], 1, Limits(20))]
        assert cut_counts(found) == {"rows_cut": 1, "steps_cut": 2, "rows_emptied": 1}

    def test_without_limits_nothing_is_cut(self):
        assert fit(10_000, [4, 4], 1, Limits(None)).kept == 2


def test_rows_are_plain_json_so_that_any_store_takes_them():
    result = export([MIXED], Form())
    assert json.loads(json.dumps(result.prm + result.orm)) == result.prm + result.orm


def test_the_tag_is_math_shepherds():
    assert TAG == "ки"
