"""Secrets, and their place in texts: what the environment's secret variables hold is written nowhere.

A secret is the value of a variable whose name ends in KEY, TOKEN, SECRET, PASSWORD, AUTH_STRING or the like, or of one
that a parameter names as such (`secret`). `masked` puts `***` in its place, also where it is quoted for a URL or JSON,
or in base64 as a header has it; of `user:password` the password alone is masked too.

Not covered: values shorter than 8 characters, other encodings, parts of a secret, and secrets that come from elsewhere.
"""

from __future__ import annotations

import base64
import functools
import json
import os
import re
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote

MASK = "***"
SHORTEST = 8
"""Characters; a shorter value, such as `EMPTY`, would be found in ordinary words."""
_NAMED = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS|AUTH_STRING|CONNECTION_URL)$", re.I)
_named_by_parameters: set[str] = set()

Json = TypeVar("Json")


class SecretGiven(ValueError):
    """A secret where a value is wanted that is stored and shown; the message says where, and not what."""


def secret(variable: str) -> str:
    """The value of an environment variable, without space around it; empty where it is not set. It is a secret from now
    on, whatever the variable's name. Raises ValueError where no header could hold it."""
    _named_by_parameters.add(variable)
    value = os.environ.get(variable, "").strip()
    if not value.isascii() or not value.isprintable():
        raise ValueError(f"the environment's {variable} holds characters that no header can: give the key alone")
    return value


def masked(text: str) -> str:
    """`text` with `***` for each secret of the environment as it is now."""
    return masker()(text)


def masker() -> Callable[[str], str]:
    """`masked` for many texts."""
    forms = _forms(tuple(sorted(_secrets().values())))

    def mask(text: str) -> str:
        for form in forms:
            text = text.replace(form, MASK)
        return text

    return mask


def masked_json(value: Json, mask: Callable[[str], str]) -> Json:
    """The same JSON value with all its texts masked, those of keys too."""
    masked: Any = value
    match value:
        case str():
            masked = mask(value)
        case list():
            masked = [masked_json(each, mask) for each in value]
        case dict():
            masked = {masked_json(key, mask): masked_json(each, mask) for key, each in value.items()}
    return masked  # type: ignore[no-any-return]


def mask_error(error: BaseException) -> None:
    """Masks what an exception, and those that it came from, say of themselves."""
    mask, seen = masker(), set[int]()
    chain = [error]
    while chain:
        each = chain.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        each.args = tuple(mask(argument) if isinstance(argument, str) else argument for argument in each.args)
        each.__notes__ = [mask(note) for note in getattr(each, "__notes__", [])]
        chain += [other for other in (each.__cause__, each.__context__) if other is not None]


def refuse_secrets(what: str, value: Any) -> None:
    """Raises SecretGiven where the JSON value holds a secret: it would be stored, hashed and shown."""
    text = json.dumps(value, ensure_ascii=False)
    for variable, held in _secrets().items():
        if any(form in text for form in _forms((held,))):
            raise SecretGiven(
                f"{what} hold the value of the environment's {variable}, which would be stored with the rows; leave it"
                " out, and name the variable where a key is wanted (--resource key_variable=NAME)"
            )


def _secrets() -> dict[str, str]:
    named = {name for name in os.environ if _NAMED.search(name)} | _named_by_parameters
    values = {name: os.environ.get(name, "").strip() for name in named}
    return {name: value for name, value in values.items() if len(value) >= SHORTEST}


@functools.lru_cache(maxsize=16)
def _forms(secrets: tuple[str, ...]) -> tuple[str, ...]:
    """Longest first, so that a part of one is not taken from it before."""
    found = set(secrets)
    for each in secrets:
        _, colon, password = each.partition(":")
        if "://" in each:
            found |= set(re.findall(r"//[^/@:]*:([^/@]+)@", each))
        elif colon:
            found |= {password, base64.b64encode(each.encode()).decode()}
    found |= {quote(each, safe="") for each in found} | {json.dumps(each)[1:-1] for each in found}
    found |= {each.replace("/", "\\/") for each in found}  # as some servers write JSON
    return tuple(sorted((each for each in found if len(each) >= SHORTEST), key=len, reverse=True))
