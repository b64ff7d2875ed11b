"""The notes of a collection as they go to Anki."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flashcards.anki.exports.fields import FieldWriter, clean_tags
from flashcards.anki.package.identity import Guids
from flashcards.anki.package.media import MediaNames
from flashcards.anki.package.model import ExportProblem, PackageCard, PackageNote, family
from flashcards.catalog.store import Entry
from flashcards.deck.model import FORWARD, REVERSE
from flashcards.render.macros import MACROS_FILE, parse_macros

if TYPE_CHECKING:
    from flashcards.collection import Collection


_ORDS: Final = {FORWARD: 0, REVERSE: 1} | {f"c{number}": number - 1 for number in range(1, 500)}
_STRIDE: Final = 200  # notes between two calls of `progress`


class Gathering:
    """The notes of some decks, rendered one after the other; made for one package.

    Args:
        collection: open, and scanned.
        decks: the names of the decks, each without those below it.

    Attributes:
        media: the media that the notes rendered so far name.
        problems: what is not as it should be, so far.
    """

    def __init__(self, collection: Collection, decks: Iterable[str]) -> None:
        self.media = MediaNames(collection.root)
        self.problems: list[ExportProblem] = self.media.problems
        self._collection = collection
        self._notes = _note_ids(collection, decks)
        self._guids = Guids(collection.connection)
        self._macros, self._macros_changed = self._read_macros(collection.root / MACROS_FILE)
        self._writer = FieldWriter(self._macros, self.media.name)
        self._now = int(time.time())

    def __len__(self) -> int:
        return len(self._notes)

    def notes(self, progress: Callable[[int, int], None] | None = None) -> Iterator[PackageNote]:
        """The notes in order of deck, file and line.

        Args:
            progress: called now and then with the number of notes done and the number in all.
        """
        cards = _cards_by_note(self._collection)
        entries = self._collection.catalog.entries(self._notes)
        for number, entry in enumerate(entries):
            if progress and number % _STRIDE == 0:
                progress(number, len(self._notes))
            yield self._note(entry, cards.get(entry.id, {}))

    def _note(self, entry: Entry, cards: Mapping[str, int]) -> PackageNote:
        note = entry.note
        self.media.enter(entry.path, note.line)
        fields = self._writer.fields(entry)
        kind = family(note)
        return PackageNote(
            id=entry.id,
            guid=self._guids.of(entry.id, entry.key, kind),
            family=kind,
            modified=self._modified(entry),
            deck=entry.deck,
            tags=clean_tags(note.tags) if note.tags else (),
            fields=fields,
            cards=tuple([PackageCard(cards[slot], _ORDS[slot]) for slot in note.slots if slot in cards]),
        )

    def _modified(self, entry: Entry) -> int:
        """When what the note shows last changed: its text, its media, or the macros it uses; epoch seconds."""
        newest = self.media.newest_ns // 1_000_000_000
        if self._macros and any(name in text for text in entry.note.fields for name in self._macros):
            newest = max(newest, self._macros_changed)
        # A file dated in the future would make every later change to the note look old.
        return max(entry.modified_ms // 1000, min(newest, self._now))

    def _read_macros(self, path: Path) -> tuple[Mapping[str, str], int]:
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
            changed = int(path.stat().st_mtime)
        except FileNotFoundError:
            return {}, 0
        except OSError as error:
            self.problems.append(
                ExportProblem(path.name, 1, f"The file cannot be read: {error.strerror}. Check its permissions.")
            )
            return {}, 0
        macros = parse_macros(text)
        for problem in macros.problems:
            self.problems.append(ExportProblem(path.name, problem.line, f"{problem.message} It is left out."))
        return macros.bodies, changed


def decks_in_use(collection: Collection) -> list[str]:
    """The names of the decks that hold notes, in order."""
    rows = collection.connection.execute(
        "SELECT name FROM decks WHERE id IN (SELECT deck FROM notes WHERE active = 1) ORDER BY name"
    )
    return [name for (name,) in rows]


def _note_ids(collection: Collection, decks: Iterable[str]) -> list[int]:
    """The notes of these decks in order of deck, file and line."""
    wanted = set(decks)
    rows = collection.connection.execute(
        "SELECT n.id, d.name FROM notes n JOIN files f ON f.id = n.file JOIN decks d ON d.id = n.deck"
        " WHERE n.active = 1 ORDER BY d.name, f.path, n.line"
    )
    return [note for note, deck in rows if deck in wanted]


def card_ids(collection: Collection, decks: Iterable[str]) -> list[int]:
    """The cards of these decks that have a text, in order of deck, file and line."""
    cards = _cards_by_note(collection)
    return [card for note in _note_ids(collection, decks) for card in cards.get(note, {}).values()]


def _cards_by_note(collection: Collection) -> dict[int, dict[str, int]]:
    """The ids of the cards that have a text, by note and slot."""
    found: dict[int, dict[str, int]] = {}
    for note, slot, card in collection.connection.execute(
        "SELECT note, slot, id FROM cards WHERE active = 1 ORDER BY id"
    ):
        found.setdefault(note, {})[slot] = card
    return found
