"""The house keeps its layers: CONTRIBUTING.md's tables against every import and every print of the source."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PARTS = ("cli", "footage", "demo", "bench", "tests")
SPEAKERS = ("main.py", "helpers.py", "bench/", "tests/")
PROCESS_ENTRIES = ("demo/samsara_service.py", "demo/kinesis_service.py")
"""Started as processes of their own they say on stdout where they listen, in `main` and nowhere else."""
FREE_TO_USE = ("tests/", "bench/")
"""What checks and measures the program may use any package to do so."""
HEAVY = ("moviepy", "boto3", "botocore", "av", "numpy", "PIL", "imageio_ffmpeg", "keyring", "distributed")
NOT_IMPORTED = {
    "tzdata": "zoneinfo reads it where the system has no zone data",
    "s3fs": "fsspec loads it for s3://",
    "aiobotocore": "s3fs stands on it, and it on a few releases of botocore",
}
OPTIONAL = "requirements-cluster.txt"
"""What only some commands need: the program runs without it."""
DISTRIBUTIONS = {"PIL": "pillow", "dateutil": "python-dateutil", "imageio_ffmpeg": "imageio-ffmpeg"}


@dataclass(frozen=True)
class Module:
    """One source file: its path inside the project, and what its syntax tree tells."""

    path: str
    tree: ast.Module

    @cached_property
    def speaks(self) -> bool:
        """Whether anything in it prints or reads what is typed."""
        nodes: list[ast.AST] = [self.tree]
        if self.path in PROCESS_ENTRIES:
            nodes = [node for node in self.tree.body if getattr(node, "name", "") != "main"]
        return any(_is_speech(inner) for node in nodes for inner in ast.walk(node))

    @cached_property
    def imports(self) -> list[str]:
        """Every dotted name that is imported anywhere in the file, `from a import b` as `a.b`."""
        found: list[str] = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                found += [f"{node.module}.{alias.name}" if node.module else alias.name for alias in node.names]
        return found


def read_modules(root: Path) -> dict[str, Module]:
    """The whole source under a project folder, by path; of the tests only what is no test."""
    files = sorted([*root.glob("*.py"), *(path for part in PARTS for path in (root / part).rglob("*.py"))])
    paths = [(path.relative_to(root).as_posix(), path) for path in files if not path.name.startswith("test_")]
    return {name: Module(name, ast.parse(path.read_text(encoding="utf-8"))) for name, path in paths}


def read_table(root: Path, heading: str) -> dict[str, list[str]]:
    """A table of CONTRIBUTING.md by its first heading: the first column's word to the second column's words."""
    text = (root / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = re.search(rf"^\| {heading} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", text, re.MULTILINE)
    assert table, f"CONTRIBUTING.md has no table headed {heading}"
    rows = [re.findall(r"`([^`]+)`", row) for row in table[1].splitlines()]
    return {first: allowed for first, *allowed in rows}


def violations(root: Path, modules: Mapping[str, Module]) -> list[str]:
    """Everything in these modules that breaks a layer by the tables of a project folder, a sentence each."""
    return [
        *_wrong_neighbours(modules, read_table(root, "part")),
        *_wrong_doors(modules, read_table(root, "module")),
        *_wrong_owners(modules, read_table(root, "package")),
        *_cycles(modules),
        *_wrong_speakers(modules),
    ]


def _wrong_neighbours(modules: Mapping[str, Module], table: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for module in modules.values():
        allowed = _allowed(module.path, table)
        for target in _own_imports(module, modules):
            if not _within(target, allowed):
                yield f"{module.path} imports {target}"


def _allowed(path: str, table: Mapping[str, Sequence[str]]) -> Sequence[str]:
    parts = [part for part in table if _within(path, [part])]
    return table[max(parts, key=len)] if parts else ()


def _wrong_doors(modules: Mapping[str, Module], table: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for module in modules.values():
        for target in _own_imports(module, modules):
            if not _within(module.path, table.get(target, [module.path])):
                yield f"{module.path} imports {target}, which is there for {', '.join(table[target])}"


def _wrong_owners(modules: Mapping[str, Module], table: Mapping[str, Sequence[str]]) -> Iterator[str]:
    own = {Path(path).parts[0].removesuffix(".py") for path in modules}
    for module in (module for path, module in modules.items() if not _within(path, FREE_TO_USE)):
        for package in sorted({name.partition(".")[0] for name in module.imports} - own):
            is_free = package in sys.stdlib_module_names and package not in table
            if not is_free and not _within(module.path, table.get(package, ())):
                yield f"{module.path} imports {package}"


def _wrong_speakers(modules: Mapping[str, Module]) -> Iterator[str]:
    for module in modules.values():
        if module.speaks and not _within(module.path, SPEAKERS):
            yield f"{module.path} prints or reads what is typed"


def _cycles(modules: Mapping[str, Module]) -> Iterator[str]:
    graph = {path: set(_own_imports(module, modules)) - {path} for path, module in modules.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as cycle:
        yield f"these import each other: {' <- '.join(cycle.args[1])}"


def _own_imports(module: Module, modules: Mapping[str, Module]) -> list[str]:
    """The project's own files that a module imports."""
    targets = []
    for name in module.imports:
        path = name.replace(".", "/")
        above = path.rpartition("/")[0]
        candidates = (f"{path}.py", f"{path}/__init__.py", f"{above}.py", f"{above}/__init__.py")
        targets += [candidate for candidate in candidates if candidate in modules][:1]
    return targets


