"""Checks the licences of all that a user of Proctor installs: `python scripts/licences.py cpu|gpu`.

Reads what the packages say of themselves, from the environment that runs it. Fails on a licence that is not on the
list, and on one that is not told, unless the package is named with a reason. Tools of development are not looked at.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterator
from functools import partial
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from packaging.requirements import Requirement

ALLOWED = re.compile(
    r"(?!.*GPL)(the )?("
    r"0BSD|Apache.*|(3-Clause )?BSD.*|BSL-1\.0|CC0-1\.0|CNRI-Python|ISC.*|MIT(-0|-CMU)?( License)?|"
    r"MPL-2\.0|Mozilla Public License 2\.0.*|PSF-2\.0|Python Software Foundation License|Unlicense.*"
    r")",
    re.IGNORECASE,
)
"""Licences that let anybody use the software as part of anything; MPL-2.0 asks only for changes of its own files."""

EXCEPTIONS = {
    "intel-cmplr-lib-ur": "Intel's runtime libraries, which anybody may redistribute; torch for CPUs needs them",
    "intel-openmp": "as intel-cmplr-lib-ur",
    "oss-harmony": "Apache-2.0, which its metadata gives as a file only",
    "pebble": "LGPL: imported, not changed and not shipped with Proctor",
    "prometheus-fastapi-instrumentator": "ISC, which its classifier does not name",
    "pycountry": "LGPL-2.1: imported, not changed and not shipped with Proctor",
    "setuptools": "MIT, which its metadata gives as a file only",
    "text-unidecode": "Artistic or GPL, as one chooses: Artistic",
}

NVIDIA = "nvidia-"
"""Names of CUDA's libraries, which are NVIDIA's and may be redistributed; torch for GPUs needs them."""


def main(extra: str) -> None:
    told = {name: licence(each) for name, each in installed("proctor", extra) if name != "proctor"}
    refused = [
        f"{name}: {text or 'says nothing'}"
        for name, text in sorted(told.items())
        if not allowed(text) and name not in EXCEPTIONS and not name.startswith(NVIDIA)
    ]
    idle = [f"{name}: needs no exception any more" for name in EXCEPTIONS if name in told and allowed(told[name])]
    if refused or idle:
        sys.exit("\n".join(["licences that are not on the list in scripts/licences.py:", *refused, *idle]))
    most = ", ".join(f"{text} {count}" for text, count in Counter(told.values()).most_common(4))
    named = sum(not allowed(text) for text in told.values())
    print(f"Licences of {len(told)} packages are on the list ({most}, ...), {named} by exception.")


def installed(name: str, *extras: str) -> Iterator[tuple[str, Distribution]]:
    """The package and all that it needs, by normal name; what is not installed is not needed on this machine."""
    seen: dict[str, set[str]] = {}
    wanted = [(name, {*extras, ""})]
    while wanted:
        name, chosen = wanted.pop()
        key = re.sub(r"[-_.]+", "-", name).lower()
        if chosen <= seen.get(key, set()):
            continue
        seen[key] = seen.get(key, set()) | chosen
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue
        yield key, found
        for each in map(Requirement, found.requires or ()):
            if each.marker is None or any(each.marker.evaluate({"extra": extra}) for extra in seen[key]):
                wanted.append((each.name, {*each.extras, ""}))


def licence(package: Distribution) -> str:
    """What it says: an SPDX expression, else its classifiers, else the first line of its licence; else nothing."""
    expressions, classifiers, free = map(partial(_all, package), ("License-Expression", "Classifier", "License"))
    named = [text.split(" :: ")[-1] for text in classifiers if text.startswith("License ::")]
    lines = "".join(free).strip().splitlines()
    return "".join(expressions) or " AND ".join(named) or (lines[0] if lines else "")


def _all(package: Distribution, field: str) -> list[str]:
    return package.metadata.get_all(field) or []


def allowed(text: str) -> bool:
    """Whether each of the licences that hold together is allowed, by any of those to choose from."""
    parts = re.split(r"\bAND\b", text.replace("(", " ").replace(")", " "), flags=re.IGNORECASE)
    choices = [re.split(r"\bOR\b", part, flags=re.IGNORECASE) for part in parts]
    return all(any(ALLOWED.fullmatch(each.strip()) for each in choice) for choice in choices)


if __name__ == "__main__":
    main(*sys.argv[1:])
