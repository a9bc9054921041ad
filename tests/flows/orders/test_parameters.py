"""Parameters from the command line."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.orders.parameters import ParameterError, assign, build, field_rows
from tasks.params import LabelsParams, ProblemsParams, TracesParams


def test_settings_reach_nested_fields() -> None:
    params = build(TracesParams, settings=["sampling.temperature=0.5", "engine.model=tiny_reasoner_mid", "samples=3"])
    assert (params.sampling.temperature, params.engine.model, params.samples) == (0.5, "tiny_reasoner_mid", 3)


def test_values_are_json_where_they_can_be() -> None:
    params = build(LabelsParams, settings=["waves=[2, 6]", "engine=null", "policy=fixed"])
    assert (params.waves, params.engine, params.policy) == ((2, 6), None, "fixed")


def test_later_settings_win_and_settings_win_over_files(tmp_path: Path) -> None:
    file = tmp_path / "params.yaml"
    file.write_text("samples: 2\nsampling:\n  temperature: 0.1\n  top_p: 0.9\n")
    params = build(TracesParams, file, ["samples=3", "samples=4", "sampling.temperature=0.2"])
    assert (params.samples, params.sampling.temperature, params.sampling.top_p) == (4, 0.2, 0.9)


def test_a_file_may_be_json(tmp_path: Path) -> None:
    file = tmp_path / "params.json"
    file.write_text('{"count": 7}')
    assert build(ProblemsParams, file).count == 7


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("samples=many", "samples: Input should be a valid integer.*given: 'many'"),
        ("samples=0", "samples: Input should be greater than or equal to 1; given: 0"),
        ("sampling.temprature=1", "sampling.temprature: there is no such field. Did you mean sampling.temperature"),
        ("samples", "write key=value"),
        ("=3", "write key=value"),
        ("samples.x=3", "samples: Input should be a valid integer"),
    ],
)
def test_a_wrong_setting_is_named(setting: str, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        build(TracesParams, settings=[setting])


def test_all_wrong_fields_are_told_at_once() -> None:
    with pytest.raises(ParameterError) as raised:
        build(TracesParams, settings=["samples=0", "prompt=shout"])
    assert len(str(raised.value).splitlines()) == 2


def test_a_setting_below_a_plain_value_is_refused() -> None:
    with pytest.raises(ParameterError, match="samples has been given the value 3"):
        build(TracesParams, settings=["samples=3", "samples.x=1"])


@pytest.mark.parametrize("content", ["[1, 2]", "{", "\x00\xff"])
def test_an_unfit_file_is_named(tmp_path: Path, content: str) -> None:
    file = tmp_path / "params.json"
    file.write_bytes(content.encode("latin-1"))
    with pytest.raises(ParameterError, match=r"params\.json"):
        build(ProblemsParams, file)


@given(st.dictionaries(st.from_regex("[a-z]+", fullmatch=True), st.integers() | st.text() | st.lists(st.booleans())))
def test_any_json_value_survives_a_setting(values: dict[str, object]) -> None:
    read: dict[str, object] = {}
    for key, value in values.items():
        assign(read, f"{key}={json.dumps(value)}")
    assert read == values


def test_help_lists_every_field_with_kind_default_and_meaning() -> None:
    rows = {row.path: row for row in field_rows(TracesParams)}
    assert rows["samples"].kind == "int"
    assert rows["samples"].default == "8"
    assert rows["samples"].doc.startswith("Traces a problem")
    assert rows["chat"].kind == "auto | on | off"
    assert rows["splitter"].kind.endswith("| newline | null")
    assert "sampling.temperature" in rows
