"""Rows of a general set as demonstrations, whichever of the usual forms they have.

Read are `messages` (or `conversations`, with the turns' `role`/`content` or ShareGPT's `from`/`value`), and
`prompt` with `completion`, both texts or both lists of messages. A row becomes the turns of one conversation that ends
with the assistant's. Raises ValueError, with what is there and what would be right, for anything else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ROLES = {"human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant", "system": "system"}


@dataclass(frozen=True, slots=True)
class Turn:
    role: str
    content: str


@dataclass(frozen=True, slots=True)
class General:
    """A row of a general set. `prompt` and `completion` where the row is one question with one answer."""

    place: str
    turns: tuple[Turn, ...]

    @property
    def prompt(self) -> str:
        """What is said before the answer; turns that are not the user's only one stand under their roles' names."""
        before = self.turns[:-1]
        if len(before) == 1 and before[0].role == "user":
            return before[0].content
        return "\n\n".join(f"{turn.role}: {turn.content}" for turn in before)

    @property
    def completion(self) -> str:
        return self.turns[-1].content


def general_row(place: str, fields: Mapping[str, Any]) -> General:
    """One record of a general set; `place` is where it was read."""
    for column in ("messages", "conversations"):
        if fields.get(column) is not None:
            return _conversation(place, _turns(fields[column], column))
    if fields.get("prompt") is None or fields.get("completion") is None:
        has = ", ".join(map(str, fields)) or "none"
        raise ValueError(f"neither `messages` nor `prompt` and `completion`; the row's fields are: {has[:200]}")
    prompt, completion = fields["prompt"], fields["completion"]
    if isinstance(prompt, str) and isinstance(completion, str):
        return _conversation(place, (Turn("user", prompt), Turn("assistant", completion)))
    return _conversation(place, (*_turns(prompt, "prompt"), *_turns(completion, "completion")))


def _turns(value: object, column: str) -> tuple[Turn, ...]:
    if not isinstance(value, list):
        raise ValueError(f"`{column}` is a {type(value).__name__}; a list of messages is wanted")
    return tuple(_turn(each, f"`{column}[{place}]`") for place, each in enumerate(value))


def _turn(message: object, name: str) -> Turn:
    if not isinstance(message, Mapping):
        raise ValueError(f"{name} is a {type(message).__name__}; an object with role and content is wanted")
    role, content = message.get("role", message.get("from")), message.get("content", message.get("value"))
    if not isinstance(role, str) or role not in ROLES:
        raise ValueError(f"{name} has the role {role!r}; it is one of {', '.join(ROLES)}")
    if not isinstance(content, str):
        raise ValueError(f"{name} has a {type(content).__name__} as content; a text is wanted")
    return Turn(ROLES[role], content)


def _conversation(place: str, turns: tuple[Turn, ...]) -> General:
    roles = [turn.role for turn in turns]
    if len(roles) < 2 or roles[-1] != "assistant" or "user" not in roles:
        raise ValueError(f"the turns are {', '.join(roles) or 'none'}; user and, at the end, assistant are wanted")
    if not turns[-1].content.strip():
        raise ValueError("the assistant's last turn is empty")
    return General(place, turns)
