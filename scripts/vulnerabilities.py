"""Looks up known vulnerabilities of what a lock file names: `python scripts/vulnerabilities.py cpu|gpu`.

pip-audit asks PyPI. Fails where a version has a known vulnerability that is not named here with a reason. Where PyPI
does not answer, or does not know a package, that is said, and nothing fails: nothing was found, for nothing was asked.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

LOCKS = Path(__file__).resolve().parent.parent / "requirements"
SECONDS = 15
"""For one answer; without a network the first one decides."""

ACCEPTED: dict[str, str] = {}
"""Vulnerabilities by name (CVE-..., GHSA-..., PYSEC-...), with the reason why they do no harm here."""


def main(extra: str) -> None:
    packages = locked((LOCKS / f"{extra}.lock").read_text(encoding="utf-8"))
    told = asked(packages)
    if isinstance(told, str):
        print(f"NOT AUDITED: no vulnerability service answered ({told}); nothing is known of {len(packages)} packages")
        return
    found = list(vulnerable(told))
    if found:
        sys.exit(
            "\n".join(
                ["known vulnerabilities; raise the version, or accept them in scripts/vulnerabilities.py:", *found]
            )
        )
    unknown = [each["name"] for each in told if "skip_reason" in each]
    if len(unknown) == len(told):
        print(f"NOT AUDITED: the vulnerability service knows none of {len(told)} packages; is a mirror in its place?")
    else:
        left = f"; it does not know {', '.join(unknown)}" if unknown else ""
        print(f"No known vulnerabilities in {len(told) - len(unknown)} of {len(told)} packages{left}.")


def locked(text: str) -> list[str]:
    """`name==version` of each line. PyPI knows no local versions, such as torch's `+cpu`."""
    return [line.split(";")[0].strip().split("+")[0] for line in text.splitlines() if "==" in line]


def asked(packages: list[str]) -> list[dict[str, Any]] | str:
    """What pip-audit says of each, or why it could say nothing."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder, "packages.txt")
        wanted.write_text("\n".join(packages), encoding="utf-8")
        options = (
            "--no-deps",
            "--disable-pip",
            "--format",
            "json",
            "--progress-spinner",
            "off",
            "--timeout",
            str(SECONDS),
        )
        command = [sys.executable, "-m", "pip_audit", "--requirement", str(wanted), *options]
        ended = subprocess.run(command, capture_output=True, text=True)
    try:
        said: list[dict[str, Any]] = json.loads(ended.stdout)["dependencies"]
        return said
    except (ValueError, KeyError):
        return (ended.stderr.strip().splitlines() or [f"code {ended.returncode}"])[-1][:200]


def vulnerable(told: list[dict[str, Any]]) -> list[str]:
    """A line for each vulnerability that is not accepted."""
    return [
        f"{each['name']} {each['version']}: {one['id']}, fixed in {', '.join(one['fix_versions']) or 'no version'}"
        for each in told
        for one in each.get("vulns", ())
        if not ACCEPTED.keys() & {one["id"], *one.get("aliases", ())}
    ]


if __name__ == "__main__":
    main(*sys.argv[1:])
