"""Solutions that people have annotated step by step: the records of ProcessBench, of PRM800K, and of one's own files.

Each becomes an Annotated: a question, the solution's steps, and the human view of each step (1 right, 0 wrong, None
where nobody said). Steps are kept character by character. The first two data sets store them without what stood
between them, so a separator is put behind every step but the last: joined, the steps are a text that can be read and
continued, and a step without its separator is the file's.

- ProcessBench (arXiv 2412.06559): `problem`, `steps`, `label`, `final_answer_correct`, `generator`. `label` is the
  first wrong step, -1 for none; of the steps behind it nothing is known. It gives no gold answers: what a solution
  states whose answer is called right stands for one.
- PRM800K (arXiv 2305.20050): `question` and `label`. Phase 2 has the whole solution in `pre_generated_steps`, phase 1
  the chosen or written steps alone. Ratings are -1, 0 and +1; what 0 counts as is a parameter (there: "isn't
  incorrect, but does not make any progress"). Alternatives to a step that were rated too are not read.
- columns: `question`, and `steps` or a `text` to be split, by the names that were given; where there are any, `truths`
  (a list of 1, 0, null) or `first_error`, `correct`, `answer`, `solution` and `model`.

What does not fit raises BadRecord.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from evals.answers import find_answer
from evals.records import BadRecord, cut, optional_text_of, storable, text_of
from evals.steps import split

AnnotatedFormat = Literal["processbench", "prm800k", "columns"]
Neutral = Literal["good", "bad", "unknown"]
Truth = int | None

SEPARATORS: dict[AnnotatedFormat, str] = {"processbench": "\n\n", "prm800k": "\n", "columns": ""}
"""What stood between the steps: ProcessBench's are paragraphs, PRM800K's lines."""

COLUMNS = ("question", "steps", "text", "truths", "first_error", "correct", "answer", "solution", "model")


@dataclass(frozen=True, slots=True)
class Annotated:
    """One solution and what people said of it."""

    question: str
    steps: tuple[str, ...]
    """Each but the last with its separator: joined, they are the text."""
    truths: tuple[Truth, ...] | None
    """One a step; None where the record has no view of steps at all."""
    correct: bool | None
    """Whether its answer is right, as the file says; None where it does not say."""
    stated: str | None
    """The answer, where the file has it apart from the text."""
    whole: bool
    """The solution goes on to its answer."""
    gold: str
    """The gold answer; empty where there is none."""
    solution: str
    """The gold solution; empty where there is none."""
    model: str
    """Who wrote it."""


@dataclass(frozen=True, slots=True)
class AnnotationReading:
    """How the records of one source are read."""

    format: AnnotatedFormat
    columns: Mapping[str, str] = field(default_factory=dict)
    """Our field (COLUMNS) to the record's, for the format `columns`."""
    separator: str | None = None
    """Put behind each step but the last; None takes what the format lost (SEPARATORS)."""
    neutral: Neutral = "good"
    """What PRM800K's rating 0 counts as."""
    splitter: str = "auto"
    """How a `text` is cut into steps."""


def annotated(fields: Mapping[str, Any], reading: AnnotationReading) -> Annotated:
    """The solution that a record holds; raises BadRecord."""
    return _READERS[reading.format](fields, reading)


def _processbench(fields: Mapping[str, Any], reading: AnnotationReading) -> Annotated:
    steps = _steps(fields.get("steps"), "`steps`")
    correct = _boolean(fields.get("final_answer_correct"), "`final_answer_correct`")
    joined = _separated(steps, reading)
    return Annotated(
        question=text_of(fields, "problem"),
        steps=joined,
        truths=_before(_first_error(fields.get("label"), len(steps), "`label`"), len(steps)),
        correct=correct,
        stated=None,
        whole=True,
        gold=_stated_answer("".join(joined)) if correct else "",
        solution="",
        model=optional_text_of(fields, "generator") or "unknown",
    )


def _stated_answer(text: str) -> str:
    """The answer that the text marks as such; empty where it is only its last number."""
    answer = find_answer(text)
    return "" if answer is None or answer.marker == "last_number" else answer.text


# -- PRM800K -----------------------------------------------------------------------------------------


def _prm800k(fields: Mapping[str, Any], reading: AnnotationReading) -> Annotated:
    question, label = _object(fields.get("question"), "`question`"), _object(fields.get("label"), "`label`")
    rated = [_object(step, f"step {place}") for place, step in enumerate(_list(label.get("steps"), "`label.steps`"))]
    whole = _list(question.get("pre_generated_steps") or [], "`pre_generated_steps`")
    given = [found for place, step in enumerate(rated) if (found := _given(place, step, whole))]
    steps = _steps(whole or [text for text, _ in given], "`label.steps`")
    truths = [_truth(rating, reading.neutral) for _, rating in given]
    solved = label.get("finish_reason") == "solution"
    return Annotated(
        question=text_of(question, "problem"),
        steps=_separated(steps, reading),
        truths=(*truths, *[None] * (len(steps) - len(truths))),
        correct=True if solved else None,
        stated=optional_text_of(question, "pre_generated_answer") or None,
        whole=bool(whole) or solved,
        gold=optional_text_of(question, "ground_truth_answer"),
        solution=optional_text_of(question, "ground_truth_solution"),
        model=f"prm800k-{generation}" if type(generation := fields.get("generation")) is int else "prm800k",
    )


