"""What the set-up promises without being run: lock files that hold anywhere, and pip's configuration kept."""

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from scripts import environment

PROJECT = tomllib.loads((environment.ROOT / "pyproject.toml").read_text())["project"]


def locked(extra: str) -> dict[str, str]:
    requirements = map(Requirement, environment.LOCKS[extra].read_text().splitlines())
    return {each.name: str(each.specifier).removeprefix("==") for each in requirements}


@pytest.mark.parametrize("extra", environment.LOCKS)
def test_lock_names_packages_and_no_places(extra: str) -> None:
    text = environment.LOCKS[extra].read_text()
    assert not any(sign in text for sign in ("://", " @ ", "--", "#"))


@pytest.mark.parametrize("extra", environment.LOCKS)
def test_lock_keeps_to_the_bounds_of_the_project(extra: str) -> None:
    versions = locked(extra)
    groups = PROJECT["optional-dependencies"]
    for text in [*PROJECT["dependencies"], *groups[extra], *groups["s3"], *groups["dev"]]:
        wanted = Requirement(text)
        if wanted.name != PROJECT["name"]:
            assert wanted.specifier.contains(versions[wanted.name], prereleases=True), f"run make lock: {text}"


def test_lock_for_cpu_holds_torch_alone() -> None:
    assert not {"torchvision", "torchaudio", "torchcodec"} & set(locked("cpu"))


def test_options_of_pip_are_handed_to_uv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl").touch()
    listing = (
        "global.extra-index-url='https://one.example/simple\\nhttps://two.example/simple'\n"
        f":env:.find-links='{tmp_path}'\nglobal.find-links='/elsewhere'\ninstall.no-clean='true'\n"
    )
    monkeypatch.setattr(environment, "pip_configuration", lambda: environment.install_options(listing))
    for name in ("UV_INDEX", "UV_FIND_LINKS"):
        monkeypatch.delenv(name, raising=False)
    given = environment.uv_environment("cpu")
    assert given["UV_INDEX"] == "https://one.example/simple https://two.example/simple"
    assert given["UV_FIND_LINKS"] == str(tmp_path)
    assert "UV_FIND_LINKS" not in environment.uv_environment("gpu")


def test_torch_for_cpu_comes_from_its_makers_when_pip_knows_no_other_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(environment, "pip_configuration", dict)
    monkeypatch.delenv("UV_FIND_LINKS", raising=False)
    assert environment.uv_environment("cpu")["UV_FIND_LINKS"] == environment.TORCH_CPU_PAGE


def test_variable_for_uv_wins_over_the_configuration_of_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "pip_configuration", lambda: {"find-links": "/elsewhere"})
    monkeypatch.setenv("UV_FIND_LINKS", "/chosen")
    assert environment.uv_environment("cpu")["UV_FIND_LINKS"] == "/chosen"
