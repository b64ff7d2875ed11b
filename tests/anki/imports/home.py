"""A collection's folder that files are imported into."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from flashcards.collection import Collection
from flashcards.import_file import run
from flashcards.importers.transaction import ImportInvalid, ImportReport


class Home:
    """A collection's folder that files are imported into."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()

    def import_file(self, path: Path, *, dry_run: bool = False) -> ImportReport:
        with Collection(self.root) as collection:
            collection.scan()
            return run(collection, path, dry_run=dry_run)

    def read(self, path: str) -> str:
        return (self.root / path).read_text(encoding="utf-8")

    def write(self, path: str, text: str) -> None:
        (self.root / path).write_text(text, encoding="utf-8")

    def files(self) -> dict[str, str]:
        """Every file but the state, and a hash of what it holds."""
        return {
            str(path.relative_to(self.root)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and ".flashcards" not in path.parts
        }

    def state(self) -> list[list[tuple[object, ...]]]:
        """What the state holds of cards, reviews and notes."""
        with Collection(self.root) as collection:
            collection.scan()
            return [
                collection.connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()
                for table in ("cards", "reviews", "notes", "origins", "origin_cards")
            ]

    def with_collection(self, do: Callable[[Collection], object]) -> object:
        with Collection(self.root) as collection:
            collection.scan()
            return do(collection)


def refused(home: Home, package: Path) -> str:
    """The sentence with which the package is refused; nothing may have changed."""
    home.write("mine.md", "Q: mine\nA: yes\n")
    before = home.files(), home.state()
    with pytest.raises(ImportInvalid) as caught:
        home.import_file(package)
    assert (home.files(), home.state()) == before
    assert not (home.root / ".flashcards" / "import").exists()
    assert not list((home.root / ".flashcards").glob("backups/*"))
    text = str(caught.value)
    assert "\n" not in text
    assert text.isprintable()
    assert text.startswith(package.name)
    return text
