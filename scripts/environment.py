"""Makes `.venv` exactly what a lock file says, and makes the lock files.

    python scripts/environment.py install cpu|gpu
    python scripts/environment.py lock

Needs Python 3.11 and pip, nothing else. uv does the work, in seconds. It does not read pip's configuration
(indexes, find-links, certificates), so that is handed over here; a UV_* variable that is already set wins.

Nothing is resolved while installing, and what the lock does not name is removed.
"""

import ast
import os
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
UV = VENV / "bin" / "uv"
LOCKS = {"cpu": ROOT / "requirements" / "cpu.lock", "gpu": ROOT / "requirements" / "gpu.lock"}

# PyPI holds only the CUDA build of torch; this is where its makers publish the others.
TORCH_CPU_PAGE = "https://download.pytorch.org/whl/cpu/torch/"

UV_NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "cert": "SSL_CERT_FILE",
    "timeout": "UV_HTTP_TIMEOUT",
    "trusted-host": "UV_INSECURE_HOST",
    "proxy": "ALL_PROXY",
}


def main(arguments: list[str]) -> None:
    if sys.version_info[:2] != (3, 11):
        sys.exit(f"Proctor needs Python 3.11, this is {sys.version.split()[0]} at {sys.executable}.")
    match arguments:
        case ["install", extra] if extra in LOCKS:
            install(extra)
        case ["lock"]:
            for each in LOCKS:
                lock(each)
        case _:
            sys.exit(f"usage: {Path(__file__).name} install cpu|gpu, or: lock")


def install(extra: str) -> None:
    began = time.monotonic()
    lines = LOCKS[extra].read_text().splitlines()
    print(f"Setting up .venv with {len(lines)} packages (some 4 GB on disk) ...", flush=True)
    forget_installed()
    have_uv()
    environment = uv_environment(extra)
    # Compiled once: where Python may not write bytecode, every start would compile vLLM and Prefect anew.
    into = ("--quiet", "--compile-bytecode", "--python", VENV / "bin" / "python")
    # Named, because a CPU build that is there already would pass for the torch of the gpu lock.
    uv(
        environment,
        "sync",
        *into,
        *(("--reinstall-package", "torch") if extra == "gpu" else ()),
        LOCKS[extra],
    )
    uv(environment, "install", *into, "--no-deps", "--no-build-isolation", "--editable", ROOT)
    (VENV / f".installed-{extra}").touch()
    print(f"Ready after {time.monotonic() - began:.0f} s.", flush=True)


def lock(extra: str) -> None:
    """Brings in what is newest within pyproject.toml's bounds. Names no index, folder or command."""
    have_uv()
    overrides = ROOT / "requirements" / f"{extra}-overrides.txt"
    uv(
        uv_environment(extra), "compile", "pyproject.toml", "--quiet", "--upgrade",
        "--extra", extra, "--extra", "dev",
        *(("--override", overrides) if overrides.exists() else ()),
        "--python-version", "3.11", "--python-platform", "x86_64-manylinux_2_28",
        "--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links",
        "--output-file", LOCKS[extra],
    )  # fmt: skip


def uv(environment: dict[str, str], *arguments: str | Path) -> None:
    done = subprocess.run([UV, "pip", *arguments], cwd=ROOT, env=environment)
    if done.returncode:
        sys.exit(f"uv pip {arguments[0]} failed; its message is above.")


def have_uv() -> None:
    """A usable `.venv` with uv in it; a venv that was moved or half made is made anew."""
    if runs(UV, "--version") and runs(VENV / "bin" / "python", "-c", ""):
        return
    if not runs(sys.executable, "-m", "pip", "--version"):
        sys.exit(f"{sys.executable} has no pip. On Debian and Ubuntu: apt install python3-pip.")
    # --without-pip: Debian's Python has no ensurepip, and pip can install into another environment.
    venv.create(VENV, clear=True, with_pip=False, symlinks=True)
    locked = LOCKS["cpu"].read_text().splitlines()
    wanted = next((line for line in locked if line.startswith("uv==")), "uv")
    pip = [sys.executable, "-m", "pip", "--python", str(VENV / "bin" / "python")]
    subprocess.run([*pip, "install", "--quiet", wanted], check=True)


def runs(*command: str | Path) -> bool:
    found = shutil.which(command[0]) is not None
    return found and subprocess.run(command, capture_output=True).returncode == 0


def forget_installed() -> None:
    for stamp in VENV.glob(".installed-*"):
        stamp.unlink()


def uv_environment(extra: str) -> dict[str, str]:
    environment = {UV_NAMES[name]: value for name, value in pip_configuration().items() if name in UV_NAMES}
    if "UV_INDEX" in environment:
        # As pip does: any of several indexes may hold the version that the lock names.
        environment["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    links = environment.pop("UV_FIND_LINKS", "").split()
    if extra == "cpu":
        environment["UV_FIND_LINKS"] = ",".join(links if holds_torch(links) else [*links, TORCH_CPU_PAGE])
    # No find-links for gpu: a folder made for the other extra satisfies torch==2.13.0 with its CPU build.
    return environment | os.environ


def holds_torch(links: list[str]) -> bool:
    """Whether torch's CPU wheel is expected there. A remote page is trusted to have it."""
    return any("://" in link or any(Path(link).glob("torch-*+cpu-*.whl")) for link in links)


def pip_configuration() -> dict[str, str]:
    command = [sys.executable, "-m", "pip", "config", "list"]
    return install_options(subprocess.run(command, capture_output=True, text=True).stdout)


def install_options(listing: str) -> dict[str, str]:
    """What `pip config list` says for `pip install`, by option; later sections win over earlier ones."""
    found = {}
    for section in ("global", "install", ":env:"):
        for line in listing.splitlines():
            name, separator, value = line.partition("=")
            if separator and name.startswith(f"{section}."):
                option = name.removeprefix(f"{section}.").removeprefix("default-")
                found[option] = " ".join(ast.literal_eval(value).split())
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
