"""Where a model's name leads, and which model exactly stands there.

A name is an embedded model, a local folder in Hugging Face layout, or a hub name, looked up in that order.
The digest of a folder covers the files that decide what the model writes (config, weights, tokenizer), so a
copy elsewhere has the same digest and a retrained model another. The digest of a hub model is the commit that
its revision resolves to.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

EMBEDDED = Path(__file__).resolve().parents[2] / "models"
"""Application installed from source: the models lie beside the code."""

BEHAVIOUR = re.compile(
    r"(config|generation_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab)\.json"
    r"|merges\.txt|tokenizer\.model|chat_template\.(jinja|json)|.*\.safetensors(\.index\.json)?"
)
"""Files that define behaviour; cards, logs and licences do not."""


@dataclass(frozen=True, slots=True)
class ModelRef:
    """A model that can be loaded."""

    name: str
    """As it appears in rows: no folders of one machine."""
    path: str
    """What a loader is given: a folder, or the hub name."""
    digest: str
    revision: str | None = None
    """The commit, for hub models."""


def resolve(name: str, revision: str | None = None) -> ModelRef:
    """The model of a name.

    Raises FileNotFoundError, naming what there is, where the name leads nowhere, the folder's weights are pickles, or
    the hub cannot be asked.
    """
    folder = EMBEDDED / name if name in embedded() else Path(name).expanduser()
    if (folder / "config.json").is_file():
        _must_be_tensors(folder)
        return ModelRef(folder.resolve().name, str(folder.resolve()), digest(folder))
    if name and folder.is_dir():
        raise FileNotFoundError(f"model folder {folder} has no config.json: not in Hugging Face layout")
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", name) or name.startswith("."):
        raise FileNotFoundError(f"no model folder {name!r}; embedded models: {_listed()}")
    commit = _commit(name, revision)
    return ModelRef(name, name, commit, commit)


def _must_be_tensors(folder: Path) -> None:
    """Weights in other files are pickles, which run code when they are loaded: no engine here opens them."""
    pickles = [path.name for path in sorted(folder.iterdir()) if path.suffix in (".bin", ".pt", ".pth")]
    if pickles and not any(folder.glob("*.safetensors")):
        raise FileNotFoundError(
            f"model folder {folder} has no *.safetensors, only {', '.join(pickles)}; save it again with"
            " save_pretrained(..., safe_serialization=True)"
        )


def embedded() -> list[str]:
    """Names of the models that ship with the code."""
    return sorted(config.parent.name for config in EMBEDDED.glob("*/config.json"))


def digest(folder: Path) -> str:
    """32 hex characters over the names and contents of the files that define behaviour."""
    files = sorted(path for path in folder.iterdir() if BEHAVIOUR.fullmatch(path.name))
    stamps = tuple((path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in files)
    return _digest(str(folder.resolve()), stamps)


@functools.cache
def _digest(folder: str, stamps: tuple[tuple[str, int, int], ...]) -> str:
    """Cached by size and time of change: weights of many gigabytes are read once a process."""
    total = hashlib.sha256()
    for name, _, _ in stamps:
        with open(os.path.join(folder, name), "rb") as file:
            total.update(f"{name}\0{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return total.hexdigest()[:32]


def _commit(name: str, revision: str | None) -> str:
    """The commit of a hub model: asked from the hub, else from what was downloaded before."""
    if revision and re.fullmatch(r"[0-9a-f]{40}", revision):
        return revision
    from huggingface_hub import HfApi, constants

    try:
        sha = HfApi().model_info(name, revision=revision).sha
    except Exception as error:  # the hub's client lets pass a dozen kinds, from its own and from three HTTP libraries
        reason = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        sha = None
    else:
        reason = "the hub gives no commit"
    downloaded = Path(constants.HF_HUB_CACHE, f"models--{name.replace('/', '--')}", "refs", revision or "main")
    if sha is None and downloaded.is_file():
        sha = downloaded.read_text().strip()
    if sha is None:
        raise FileNotFoundError(
            f"model {name!r} is no embedded model ({_listed()}), no folder, was not downloaded before,"
            f" and the hub cannot be asked ({reason})"
        )
    return sha


def _listed() -> str:
    return ", ".join(embedded()) or "none"
