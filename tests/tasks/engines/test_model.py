import shutil
from pathlib import Path

import pytest

from tasks.engines import model
from tasks.engines.model import resolve


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "my_model"
    made.mkdir()
    for name in ("config.json", "model.safetensors", "tokenizer.json", "README.md"):
        (made / name).write_text(name)
    return made


def test_a_folder_is_named_without_the_machines_paths(folder: Path) -> None:
    found = resolve(str(folder))
    assert (found.name, found.path, len(found.digest), found.revision) == ("my_model", str(folder), 32, None)


def test_a_copy_elsewhere_has_the_same_digest(folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder, tmp_path / "elsewhere" / "renamed", dirs_exist_ok=True)
    assert resolve(str(copy)).digest == resolve(str(folder)).digest


@pytest.mark.parametrize(
    ("file", "changes"),
    [("model.safetensors", True), ("tokenizer.json", True), ("chat_template.jinja", True), ("README.md", False)],
)
def test_the_digest_follows_what_the_model_writes(folder: Path, file: str, changes: bool) -> None:
    before = resolve(str(folder)).digest
    (folder / file).write_text("something else")
    assert (resolve(str(folder)).digest != before) is changes


def test_a_folder_without_a_config_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"has no config\.json"):
        resolve(str(tmp_path))


@pytest.mark.parametrize("name", ["./missing", "/no/such/folder", "a/b/c", ""])
def test_a_missing_folder_is_not_looked_up_at_the_hub(name: str) -> None:
    with pytest.raises(FileNotFoundError, match="embedded models"):
        resolve(name)


def test_an_embedded_name_leads_into_the_checkout(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "EMBEDDED", folder.parent)
    assert model.embedded() == ["my_model"]
    assert resolve("my_model").path == str(folder)


def test_a_commit_is_its_own_digest() -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    found = resolve("someone/model", commit)
    assert (found.path, found.digest, found.revision) == ("someone/model", commit, commit)


def test_offline_a_downloaded_model_has_the_commit_of_its_download(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="was not downloaded before, and the hub cannot be asked"):
        resolve("someone/model")
    refs = tmp_path / "models--someone--model" / "refs"
    refs.mkdir(parents=True)
    (refs / "main").write_text("abc123\n")
    assert resolve("someone/model").digest == "abc123"


def test_weights_that_could_run_code_are_refused(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(FileNotFoundError, match=r"my_model has no \*\.safetensors, only pytorch_model\.bin"):
        resolve(str(folder))
