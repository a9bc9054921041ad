"""Rows of a general set: the usual forms, and what is said of others."""

from typing import Any

import pytest

from evals.recipes.general import Turn, general_row

ASK, SAY = {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}


@pytest.mark.parametrize(
    "fields",
    [
        {"messages": [ASK, SAY]},
        {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello."}]},
        {"prompt": "Hi", "completion": "Hello."},
        {"prompt": [ASK], "completion": [SAY]},
        {"messages": None, "prompt": "Hi", "completion": "Hello.", "id": 7},
    ],
)
def test_the_usual_forms_are_one_conversation(fields: dict[str, Any]) -> None:
    row = general_row("f:1", fields)
    assert row.turns == (Turn("user", "Hi"), Turn("assistant", "Hello."))
    assert (row.prompt, row.completion) == ("Hi", "Hello.")


def test_earlier_turns_stand_in_the_prompt_under_their_roles() -> None:
    row = general_row("f:1", {"messages": [{"role": "system", "content": "Be kind."}, ASK, SAY, ASK, SAY]})
    assert row.prompt == "system: Be kind.\n\nuser: Hi\n\nassistant: Hello.\n\nuser: Hi"
    assert row.completion == "Hello."


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"text": "x"}, "neither `messages` nor `prompt` and `completion`; the row's fields are: text"),
        ({"prompt": "Hi"}, "neither `messages`"),
        ({"messages": "Hi"}, "`messages` is a str; a list of messages is wanted"),
        ({"messages": [ASK, "Hello."]}, r"`messages\[1\]` is a str; an object with role and content is wanted"),
        (
            {"messages": [{"role": "bot", "content": "x"}]},
            r"`messages\[0\]` has the role 'bot'; it is one of human, user",
        ),
        (
            {"messages": [{"role": "user", "content": None}]},
            r"`messages\[0\]` has a NoneType as content; a text is wanted",
        ),
        ({"messages": [SAY]}, "the turns are assistant; user and, at the end, assistant are wanted"),
        ({"messages": [SAY, ASK]}, "the turns are assistant, user; user and"),
        ({"messages": []}, "the turns are none"),
        ({"prompt": 3, "completion": "x"}, "`prompt` is a int; a list of messages is wanted"),
        ({"prompt": "Hi", "completion": " "}, "the assistant's last turn is empty"),
    ],
)
def test_anything_else_is_told_with_what_would_be_right(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        general_row("f:1", fields)
