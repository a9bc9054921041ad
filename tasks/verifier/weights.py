"""A trained verifier: its card, and the way from a folder or from rows to something that scores, and back.

A verifier's folder is a Hugging Face folder with two files more: `verifier.json`, its card, and `problems.json`, the
ids of the problems that it was trained on, chosen by and judged on. It is a token classifier's, or with a head on
confidence the language model's, with that head in `head.safetensors`.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from evals.prompts import PromptStyle
from storage.store import Location
from tasks.verifier.chunks import files_of
from tasks.verifier.params import Head, Kind

CARD, PROBLEMS = "verifier.json", "problems.json"


class Card(BaseModel):
    """What has to be known to score as it was trained. The defaults are those of a model that TRL has trained."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind = "process"
    target: str = "hard"
    head: Head = "hidden"
    base: str = ""
    base_digest: str = ""
    prompt: PromptStyle | None = None
    max_length: int | None = None
    dtype: str = "float32"
    tokenizer_sha256: str | None = None
    """Of tokenizer.json; another one would read other tokens."""
    cut_off: float | None = None
    """First errors: the probability below which a step is bad, chosen on the choosing problems; None: not known."""


class WrongTokenizer(ValueError):
    """A verifier beside a tokenizer that it was not trained with."""


def read_card(folder: Path) -> Card:
    """The folder's card. Raises WrongTokenizer."""
    path = folder / CARD
    card = Card.model_validate_json(path.read_bytes()) if path.is_file() else Card()
    if card.tokenizer_sha256 is not None and (seen := tokenizer_digest(folder)) != card.tokenizer_sha256:
        raise WrongTokenizer(
            f"{folder}: this verifier was trained with a tokenizer of sha256 {card.tokenizer_sha256[:12]}, and the "
            f"folder has {seen[:12] if seen else 'none'}; put back its own tokenizer.json"
        )
    return card


def tokenizer_digest(folder: Path) -> str | None:
    path = folder / "tokenizer.json"
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def committed_files(verifiers: Location, kind: Kind) -> dict[str, bytes]:
    """The files of a committed verifier. Raises LookupError where the partition has none of this kind, Missing where
    nothing is committed."""
    rows = verifiers.read().to_pylist()
    files = files_of(kind, rows)
    if not files:
        there = sorted({row["kind"] for row in rows})
        raise LookupError(
            f"{verifiers.fs.address(verifiers.folder)} has no {kind} verifier; there is {', '.join(there)}"
        )
    return files


def unpack(files: Mapping[str, bytes], folder: Path) -> Path:
    """Writes a verifier's files as a folder that transformers and vLLM load. Raises ValueError for a name that is none
    of a file right in it: the rows may be a stranger's."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        if name in ("", ".", "..") or "/" in name or "\0" in name:
            raise ValueError(f"a verifier's file is called {name!r}; it has to lie right in its folder")
        (folder / name).write_bytes(data)
    return folder


def packed(network: Any, tokenizer: Any, card: Card, problems: bytes) -> dict[str, bytes]:
    """The files of a verifier, the tokenizer's digest filled in."""
    from tasks.verifier.network import save_folder

    with tempfile.TemporaryDirectory(prefix="proctor-verifier-") as place:
        folder = Path(place)
        save_folder(network, tokenizer, folder)
        full = card.model_copy(update={"tokenizer_sha256": tokenizer_digest(folder)})
        (folder / CARD).write_text(full.model_dump_json(indent=1), encoding="utf-8")
        (folder / PROBLEMS).write_bytes(problems)
        return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
