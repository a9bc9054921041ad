"""The rules that keep the rooms apart: who may import what, what must stay light, how large a piece may grow.

Imports are read from the source, those inside functions too. What a light module really pulls in is measured
in a fresh interpreter.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LONGEST_FUNCTION = 70
LONGEST_FILE = 400

MAY_IMPORT = {
    "evals": {"evals"},
    "storage": {"storage"},
    "tasks": {"tasks", "evals", "storage"},
    "flows": {"flows", "tasks", "evals", "storage"},
    "models": {"models", "evals"},
    "benchmarks": {"benchmarks", "flows", "tasks", "evals", "storage"},
}

# What of flows/ stands on what: a module imports from its own floor's room and from floors below.
FLOORS = (
    {"stage"},
    {"stages"},
    {"run"},
    {"orders", "views", "server"},
    {"backfills"},
    {"a flow"},
    {"commands"},
    {"demo"},
    {"cli"},
)
GUARDED = ("evals", "storage", "tasks", "flows")

# package: the only places, as path prefixes, that may import it at all
ONLY_IN = {
    "prefect": ("flows/", "tasks/artifacts.py"),
    "ray": (
        "tasks/engines/runtime.py",
        "tasks/engines/pool.py",
        "tasks/verifier/workers.py",
        "tasks/verifier/pooling.py",
    ),
    "vllm": ("tasks/engines/vllm_engine.py", "tasks/verifier/vllm_pooling.py"),
    "fsspec": ("storage/",),
    "s3fs": ("storage/",),
}

# Seconds to import, or a whole CUDA context: they belong into the function that needs them.
NEVER_AT_THE_TOP = {"datasets", "duckdb", "math_verify", "matplotlib", "torch", "transformers", "trl", "vllm"}

PURE = {"numpy", "scipy", "numba", "pyarrow", "pydantic"}
IMPURE_STANDARD = {
    "multiprocessing",
    "os",
    "shutil",
    "socket",
    "subprocess",
    "tempfile",
    "threading",
    "urllib",
}

# What a command that only reads storage must never wait for
SLOW = {"prefect", "ray", "vllm", "torch", "transformers", "datasets", "pandas", "scipy", "sympy"}

# module: what must not be loaded once it is imported
STAYS_LIGHT = {
    "flows.cli": SLOW,
    "flows.stages": SLOW,
    "flows.run.execute": SLOW,
    "storage.store": {"prefect", "ray", "torch", "pandas"},
    "tasks.engines.engine": {"prefect", "ray", "vllm", "torch", "transformers"},
    "tasks.engines.vllm_engine": {"prefect", "ray", "vllm", "torch", "transformers"},
    "tasks.verifier.vllm_pooling": {"prefect", "ray", "vllm", "torch", "transformers"},
}


@dataclass(frozen=True)
class Import:
    path: str
    """Relative to the repository."""
    line: int
    module: str
    at_top: bool
    """Runs when the module is imported."""

    @property
    def package(self) -> str:
        return self.module.partition(".")[0]

    @property
    def room(self) -> str:
        return self.path.partition("/")[0]

    def __str__(self) -> str:
        return f"{self.path}:{self.line} imports {self.module}"


def sources(*rooms: str) -> list[Path]:
    return sorted(path for room in rooms for path in (ROOT / room).rglob("*.py"))


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imports(path: Path) -> Iterator[Import]:
    place = path.relative_to(ROOT).as_posix()
    for node, at_top in walk(parsed(path), at_top=True):
        for module in imported(node):
            yield Import(place, node.lineno, module, at_top)


def walk(node: ast.AST, at_top: bool) -> Iterator[tuple[ast.stmt, bool]]:
    """Every statement below, and whether importing the module runs it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            yield child, at_top
        deferred = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or only_for_types(child)
        yield from walk(child, at_top and not deferred)


def only_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


def imported(node: ast.stmt) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [name.name for name in names]
        case ast.ImportFrom(module=str(module), level=0):
            return [module]
        case ast.ImportFrom(level=level):
            return ["." * level]
        case _:
            return []


ALL = [each for path in sources(*MAY_IMPORT) for each in imports(path)]


def listed(offences: list[Import]) -> str:
    return "\n".join(map(str, offences))


