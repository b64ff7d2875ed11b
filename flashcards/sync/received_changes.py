"""Apply changes from a phone to the collection, by the rules of imports."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flashcards.anki.imports.deck_text import remove_notes
from flashcards.anki.imports.imported_cards import CardImport, KnownChanges
from flashcards.anki.imports.matching import KnownNotes
from flashcards.anki.imports.media import MediaPlan
from flashcards.anki.imports.run import import_changes
from flashcards.anki.package.identifiers import deck_id
from flashcards.anki.package.model import AnkiCard, LogRow, Package
from flashcards.anki.package.reader import read_tables
from flashcards.catalog.imports import Origins, SeenStatus
from flashcards.collection import Collection, now_ms
from flashcards.disk.atomic import FileChanged, replace_unchanged
from flashcards.sync.mirror_objects import find_changed_options, with_our_names
from flashcards.sync.validation import CARD_COLUMNS, LOG_COLUMNS, NOTE_COLUMNS, SUSPENDED, Row, get_user_values
from flashcards.text import plural
from scheduler import transaction
from scheduler.connection import flush, make_folders

if TYPE_CHECKING:
    from flashcards.catalog.store import Entry
    from flashcards.importers.transaction import ImportReport
    from flashcards.sync.media_store import MediaStore
    from flashcards.sync.mirror import Mirror
    from flashcards.sync.session import Received


_FOLDER: Final = ("phone", "set-aside")


def set_aside(state_folder: Path, why: str, texts: Iterable[str]) -> str:
    """Append texts to today's file; return its path within the collection."""
    now = datetime.now().astimezone()
    folder = state_folder.joinpath(*_FOLDER)
    make_folders(folder)
    path = folder / f"{now:%Y-%m-%d}.md"
    with path.open("a", encoding="utf-8") as file:
        file.write(f"<!-- {now:%H:%M:%S} {why} -->\n\n")
        for text in texts:
            if text:
                file.write(f"{text}\n\n")
        file.flush()
        os.fsync(file.fileno())
    flush(folder)
    return f"{state_folder.name}/{'/'.join(_FOLDER)}/{path.name}"


_SOURCE: Final = "phone"
_GUID, _FIELDS = (NOTE_COLUMNS.index(name) for name in ("guid", "flds"))
_NID, _DID, _USN, _QUEUE, _FLAGS, _ODID = (
    CARD_COLUMNS.index(name) for name in ("nid", "did", "usn", "queue", "flags", "odid")
)
_BURIED: Final = (-2, -3)
_DAY: Final = 86_400


@dataclass(slots=True)
class TakenOver:
    """The changes of a sync to the collection; `sentences` are messages for the user."""

    added: int = 0
    updated: int = 0
    removed: int = 0
    cards: int = 0
    reviews: int = 0
    sentences: list[str] = field(default_factory=list)

    def count(self) -> dict[str, int]:
        """Return the numbers by name."""
        names = ("added", "updated", "removed", "cards", "reviews")
        return {name: getattr(self, name) for name in names}


class StoredMedia:
    """The media files of clients, in the form that the importer reads."""

    def __init__(self, store: MediaStore) -> None:
        self._store = store
        self.media = {name: name for name in store.digests()}

    def unpack_media_file(self, name: str, target: Path) -> bool:
        """Copy a file to `target`; return whether it exists."""
        path = self._store.path_of(name)
        if path is None:
            return False
        target.write_bytes(path.read_bytes())
        return True


