"""Import an Anki package into a collection."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Set
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flashcards.anki.exports.notes import FieldWriter
from flashcards.anki.imports import omissions
from flashcards.anki.imports.deck_files import DeckFiles
from flashcards.anki.imports.imported_cards import CardImport, KnownChanges
from flashcards.anki.imports.incoming_notes import IncomingNote, Layout
from flashcards.anki.imports.matching import KnownNotes, Matcher, PlacedNote
from flashcards.anki.imports.media import MediaPlan, OwnMedia, find_lost_media
from flashcards.anki.imports.notes import NoteConverter
from flashcards.anki.imports.settings import SettingsImport
from flashcards.anki.imports.templates import UNSEEN, is_shown
from flashcards.anki.package.archive import Archive, Profile
from flashcards.anki.package.decoding import RenderBudget
from flashcards.anki.package.identifiers import MediaNames
from flashcards.anki.package.model import AnkiNote, Package
from flashcards.anki.package.reader import blame_package, read_package
from flashcards.anki.package.schedule_reader import find_position
from flashcards.anki.package.unchanged_notes import SeenNotes
from flashcards.anki.to_markdown.convert import Converter
from flashcards.catalog.imports import Origins
from flashcards.collection import Collection, now_ms
from flashcards.disk.atomic import read_file
from flashcards.errors import FlashcardsError
from flashcards.importers.transaction import ImportReport, Malformed, PackageInvalid, Remark, run_import
from flashcards.render.formulas import MACROS_FILE, parse_macros, read_macros

if TYPE_CHECKING:
    from flashcards.catalog.store import Entry
    from flashcards.disk.journal import Journal

Progress = Callable[[str, int, int], None]
"""Called with the current step, the amount done, and the total amount."""

_STRIDE: Final = 200


def import_package(
    collection: Collection, path: Path, *, dry_run: bool = False, progress: Progress | None = None
) -> ImportReport:
    """Import the notes, media, schedules and reviews of a package into a collection, atomically, after a backup.

    `path` is an .apkg or .colpkg, or an unpacked collection. Raises PackageInvalid, or PackageNewer if its format is
    too new.
    """
    is_packed = path.suffix.lower() in (".apkg", ".colpkg")
    with _pause_gc(), Archive(path) if is_packed else nullcontext(Profile(path)) as archive:
        origins = Origins(collection.connection)
        seen = SeenNotes(origins.read_seen(), find_lost_media(collection.root, archive.media))
        package = read_package(archive, seen)
        media = MediaPlan(collection.root, archive)
        try:
            budget = RenderBudget(size=archive.collection_size, characters=_count_characters(package))
            with blame_package(path):
                return _PackageImport(collection, package, media, path, progress, budget).run(dry_run=dry_run)
        finally:
            media.close()


def import_changes(
    collection: Collection, package: Package, media: MediaPlan, source: str, changes: KnownChanges
) -> ImportReport:
    """Import notes and cards changed in Anki, atomically; new ones keep their ids in Anki.

    The package contains them, with the complete log of each card; `source` names them in the report.
    """
    budget = RenderBudget(characters=_count_characters(package))
    with _pause_gc(), blame_package(Path(source)):
        return _PackageImport(collection, package, media, Path(source), None, budget, changes).run(dry_run=False)


def _count_characters(package: Package) -> int:
    return sum(len(field) for note in package.notes for field in note.fields)


@contextmanager
def _pause_gc() -> Iterator[None]:
    """Disable the cyclic garbage collector while importing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class _PackageImport:
    def __init__(
        self,
        collection: Collection,
        package: Package,
        media: MediaPlan,
        path: Path,
        progress: Progress | None,
        budget: RenderBudget,
        changes: KnownChanges | None = None,
    ) -> None:
        self._changes = changes
        self._budget = budget
        self._collection = collection
        self._package = package
        self._media = media
        self._progress = progress or (lambda _what, _done, _total: None)
        self._report = ImportReport(path.name)
        self._origins = Origins(collection.connection)
        self._macros: dict[str, str] = {}
        self._own = OwnMedia(collection.catalog, collection.root)
        self._at = now_ms()

    def run(self, *, dry_run: bool) -> ImportReport:
        """Run the import or, with `dry_run`, only report the changes."""
        back_up = self._changes is None or self._changes.back_up
        return run_import(self._collection, self._report, self._bring_in, dry_run=dry_run, back_up=back_up)

    def _bring_in(self, journal: Journal) -> bool:
        report = self._report
        changes = self._changes
        # A note added in Anki goes to the file with most of the deck's notes; a package keeps its notes together.
        files = DeckFiles(self._collection, self._origins, journal, report, self._at, anybodys=changes is not None)
        known = KnownNotes(self._collection.catalog, self._collection.connection)
        drafts = self._convert_notes(known, files.layout)
        fields = {note.guid: note.fields for note in self._package.notes}
        edits = changes.edits if changes else None
        unchanged = self._origins.find_notes(self._package.unchanged)
        has_marks = changes is not None or self._package.tells_schedules
        matcher = Matcher(known, fields, self._make_field_writer(), edits, has_marks=has_marks)
        found = matcher.match(drafts, unchanged)
        files.prose = self._convert_descriptions(files.layout)
        notes = files.write(found)
        untold = [
            deck for deck in self._package.decks.values() if deck.name in files.prose and not files.has_prose(deck.name)
        ]
        report.remarks += map(omissions.remark_description, untold)
        report.remarks += omissions.remark_outdated_notes(found.outdated, report.source)
        report.media = self._media.stage(journal)
        self._stage_macros(journal)
        settings = self._collection.settings
        if changes is None:
            report.remarks += omissions.remark_missing_media(self._media.missing, report.source)
            if not self._package.unchanged:
                report.remarks += omissions.remark_unused_media(self._media.find_unused(), report.source)
        if changes is None or changes.settings:
            options = changes.options if changes else frozenset()
            importer = SettingsImport(self._collection, self._package, journal, report, options)
            settings = importer.stage(adds_notes=bool(found.new))
        cards = CardImport(self._collection, self._package, self._origins, settings, self._at)
        cards.apply(notes, report, lambda done, total: self._progress("Bringing in the reviews", done, total), changes)
        if changes:
            new = {draft.key for draft in found.new}
            kept = notes if changes.adopts_ids else [each for each in notes if each.draft.key in new]
            self._remember_ids(kept, cards)
        report.unchanged += len(unchanged - {each.note for each in notes})  # one of them may have a duplicate in Anki
        seen = self._remember_seen(drafts, files.settled)
        return bool(files.remembered or cards.remembered or seen)

    def _remember_seen(self, drafts: Iterable[IncomingNote], settled: Set[tuple[str, int]]) -> int:
        """Store the digests of notes that are complete; return the number of changed rows."""
        package, origins = self._package, self._origins
        done = {draft.source for draft in drafts} - {draft.source for draft in drafts if draft.key not in settled}
        fresh = [(source, package.digests[source]) for source in done if source in package.digests]
        origins.remember_seen(fresh)
        return len(fresh) + origins.advance_statuses(package.unchanged, package.changed_ms)

    def _stage_macros(self, journal: Journal) -> None:
        """Add the macros defined in templates to the collection's; existing ones stay."""
        path = self._collection.root / MACROS_FILE
        before = read_file(path) if path.exists() else None
        kept = before or b""
        known = parse_macros(kept.decode(errors="replace")).bodies
        new = {name: body for name, body in self._macros.items() if name not in known}
        if new:
            end = b"" if not kept or kept.endswith(b"\n") else b"\n"
            lines = "".join(f"{name} {body}\n" for name, body in new.items())
            journal.stage_bytes(MACROS_FILE, kept + end + lines.encode(), before)
            self._report.files.append(MACROS_FILE)
        for name, body in self._macros.items():
            if known.get(name, body) != body:
                message = f"`{name}` is `{body}` in the package; the existing definition was kept."
                self._report.remarks.append(Remark(MACROS_FILE, message))

    def _remember_ids(self, notes: Iterable[PlacedNote], cards: CardImport) -> None:
        """Store the Anki ids of notes and their cards."""
        notes = list(notes)
        there = {note.guid: note.id for note in self._package.notes}
        added = {each.note: there[each.draft.source] for each in notes}
        whole = {each.note for each in notes if each.draft.part == 0}
        self._origins.remember_ids("note", ((here, there) for here, there in added.items() if here in whole))
        of_added = set(added.values())
        matched = (each for each in cards.matched if each.card.note in of_added)
        self._origins.remember_ids("card", ((each.ours, each.card.id) for each in matched))

    def _convert_notes(self, known: KnownNotes, layout: Layout) -> list[IncomingNote]:
        """Convert every note of the package, in the order for writing."""
        converter = NoteConverter(
            self._package,
            Converter(self._media.make_url),
            self._media,
            known.origins,
            self._origins.find_parts,
            lambda deck: self._media.start_note(layout.find_path(deck)),
            self._budget,
        )
        places = dict(known.catalog.paths())
        # Only the cards of unedited notes are needed; their text need not be read.
        edits = self._changes.edits if self._changes else None
        order = _sort_notes(self._package)
        drafts: list[IncomingNote] = []
        lost = 0
        for number, note in enumerate(order):
            if number % _STRIDE == 0:
                self._progress("Reading the notes", number, len(order))
            cards = self._package.cards.get(note.id)
            if not cards:
                lost += 1
                continue
            here = known.find_note(note.guid, 0, str(note.id), is_own=converter.is_own(note))
            here = known.find_note(note.guid, cards[0].ord) if here is None and cards[0].ord else here
            is_unedited = here is not None and edits is not None and note.guid not in edits
            if is_unedited and (draft := converter.recognize(note)):
                drafts.append(draft)
                continue
            deck = self._package.decks[cards[0].home].name
            own = None if here is None else self._own.of(here, note.fields)
            self._media.start_note(places.get(here or 0) or layout.find_path(deck, converter.find_source(note)[0]), own)
            drafts += _convert_note(converter, note, self._collection.root / self._report.source)
        self._macros = converter.macros
        self._report.remarks += converter.not_shown.list_remarks()
        self._report.remarks += omissions.describe_left_out(self._package, self._report.source, lost)
        return drafts

    def _convert_descriptions(self, layout: Layout) -> dict[str, str]:
        """Convert the descriptions of decks to Markdown, by the names of the decks."""
        converter = Converter(self._media.make_url)
        found = {}
        for deck in self._package.decks.values():
            if is_shown(deck.description):
                self._media.start_note(layout.find_path(deck.name))
                found[deck.name] = converter.convert(UNSEEN.sub("", deck.description)).markdown
        return found

    def _make_field_writer(self) -> Callable[[Entry], tuple[str, ...]]:
        """Return a function that renders a note as our export would."""
        root = self._collection.root
        media = MediaNames(root)
        present = 0
        writer = FieldWriter(
            read_macros(root), lambda url: self._own.find_name_in_package(present, url) or media.name(url)
        )

        def fields(entry: Entry) -> tuple[str, ...]:
            nonlocal present
            present = entry.id
            media.start_note(entry.path, entry.note.line)
            return writer.write_fields(entry.path, entry.note)

        return fields


def _convert_note(converter: NoteConverter, note: AnkiNote, path: Path) -> list[IncomingNote]:
    """Convert one note; any error is reported with this note."""
    try:
        return list(converter.convert(note))
    except (FlashcardsError, Malformed, OSError):
        raise
    except Exception as error:
        raise PackageInvalid(path, f"its note {note.id} cannot be read") from error


def _sort_notes(package: Package) -> list[AnkiNote]:
    """Sort notes by their cards' positions among new cards if every card has one, else by age."""
    places = {}
    for note in package.notes:
        found = [place for card in package.cards[note.id] if (place := find_position(card)) is not None]
        if not found and package.cards[note.id]:
            return package.notes
        places[note.id] = min(found, default=0)
    return sorted(package.notes, key=lambda note: (places[note.id], note.id))
