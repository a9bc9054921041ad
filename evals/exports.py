"""Training rows for process and outcome reward models, made from labelled traces.

Three forms (docs/prm_data.md): TRL's stepwise rows, the token-tag text of Math-Shepherd (arXiv 2312.08935),
and outcome rows. Guarantees: a row holds the first steps of its trace, unchanged and in order, up to the last
one whose label is known; hard labels are booleans, soft labels stand in a column of their own; a text that a
form could not give back is refused, never altered; what is left out is counted by reason. Does not: balance
classes, filter, or cut to a length.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, takewhile
from typing import Any

TokenCounter = Callable[[Sequence[str]], Sequence[int]]
"""How many tokens each text has, special tokens not counted."""

SEPARATOR = "\n"
"""What TRL writes after each step, where it puts the label (`PRMConfig.step_separator`)."""
TAG = "ки"
"""Math-Shepherd's step tag: one token of Mistral's vocabulary, and rare in mathematics."""
MARKS = {True: " +", False: " -"}


@dataclass(frozen=True, slots=True)
class LabelledStep:
    """A step as the trace has it (line end included), with the label of the prefix that ends in it."""

    text: str
    hard: bool | None
    soft: float | None
    successes: int
    failures: int


@dataclass(frozen=True, slots=True)
class LabelledTrace:
    """A trace with its labels. `prompt` is what stands before the first step, its line end included."""

    trace_id: str
    problem_id: str
    prompt: str
    steps: tuple[LabelledStep, ...]
    verdict: str


@dataclass(frozen=True, slots=True)
class Form:
    """What a training row looks like."""

    through_first_error: bool = False
    """Leave out the steps after the first one labelled 0, as Qwen's "Lessons" (arXiv 2501.07301) does."""
    separator: str = SEPARATOR
    tag: str = TAG

    def __post_init__(self) -> None:
        if not self.tag or self.tag != self.tag.strip():
            raise ValueError(f"tag {self.tag!r}: give a text that starts and ends in no white space, such as {TAG!r}")


COUNTS = {
    "traces": "traces read",
    "rows": "prm rows",
    "steps": "steps in the prm rows",
    "positive": "of these, labelled 1",
    "negative": "of these, labelled 0",
    "traces_without_label": "traces whose first step has no hard label: no prm row",
    "steps_without_label": "steps left out, from the first one without a hard label on",
    "steps_after_error": "steps left out behind the first one labelled 0 (`through_first_error`)",
    "rows_untaggable": "prm rows whose text holds the tag: `tagged` is empty",
    "rows_respelled": "prm rows with a step that does not end in the separator: TRL adds one there",
    "outcomes": "orm rows",
    "outcomes_unknown": "traces whose verdict is neither correct nor wrong: no orm row",
}
"""What an export counts."""


@dataclass(frozen=True, slots=True)
class Export:
    """Rows of the `prm` and `orm` datasets; `counts` says what went in and why something is not in them."""

    prm: list[dict[str, Any]] = field(default_factory=list)
    orm: list[dict[str, Any]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(COUNTS, 0)))


def export(traces: Iterable[LabelledTrace], form: Form) -> Export:
    """Both datasets' rows, in the order of the traces, and the counts that `COUNTS` names."""
    result = Export()
    for trace in traces:
        result.counts["traces"] += 1
        _add_steps(result, trace, form)
        _add_outcome(result, trace)
    return result


def known_steps(steps: Sequence[LabelledStep]) -> tuple[LabelledStep, ...]:
    """The steps before the first one without a hard label: a label later on says nothing about the gap."""
    return tuple(takewhile(lambda step: step.hard is not None, steps))


def up_to_first_error(steps: Sequence[LabelledStep]) -> tuple[LabelledStep, ...]:
    """The steps up to and with the first one labelled 0."""
    right = len(tuple(takewhile(lambda step: step.hard, steps)))
    return tuple(steps[: right + 1])


def stepwise(prompt: str, steps: Sequence[LabelledStep], separator: str = SEPARATOR) -> dict[str, Any]:
    """TRL's `prompt`, `completions`, `labels`, and beside them `soft_labels`, `successes`, `failures`.

    A completion lacks the separator at its step's end, since TRL writes it back: the tokens spell the trace's
    text.
    """
    return {
        "prompt": prompt,
        "completions": [step.text.removesuffix(separator) for step in steps],
        "labels": [bool(step.hard) for step in steps],
        "soft_labels": [step.soft for step in steps],
        "successes": [step.successes for step in steps],
        "failures": [step.failures for step in steps],
    }


def tagged(prompt: str, steps: Sequence[LabelledStep], tag: str = TAG) -> tuple[str, str] | None:
    """The text with a space and the tag after each step, before its line end; the same with `+` or `-` there.

    `untagged` and `read_marks` are the inverse. None where the text holds the tag: there is no inverse.
    """
    text = prompt + "".join(step.text for step in steps)
    with_tags = prompt + "".join(_with_mark(step.text, f" {tag}") for step in steps)
    if tag in text or untagged(with_tags, tag) != text:
        return None
    return with_tags, prompt + "".join(_with_mark(step.text, MARKS[bool(step.hard)]) for step in steps)


