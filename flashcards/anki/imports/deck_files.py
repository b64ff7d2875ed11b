"""Write imported notes to deck files and to the catalog."""

from __future__ import annotations

from base64 import b32encode
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Set
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flashcards.anki.imports.deck_text import FileText, change_file, make_file, read_file_tags
from flashcards.anki.imports.incoming_notes import IncomingNote, Layout, make_path
from flashcards.anki.imports.matching import Match, PlacedNote, describe_difference
from flashcards.anki.imports.merging import make_base
from flashcards.catalog.changes import FolderChanges, ReadFile
from flashcards.catalog.encoding import encode
from flashcards.catalog.files import FoundFile
from flashcards.catalog.imports import Origin, Origins
from flashcards.catalog.store import Entry
from flashcards.dialects import NATIVE
from flashcards.disk.atomic import FileChanged, digest
from flashcards.importers.transaction import ImportReport, Remark
from flashcards.text import plural
from scheduler.connection import select_in

if TYPE_CHECKING:
    from flashcards.collection import Collection
    from flashcards.disk.journal import Journal

_SHOWN: Final = 200  # characters of a quoted text
_PIN_LENGTH: Final = 12


class DeckFiles:
    """Writes the results of a match to files staged in a journal, and to the catalog."""

    def __init__(
        self,
        collection: Collection,
        origins: Origins,
        journal: Journal,
        report: ImportReport,
        at_ms: int,
        *,
        anybodys: bool = False,
    ) -> None:
        files = _find_files_of_decks(collection, _OF_ANYBODY if anybodys else _OF_IMPORTS)
        self.layout = Layout(collection.root, files)  # assigns new notes to files
        self.prose: dict[str, str] = {}  # the beginning of a deck's new file, by the name of the deck
        # the number of notes whose origin, version or time was not recorded yet
        self.remembered = 0
        # the keys of drafts that are complete, because the decks already contain their text
        self.settled: set[tuple[str, int]] = set()
        self._read: dict[str, bytes] = {}  # the content of the files to change
        self._texts_now: dict[str, str] = {}
        self._anybodys = anybodys
        self._chooser = collection.chooser()
        self._collection = collection
        self._origins = origins
        self._journal = journal
        self._report = report
        self._at = at_ms

    def write(self, match: Match) -> list[PlacedNote]:
        """Write everything; return every note of the import whose text is or was in the decks."""
        report = self._report
        match, foreign = self._leave_out_foreign(match)
        texts = self._make_texts(match)
        changed = {draft.key: entry for draft, entry in match.changed}
        kept, said = self._sort_out_unwritten(texts, changed)
        texts = [text for text in texts if text.drafts]
        updated = [
            (draft, changed[draft.key]) for text in texts for draft in text.drafts.values() if draft.key in changed
        ]
        written = self._write_to_catalog(texts, updated)
        added = [each for each in written if each.draft.key not in changed]
        same, gone = match.same, match.gone
        read = [each for each in same if each.draft.fields]  # of the others, only the cards were read
        held = {each.note for each in kept} | {entry.id for _, entry in foreign}
        kept += [PlacedNote(draft, entry.id) for draft, entry in foreign]
        kept += [PlacedNote(draft, entry.id) for draft, entry in match.conflicts if draft.key not in changed]
        open_keys = {draft.key for draft, _ in match.conflicts}
        self.settled = {each.draft.key for each in (*written, *same, *said)} - open_keys
        self._remember(written, read, said)
        self._remember_bases([*written, *read], match, held)
        self._date(written, match.joined)  # last, so that until then the catalog has these notes in its cache
        report.added, report.updated = len(added), len(updated)
        report.unchanged = len({each.note for each in same}) + len(said)
        report.kept = len({each.note for each in kept} | {entry.id for _, entry in match.conflicts})
        report.removed = len(gone)
        report.files = [text.path for text in texts]
        self._texts_now = {text.path: text.text for text in texts}
        self._remark(written, match)
        found = [*written, *same, *said, *kept, *gone]
        cards = match.cards  # of the package, regardless of the merged note
        if not cards:
            return found
        return [PlacedNote(draft._replace(cards=cards.get(draft.key, draft.cards)), note) for draft, note in found]

    def has_prose(self, deck: str) -> bool:
        """Return whether the file of a deck contains its prose, after everything is written."""
        path = self.layout.find_path(deck)
        text = self._texts_now.get(path)
        if text is None and (self._collection.root / path).is_file():
            text = (self._collection.root / path).read_text(encoding="utf-8", errors="replace")
        return self.prose[deck] in (text or "")

    def _leave_out_foreign(self, match: Match) -> tuple[Match, list[tuple[IncomingNote, Entry]]]:
        """Drop and report changes to files of other tools' dialects, which are never written."""
        dialects = self._collection.catalog.dialects()
        foreign = [each for each in match.changed if dialects.get(each[1].path, NATIVE) != NATIVE]
        if not foreign:
            return match, []
        for draft, entry in foreign:
            message = f"Changed in the package, but files in the format `{dialects[entry.path]}` are never written."
            self._report.remarks.append(Remark(entry.place, f"{message} {describe_difference(draft, entry.note)}"))
        ids = {entry.id for _, entry in foreign}
        return replace(match, changed=[each for each in match.changed if each[1].id not in ids]), foreign

    def _sort_out_unwritten(
        self, texts: list[FileText], changed: dict[tuple[str, int], Entry]
    ) -> tuple[list[PlacedNote], list[PlacedNote]]:
        """Find changed notes whose file is not written: those that cannot be updated, and those that need not."""
        remarks = self._report.remarks
        kept: dict[tuple[str, int], PlacedNote] = {}
        for text in texts:
            said = {draft.key for draft in text.said}
            for draft, _ in text.stuck:
                if draft.key in said:
                    kept[draft.key] = PlacedNote(draft, changed[draft.key].id)
            for tag, count in Counter(tag for _, tags in text.stuck for tag in tags).items():
                notes = f"{plural(count, 'note')} {'is' if count == 1 else 'are'} no longer tagged `{tag}`"
                message = f"{notes} in the package; the tag applies to the whole file and was kept."
                remarks.append(Remark(text.path, message))
            for draft in text.refused:
                shown = " ".join(draft.fields[0].split())[:_SHOWN]
                entry = changed.get(draft.key)
                if entry is None:
                    message = f"Skipped `{shown}`: it cannot be represented in the deck format."
                    remarks.append(Remark(draft.deck, message))
                    continue
                message = "Changed in the package, but the change cannot be written here; kept as it is. In the package"
                remarks.append(Remark(entry.place, f"{message}: {shown}"))
                kept[draft.key] = PlacedNote(draft, entry.id)
        need_not = [draft for text in texts for draft in text.said if draft.key not in kept]
        return list(kept.values()), [PlacedNote(draft, changed[draft.key].id) for draft in need_not]

    def _make_texts(self, match: Match) -> list[FileText]:
        added: dict[str, list[IncomingNote]] = defaultdict(list)
        changes: dict[str, list[tuple[int, IncomingNote]]] = defaultdict(list)
        for draft in _pin_duplicates(match.new, self._collection.catalog.texts()):
            if draft.cards:
                added[self.layout.find_path(draft.deck, draft.path)].append(draft)
        for draft, entry in match.changed:
            changes[entry.path].append((entry.note.line, draft))
        texts = []
        for path in dict.fromkeys([*added, *changes]):
            if (self._collection.root / path).exists():
                text = self._change_file(path, changes[path], added[path])
                texts += [text, *self._make_files_beside(text, {draft.key for draft in added[path]})]
            else:
                texts.append(self._make_file(path, added[path]))
        return texts

    def _make_files_beside(self, text: FileText, new: Set[tuple[str, int]]) -> list[FileText]:
        """Put new notes that a file cannot contain into a separate file, for example if it ends in open code."""
        by_deck: dict[str, list[IncomingNote]] = defaultdict(list)
        for draft in text.refused:
            if draft.key in new:
                by_deck[draft.deck].append(draft)
        text.refused = [draft for draft in text.refused if draft.key not in new]
        return [self._make_file(self.layout.find_free_path(make_path(deck)), each) for deck, each in by_deck.items()]

    def _make_file(self, path: str, drafts: list[IncomingNote]) -> FileText:
        prose = self.prose.get(drafts[0].deck, "")
        return make_file(path, drafts, prose, names_format=self._chooser.choose(path).name != NATIVE)

    def _change_file(self, path: str, changes: list[tuple[int, IncomingNote]], added: list[IncomingNote]) -> FileText:
        file = self._collection.root / path
        data = file.read_bytes()
        row = self._collection.catalog.files().get(path)
        if row is None or row.hash != digest(data):
            raise FileChanged(file)
        self._read[path] = data
        text = data.decode()
        if self._anybodys:  # the user's file keeps its tags; added notes get the tags of all its notes
            tags = read_file_tags(text)
            added = [draft._replace(tags=tuple(dict.fromkeys((*draft.tags, *tags)))) for draft in added]
        return change_file(path, text, changes, added)

    def _write_to_catalog(self, texts: list[FileText], updated: list[tuple[IncomingNote, Entry]]) -> list[PlacedNote]:
        """Update the catalog from the coming content of the files; return the note that each draft has become."""
        if not texts:
            return []
        self._announce(texts, updated)
        # A new note of the other program must not continue one of its notes that was deleted here, however similar.
        files = []
        for text in texts:
            data = text.text.encode()
            status = self._journal.stage_bytes(text.path, data, self._read.get(text.path)).stat()
            found = FoundFile(text.path, status.st_size, status.st_mtime_ns)
            reader = self._chooser.signature(text.path)
            files.append(ReadFile(found, digest(data), text.deck, status.st_mtime_ns, reader=reader))
        changes = FolderChanges(self._origins.find_orphans())
        changes.changed = files
        self._collection.apply(changes, self._at)
        notes = (
            "SELECT f.path, n.line, n.id FROM notes n JOIN files f ON f.id = n.file"
            " WHERE n.active = 1 AND f.path IN ({})"
        )
        rows = select_in(self._collection.connection, notes, [text.path for text in texts])
        places = {(path, line): note for path, line, note in rows}
        return [
            PlacedNote(draft, places[text.path, text.deck.notes[index].line])
            for text in texts
            for index, draft in text.drafts.items()
        ]

    def _date(self, written: list[PlacedNote], joined: Set[tuple[str, int]]) -> None:
        """Give notes their age in the package."""
        # A note with changes of both sides must be newer than Anki's, or Anki will not update it.
        times = (
            (max(self._at, (draft.changed_s + 1) * 1000) if draft.key in joined else draft.changed_s * 1000, note)
            for draft, note in written
        )
        self._collection.connection.executemany("UPDATE notes SET modified_ms = ? WHERE id = ?", times)

    def _announce(self, texts: list[FileText], updated: list[tuple[IncomingNote, Entry]]) -> None:
        """Give notes their new text in advance, so that the scan need not guess."""
        notes = {draft.key: text.deck.notes[index] for text in texts for index, draft in text.drafts.items()}
        for draft, entry in updated:
            if draft.fingerprint == entry.fingerprint:
                continue
            self._collection.connection.execute(
                "INSERT OR REPLACE INTO texts(fingerprint, note, body, until_ms) VALUES (?, ?, ?, ?)",
                (entry.fingerprint, entry.id, encode(entry.note), self._at),
            )
            self._collection.connection.execute(
                "UPDATE notes SET fingerprint = ?, body = ? WHERE id = ?",
                (draft.fingerprint, encode(notes[draft.key]), entry.id),
            )

    def _remember(self, written: list[PlacedNote], same: list[PlacedNote], said: list[PlacedNote]) -> None:
        known = self._origins.all() if same else {}
        fresh, later = list(said), []
        for each in same:
            draft = each.draft
            origin = known.get(draft.key)
            if origin is None:
                fresh.append(each)
            elif origin.content != draft.content and origin.changed_s <= draft.changed_s:
                fresh.append(each)  # both sides made the same change
            elif origin.changed_s < draft.changed_s:
                later.append((draft.changed_s, draft.source, draft.part))
        notes: dict[int, list[IncomingNote]] = defaultdict(list)
        for each in (*written, *fresh):
            notes[each.note].append(each.draft)
        origins = []
        for entry in self._collection.catalog.entries(notes):
            here = (entry.id, entry.fingerprint, " ".join(entry.note.tags))
            origins += [
                Origin(draft.source, draft.part, *here, draft.content, draft.changed_s, draft.note_type)
                for draft in notes[entry.id]
            ]
        self._origins.remember(origins)
        self._origins.confirm(later)
        self.remembered = len(fresh) + len(later)

    def _remember_bases(self, placed: list[PlacedNote], match: Match, held: Set[int]) -> None:
        """Store the values that are now equal on both sides, except for notes that could not be updated."""
        if not placed and not match.bases:
            return
        bases = {(base.note, base.form): base for base in match.bases if base.note not in held}
        known = self._origins.bases().keys() | bases.keys()
        fresh = {each.note: each.draft for each in placed if (each.note, each.draft.form) not in known}
        for entry in self._collection.catalog.entries(fresh):
            base = make_base(fresh[entry.id], entry.id, entry.note.fields)
            bases[base.note, base.form] = base
        self._origins.remember_bases(bases.values())
        self.remembered += len(bases)

    def _remark(self, written: Iterable[PlacedNote], match: Match) -> None:
        remarks = self._report.remarks
        for draft, entry in match.conflicts:
            difference = describe_difference(draft, entry.note)
            message = f"Changed in your deck and in the package; your version was kept. {difference}"
            remarks.append(Remark(entry.place, message))
        counts = Counter((each.draft.deck, problem) for each in written for problem in each.draft.problems)
        remarks += [Remark(deck, f"{plural(count, 'note')}: {problem}.") for (deck, problem), count in counts.items()]


