"""From training rows to examples: what is learnt, what is dead, and the tokens."""

from typing import Any

import pytest

from evals.exports import Form, LabelledStep, LabelledTrace, export
from evals.policies import policy
from evals.steps import split
from evals.verifier.likelihood import Evidence
from tasks.engines.model import resolve
from tasks.verifier.encoding import Encoder
from tasks.verifier.examples import Examples, Known, SearchedLabels, examples, require_rollouts_of_every_step
from tasks.verifier.network import tokenizer_of
from tasks.verifier.params import VerifierParams
from tests.evals.policies.traces import RIGHT, WRONG, alike, followed

STEPS = ["Step 1: 2 + 3 = 5\n", "Step 2: 5 * 4 = 21\n#### 21"]
TRACE = {"trace_id": "t", "problem_id": "p", "steps": STEPS, "truths": [1, 0]}
ROW = {
    "trace_id": "t",
    "problem_id": "p",
    "prompt": "How many eggs?\n",
    "completions": ["Step 1: 2 + 3 = 5", "Step 2: 5 * 4 = 21\n#### 21"],
    "labels": [True, False],
    "soft_labels": [0.75, 0.0],
    "successes": [3, 0],
    "failures": [1, 1],
    "verdict": "wrong",
}


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return tokenizer_of(resolve("tiny_reasoner").path)


def made(tokenizer: Any, row: dict[str, Any], context: int = 512, **params: Any) -> Examples:
    given = VerifierParams(**params)
    known = Known({"t": TRACE}, {})
    return examples("process", [row], known, Encoder(tokenizer, given.prompt), given, context)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("hard", [Evidence(1, 0), Evidence(0, 1)]),
        ("soft", [Evidence(0.75, 0.25), Evidence(0, 1)]),
        ("counts", [Evidence(3, 1), Evidence(0, 8)]),
        ("truth", [Evidence(1, 0), Evidence(0, 1)]),
    ],
)
def test_each_target_teaches_what_it_says(tokenizer: Any, target: str, expected: list[Evidence]) -> None:
    [found] = made(tokenizer, ROW, target=target).found
    assert [step.evidence for step in found.steps] == expected


@pytest.mark.parametrize("column", ["labels", "soft_labels", "successes", "failures", "completions"])
def test_labels_that_do_not_fit_the_steps_are_a_dead_letter(tokenizer: Any, column: str) -> None:
    result = made(tokenizer, ROW | {column: ROW[column][:1]})  # type: ignore[index]
    assert not result.found
    [letter] = result.dead
    assert letter.kind == "labels_unfit"
    assert f"{column} 1" in letter.message


def test_counts_that_no_label_has_are_a_dead_letter(tokenizer: Any) -> None:
    [letter] = made(tokenizer, ROW | {"failures": [-1, 1]}).dead
    assert "step 0" in letter.message


def test_a_row_of_a_trace_that_is_gone_is_a_dead_letter(tokenizer: Any) -> None:
    [letter] = made(tokenizer, ROW | {"trace_id": "gone"}).dead
    assert letter.kind == "no_trace"


def test_a_row_beyond_the_context_keeps_its_first_steps(tokenizer: Any) -> None:
    whole = made(tokenizer, ROW).found[0].encoded
    result = made(tokenizer, ROW, context=len(whole.ids) - 1)
    [cut] = result.found
    assert len(cut.steps) == len(cut.encoded.places) == 1
    assert cut.encoded.ids == whole.ids[: whole.places[0] + 1]
    assert (result.counts["rows_cut"], result.counts["steps_cut"]) == (1, 1)


def test_the_tokens_trained_on_are_the_tokens_scored(tokenizer: Any) -> None:
    """Training reads completions without their line end, scoring the steps of a trace, and a search the first of
    them.
    """
    [trained] = made(tokenizer, ROW, prompt="concise").found
    encoder = Encoder(tokenizer, "concise")
    scored, first = encoder.encode([("How many eggs?", STEPS), ("How many eggs?\n", STEPS[:1])])
    assert scored == trained.encoded
    assert first.ids == scored.ids[: len(first.ids)]
    assert first.places == scored.places[:1]


def test_a_step_ends_on_its_separator(tokenizer: Any) -> None:
    [found] = Encoder(tokenizer).encode([("How many?", STEPS)])
    assert [tokenizer.decode([found.ids[place]]) for place in found.places] == ["\n", "\n"]
    assert tokenizer.decode(list(found.ids)) == "How many?\n" + "".join(STEPS) + "\n"


def test_the_tokens_are_those_that_the_model_itself_writes(tokenizer: Any) -> None:
    text = "Step 1: 12 + 30 = 42\nStep 2: 42 * 4 = 168\n#### 168"
    [found] = Encoder(tokenizer, "concise").encode([("How many?", split(text, "step"))])
    prompt = "Question: How many?\nBe concise.\nAnswer:\n"
    assert list(found.ids) == tokenizer(prompt + text + "\n", add_special_tokens=False)["input_ids"]


def rows_labelled_by(name: str) -> list[dict[str, Any]]:
    """The `prm` rows of a right trace of four steps, and of one whose third step is wrong."""
    rows = []
    for good, answer in ((3, RIGHT), (2, WRONG)):
        labels, _ = followed(policy(name, k=8), alike(good, 3), answer)
        steps = [
            LabelledStep("x\n", None if each.hard is None else each.hard == 1, each.soft, each.successes, each.failures)
            for each in labels
        ]
        rows += export([LabelledTrace(f"t{good}", "p", "How many?\n", tuple(steps), answer.value)], Form()).prm
    return rows


@pytest.mark.parametrize("name", ["scan", "binary", "posterior"])
@pytest.mark.parametrize("target", ["counts", "soft"])
def test_counts_of_a_search_are_refused_with_what_to_take_instead(name: str, target: str) -> None:
    with pytest.raises(SearchedLabels, match=rf"target={target}: .*Train with target=hard, or on labels of every step"):
        require_rollouts_of_every_step(rows_labelled_by(name), target)


@pytest.mark.parametrize("name", ["scan", "binary", "posterior"])
@pytest.mark.parametrize("target", ["hard", "truth"])
def test_other_targets_may_learn_from_a_search(name: str, target: str) -> None:
    require_rollouts_of_every_step(rows_labelled_by(name), target)


@pytest.mark.parametrize("name", ["fixed", "first_success"])
@pytest.mark.parametrize("target", ["counts", "soft"])
def test_counts_of_rollouts_from_every_step_are_evidence(name: str, target: str) -> None:
    require_rollouts_of_every_step(rows_labelled_by(name), target)