class ChangeImport:
    """Applies the changes of one sync, which are already in the mirror."""

    def __init__(self, collection: Collection, mirror: Mirror, media: MediaStore) -> None:
        self._collection = collection
        self._mirror = mirror
        self._media = media
        origins = Origins(collection.connection)
        self._here = {kind: {there: here for here, there in origins.ids(kind).items()} for kind in ("note", "card")}
        self._taken = TakenOver()

    def take(self, received: Received) -> TakenOver:
        """Apply all changes. Each part is atomic and can be repeated."""
        notes = self._find_touched(received)
        package = self._build_package(notes, received.collided)
        options = self._find_options(received, package)
        if notes or options or "dconf" in received.objects:
            self._import(received, package, options)
        self._keep_late(received)
        self._import_reviews_of_gone(received)
        self._unbury(received)
        self._remove(received)
        self._mention_moves(received)
        return self._taken

    def _find_touched(self, received: Received) -> list[int]:
        """Return the received notes, and those of received cards and reviews, if they still exist."""
        found = dict.fromkeys(row[0] for row in received.notes)
        found |= dict.fromkeys(row[_NID] for row in received.cards)
        cards = {row[1] for row in (*received.reviews, *received.collided)}
        found |= dict.fromkeys(
            number for (number,) in self._mirror.select("SELECT nid FROM cards WHERE id IN ({})", cards)
        )
        exist = {number for (number,) in self._mirror.select("SELECT id FROM notes WHERE id IN ({})", found)}
        return [number for number in found if number in exist]

    def _find_options(self, received: Received, package: Package) -> frozenset[str]:
        if not any(received.options.values()):
            return frozenset()
        before = [self._mirror.read_json(name) | known for name, known in received.options.items()]
        return find_changed_options(package, *before)

    def _import(self, received: Received, package: Package, options: frozenset[str]) -> None:
        media = MediaPlan(self._collection.root, StoredMedia(self._media))
        changes = KnownChanges(
            edits=None if received.is_first else self._find_edits(received),
            new_cards={number for number, before in received.before["cards"].items() if before is None},
            status_before=partial(_find_status_before, received),
            settings=bool(options) or "dconf" in received.objects,
            options=options,
            adopts_ids=received.is_first,
            back_up=self._is_backup_due(),
        )
        try:
            before = self._find_texts(received)
            report = import_changes(self._collection, package, media, _SOURCE, changes)
        finally:
            media.close()
        self._count(report)
        if changes.edits is not None:
            self._keep_unwritten(received, changes.edits, before)
        self._keep_texts(received)

    def _keep_late(self, received: Received) -> None:
        """Keep text written on the phone into notes that had been deleted in the meantime."""
        for row in received.late:
            said = "A note was edited on the phone and deleted elsewhere; the phone's text is in"
            self._set_aside("edited on the phone, deleted elsewhere", row[_FIELDS].split("\x1f"), said)

    def take_missing_reviews(self) -> int:
        """Import reviews that the mirror has and the log lacks; return their number."""
        self._import_logs(self._mirror.find_missing_reviews(self._collection.database))
        return self._taken.reviews

    def _import_reviews_of_gone(self, received: Received) -> None:
        """Import reviews made on the phone of cards that were then deleted on either side."""
        cards = {row[1] for row in received.reviews}
        self._import_logs(
            cards - {number for (number,) in self._mirror.select("SELECT id FROM cards WHERE id IN ({})", cards)}
        )

    def _import_logs(self, gone: Iterable[int]) -> None:
        """Merge the complete logs of cards by their Anki ids, even if their notes are gone."""
        logs: dict[int, list[LogRow]] = {}
        for row in sorted(self._mirror.select_by("revlog", "cid", gone)):
            values = dict(zip(LOG_COLUMNS, row, strict=True))
            number = self._here["card"].get(values["cid"], int(values["cid"]))
            logs.setdefault(number, []).append(LogRow(*(values[name] for name in LOG_COLUMNS if name != "usn")))
        if logs:
            collection = self._collection
            cards_import = CardImport(
                collection, self._build_package([]), Origins(collection.connection), collection.settings, now_ms()
            )
            with transaction(collection.connection):
                self._taken.reviews += cards_import.apply_reviews(logs)

    def _count(self, report: ImportReport) -> None:
        taken = self._taken
        taken.added, taken.updated = report.added, report.updated
        taken.cards, taken.reviews = report.cards, report.reviews
        taken.sentences += [f"{remark.place}: {remark.message}" for remark in report.remarks]

    def _find_edits(self, received: Received) -> dict[str, bool]:
        """Return the notes received with edited text or tags, by guid, and whether they were also edited here."""
        contested = received.contested["notes"]
        found = {}
        for row in received.notes:
            before = received.before["notes"].get(row[0])
            if before is not None and get_user_values("notes", before) == get_user_values("notes", row):
                continue
            found[row[_GUID]] = row[0] in contested
            if before is not None and row[0] in contested:
                said = "A note changed on the computer and on the phone; the phone's text is in"
                self._set_aside("changed on the phone and on the computer", row[_FIELDS].split("\x1f"), said)
        return found

    def _find_texts(self, received: Received) -> dict[int, bytes | None]:
        """Return the current texts of the received notes by Anki id; new notes are omitted."""
        if not received.notes:
            return {}
        known = self._read_known()
        found = {}
        for row in received.notes:
            note = self._find_here(known, row)
            if note is not None:
                found[row[0]] = text_here(self._collection, note)
        return found

    def _keep_unwritten(
        self, received: Received, edits: Mapping[str, bool], before: Mapping[int, bytes | None]
    ) -> None:
        """Set aside edits from the phone that could not be written to their files."""
        after = self._find_texts(received)
        for row in received.notes:
            is_contested = edits.get(row[_GUID])
            if is_contested is False and row[0] in before and before[row[0]] == after.get(row[0]):
                why = "edited on the phone, not written into the file"
                said = "An edit could not be written into its file; the text is in"
                self._set_aside(why, row[_FIELDS].split("\x1f"), said)

    def _keep_texts(self, received: Received) -> None:
        """Store the current texts of the received notes, to detect later edits here."""
        if not received.notes:
            return
        known = self._read_known()
        for row in received.notes:
            if row[0] in received.contested["notes"]:
                continue
            note = self._find_here(known, row)
            if note is not None and (text := text_here(self._collection, note)):
                self._mirror.note_text(row[0], text)

    def _find_here(self, known: KnownNotes, row: Row) -> int | None:
        """Find the note of the collection that matches a note in Anki."""
        return self._here["note"].get(row[0]) or known.find_note(row[_GUID], 0)

    def _set_aside(self, why: str, texts: Iterable[str], said: str) -> None:
        """Set texts aside, and report it in a sentence that begins with `said`."""
        place = set_aside(self._collection.state_folder, why, texts)
        self._taken.sentences.append(f"{said} {place}.")

    def _read_known(self) -> KnownNotes:
        return KnownNotes(self._collection.catalog, self._collection.connection)

    def _build_package(self, notes: list[int], more_reviews: Iterable[Row] = ()) -> Package:
        """Read some notes of the mirror with their cards and complete log, as from a package."""
        with closing(self._mirror.copy_notes(notes, more_reviews)) as copy:
            return with_our_names(read_tables(copy, Path(_SOURCE)))

    def _is_backup_due(self) -> bool:
        """Return whether the newest backup is older than a day; more than daily ones would displace older ones."""
        try:
            newest = max((each.stat().st_mtime for each in self._collection.backups.iterdir()), default=0.0)
        except FileNotFoundError:
            return True
        return time.time() - newest > _DAY

    def _unbury(self, received: Received) -> None:
        before = received.before["cards"]
        cards = [
            self._here["card"].get(row[0], int(row[0]))
            for row in received.cards
            if (known := before.get(row[0])) and known[_QUEUE] in _BURIED and row[_QUEUE] not in _BURIED
        ]
        if cards:
            self._taken.cards += self._collection.store.unbury(cards, self._collection.clock.day(now_ms()))

    def _remove(self, received: Received) -> None:
        """Remove notes deleted on the phone from their files, unless they were edited here since."""
        deleted = [row for row in received.gone if row[0] not in received.contested["notes"]]
        if not deleted:
            return
        known = self._read_known()
        entries = []
        for row in deleted:
            note = self._find_here(known, row)
            if note is not None:
                entries += [entry for entry in self._collection.catalog.entries([note]) if entry.active]
        by_path: dict[str, list[Entry]] = {}
        for entry in entries:
            by_path.setdefault(entry.path, []).append(entry)
        for path, gone in by_path.items():
            self._remove_from(path, gone)
        if by_path:
            self._collection.scan()

    def _remove_from(self, path: str, entries: list[Entry]) -> None:
        file = self._collection.root / path
        before = file.read_bytes()
        text = remove_notes(path, before.decode(), [entry.note.line for entry in entries])
        if text is None:
            self._taken.sentences.append(
                f"{path}: {plural(len(entries), 'note')} deleted on the phone cannot be removed from the file."
            )
            return
        lines = before.decode().splitlines()
        blocks = ["\n".join(lines[entry.note.line - 1 : entry.note.end_line]) for entry in entries]
        place = set_aside(self._collection.state_folder, f"deleted on the phone, was in {path}", blocks)
        try:
            replace_unchanged(file, before, text.encode())
        except FileChanged:
            self._taken.sentences.append(f"{path} is being edited; notes deleted on the phone stay in it.")
            return
        self._taken.removed += len(entries)
        self._taken.sentences.append(
            f"{path}: {plural(len(entries), 'note')} deleted on the phone removed from the file; kept in {place}."
        )

    def _mention_moves(self, received: Received) -> None:
        moved = 0
        for row in received.cards:
            before = received.before["cards"].get(row[0])
            is_seen = before is not None and before[_USN] < received.since  # otherwise it was moved here
            moved += before is not None and is_seen and (before[_ODID] or before[_DID]) != (row[_ODID] or row[_DID])
        if moved:
            self._taken.sentences.append(
                f"{plural(moved, 'card')} moved to another deck on the phone. The deck follows from the file, so"
                " move the note's text instead."
            )
        for deck in received.objects.get("decks", ()):
            is_ours = any(deck_id(name) == deck["id"] for name in self._collection.catalog.decks())
            if is_ours and deck_id(deck["name"]) != deck["id"]:
                self._taken.sentences.append(
                    f"A deck was renamed to `{deck['name']}` on the phone; its name follows from the file and is"
                    " put back."
                )


def _find_status_before(received: Received, card: AnkiCard) -> SeenStatus:
    """Return the marks of a card before the change on the phone. If it changed here, too, only new marks count."""
    known = received.before["cards"]
    before = known.get(card.id)
    if card.id in known and (before is None or card.id in received.contested["cards"]):
        return SeenStatus(-1, suspended=False, flag=0)
    if before is None:
        return SeenStatus(card.changed, card.queue == SUSPENDED, card.flags & 7)
    return SeenStatus(-1, before[_QUEUE] == SUSPENDED, before[_FLAGS] & 7)


def text_here(collection: Collection, note: int) -> bytes | None:
    """Return a value that identifies the current text and tags of a note, or nothing if it is not in a file."""
    row = collection.connection.execute(
        "SELECT fingerprint, tags FROM notes WHERE id = ? AND active = 1", (note,)
    ).fetchone()
    return None if row is None else bytes(row[0]) + row[1].encode()
