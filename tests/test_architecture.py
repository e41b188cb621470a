"""The rules of the house: rooms, budgets, docstrings, types, no hidden randomness, nothing of one machine."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("agents", "sim", "experiments")
SOURCES = tuple(sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py")))
FILE_LIMIT, FUNCTION_LIMIT = 600, 60

# Where a generator may be made: the keyed streams, the draw of sampled parameters, the building of the start.
MAY_MAKE_GENERATORS = {"agents/streams.py", "sim/params.py", "sim/build.py"}
# Where Mesa's own generator of the model is handed on, because Mesa's interface says so.
MAY_USE_MODEL_RNG = {"agents/face.py", "agents/agentsets.py", "sim/model.py"}
GENERATORS = {"default_rng", "Generator", "Philox", "PCG64", "PCG64DXSM", "MT19937", "SFC64"}
HARMLESS = {"SeedSequence", "BitGenerator", "Generator"}
RANDOM_MODULES = {"random", "secrets", "uuid"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def functions(tree: ast.AST) -> list[Function]:
    return [node for node in ast.walk(tree) if isinstance(node, Function)]


def docstring_lines(node: Function) -> int:
    if ast.get_docstring(node) is None:
        return 0
    return (node.body[0].end_lineno or 0) - node.body[0].lineno + 1


def each_source(test):
    return pytest.mark.parametrize("path", SOURCES, ids=name_of)(test)


def python(code: str, *, first: Path = ROOT, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter, with the folder `first` before this checkout on the path."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, dict.fromkeys((first, ROOT))))}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, env=environment, capture_output=True, text=True, timeout=120
    )


# --- budgets -----------------------------------------------------------------------------------------------------


def test_there_are_sources_in_every_room():
    assert {path.relative_to(ROOT).parts[0] for path in SOURCES} == set(ROOMS)


@each_source
def test_a_file_keeps_its_budget(path):
    lines = len(path.read_text("utf-8").splitlines())
    assert lines <= FILE_LIMIT, f"{name_of(path)} has {lines} lines; the aim is 400, the limit {FILE_LIMIT}"


@each_source
def test_a_function_keeps_its_budget(path):
    long = {
        f"{node.name} (line {node.lineno})": length
        for node in functions(tree_of(path))
        if (length := (node.end_lineno or 0) - node.lineno + 1 - docstring_lines(node)) > FUNCTION_LIMIT
    }
    assert not long, f"{name_of(path)}: lines without docstring above the limit of {FUNCTION_LIMIT}: {long}"


# --- words -------------------------------------------------------------------------------------------------------


def undocumented(node: ast.Module | ast.ClassDef, prefix: str) -> list[str]:
    """Name the public classes, functions and methods without a docstring; setters share their property's."""
    missing = []
    for child in node.body:
        if not isinstance(child, Function | ast.ClassDef) or child.name.startswith("_"):
            continue
        marks = {ast.unparse(mark).rsplit(".", 1)[-1] for mark in child.decorator_list}
        if ast.get_docstring(child) is None and not marks & {"setter", "deleter", "overload"}:
            missing.append(f"{prefix}{child.name}")
        if isinstance(child, ast.ClassDef):
            missing += undocumented(child, f"{prefix}{child.name}.")
    return missing


@each_source
def test_every_public_thing_has_a_docstring(path):
    tree = tree_of(path)
    assert ast.get_docstring(tree) is not None, f"{name_of(path)} does not say what it is for"
    assert undocumented(tree, "") == []


@each_source
def test_every_argument_has_a_type(path):
    bare = []
    for node in functions(tree_of(path)):
        given = node.args
        for k, argument in enumerate([*given.posonlyargs, *given.args]):
            if argument.annotation is None and not (k == 0 and argument.arg in {"self", "cls"}):
                bare.append(f"{node.name}({argument.arg})")
        others = [*given.kwonlyargs, *(a for a in (given.vararg, given.kwarg) if a is not None)]
        bare += [f"{node.name}({argument.arg})" for argument in others if argument.annotation is None]
    assert bare == []


@each_source
def test_no_star_import(path):
    stars = [
        node.lineno
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)
    ]
    assert stars == []


# --- randomness --------------------------------------------------------------------------------------------------


def hidden_randomness(tree: ast.AST, where: str) -> list[str]:
    """Name every use of randomness that does not go through the keyed streams, with its line."""
    found = []
    for node in ast.walk(tree):
        used: list[str] = []
        if isinstance(node, ast.Import):
            used = [f"import {a.name}" for a in node.names if a.name.split(".")[0] in RANDOM_MODULES]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            module = node.module or ""
            if module.split(".")[0] in RANDOM_MODULES:
                as_type = where in MAY_USE_MODEL_RNG  # the class of Mesa's generator, in a signature
                used = [f"from {module} import {a.name}" for a in node.names if not (as_type and a.name == "Random")]
            elif module == "numpy.random":
                used = [f"numpy.random.{a.name}" for a in node.names if forbidden(a.name, where)]
        elif isinstance(node, ast.Attribute):
            owner = ast.unparse(node.value)
            model_rng = isinstance(node.value, ast.Attribute) and node.value.attr in {"rng", "random"}
            if owner in {"np.random", "numpy.random"}:
                used = [f"{owner}.{node.attr}"] if forbidden(node.attr, where) else []
            elif node.attr == "rvs":
                used = [f"{owner}.rvs"]
            elif model_rng and owner.split(".")[0] in {"self", "model"} and where not in MAY_USE_MODEL_RNG:
                used = [f"{owner}.{node.attr}"]
        found += [f"line {getattr(node, 'lineno', 0)}: {text}" for text in used]
    return found


