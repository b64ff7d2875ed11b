from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import scheduler

ROOT = Path(__file__).parents[2]
HANDED_ON = [
    alias.asname or alias.name
    for node in ast.parse((ROOT / "scheduler" / "__init__.py").read_text()).body
    if isinstance(node, ast.ImportFrom)
    for alias in node.names
]
HEAVY = {"sqlite_utils", "fsrs", "fsrs_rs_python", "rich", "click", "asyncio", "random", "json", "shutil"}


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = "import sys; import scheduler; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT).stdout
    assert HEAVY & set(loaded.split()) == set()


def test_the_package_imports_nothing_of_the_application() -> None:
    for file in (ROOT / "scheduler").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not any(name.split(".")[0] == "flashcards" for name in names), file


def test_every_name_handed_on_exists() -> None:
    assert len(HANDED_ON) > 30
    assert all(hasattr(scheduler, name) for name in HANDED_ON)


def test_every_public_name_has_a_docstring() -> None:
    for name in HANDED_ON:
        if callable(getattr(scheduler, name)):
            assert getattr(scheduler, name).__doc__, name
