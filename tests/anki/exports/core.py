"""The real Anki core for tests: a collection of its own, and what was imported into it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from anki.cards import Card
    from anki.collection import Collection


class Anki:
    """A collection of the real core, and what was imported into it."""

    def __init__(self, folder: Path) -> None:
        from anki.collection import Collection

        folder.mkdir(parents=True, exist_ok=True)
        self.col: Collection = Collection(str(folder / "collection.anki2"))

    def import_package(self, package: Path) -> Any:
        from anki.collection import ImportAnkiPackageOptions, ImportAnkiPackageRequest

        options = ImportAnkiPackageOptions(with_scheduling=True, with_deck_configs=True)
        log = self.col.import_anki_package(ImportAnkiPackageRequest(package_path=str(package), options=options)).log
        assert not log.conflicting
        return log

    def cards(self, search: str = "") -> list[Card]:
        return [self.col.get_card(card) for card in self.col.find_cards(search, order="c.due asc, c.ord asc")]

    def rows(self, table: str) -> list[Any]:
        assert self.col.db is not None
        return self.col.db.all(f"SELECT * FROM {table} ORDER BY id")

    def missing_media(self) -> list[str]:
        return list(self.col.media.check().missing)

    def check(self) -> None:
        """The database check finds nothing, and adds no card that the package should have held."""
        before = self.rows("cards")
        assert not self.col._backend.check_database()
        assert [row[0] for row in self.rows("cards")] == [row[0] for row in before]
        assert not self.col.get_empty_cards().notes


def fields(card: Card) -> dict[str, str]:
    return dict(card.note().items())


def body(html: str) -> str:
    return re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)
