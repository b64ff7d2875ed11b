"""Who may import whom, and what a command may load."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# What each part may import besides itself, from the lowest up; docs/how-it-is-built.md has the order.
_CORE = {"catalog", "collection", "deck", "dialects", "errors", "scheduler", "text"}
ALLOWED: dict[str, set[str]] = {
    "scheduler": set(),
    "errors": {"text"},
    "text": set(),
    "second_process": set(),
    "disk": {"errors", "scheduler"},
    "deck": {"disk", "errors", "text"},
    "identity": {"deck"},
    "render": {"deck", "disk", "text"},
    "dialects": {"deck", "disk", "text"},
    "settings": {"dialects", "disk", "errors", "scheduler", "text"},
    "catalog": {"deck", "dialects", "disk", "errors", "identity", "scheduler", "second_process", "text"},
    "collection": {"catalog", "deck", "dialects", "disk", "errors", "settings", "scheduler", "text"},
    "cards": {*_CORE, "identity"},
    "query": _CORE,
    "nested": {*_CORE, "settings"},
    "links": {*_CORE, "cards", "disk"},
    "add": {*_CORE, "disk", "identity"},
    "convert": {*_CORE, "disk", "identity"},
    "undo": {*_CORE, "disk"},
    "check": {*_CORE, "nested", "disk", "render", "review", "settings"},
    "review": {*_CORE, "disk", "render", "settings"},
    "mock": {*_CORE, "cards", "render", "review", "settings"},
    "insight": {*_CORE, "cards", "disk", "render", "settings"},
    "importers": {*_CORE, "cards", "disk", "identity"},
    "anki.package": {*_CORE, "disk", "importers", "render"},
    "anki.exports": {*_CORE, "anki.package", "anki.to_markdown", "cards", "disk", "render"},
    "anki.to_markdown": {"deck", "render"},
    "anki.imports": {
        *(*_CORE, "anki.exports", "anki.package", "anki.to_markdown", "disk"),
        *("identity", "importers", "render", "settings"),
    },
    "import_file": {*_CORE, "anki.imports", "importers"},
    "sync": {*_CORE, "anki.exports", "anki.imports", "anki.package", "disk", "importers", "render", "settings"},
}
ALLOWED["web"] = {*_CORE, "cards", "disk", "insight", "mock", "query", "render", "review", "settings", "sync"}
ALLOWED["assistant"] = {*_CORE, "add", "cards", "check", "query"}
ALLOWED["cli"] = set(ALLOWED)


def full_name(part: str) -> str:
    return part if part == "scheduler" else f"flashcards.{part}"


SHELLS = ("flashcards.cli",)


@cache
def modules() -> list[tuple[str, Path]]:
    return [
        (".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"), path)
        for package in ("flashcards", "scheduler")
        for path in sorted((ROOT / package).rglob("*.py"))
    ]


@cache
def imports(path: Path) -> list[str]:
    return list(_find_imports(path))


def _find_imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield node.module or ""
            if node.module == "flashcards":
                yield from (f"flashcards.{name.name}" for name in node.names)


def within(module: str, part: str) -> bool:
    return module == part or module.startswith(f"{part}.")


@pytest.mark.parametrize("part", sorted(ALLOWED))
def test_a_part_imports_only_what_lies_below_it(part: str) -> None:
    here = full_name(part)
    for module, path in modules():
        if not within(module, here):
            continue
        for imported in imports(path):
            if not imported.startswith(("flashcards.", "scheduler")) or within(imported, here):
                continue
            assert any(within(imported, full_name(below)) for below in ALLOWED[part]), f"{module} imports {imported}"


def test_every_module_belongs_to_a_part() -> None:
    parts = {full_name(part) for part in ALLOWED} | {"flashcards.__main__"}
    packages = {"flashcards", "flashcards.anki"}
    assert not [name for name, _ in modules() if name not in packages and not any(within(name, part) for part in parts)]


def test_the_parts_import_each_other_in_one_direction() -> None:
    try:
        TopologicalSorter(ALLOWED).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_nothing_but_the_command_line_itself_imports_the_command_line() -> None:
    for module, path in modules():
        if not any(within(module, shell) for shell in (*SHELLS, "flashcards.__main__")):
            assert not [name for name in imports(path) if within(name, "flashcards.cli")], module


def test_what_ships_never_imports_the_real_anki() -> None:
    for module, path in modules():
        assert not [name for name in imports(path) if name == "anki" or name.startswith("anki.")], module


def loaded_first(path: Path, known: set[str]) -> set[str]:
    """The modules of ours that must be loaded before the one in `path` can be."""
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{name.name}" for name in node.names} & known
            found |= inner or {node.module} & known
    return found


def test_modules_import_each_other_in_no_circle() -> None:
    paths = dict(modules())
    graph = {module: loaded_first(path, set(paths)) for module, path in paths.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_the_name_of_a_class_is_found_once() -> None:
    names = Counter(
        node.name.lstrip("_")
        for _, path in modules()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    )
    assert [name for name, count in names.items() if count > 1] == []


def test_every_module_can_be_imported() -> None:
    for module, _ in modules():
        if not module.endswith("__main__"):
            import_module(module)


HEAVY = (
    "genanki",
    "rich",
    "sqlite_utils",
    "fsrs",
    "pylatexenc",
    "yaml",
    "nh3",
    "pygments",
    "rapidfuzz",
    "fsrs_rs_python",
    "numpy",
    "tomlkit",
)


def loaded_by(*arguments: str, folder: Path) -> set[str]:
    """The modules that a command loads, when run a second time over the same folder."""
    code = "import sys; from flashcards.cli import run; run(sys.argv[1:]);print('LOADED', *sys.modules)"
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", code, "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
        )
    return set(done.stdout.rpartition("LOADED")[2].split())


def test_counting_what_is_due_loads_nothing_heavy(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("Q: a\nA: b\n", encoding="utf-8")
    assert not loaded_by("due", folder=tmp_path) & {*HEAVY, "shutil"}


def test_what_reads_decks_is_loaded_only_when_one_changed(tmp_path: Path) -> None:
    deck = tmp_path / "a.md"
    deck.write_text("Q: a\nA: b\n", encoding="utf-8")
    os.utime(deck, (10**9, 10**9))  # a file just written is read twice
    reads = {"flashcards.deck.parse", "flashcards.catalog.scan", "hashlib", "json", "orjson", "dataclasses"}
    loaded_by("scan", folder=tmp_path)
    assert not loaded_by("due", folder=tmp_path) & reads
