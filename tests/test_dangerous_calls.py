"""What no package may do with data, models and processes of strangers, read from the source of every package.

Data is never code (no pickle and its kin, no `eval`), a model's files are tensors (safetensors, none of its Python), a
command is a list of arguments and no line for a shell, and a page escapes what it shows.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_architecture import MAY_IMPORT, ROOT, parsed, sources

UNPACKS_CODE = {"_pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "pickle", "shelve"}
RUNS_TEXT = {"__import__", "compile", "eval", "exec"}
FORBIDDEN = {
    "os.popen": "subprocess.run with a list of arguments",
    "os.system": "subprocess.run with a list of arguments",
    "pandas.read_pickle": "Parquet",
    "subprocess.getoutput": "subprocess.run with a list of arguments",
    "subprocess.getstatusoutput": "subprocess.run with a list of arguments",
    "torch.load": "safetensors",
    "torch.save": "safetensors",
    "yaml.full_load": "yaml.safe_load",
    "yaml.load": "yaml.safe_load",
    "yaml.unsafe_load": "yaml.safe_load",
}
NEVER_TRUE = {"allow_pickle", "shell", "trust_remote_code"}
SHORT = {"np": "numpy", "pd": "pandas"}

EXCEPTIONS = {
    # Programs that a model wrote: run by a child that has given up files, network and processes before.
    ("tasks/sandbox/child.py", "compile"),
    ("tasks/sandbox/child.py", "exec"),
}


def offences(tree: ast.AST, place: str) -> Iterator[tuple[str, str]]:
    """What is forbidden and why, as `(name, sentence)`."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                found = [(name.name, "unpacks code") for name in names if name.name.split(".")[0] in UNPACKS_CODE]
            case ast.ImportFrom(module=str(module)) if module.split(".")[0] in UNPACKS_CODE:
                found = [(module, "unpacks code")]
            case ast.Call():
                found = list(_of_call(node))
            case _:
                continue
        yield from ((name, f"{place}:{node.lineno} {name}: {why}") for name, why in found)


def _of_call(call: ast.Call) -> Iterator[tuple[str, str]]:
    name = ast.unparse(call.func)
    first, _, rest = name.partition(".")
    name = f"{SHORT.get(first, first)}.{rest}" if rest else name
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if name.removeprefix("builtins.") in RUNS_TEXT:
        yield name.removeprefix("builtins."), "runs text as code"
    if name in FORBIDDEN:
        yield name, f"use {FORBIDDEN[name]}"
    for keyword in NEVER_TRUE & given.keys():
        if isinstance(given[keyword], ast.Constant) and ast.literal_eval(given[keyword]):
            yield keyword, "is off unless a user asks for it by a parameter"
    if name.startswith("Auto") and name.endswith(".from_pretrained"):
        if not _is(given.get("trust_remote_code"), False):
            yield name, "say trust_remote_code=False: transformers would ask at a terminal, and run it at a yes"
        if name.startswith("AutoModel") and not _is(given.get("use_safetensors"), True):
            yield name, "say use_safetensors=True: other weights are pickles"
    if name in {"Environment", "jinja2.Environment"} and not _is(given.get("autoescape"), True):
        yield name, "say autoescape=True"


def _is(node: ast.expr | None, value: bool) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def test_no_package_runs_what_it_reads() -> None:
    found = [
        said
        for path in sources(*MAY_IMPORT, "scripts")
        for name, said in offences(parsed(path), path.relative_to(ROOT).as_posix())
        if (path.relative_to(ROOT).as_posix(), name) not in EXCEPTIONS
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(("path", "name"), EXCEPTIONS)
def test_an_exception_is_still_needed(path: str, name: str) -> None:
    assert name in {found for found, _ in offences(parsed(ROOT / path), path)}


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("import pickle", "pickle"),
        ("from dill import loads", "dill"),
        ("import joblib.memory", "joblib.memory"),
        ("eval(row['answer'])", "eval"),
        ("builtins.exec(text)", "exec"),
        ("torch.load(path, weights_only=True)", "torch.load"),
        ("np.load(path, allow_pickle=True)", "allow_pickle"),
        ("pd.read_pickle(path)", "pandas.read_pickle"),
        ("yaml.load(text, Loader=yaml.Loader)", "yaml.load"),
        ("subprocess.run(f'ls {path}', shell=True)", "shell"),
        ("os.system(line)", "os.system"),
        ("EngineArgs(trust_remote_code=True)", "trust_remote_code"),
        ("AutoConfig.from_pretrained(path)", "AutoConfig.from_pretrained"),
        ("AutoModelForCausalLM.from_pretrained(path, trust_remote_code=False)", "AutoModelForCausalLM.from_pretrained"),
        ("Environment(trim_blocks=True)", "Environment"),
    ],
)
def test_each_of_them_is_seen(code: str, name: str) -> None:
    assert [found for found, _ in offences(ast.parse(code), "here")] == [name]


@pytest.mark.parametrize(
    "code",
    [
        "network.eval()",
        "re.compile(pattern)",
        "yaml.safe_load(text)",
        "np.load(path, allow_pickle=False)",
        "EngineArgs(trust_remote_code=params.trust_remote_code)",
        "AutoTokenizer.from_pretrained(path, trust_remote_code=False)",
    ],
)
def test_what_is_like_them_passes(code: str) -> None:
    assert not list(offences(ast.parse(code), "here"))


def test_weights_that_ship_with_the_project_are_safetensors() -> None:
    suffixes = {path.suffix for path in Path(ROOT, "models").rglob("*") if path.is_file()}
    assert not suffixes & {".bin", ".pt", ".pth", ".pkl", ".ckpt"}
