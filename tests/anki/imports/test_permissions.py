"""The permissions of the files that an import changes, adds or puts back."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from flashcards.disk.journal import Journal
from tests.anki.imports.home import Home
from tests.anki.imports.packages import CREATED, Made, write_package

OLDER = Made(["a", "older"], mod=CREATED - 9)
NEWER = Made(["a", "newer"])
MODES = [0o600, 0o640, 0o664, 0o755, 0o444]


@pytest.fixture
def changed(home: Home, tmp_path: Path) -> Path:
    """A deck file that an import wrote; `tmp_path/new.apkg` changes a note of it."""
    home.import_file(write_package(tmp_path / "old.apkg", [OLDER]))
    write_package(tmp_path / "new.apkg", [NEWER])
    return home.root / "Deck.md"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("permissions", MODES)
def test_a_deck_file_that_an_import_changes_keeps_its_permissions(
    home: Home, tmp_path: Path, changed: Path, permissions: int
) -> None:
    changed.chmod(permissions)
    home.import_file(tmp_path / "new.apkg")
    assert changed.read_text() == "Q: a\nA: newer\n"
    assert mode(changed) == permissions


def test_an_import_keeps_symbolic_links_and_permissions_of_deck_files(
    home: Home, tmp_path: Path, changed: Path
) -> None:
    (home.root / ".real").mkdir()
    real = changed.rename(home.root / ".real" / "Deck.md")
    real.chmod(0o640)
    changed.symlink_to(real)
    home.import_file(tmp_path / "new.apkg")
    assert changed.is_symlink()
    assert (real.read_text(), mode(real)) == ("Q: a\nA: newer\n", 0o640)


@pytest.mark.parametrize(("umask", "permissions"), [(0o022, 0o644), (0o027, 0o640), (0o077, 0o600), (0o002, 0o664)])
def test_a_new_deck_file_gets_the_permissions_that_files_get_here(
    home: Home, tmp_path: Path, umask: int, permissions: int
) -> None:
    package = write_package(tmp_path / "x.apkg", [Made(["<img src=a.png>", "b"])], media={"a.png": b"x"})
    before = os.umask(umask)
    try:
        home.import_file(package)
    finally:
        os.umask(before)
    (picture,) = home.root.rglob("a.png")
    assert [mode(home.root / "Deck.md"), mode(picture)] == [permissions, permissions]


@pytest.mark.parametrize("permissions", MODES)
def test_a_restored_deck_file_keeps_its_permissions(
    home: Home, tmp_path: Path, changed: Path, permissions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed.chmod(permissions)
    place = Journal.move_into_place

    def place_and_fail(self: Journal) -> None:
        place(self)
        assert changed.read_text() == "Q: a\nA: newer\n"
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Journal, "move_into_place", place_and_fail)
    with pytest.raises(Exception, match="No space left"):
        home.import_file(tmp_path / "new.apkg")
    assert (changed.read_text(), mode(changed)) == ("Q: a\nA: older\n", permissions)