def forbidden(name: str, where: str) -> bool:
    if where in MAY_MAKE_GENERATORS:
        return name not in HARMLESS | GENERATORS
    return name not in HARMLESS


@each_source
def test_no_hidden_randomness(path):
    where = name_of(path)
    found = hidden_randomness(tree_of(path), where)
    assert not found, f"{where}: draw from agents.streams.Streams, by name and agent id, instead of {found}"


@pytest.mark.parametrize(
    "planted",
    [
        "import random",
        "from random import choice",
        "import numpy as np\nx = np.random.rand(3)",
        "import numpy as np\nx = np.random.default_rng(1)",
        "import numpy as np\nx = np.random.Generator(np.random.PCG64(1))",
        "from numpy.random import default_rng",
        "def f(self):\n    return self.rng.normal()",
        "def f(self):\n    return self.model.random.choice([1, 2])",
        "from scipy import stats\nx = stats.norm.rvs(size=3)",
    ],
)
def test_planted_randomness_is_found(planted):
    assert hidden_randomness(ast.parse(planted), "agents/firm.py")


def test_declared_randomness_is_not_found():
    harmless = "import numpy as np\ndef f(rng: np.random.Generator, s: np.random.SeedSequence) -> None: ..."
    assert hidden_randomness(ast.parse(harmless), "agents/firm.py") == []
    maker = "import numpy as np\ng = np.random.Generator(np.random.Philox(key=1))"
    assert hidden_randomness(ast.parse(maker), "agents/streams.py") == []


# --- rooms -------------------------------------------------------------------------------------------------------


def test_rooms_import_each_other_only_downwards():
    tool = Path(sys.executable).with_name("lint-imports")
    command = str(tool) if tool.exists() else shutil.which("lint-imports")
    assert command, "import-linter is not installed: pip install -e '.[dev]' -c constraints.txt"
    done = subprocess.run([command, "--no-cache", "--no-logo"], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("module", ["sim", "sim.errors", "sim.calibration.tables", "sim.scenario", "experiments.cli"])
def test_import_is_cheap(module):
    heavy = ("numpy", "pandas", "scipy", "networkx", "mesa", "pyarrow")
    done = python(f"import sys, {module}; print(*[name for name in {heavy} if name in sys.modules])")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [], f"import {module} loads {done.stdout}"


def test_every_room_carries_the_mark_of_the_project():
    done = python("import agents, experiments, sim; print(*[room.__project__ for room in (agents, experiments, sim)])")
    assert done.stdout.split() == ["dianzhong"] * 3, done.stderr


@pytest.mark.parametrize("mark", ["", "__project__ = 'somebody-elses-agents'\n"])
def test_a_rival_package_named_agents_is_refused(tmp_path, mark):
    rival = tmp_path / "agents"
    rival.mkdir()
    (rival / "__init__.py").write_text(f'"""Agents of another distribution."""\n{mark}', "utf-8")
    done = python("import sim", first=tmp_path, cwd=tmp_path)
    assert done.returncode != 0, "the rival was taken for our own"
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: "), done.stderr
    assert str(rival) in last, "the message does not say from where 'agents' was imported"
    assert "environment" in last, "the message does not say what to do"


# --- every tracked file ------------------------------------------------------------------------------------------


def project_files() -> list[Path]:
    """List what git tracks; outside a checkout, everything but hidden and generated folders."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode == 0 and listed.stdout:
        return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]
    skip = {"__pycache__", "build", "dist", "results"}
    files = (path for path in ROOT.rglob("*") if path.is_file())
    return [p for p in files if not any(part.startswith(".") or part in skip for part in p.relative_to(ROOT).parts)]


def lines_matching(pattern: str) -> list[str]:
    wanted = re.compile(pattern)
    found = []
    for path in project_files():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{name_of(path)}:{k}" for k, line in enumerate(text.splitlines(), 1) if wanted.search(line)]
    return found


def test_no_file_knows_a_machine():
    # The first folder of an absolute path. The words are put together here, so that this file does not match itself.
    folders = "|".join(("home" + r"/[a-z]\w*", "ro" + "ot", "wo" + "rk", "Us" + r"ers/\w+", "op" + r"t/\w+"))
    assert lines_matching(rf"(?<![\w.~*}})/-])/(?:{folders})(?![\w-])" + r"|\b[A-Z]:\\+" + "Us" + "ers") == []


def test_no_file_names_a_registry():
    hosts = ("py" + "pi.org", "python" + "hosted.org", "npm" + "js.org", "deb" + "ian.org")
    words = ("index" + "-url", "find" + "-links", "trusted" + "-host")
    assert lines_matching("|".join(map(re.escape, hosts + words))) == []


def test_no_file_leaves_work_undone():
    assert lines_matching(r"\b(?:" + "TO" + "DO|FIX" + "ME|XX" + "X)" + r"\b") == []


def test_pins_are_pins():
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert pins and [line for line in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", line)] == []
