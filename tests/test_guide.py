"""The guide to the code says what is there: folders, import order, files, tables."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.test_architecture import ALLOWED

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "docs" / "how-it-is-built.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return GUIDE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def rows(title: str) -> list[list[str]]:
    """The cells of the table of a section, without its head."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_folder_and_loose_file_of_the_program_is_described() -> None:
    described = {name for cells in rows("Folders") for name in re.findall(r"`([^`]+)`", cells[0])}
    here = {"scheduler/", "decks/", "tests/", "benchmarks/"}
    for path in (ROOT / "flashcards").iterdir():
        if path.is_dir() and path.name != "__pycache__" and any(path.glob("*.py")):
            here.add(f"flashcards/{path.name}/")
        elif path.suffix == ".py" and not path.stem.startswith("__"):
            here.add(f"flashcards/{path.name}")
    here |= {f"flashcards/anki/{path.parent.name}/" for path in (ROOT / "flashcards/anki").glob("*/__init__.py")}
    assert described == here


def test_imports_point_down_the_list_of_the_guide() -> None:
    listed = section("Who imports whom").partition("```\n")[2].partition("```")[0]
    order = [name for line in listed.splitlines() for name in re.split(r" {2,}", line)[0].split(", ")]
    assert sorted(order) == sorted(ALLOWED)
    for part, below in ALLOWED.items():
        assert not [name for name in below - {part} if order.index(name) < order.index(part)], part


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`((?:[\w.]+/)*\w+\.py|(?:\w+/)+)`", GUIDE))))
def test_every_name_in_the_guide_exists(name: str) -> None:
    bases = [ROOT, ROOT / "flashcards", ROOT / "flashcards/anki", *(path.parent for path in here_below(name))]
    assert any((base / name).exists() for base in bases) or here_below(name)


@pytest.mark.parametrize("places", [cells[1] for cells in rows("To change X, open Y")])
def test_functions_and_classes_that_a_change_names_are_in_its_files(places: str) -> None:
    files = [path for name in re.findall(r"`([\w/]+\.py)`", places) for path in here_below(name.rpartition("/")[2])]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    for name in re.findall(r"`([A-Za-z_]+)`", places):
        assert re.search(rf"^\s*(def|class) {name}\b|^{name}\b", text, re.MULTILINE), name


def here_below(name: str) -> list[Path]:
    """Places of a file that the guide names by its last part, where the text around it says the folder."""
    return [path for package in ("flashcards", "scheduler") for path in (ROOT / package).rglob(name.rstrip("/"))]


def test_every_table_of_the_state_is_described() -> None:
    described = {name for cells in rows("The tables") for name in re.findall(r"`([^`]+)`", cells[0])}
    files = [*ROOT.glob("scheduler/tables*.sql"), *ROOT.glob("flashcards/catalog/tables*.sql")]
    found = {name for path in files for name in re.findall(r'CREATE TABLE "(\w+)"', path.read_text(encoding="utf-8"))}
    assert described == found
