"""Parameters from the command line: files and `key.path=value` settings, checked by the stage's own
pydantic model.

A value is read as JSON where it is JSON (`0.8`, `true`, `["a", "b"]`, `null`) and as text otherwise. Later
settings win over earlier ones, and settings win over files. Errors name the field, the value seen and what
would be right.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

Model = TypeVar("Model", bound=BaseModel)


class ParameterError(ValueError):
    """A setting or a file that a stage cannot take; the message has one line a problem."""


def build(model: type[Model], file: Path | None = None, settings: Iterable[str] = ()) -> Model:
    """The parameters of `model` from a JSON or YAML file and from settings, defaults for the rest."""
    values = read(file) if file else {}
    for setting in settings:
        assign(values, setting)
    return check(model, values)


def check(model: type[Model], values: Mapping[str, Any]) -> Model:
    """`values` as a `model`; raises ParameterError with a line for each field that is wrong."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False)
        raise ParameterError("\n".join(_line(model, problem) for problem in problems)) from None


def read(file: Path) -> dict[str, Any]:
    """The object that a JSON or YAML file holds (by its suffix; YAML reads both)."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ParameterError(f"{file}: cannot be read: {error}") from None
    try:
        values = _parse_file(file, text)
    except ValueError as error:
        raise ParameterError(f"{file}: {error}") from None
    if not isinstance(values, dict):
        raise ParameterError(f"{file}: holds a {type(values).__name__}; an object with the fields' names is wanted")
    return values


def assign(values: dict[str, Any], setting: str) -> None:
    """Puts a `key.path=value` where its path says, making the objects on the way."""
    path, equals, text = setting.partition("=")
    keys = path.strip().split(".")
    if not equals or not all(keys):
        raise ParameterError(f"--set {setting!r}: write key=value or key.path=value, as in --set sampling.top_p=0.95")
    for key in keys[:-1]:
        values = values.setdefault(key, {})
        if not isinstance(values, dict):
            raise ParameterError(f"--set {setting!r}: {key} has been given the value {values!r}, so it has no fields")
    values[keys[-1]] = _parse_value(text)


@dataclass(frozen=True)
class FieldRow:
    """One line of the table of fields that `--help` shows."""

    path: str
    kind: str
    default: str
    doc: str


def field_rows(model: type[BaseModel], prefix: str = "") -> Iterator[FieldRow]:
    """Every field that `--set` can reach, nested models opened, in the order of declaration."""
    for name, field in model.model_fields.items():
        nested = nested_model(field)
        if nested is not None:
            yield from field_rows(nested, f"{prefix}{name}.")
        else:
            yield FieldRow(prefix + name, _kind(field), _default(field), " ".join((field.description or "").split()))


def nested_model(field: FieldInfo) -> type[BaseModel] | None:
    """The model that a field holds, also where the field may be None instead."""
    for kind in (field.annotation, *get_args(field.annotation)):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
    return None


def _parse_file(file: Path, text: str) -> Any:
    if file.suffix == ".json":
        return json.loads(text)
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None


def _parse_value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _line(model: type[BaseModel], problem: Any) -> str:
    path = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"{path}: there is no such field. {_suggestion(model, problem['loc'])}"
    if problem["type"] == "missing":
        return f"{path}: a value is needed (--set {path}=...)"
    return f"{path or model.__name__}: {problem['msg']}; given: {problem['input']!r}"


def _suggestion(model: type[BaseModel], location: tuple[Any, ...]) -> str:
    rows = [row.path for row in field_rows(model)]
    wanted = ".".join(str(part) for part in location)
    close = get_close_matches(wanted, rows, n=3, cutoff=0.5)
    if close:
        return f"Did you mean {' or '.join(close)}?"
    return f"There are: {', '.join(rows)}."


def _kind(field: FieldInfo) -> str:
    return _spelled(field.annotation)


def _spelled(kind: Any) -> str:
    """A type as a person writes its values: `auto | on | off`, `int | null`, `list of str`."""
    inner, origin = get_args(kind), get_origin(kind)
    if kind is type(None):
        return "null"
    if origin is Literal:
        return " | ".join(map(str, inner))
    if origin in (Union, UnionType):
        return " | ".join(map(_spelled, inner))
    if origin in (tuple, list):
        return f"list of {_spelled(inner[0])}"
    if origin is dict:
        return f"object of {_spelled(inner[1])}"
    return str(getattr(kind, "__name__", kind))


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "(needed)"
    return json.dumps(field.get_default(call_default_factory=True), default=str)
