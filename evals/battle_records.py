"""Records of public preference data, turned into battles or refusals.

Two formats. `lmarena`: LMArena's releases (33k, 100k, 140k): two conversations, a winner, counts for style control in
`conv_metadata`, categories in `category_tag`. `arena_hard`: a judgment of Arena-Hard-Auto, two games with the sides
swapped, in which `A>>B` counts three times (arXiv 2406.11939, section 4.3).

Guarantees: every record comes out once, as battles or as a refusal that names what is wrong; a winner that is none of
`WINNERS` is refused and never a tie. Counts that a record brings along are taken as they are; else texts are counted
by evals/style.py. Does not: tell duplicates, or read files.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from evals.identity import row_id
from evals.records import BadRecord, Record, Refusal, storable
from evals.style import FEATURES, Length, style, words

Row = dict[str, Any]
Winner = Literal["model_a", "model_b", "tie", "both_bad", "unknown"]
WINNERS: Mapping[str, Winner] = {
    "model_a": "model_a",
    "model_b": "model_b",
    "tie": "tie",
    "both_bad": "both_bad",
    "tie (bothbad)": "both_bad",
    "unknown": "unknown",
}
STRONG = 3.0
"""What `A>>B` counts."""
_SCORES: Mapping[str, tuple[str, float]] = {
    "A>>B": ("first", STRONG),
    "A>B": ("first", 1.0),
    "A=B": ("tie", 1.0),
    "B>A": ("second", 1.0),
    "B>>A": ("second", STRONG),
}

Counts = Mapping[str, int | None]
NO_COUNTS: Counts = dict.fromkeys(FEATURES)


@dataclass(frozen=True)
class Answers:
    """How answers are looked up and counted."""

    length: Length = words
    baseline: str | None = None
    counts: Mapping[tuple[str, str], Counts] | None = None
    """Arena-Hard: by model and question."""


def battle_row(battle_id: str, model_a: str, model_b: str, winner: str, place: str, **more: Any) -> Row:
    """A row of the `battles` dataset, what is not given being absent."""
    row: Row = {
        "battle_id": battle_id,
        "prompt_id": battle_id,
        "question": None,
        "model_a": model_a,
        "model_b": model_b,
        "winner": winner,
        "reason": "",
        "weight": 1.0,
        "judge": "",
        "simulated": False,
        "categories": [],
        "extra": [],
        "tokens": 0,
        "place": place,
    }
    row |= dict.fromkeys(("language", "user", "session", "at", "text_a", "text_b", "trace_a", "trace_b", "reply_id"))
    row |= {f"{name}_{side}": None for side in "ab" for name in FEATURES}
    return row | more


def sided(a: Counts, b: Counts) -> Row:
    """The counts of two answers as columns."""
    return {f"{name}_{side}": counts.get(name) for side, counts in (("a", a), ("b", b)) for name in FEATURES}


def counted(text: str, length: Length = words) -> Counts:
    found = style(text, length)
    return {name: getattr(found, name) for name in FEATURES}


def battles_of_records(
    records: Iterator[Record | Refusal], format: Literal["lmarena", "arena_hard"], answers: Answers = Answers()
) -> Iterator[Row | Refusal]:
    """All battles of all records."""
    reader = _READERS[format]
    for record in records:
        if isinstance(record, Refusal):
            yield record
            continue
        try:
            rows = reader(record, answers)
        except BadRecord as bad:
            yield bad.refusal(record)
        else:
            yield from rows


# -- LMArena -----------------------------------------------------------------------------------------


def _lmarena(record: Record, answers: Answers) -> list[Row]:
    fields = record.fields
    a, b = (_name(fields, column) for column in ("model_a", "model_b"))
    _refuse_self(a, b)
    said = fields.get("winner")
    if not isinstance(said, str) or said not in WINNERS:
        raise BadRecord("unknown_label", f"winner {said!r} is none of {', '.join(WINNERS)}")
    talks = [_turns(fields, f"conversation_{side}") for side in "ab"]
    texts = ["\n\n".join(text for role, text in talk if role == "assistant") for talk in talks]
    question = "\n\n".join(text for role, text in talks[0] if role == "user")
    metadata = fields.get("conv_metadata")
    counts = [
        _metadata(metadata, side) if isinstance(metadata, Mapping) else counted(text, answers.length)
        for side, text in zip("ab", texts, strict=True)
    ]
    if isinstance(metadata, Mapping):  # emoji are not in it, but the texts are here
        counts = [dict(c) | {"emoji": counted(t)["emoji"]} for c, t in zip(counts, texts, strict=True)]
    identity = _optional(fields.get("id") or fields.get("question_id")) or row_id(a, b, said, *texts)
    user = fields.get("judge") or fields.get("user_id")
    return [
        battle_row(
            identity,
            a,
            b,
            WINNERS[said],
            record.place,
            prompt_id=row_id(question) if question else identity,
            question=question or None,
            judge="human",
            categories=_categories(fields),
            language=_optional(fields.get("language")),
            user=_optional(user),
            session=_optional(fields.get("evaluation_session_id")),
            at=_time(fields.get("timestamp", fields.get("tstamp"))),
            text_a=texts[0],
            text_b=texts[1],
            **sided(*counts),
        )
    ]


def _name(fields: Mapping[str, Any], column: str) -> str:
    value = fields.get(column)
    if value is None:
        raise BadRecord("field_missing", f"`{column}` is missing or null; the record has {', '.join(map(str, fields))}")
    return storable(value, f"`{column}`").strip()


def _refuse_self(a: str, b: str) -> None:
    if a == b:
        raise BadRecord("self_battle", f"{a!r} is on both sides; a battle has two models")


def _turns(fields: Mapping[str, Any], column: str) -> list[tuple[str, str]]:
    turns = fields.get(column)
    if not isinstance(turns, Sequence) or isinstance(turns, str) or not turns:
        raise BadRecord(
            "no_conversation", f"`{column}` is {type(turns).__name__}; a list of turns with role and content"
        )
    return [(str(turn.get("role")), _said(turn.get("content"), column)) for turn in turns if isinstance(turn, Mapping)]


def _said(content: Any, column: str) -> str:
    """A text, or the texts among the parts of a content."""
    parts = content if isinstance(content, list) else [content]
    texts = [part.get("text") if isinstance(part, Mapping) else part for part in parts]
    said = "\n\n".join(text for text in texts if isinstance(text, str))
    return storable(said, f"`{column}`") if said.strip() else ""


def _metadata(metadata: Mapping[str, Any], side: str) -> Counts:
    sums = {name: metadata.get(f"{key}_{side}") for name, key in _SUMMED.items()}
    counts = {name: _total(value, f"{_SUMMED[name]}_{side}") for name, value in sums.items()}
    return counts | {"length": _total(metadata.get(f"sum_assistant_{side}_tokens"), f"sum_assistant_{side}_tokens")}


_SUMMED = {"headers": "header_count", "bold": "bold_count", "lists": "list_count"}


def _total(value: Any, name: str) -> int:
    parts = value.values() if isinstance(value, Mapping) else [value]
    numbers = [0 if part is None and isinstance(value, Mapping) else part for part in parts]
    if not all(isinstance(n, int | float) and math.isfinite(n) and n >= 0 and n == int(n) for n in numbers):
        raise BadRecord("bad_count", f"conv_metadata: `{name}` is {value!r}; counts are whole numbers from 0")
    return int(sum(numbers))


def _categories(fields: Mapping[str, Any]) -> list[str]:
    """Code, and what `category_tag` says yes to; of hard prompts, those with at least 6 of the 7 criteria."""
    found = ["code"] if fields.get("is_code") is True else []
    tags = fields.get("category_tag")
    for group, said in tags.items() if isinstance(tags, Mapping) else ():
        name = str(group).rpartition("_v")[0] or str(group)
        if not isinstance(said, Mapping):
            continue
        if name == "criteria":
            found += ["hard"] if sum(value is True for value in said.values()) >= HARD else []
        elif any(said.get(key) is True for key in (name, "if", "math", "creative_writing")):
            found.append({"if": "instruction_following"}.get(name, name))
    return sorted(set(found))


HARD = 6
"""Criteria of the hard-prompts category, as the leaderboard has it."""


def _optional(value: Any) -> str | None:
    return None if value is None or not str(value).strip() else storable(str(value), "a name or tag")


def _time(value: Any) -> datetime.datetime | None:
    """A time stamp, or seconds since 1970."""
    match value:
        case datetime.datetime():
            return value if value.tzinfo else value.replace(tzinfo=datetime.UTC)
        case bool() | None:
            return None
        case int() | float() if math.isfinite(value) and abs(value) < 1e11:
            return datetime.datetime.fromtimestamp(value, datetime.UTC)
        case str():
            try:
                return _time(datetime.datetime.fromisoformat(value))
            except ValueError:
                pass
    raise BadRecord("bad_time", f"the time {value!r} is none: write seconds since 1970, or 2026-11-24T08:00:00Z")


# -- Arena-Hard --------------------------------------------------------------------------------------


def _arena_hard(record: Record, answers: Answers) -> list[Row]:
    fields = record.fields
    model = _name(fields, "model")
    baseline = _optional(fields.get("baseline")) or answers.baseline
    if baseline is None:
        raise BadRecord("no_baseline", "the record names no `baseline`: give the import's `baseline`")
    _refuse_self(model, baseline)
    question = _optional(fields.get("uid") or fields.get("question_id"))
    if question is None:
        raise BadRecord("field_missing", "neither `uid` nor `question_id`: of which question?")
    games = fields.get("games")
    if not isinstance(games, Sequence) or isinstance(games, str) or not games:
        raise BadRecord("no_games", f"`games` is {games!r}; a list of the judge's games")
    judge = _optional(fields.get("judge")) or "judge"
    category = _optional(fields.get("category"))
    return [
        _game(record.place, question, (baseline, model) if turn % 2 == 0 else (model, baseline), turn, game, answers)
        | {"judge": judge, "categories": [category] if category else []}
        for turn, game in enumerate(games)
    ]


def _game(place: str, question: str, sides: tuple[str, str], turn: int, game: Any, answers: Answers) -> Row:
    """The baseline is shown first in the first game, and second in the second."""
    score = game.get("score") if isinstance(game, Mapping) else None
    if score is not None and (not isinstance(score, str) or score not in _SCORES):
        raise BadRecord("unknown_label", f"game {turn}: score {score!r} is none of {', '.join(_SCORES)}, null")
    said, weight = _SCORES[score] if score else ("unknown", 1.0)
    winner = {"first": "model_a", "second": "model_b"}.get(said, said)
    counts = [(answers.counts or {}).get((model, question), NO_COUNTS) for model in sides]
    return battle_row(
        row_id("arena_hard", question, *sides, turn),
        *sides,
        winner,
        f"{place} game {turn}",
        prompt_id=question,
        reason="" if score else "no_verdict",
        weight=weight,
        **sided(*counts),
    )


def answer_counts(record: Record, length: Length = words) -> tuple[tuple[str, str], Counts]:
    """Model and question of a record of Arena-Hard's answers, with its style. Raises BadRecord."""
    fields = record.fields
    question = _optional(fields.get("uid") or fields.get("question_id"))
    model = _optional(fields.get("model") or fields.get("model_id"))
    messages = fields.get("messages") or ((fields.get("choices") or [{}])[0].get("turns"))
    if question is None or model is None or not messages:
        raise BadRecord("field_missing", "an answer has `uid`, `model` and `messages`")
    last = messages[-1]
    content = last.get("content") if isinstance(last, Mapping) else last
    text = content.get("answer") if isinstance(content, Mapping) else content
    if not isinstance(text, str):
        raise BadRecord("not_text", f"the answer's content is {type(text).__name__}; a text is wanted")
    return (model, question), counted(text, length)


_READERS: Mapping[str, Callable[[Record, Answers], list[Row]]] = {"lmarena": _lmarena, "arena_hard": _arena_hard}