def _is_speech(node: ast.AST) -> bool:
    if isinstance(node, ast.Name):
        return node.id in ("print", "input")
    is_of_sys = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "sys"
    return is_of_sys and node.attr in ("stdout", "stderr", "stdin")


def _within(path: str, places: Sequence[str]) -> bool:
    """Whether a file is one of these places, lies anywhere below one (`a/`), or right in one (`a/*`)."""
    right_in = f"{path.rpartition('/')[0]}/*"
    return any(place in (path, right_in) or place.endswith("/") and path.startswith(place) for place in places)


def test_every_import_and_every_print_is_in_its_place() -> None:
    assert violations(ROOT, read_modules(ROOT)) == []


def test_the_owners_of_the_table_use_what_they_own() -> None:
    modules = read_modules(ROOT)
    for package, owners in read_table(ROOT, "package").items():
        for owner in owners:
            users = [module for path, module in modules.items() if _within(path, [owner])]
            assert any(name.partition(".")[0] == package for user in users for name in user.imports), (package, owner)


PLANTED = {
    "footage/journal.py": ["import requests", "import helpers", "from cli import words"],
    "footage/samsara/stock.py": ["from footage.samsara import payloads", "from footage.kinesis import plan"],
    "footage/samsara/plan.py": ["import boto3", "from SamsaraAPI import SamsaraClient", "import another_package"],
    "footage/kinesis/plan.py": ["from footage.samsara.plan import covering", "print('found')"],
    "footage/run.py": ["from footage.batch.run import Batch", "from footage.cluster.workshop import ClusterWorkshop"],
    "footage/video/join.py": ["from footage.journal import Journal", "import prompt_toolkit"],
    "footage/files.py": ["from tests.site import Site"],
    "footage/models.py": ["from footage.samsara.plan import plan_requests", "from getpass import getpass"],
    "helpers.py": ["import typer", "import main"],
    "cli/words.py": ["print('done')", "import sys; sys.stdout.write('done')", "input()"],
    "demo/samsara_service.py": ["from footage.models import Camera", "print('outside of main')"],
}


@pytest.fixture(scope="module")
def source() -> dict[str, Module]:
    """The source, read once."""
    return read_modules(ROOT)


@pytest.mark.parametrize(("path", "line"), [(path, line) for path, lines in PLANTED.items() for line in lines])
def test_a_planted_breach_is_found(source: dict[str, Module], path: str, line: str) -> None:
    tree = ast.parse(f"{ast.unparse(source[path].tree)}\n\ndef planted():\n    {line}\n")
    found = violations(ROOT, {**source, path: Module(path, tree)})
    assert any(path in sentence for sentence in found), line


def test_a_breach_in_a_file_that_nobody_has_thought_of_is_found(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "footage", tmp_path / "footage", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "CONTRIBUTING.md", tmp_path)
    assert violations(tmp_path, read_modules(tmp_path)) == []
    (tmp_path / "footage" / "extra.py").write_text("import boto3\n", encoding="utf-8")
    (tmp_path / "extra.py").write_text("from footage.models import Camera\n", encoding="utf-8")
    found = violations(tmp_path, read_modules(tmp_path))
    assert found == ["extra.py imports footage/models.py", "footage/extra.py imports boto3"]


@pytest.mark.parametrize("module", ["main", "helpers"])
def test_the_first_question_waits_for_no_heavy_package(module: str) -> None:
    code = f"import sys, {module}; print([name for name in {HEAVY!r} if name in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_the_requirements_list_exactly_what_the_source_imports() -> None:
    modules = read_modules(ROOT)
    packages = {package for package in read_table(ROOT, "package") if package not in sys.stdlib_module_names}
    imported = {name.partition(".")[0] for module in modules.values() for name in module.imports} & packages
    wanted = {DISTRIBUTIONS.get(name, name) for name in imported if not name.startswith("mypy_")} | set(NOT_IMPORTED)
    texts = [(ROOT / name).read_text(encoding="utf-8") for name in ("requirements.txt", OPTIONAL)]
    listed = [line for text in texts for line in text.splitlines() if line and not line.startswith(("#", "-r"))]
    assert {re.split(r"[<>=]", line)[0] for line in listed} == wanted
    assert all(">=" in line and "," in line and "<" in line for line in listed if not line.startswith("tzdata"))