def _given(place: int, step: Mapping[str, Any], whole: Sequence[Any]) -> tuple[Any, int | None] | None:
    """Text and rating of the step that the solution has here: the pre-generated one, the chosen one, the one that the
    labeller wrote (a good one: that was the task), or, where labelling ended without a choice, the first. None where
    there is none at all."""
    name = f"the completions of step {place}"
    completions = [_object(each, f"one of {name}") for each in _list(step.get("completions") or [], name)]
    chosen, written = step.get("chosen_completion"), step.get("human_completion")
    if whole:
        if place >= len(whole):
            return None
        found = [each for each in completions if each.get("text") == whole[place]]
        return whole[place], _rating(found[0], place) if found else None
    if chosen is None and written:
        return written.get("text") if isinstance(written, Mapping) else written, 1
    if chosen is not None and not (type(chosen) is int and 0 <= chosen < len(completions)):
        seen = f"`chosen_completion` of step {place} is {cut(repr(chosen), 40)}"
        raise BadRecord("bad_choice", f"{seen}; it is null or one of the {len(completions)} completions, from 0")
    if not completions:
        return None
    return completions[chosen or 0].get("text"), _rating(completions[chosen or 0], place)


def _rating(completion: Mapping[str, Any], place: int) -> int | None:
    rating = completion.get("rating")
    if completion.get("flagged") or rating is None:
        return None
    if type(rating) is not int or not -1 <= rating <= 1:
        raise BadRecord("bad_rating", f"`rating` of step {place} is {cut(repr(rating), 40)}; it is -1, 0, 1 or null")
    return rating


def _truth(rating: int | None, neutral: Neutral) -> Truth:
    if rating == 0:
        return {"good": 1, "bad": 0, "unknown": None}[neutral]
    return None if rating is None else int(rating > 0)


# -- one's own columns -------------------------------------------------------------------------------


def _columns(fields: Mapping[str, Any], reading: AnnotationReading) -> Annotated:
    name = reading.columns
    question = text_of(fields, name.get("question", "question"))
    if "text" in name:
        steps = tuple(split(storable(fields.get(name["text"]), f"`{name['text']}`"), reading.splitter))
    else:
        column = name.get("steps", "steps")
        steps = _separated(_steps(fields.get(column), f"`{column}`"), reading)
    return Annotated(
        question=question,
        steps=steps,
        truths=_told(fields, name, len(steps)),
        correct=_boolean(fields.get(name["correct"]), f"`{name['correct']}`") if "correct" in name else None,
        stated=None,
        whole=True,
        gold=optional_text_of(fields, name["answer"]) if "answer" in name else "",
        solution=optional_text_of(fields, name["solution"]) if "solution" in name else "",
        model=(optional_text_of(fields, name["model"]) if "model" in name else "") or "unknown",
    )


def _told(fields: Mapping[str, Any], name: Mapping[str, str], steps: int) -> tuple[Truth, ...] | None:
    if "truths" in name and (given := fields.get(name["truths"])) is not None:
        truths = _list(given, f"`{name['truths']}`")
        bad = next((each for each in truths if each is not None and each not in (0, 1)), None)
        if bad is not None or len(truths) != steps:
            seen = f"{len(truths)} values for {steps} steps" if bad is None else f"the value {cut(repr(bad), 40)}"
            raise BadRecord("bad_truths", f"`{name['truths']}` has {seen}; it holds 1, 0 or null for each step")
        return tuple(None if each is None else int(each) for each in truths)
    if "first_error" in name and (given := fields.get(name["first_error"])) is not None:
        return _before(_first_error(given, steps, f"`{name['first_error']}`"), steps)
    return None


# -- parts of a record -------------------------------------------------------------------------------


def _steps(value: object, name: str) -> tuple[str, ...]:
    steps = _list(value, name)
    if not steps:
        raise BadRecord("no_steps", f"{name} is an empty list; a solution has one step or more")
    return tuple(storable(step, f"step {place} of {name}") for place, step in enumerate(steps))


def _separated(steps: Sequence[str], reading: AnnotationReading) -> tuple[str, ...]:
    separator = SEPARATORS[reading.format] if reading.separator is None else reading.separator
    return (*(step + separator for step in steps[:-1]), steps[-1])


def _first_error(value: object, steps: int, name: str) -> int:
    if type(value) is not int or not -1 <= value < steps:
        seen = f"{name} is {cut(repr(value), 40)}"
        raise BadRecord("bad_label", f"{seen}; it is the first wrong one of {steps} steps, counted from 0, or -1")
    return value


def _before(first_error: int, steps: int) -> tuple[Truth, ...]:
    """Every step before the first wrong one is right; what follows it nobody judged."""
    if first_error < 0:
        return (1,) * steps
    return (*[1] * first_error, 0, *[None] * (steps - first_error - 1))


def _boolean(value: object, name: str) -> bool | None:
    if value is not None and value not in (0, 1):
        raise BadRecord("not_boolean", f"{name} is {cut(repr(value), 40)}; it is true, false or null")
    return None if value is None else bool(value)


def _list(value: object, name: str) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise BadRecord("not_a_list", f"{name} is {cut(repr(value), 40)}; it is a list")
    return list(value)


def _object(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise BadRecord("not_an_object", f"{name} is {cut(repr(value), 40)}; it is an object")
    return value


_READERS: dict[AnnotatedFormat, Callable[[Mapping[str, Any], AnnotationReading], Annotated]] = {
    "processbench": _processbench,
    "prm800k": _prm800k,
    "columns": _columns,
}
