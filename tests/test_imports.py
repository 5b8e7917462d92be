"""Imports go one way, and the core decides without acting."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
CORE = sorted((ROOT / "batchreset" / "core").rglob("*.py"))
ACTING = {
    "asyncio", "io", "logging", "multiprocessing", "os", "pathlib", "secrets", "shutil", "socket",
    "sqlite3", "subprocess", "tempfile", "threading", "time",
}  # fmt: skip


def test_the_contracts_of_pyproject_hold() -> None:
    """Fresh each time: a cached import graph would hide what was just broken."""
    linter = Path(sys.executable).with_name("lint-imports")
    found = subprocess.run(
        [linter, "--no-cache", "--no-logo"], cwd=ROOT, capture_output=True, text=True, timeout=100, check=False
    )

    assert found.returncode == 0, found.stdout + found.stderr
    assert f"Contracts: {len(CONTRACTS)} kept, 0 broken." in found.stdout


@pytest.mark.parametrize("module", CORE, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_core_imports_the_standard_library_and_the_errors_only(module: Path) -> None:
    foreign = {
        name
        for name in _imported(module)
        if name.partition(".")[0] not in sys.stdlib_module_names
        and not name.startswith(("batchreset.core.", "batchreset.errors."))
    }

    assert foreign == set()


@pytest.mark.parametrize("module", CORE, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_core_does_not_wait_nor_reach_for_files_clocks_or_logs(module: Path) -> None:
    nodes = list(ast.walk(ast.parse(module.read_text(encoding="utf-8"))))
    waits = [
        node for node in nodes if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncWith | ast.AsyncFor)
    ]
    calls = {node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}

    assert waits == []
    assert {name for name in _imported(module) if name.partition(".")[0] in ACTING} == set()
    assert calls.isdisjoint({"open", "print", "input"})


def _imported(module: Path) -> set[str]:
    """Dotted names, with what is taken from a module behind it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {f"{alias.name}." for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names
