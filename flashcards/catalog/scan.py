"""Bring the catalog and then the scheduler's cards up to date with the folder."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence, Set
from pathlib import Path

from flashcards.catalog.changes import CardPlace, FolderChanges, ReadFile, ScanReport
from flashcards.catalog.encoding import decode
from flashcards.catalog.store import Catalog, FileRow
from flashcards.catalog.writer import NoteWriter
from flashcards.deck import FORMAT_VERSION
from flashcards.deck.model import Deck
from flashcards.dialects import NATIVE
from flashcards.disk.atomic import digest
from flashcards.identity.exact import link_exactly
from flashcards.identity.neighbours import find_returning, pair_replaced
from flashcards.identity.notes import AmbiguousNote, Known, Link, Seen, fingerprint
from flashcards.text import list_deck_path
from scheduler import Clock, NewCard, Placement, Store
from scheduler.acts import rename_slots

_RECENT_ORPHANS = 1_000  # notes that lost their text most recently and may come back reworded
_SAMPLE = 2_000  # notes that show which words are common in the collection


def link_edited(
    catalog: Catalog, known: Sequence[Known], seen: Sequence[Seen], links: Sequence[Link], apart: Set[int] = frozenset()
) -> tuple[list[Link], list[AmbiguousNote]]:
    """Link edited notes with their earlier versions, as `link_similar` does.

    `known` are the active notes of the changed files and the orphans found so far, `seen` the current notes of these
    files, and `links` those of the exact rules. Orphans in `apart` must not be linked.
    """
    if len(links) == len(seen):
        return [], []
    linked = {link.known.id for link in links}
    looked_for = {*apart, *(note.id for note in known)}
    orphans = [note for note in catalog.list_recent_orphans(_RECENT_ORPHANS) if note.id not in looked_for]
    if not orphans and all(note.id in linked for note in known):
        return [], []
    # rapidfuzz is only needed if there are candidates.
    from flashcards.identity.similar import link_similar

    by_id = {note.id: note for note in (*known, *orphans)}
    returning = find_returning(by_id.values(), links)
    compared = [note._replace(active=True) if note.id in returning else note for note in by_id.values()]
    found, ambiguous = link_similar(compared, seen, links, catalog.sample(_SAMPLE), former=catalog.find_former_texts)
    return [link._replace(known=by_id[link.known.id]) for link in found], ambiguous


class Scan:
    """Brings the catalog up to date; the caller wraps it in one transaction."""

    def __init__(self, connection: sqlite3.Connection, now_ms: int) -> None:
        self._db = connection
        self._catalog = Catalog(connection)
        self._now_ms = now_ms
        self._decks = self._catalog.decks()
        self._paths: dict[int, str] = {}
        self._writer = NoteWriter(connection, now_ms, self._paths)

    def apply(self, changes: FolderChanges) -> ScanReport:
        """Write the changes into the catalog, and report them."""
        rows = self._catalog.files()
        self._paths.update((row.id, row.path) for row in rows.values())
        changed_ids: list[int] = []
        seen: list[Seen] = []
        for file in changes.changed:
            file_id = self._write_file(file, rows.get(file.found.path))
            if not file.deck:
                continue
            changed_ids.append(file_id)
            notes = [
                Seen(file_id, self._find_deck_id(note.deck or file.deck.name), index, fingerprint(note), note)
                for index, note in enumerate(file.deck.notes)
            ]
            if rows:
                seen += notes
            else:  # nothing is known; meanwhile a second process may parse the next file
                self._writer.add(notes)
        if not rows:
            return self._writer.report
        for row in changes.gone:
            self._db.execute("UPDATE files SET present = 0, mtime_ns = -1 WHERE id = ?", (row.id,))
            changed_ids.append(row.id)
        return self._apply_notes(changed_ids, seen, changes.apart)

    def _write_file(self, file: ReadFile, row: FileRow | None) -> int:
        found = file.found
        if row and file.deck is None and file.problem is None:  # the same bytes
            self._db.execute(
                "UPDATE files SET size = ?, mtime_ns = ? WHERE id = ?", (found.size, file.mtime_ns, row.id)
            )
            return row.id
        deck = file.deck or Deck(name="")
        settings = {"deck": deck.name, "values": deck.settings, "lines": deck.setting_lines}
        problems = [file.problem] if file.problem else deck.problems
        values = (
            found.size,
            file.mtime_ns,
            file.hash,
            json.dumps([(p.line, p.code, p.message, p.hint) for p in problems], ensure_ascii=False),
            json.dumps(settings, ensure_ascii=False) if deck.settings else "{}",
        )
        if row:
            # The notes and settings of an unreadable file are unchanged.
            self._db.execute(
                "UPDATE files SET size = ?, mtime_ns = ?, hash = ?, problems = ?,"
                " settings = CASE WHEN ? THEN ? ELSE settings END, present = 1, format = ?, dialect = ?, reader = ?"
                " WHERE id = ?",
                (*values[:4], file.deck is not None, values[4], FORMAT_VERSION, file.dialect, file.reader, row.id),
            )
            return row.id
        cursor = self._db.execute(
            "INSERT INTO files(path, size, mtime_ns, hash, problems, settings, present, format, dialect, reader)"
            " VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?, ?)",
            (found.path, *values, FORMAT_VERSION, file.dialect, file.reader),
        )
        file_id = int(cursor.lastrowid or 0)
        self._paths[file_id] = found.path
        return file_id

    def _find_deck_id(self, name: str) -> int:
        """Return the id of a deck, adding it and its parents if they are new."""
        for each in list_deck_path(name) if name not in self._decks else ():
            if each not in self._decks:
                cursor = self._db.execute("INSERT INTO decks(name) VALUES (?)", (each,))
                self._decks[each] = int(cursor.lastrowid or 0)
        return self._decks[name]

    def _apply_notes(self, changed_ids: list[int], seen: list[Seen], apart: Set[int]) -> ScanReport:
        known = self._catalog.load_known_in(changed_ids)
        if seen and self._catalog.has_orphans():
            pins = [note.note.pin for note in seen if note.note.pin]
            orphans = self._catalog.find_orphans(pins, [note.fingerprint for note in seen])
            known += [note for note in orphans if note.id not in apart]
        links = link_exactly(known, seen) if known else []
        more, ambiguous = link_edited(self._catalog, known, seen, links, apart)
        links += more
        writer = self._writer
        for each in sorted(links, key=lambda each: each.seen.place):
            writer.link(each)
        linked_notes = {each.known.id for each in links}
        linked_seen = {each.seen.place for each in links}
        writer.orphan([note for note in known if note.active and note.id not in linked_notes])
        fresh = [note for note in seen if note.place not in linked_seen]
        writer.add(fresh)
        writer.report_ambiguous(ambiguous)
        if fresh and writer.report.removed:
            writer.remember_replaced(pair_replaced(known, seen, links))
        return writer.report


def update_embeds(connection: sqlite3.Connection, root: Path, report: ScanReport, now_ms: int) -> None:
    """Mark notes as changed if the text that they embed from other notes changed since the last scan.

    That includes the existence of the notes that a native file links to. Notes edited in this scan count as changed
    anyway.
    """
    rows = connection.execute(
        "SELECT n.id, n.body, n.line, n.end_line, f.path, f.dialect FROM notes n JOIN files f ON f.id = n.file"
        " WHERE n.active = 1 AND instr(n.body, '[[') > 0 AND instr(json_extract(n.body, '$.fields'), '[[') > 0"
    ).fetchall()
    if not rows:
        return
    # Imported late, because they load the Markdown parser.
    from flashcards.catalog.wiki_links import LinkResolver, has_embeds

    resolver = LinkResolver(root, connection)
    known = dict(connection.execute("SELECT note, digest FROM embeds").fetchall())
    edited = {change.note for change in (*report.added, *report.edited, *report.returned)}
    for note, body, line, end_line, path, dialect in rows:
        if dialect != NATIVE and note not in known and not has_embeds(body):
            continue
        shown = resolver.read_shown(decode(body, line, end_line), path)
        now = digest(shown.encode("utf-8", "replace")) if shown else b""
        if now == known.get(note, b""):
            continue
        connection.execute("INSERT OR REPLACE INTO embeds(note, digest) VALUES (?, ?)", (note, now))
        if note not in edited:
            connection.execute("UPDATE notes SET modified_ms = max(?, modified_ms + 1000) WHERE id = ?", (now_ms, note))


def update_cards(store: Store, clock: Clock, report: ScanReport, at_ms: int) -> None:
    """Update the scheduler in the same transaction; stated schedules of new cards move from the report to it."""
    new = [NewCard(note, slot, deck, at) for note, slots, deck, at, _ in report.new_cards for slot in slots]
    if report.placed:
        new += _place_cards(store, report.placed)
    if report.orphaned:
        store.deactivate_notes(report.orphaned)
    if new and report.stated:
        from flashcards.catalog.imports import add_stated_cards  # imported late, because few collections need it

        said = {(each.note, each.slot): each for each in report.stated}
        found = [(card, said.pop(card[:2], None)) for card in new]
        add_stated_cards(store, clock, [(card, each.schedule) for card, each in found if each], at_ms)
        report.stated = list(said.values())
        new = [card for card, each in found if not each]
    if new:
        store.add_cards(new, at_ms)


def _place_cards(store: Store, places: Iterable[CardPlace]) -> list[NewCard]:
    """Activate the cards of existing slots and deactivate the others; return the cards to add."""
    store.move_cards(Placement(place.note, place.deck, place.position) for place in places)
    add: list[NewCard] = []
    wake: list[int] = []
    rest: list[int] = []
    for place in places:
        if place.renamed:
            rename_slots(store.connection, place.note, place.renamed)
        rows = store.connection.execute("SELECT id, slot, active FROM cards WHERE note = ?", (place.note,)).fetchall()
        wake += [card for card, slot, active in rows if slot in place.slots and not active]
        rest += [card for card, slot, active in rows if slot not in place.slots and active]
        have = {slot for _, slot, _ in rows}
        add += [NewCard(place.note, slot, place.deck, place.position) for slot in place.slots if slot not in have]
    store.set_active(wake, True)
    store.set_active(rest, False)
    return add