def _pin_duplicates(new: list[IncomingNote], known: Iterable[tuple[int, bytes]]) -> Iterator[IncomingNote]:
    """Pin new notes with the same text as another note; otherwise one could lose its history to the other."""
    counts = Counter((draft.kind, draft.fields) for draft in new)
    here = {text for _, text in known}
    for draft in new:
        if counts[draft.kind, draft.fields] > 1 or (here and draft.fingerprint in here):
            name = digest(f"{draft.source}\x1f{draft.part}".encode("utf-8", "replace"))
            yield draft._replace(pin=draft.pin or b32encode(name).decode().lower()[:_PIN_LENGTH])
        else:
            yield draft


_OF_ANYBODY: Final = "notes n"
_OF_IMPORTS: Final = "origins o JOIN notes n ON n.id = o.note"


def _find_files_of_decks(collection: Collection, notes: str) -> dict[str, str]:
    """Return, for each deck with some notes of this kind, the file with most of them."""
    rows = collection.connection.execute(
        f"SELECT d.name, f.path, count(*) FROM {notes} JOIN files f ON f.id = n.file"
        " JOIN decks d ON d.id = n.deck WHERE n.active = 1 AND f.present = 1 AND f.dialect = 'native'"
        " GROUP BY 1, 2 ORDER BY 3"
    )
    return {deck: path for deck, path, _ in rows if Path(collection.root, path).is_file()}
