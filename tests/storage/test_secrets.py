"""Secrets of the environment, and texts that hold them."""

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.secrets import SecretGiven, mask_error, masked, masked_json, masker, refuse_secrets, secret

KEY = 'sk-0123/4567+89"x'


@pytest.fixture(autouse=True)
def planted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", KEY)


@pytest.mark.parametrize(
    "name", ["OPENAI_API_KEY", "HF_TOKEN", "AWS_SECRET_ACCESS_KEY", "db_password", "PREFECT_API_AUTH_STRING"]
)
def test_variables_with_such_names_are_secrets(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "a-long-enough-value")
    assert masked("it is a-long-enough-value.") == "it is ***."


@pytest.mark.parametrize("name", ["HOME", "TOKENIZERS_PARALLELISM", "KEYBOARD", "MONKEY_ISLAND"])
def test_others_are_not(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "a-long-enough-value")
    assert masked("a-long-enough-value") == "a-long-enough-value"


def test_short_values_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "EMPTY")
    assert masked("the list is EMPTY") == "the list is EMPTY"


@pytest.mark.parametrize(
    "form", [KEY, quote(KEY, safe=""), json.dumps(KEY)[1:-1], json.dumps(KEY)[1:-1].replace("/", "\\/")]
)
def test_forms_in_which_it_travels_are_masked(form: str) -> None:
    assert masked(f"<{form}>") == "<***>"


@pytest.mark.parametrize(
    "form", ["me:hunter2-hunter2", "hunter2-hunter2", base64.b64encode(b"me:hunter2-hunter2").decode()]
)
def test_of_a_user_and_a_password_the_password_is_masked_too(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "me:hunter2-hunter2")
    assert masked(f"Basic {form}") == "Basic ***"


def test_the_password_of_a_database_s_url_is_masked_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_DATABASE_CONNECTION_URL", "postgresql+asyncpg://me:hunter2-hunter2@db/prefect")
    assert masked("hunter2-hunter2 is wrong") == "*** is wrong"


def test_a_variable_that_a_parameter_names_is_a_secret_whatever_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB", " lab-key-of-mine\n")
    assert masked("lab-key-of-mine") == "lab-key-of-mine"
    assert secret("LAB") == "lab-key-of-mine"
    assert masked("lab-key-of-mine") == "***"


@pytest.mark.parametrize("value", ["sk-two\nlines", "sk-schlüssel"])
def test_a_key_that_no_header_can_hold_is_refused_without_showing_it(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_KEY", value)
    with pytest.raises(ValueError, match="the environment's LAB_KEY holds characters") as caught:
        secret("LAB_KEY")
    assert "sk-" not in str(caught.value)


TEXTS = st.text(max_size=20) | st.just(KEY)
JSON = st.recursive(
    TEXTS | st.integers() | st.none(), lambda of: st.lists(of) | st.dictionaries(TEXTS, of), max_leaves=9
)


@given(JSON)
def test_no_value_of_json_keeps_it(value: object) -> None:
    assert KEY not in str(masked_json(value, masker()))


@given(st.text())
def test_a_text_without_it_stays_as_it_is(text: str) -> None:
    assert masked(text) == text or KEY in text


def test_an_exception_and_its_causes_are_masked() -> None:
    error = ValueError(f"no {KEY}", 3)
    error.__cause__ = KeyError(KEY)
    error.add_note(f"see {KEY}")
    mask_error(error)
    assert (error.args, error.__notes__, error.__cause__.args) == (("no ***", 3), ["see ***"], ("***",))


def test_an_exception_that_came_of_itself_ends() -> None:
    first, second = ValueError(KEY), ValueError("x")
    first.__cause__, second.__cause__ = second, first
    mask_error(first)
    assert first.args == ("***",)


def test_a_parameter_that_holds_one_is_named_by_its_variable() -> None:
    refuse_secrets("the parameters", {"url": "http://host/v1"})
    with pytest.raises(SecretGiven, match="hold the value of the environment's SOME_API_KEY") as caught:
        refuse_secrets("the parameters", {"deep": [{"url": f"http://host/v1?key={quote(KEY, safe='')}"}]})
    assert "0123" not in str(caught.value)