def untagged(text: str, tag: str = TAG) -> str:
    """The text that was tagged, character for character."""
    return text.replace(f" {tag}", "")


def read_marks(with_tags: str, with_marks: str, tag: str = TAG) -> list[bool]:
    """The labels that the second text has where the first has tags. Raises ValueError if they do not fit."""
    opening, *pieces = with_tags.split(f" {tag}")
    place = len(opening)
    labels = []
    for piece in pieces:
        labels.append(with_marks.startswith(MARKS[True], place))
        place += len(MARKS[labels[-1]] + piece)
    if _marked(opening, pieces, labels) != with_marks:
        raise ValueError("the two texts differ in more than the marks: they are not the two forms of one row")
    return labels


@dataclass(frozen=True, slots=True)
class Limits:
    """Where TRL cuts a row, as `PRMConfig` names it; `bos`: the tokenizer has a token that opens a text."""

    max_length: int | None = 1024
    max_completion_length: int | None = None
    separator: str = SEPARATOR
    bos: bool = False


@dataclass(frozen=True, slots=True)
class Fit:
    """What the limits leave of a row: of its `labels`, the first `kept`."""

    tokens: int
    labels: int
    kept: int


def fit(prompt_tokens: int, step_tokens: Sequence[int], separator_tokens: int, limits: Limits) -> Fit:
    """TRL's own rule: prompt and steps are tokenized one by one, a label stands on its separator's last
    token.

    The steps are cut to `max_completion_length`, the whole to `max_length`. As every row ends in a label, a
    row is cut exactly when it loses labels.
    """
    opening = prompt_tokens + limits.bos
    ends = list(accumulate(tokens + separator_tokens for tokens in step_tokens))
    room = min(
        limits.max_completion_length if limits.max_completion_length is not None else ends[-1],
        limits.max_length - opening if limits.max_length is not None else ends[-1],
    )
    return Fit(tokens=opening + ends[-1], labels=len(ends), kept=sum(end <= room for end in ends))


def fits(rows: Sequence[dict[str, Any]], count: TokenCounter, limits: Limits) -> list[Fit]:
    """The fit of each stepwise row."""
    texts = [text for row in rows for text in (row["prompt"], *row["completions"])]
    separator, *tokens = count([limits.separator, *texts])
    sizes = iter(tokens)
    return [fit(next(sizes), [next(sizes) for _ in row["completions"]], separator, limits) for row in rows]


def cut_counts(found: Iterable[Fit]) -> dict[str, int]:
    """`rows_cut`, `steps_cut` and `rows_emptied` (cut before the first label: nothing is learnt there)."""
    cut = [one for one in found if one.kept < one.labels]
    return {
        "rows_cut": len(cut),
        "steps_cut": sum(one.labels - one.kept for one in cut),
        "rows_emptied": sum(one.kept == 0 for one in cut),
    }


def _add_steps(result: Export, trace: LabelledTrace, form: Form) -> None:
    known = known_steps(trace.steps)
    result.counts["steps_without_label"] += len(trace.steps) - len(known)
    if not known:
        result.counts["traces_without_label"] += 1
        return
    steps = up_to_first_error(known) if form.through_first_error else known
    row = _row(trace, steps, form)
    result.prm.append(row)
    result.counts.update(
        rows=1,
        steps=len(steps),
        positive=sum(row["labels"]),
        negative=len(steps) - sum(row["labels"]),
        steps_after_error=len(known) - len(steps),
        rows_untaggable=int(not row["tagged"]),
        rows_respelled=int(not all(step.text.endswith(form.separator) for step in steps[:-1])),
    )


def _row(trace: LabelledTrace, steps: Sequence[LabelledStep], form: Form) -> dict[str, Any]:
    texts = tagged(trace.prompt, steps, form.tag) or ("", "")
    return {
        "trace_id": trace.trace_id,
        "problem_id": trace.problem_id,
        **stepwise(trace.prompt, steps, form.separator),
        "tagged": texts[0],
        "tagged_labels": texts[1],
        "verdict": trace.verdict,
    }


def _add_outcome(result: Export, trace: LabelledTrace) -> None:
    if trace.verdict not in ("correct", "wrong"):
        result.counts["outcomes_unknown"] += 1
        return
    result.counts["outcomes"] += 1
    result.orm.append(
        {
            "trace_id": trace.trace_id,
            "problem_id": trace.problem_id,
            "prompt": trace.prompt,
            "completion": "".join(step.text for step in trace.steps),
            "label": trace.verdict == "correct",
        }
    )


def _marked(opening: str, pieces: Sequence[str], labels: Sequence[bool]) -> str:
    return opening + "".join(MARKS[label] + piece for label, piece in zip(labels, pieces, strict=True))


def _with_mark(step: str, mark: str) -> str:
    body = step.rstrip("\r\n")
    return body + mark + step[len(body) :]