def test_rooms_import_one_way() -> None:
    offences = [each for each in ALL if each.package in MAY_IMPORT and each.package not in MAY_IMPORT[each.room]]
    assert not offences, f"allowed is {MAY_IMPORT}, but\n{listed(offences)}"


def test_rooms_of_flows_import_downwards() -> None:
    offences = [
        each
        for each in ALL
        if (each.room, each.package) == ("flows", "flows")
        and (here := part(each.path.removesuffix(".py").replace("/", "."))) != (there := part(each.module))
        and floor(here) <= floor(there)
    ]
    assert not offences, f"from the ground up: {FLOORS}, but\n{listed(offences)}"


def test_engines_know_nothing_of_stages() -> None:
    room = [each for each in ALL if each.path.startswith("tasks/engines/") and each.package == "tasks"]
    offences = [each for each in room if not each.module.startswith("tasks.engines.")]
    assert not offences, listed(offences)


def part(module: str) -> str:
    """`flows.views.grid` is of `views`; what lies in flows/ itself and is on no floor by its name is a flow."""
    name = module.split(".")[1]
    return name if any(name in each for each in FLOORS) else "a flow"


def floor(part: str) -> int:
    return next(number for number, parts in enumerate(FLOORS) if part in parts)


def test_no_room_imports_its_tests_or_benchmarks() -> None:
    offences = [each for each in ALL if each.room in GUARDED and each.package in {"tests", "benchmarks"}]
    assert not offences, listed(offences)


def test_imports_name_the_whole_path() -> None:
    offences = [each for each in ALL if each.module.startswith(".")]
    assert not offences, f"write `from storage.store import Store`, not a relative import:\n{listed(offences)}"


@pytest.mark.parametrize("package", ONLY_IN)
def test_package_stays_in_its_place(package: str) -> None:
    offences = [
        each
        for each in ALL
        if each.room in GUARDED and each.package == package and not each.path.startswith(ONLY_IN[package])
    ]
    assert not offences, f"{package} belongs into {ONLY_IN[package]}:\n{listed(offences)}"


def test_heavy_packages_are_imported_where_they_are_used() -> None:
    offences = [each for each in ALL if each.room in GUARDED and each.at_top and each.package in NEVER_AT_THE_TOP]
    assert not offences, f"move these into the function that needs them:\n{listed(offences)}"


def test_evals_is_pure() -> None:
    allowed = (sys.stdlib_module_names - IMPURE_STANDARD) | PURE | MAY_IMPORT["evals"]
    offences = [each for each in ALL if each.room == "evals" and each.package not in allowed]
    assert not offences, f"evals/ knows numbers and text, no files, processes or services:\n{listed(offences)}"


def test_evals_opens_no_file() -> None:
    offences = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sources("evals")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open"
    ]
    assert not offences, "\n".join(["storage/ is the only door to files:", *offences])


@pytest.mark.parametrize("module", STAYS_LIGHT)
def test_module_stays_light(module: str) -> None:
    if not (ROOT / module.replace(".", "/")).with_suffix(".py").exists():
        pytest.fail(f"{module} is gone: correct STAYS_LIGHT")
    code = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert loaded.returncode == 0, loaded.stderr
    heavy = STAYS_LIGHT[module] & set(loaded.stdout.split())
    assert not heavy, f"importing {module} loads {sorted(heavy)}"


def test_functions_hold_one_idea() -> None:
    offences = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {lines(node)} lines"
        for path in sources(*MAY_IMPORT)
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and lines(node) > LONGEST_FUNCTION
    ]
    assert not offences, "\n".join([f"at most {LONGEST_FUNCTION} lines:", *offences])


def lines(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def test_files_hold_one_idea() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in sources(*MAY_IMPORT)}
    offences = [f"{path.relative_to(ROOT)}: {n} lines" for path, n in lengths.items() if n > LONGEST_FILE]
    assert not offences, "\n".join([f"at most {LONGEST_FILE} lines:", *offences])


def test_each_room_of_tests_mirrors_a_room() -> None:
    rooms = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert rooms <= {*MAY_IMPORT, "e2e", "scripts"}, f"unknown rooms: {rooms - {*MAY_IMPORT}}"
