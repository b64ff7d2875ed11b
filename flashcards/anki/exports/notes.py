"""Render the notes of a collection for Anki: fields as HTML, tags and cards."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flashcards.anki.package.identifiers import Guids, MediaNames
from flashcards.anki.package.model import ExportProblem, PackageCard, PackageNote, family
from flashcards.catalog.store import Entry
from flashcards.deck.model import FORWARD, REVERSE, Deck, Kind, Note
from flashcards.disk.atomic import read_text
from flashcards.render.formulas import MACROS_FILE, parse_macros
from flashcards.render.html.cloze import render_cloze
from flashcards.render.html.renderer import UNSEEN, HtmlRenderer
from flashcards.render.html.tags import make_typed_answer

if TYPE_CHECKING:
    from flashcards.collection import Collection

_NOTHING: Final = "—"
_YES: Final = "1"
_TAG_BREAKS: Final = re.compile(r'[\s\x00-\x1f\x7f"\u3000\ud800-\udfff]+')
_DRAWN: Final = re.compile(r'<img [^<>]*"data:image/svg\+xml;base64,[^<>]*>')


class FieldWriter:
    """Writes the fields of the notes of one package; `media` converts a file's URL to its name in Anki."""

    def __init__(self, macros: Mapping[str, str], media: Callable[[str], str]) -> None:
        self._renderer = HtmlRenderer(macros, media)
        self._place: tuple[str, tuple[str, ...]] | None = None
        self._source = ""

    def write_fields(self, path: str, note: Note) -> tuple[str, ...]:
        """Write the fields of a note in the file `path`, in the order of its note type."""
        source = self._source_of(path, note)
        if note.kind is Kind.CLOZE:
            return _restore_drawings(render_cloze(note, self._renderer)), _YES if note.typed else "", source
        front, back = self._side(note, note.fields[0]), self._side(note, note.fields[1])
        both = REVERSE in note.slots
        return (
            _restore_drawings(front),
            _restore_drawings(back),
            _YES if both else "",
            make_typed_answer(back) if note.typed else "",
            make_typed_answer(front) if note.typed and both else "",
            source,
        )

    def _source_of(self, path: str, note: Note) -> str:
        place = (path, note.breadcrumb)
        if place != self._place:  # most notes have the same place as the previous one
            self._place, self._source = place, format_source(*place)
        return self._source

    def _side(self, note: Note, markdown: str) -> str:
        """Render one side, or show its source if nothing is visible: Anki drops a card with an empty front."""
        html = self._renderer.render(markdown, note.definitions)
        if html[:1].isalnum() or not UNSEEN.fullmatch(html):
            return html
        return _escape_text(markdown).strip() or _NOTHING


def _restore_drawings(html: str) -> str:
    """Write pictures that an import made from drawings as drawings: Anki looks for pictures in its media folder."""
    if "data:image/svg" not in html:
        return html
    from flashcards.anki.to_markdown.drawings import restore_svg  # imported late, because it loads slowly

    return _DRAWN.sub(lambda picture: restore_svg(picture[0]), html)


def format_source(path: str, breadcrumb: Iterable[str]) -> str:
    """Format the origin of a note for display in small print: its file and the headings above it."""
    return _escape_text(" › ".join((path, *breadcrumb)))


def clean_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Return tags as Anki accepts them: nested by `::`, no spaces, no empty parts, no duplicates in any case."""
    found: dict[str, str] = {}
    for tag in tags:
        parts = (_TAG_BREAKS.sub("-", part).strip("-") for part in tag.replace("/", "::").split("::"))
        clean = "::".join(part for part in parts if part)
        if clean:
            found.setdefault(clean.casefold(), clean)
    return tuple(found.values())


def _escape_text(text: str) -> str:
    return escape(re.sub(r"[\x00\x1f\ud800-\udfff]", "", text), quote=False).replace("{{", "{&#123;")


_ORDS: Final = {FORWARD: 0, REVERSE: 1} | {f"c{number}": number - 1 for number in range(1, 500)}
LEECH_TAG: Final = "leech"
"""Anki's tag for leeches."""
_LEECHES: Final = (
    "SELECT c.note, max(r.id) FROM cards c JOIN reviews r ON r.card = c.id AND r.leech <> 0"
    " WHERE c.leech = 1 GROUP BY 1"
)
_NEVER_NEWER: Final = 1  # epoch seconds
_STRIDE: Final = 200  # notes between calls of `progress`


@dataclass(slots=True)
class RenderedNotes:
    """The fields of notes rendered earlier; valid until a note or the macros change."""

    macros: Mapping[str, str] = field(default_factory=dict)
    # by id; without notes that use media files, whose names depend on other notes
    known: dict[int, tuple[Entry, tuple[str, ...]]] = field(default_factory=dict)


class FieldsAhead:
    """The fields of notes that a scan has just parsed, rendered with their files; see `FileWork`."""

    def __init__(self, root: Path) -> None:
        self._macros = _read_macros(root)[0]
        self._writer = FieldWriter(self._macros, _refuse_media)
        self._fields: dict[int, tuple[Note, tuple[str, ...]]] = {}  # by `id` of the note

    def compute(self, path: str, deck: Deck) -> list[tuple[str, ...] | None]:
        """Render the notes of a file, except those that need other notes or media files."""
        return [self._render(path, note) for note in deck.notes]

    def _render(self, path: str, note: Note) -> tuple[str, ...] | None:
        if "[[" in note.fields[0] or "[[" in note.fields[-1]:
            return None
        try:
            return self._writer.write_fields(path, note)
        except Exception:  # it names media; or an error, which is reported when the note is written
            return None

    def keep(self, deck: Deck, result: list[tuple[str, ...] | None]) -> None:
        """Keep the fields of the notes of a file."""
        self._fields.update(
            (id(note), (note, fields)) for note, fields in zip(deck.notes, result, strict=True) if fields
        )

    def find(self, note: Note, macros: Mapping[str, str]) -> tuple[str, ...] | None:
        """Return the fields of a note if it is the one that was rendered, with the same macros."""
        rendered = self._fields.pop(id(note), None)
        return rendered[1] if rendered and rendered[0] is note and macros == self._macros else None


class _MediaNamed(Exception):
    """A note uses a media file, whose name in Anki depends on other notes."""


def _refuse_media(url: str) -> str:
    raise _MediaNamed(url)


class Gathering:
    """The notes of some decks, without their subdecks, rendered in turn for one package.

    The result of an earlier gathering, `rendered`, is reused and extended. Notes of leeches get Anki's tag for them.
    """

    def __init__(
        self,
        collection: Collection,
        decks: Iterable[str],
        rendered: RenderedNotes | None = None,
        *,
        leeches: bool = False,
    ) -> None:
        self.media = MediaNames(collection.root)  # the media files of the notes rendered so far
        self.problems: list[ExportProblem] = self.media.problems  # the problems so far
        self._collection = collection
        self._notes = _find_note_ids(collection, decks)
        self._guids = Guids(collection.connection)
        self._macros, self._macros_changed, problems = _read_macros(collection.root)
        self.problems += problems
        self._names_media = False
        self._writer = FieldWriter(self._macros, self._name_media)
        self._rendered = rendered
        self._ahead = collection.ahead if isinstance(collection.ahead, FieldsAhead) else None
        if rendered and rendered.macros != self._macros:
            rendered.macros, rendered.known = self._macros, {}
        self._now = int(time.time())
        self._leeches: dict[int, int] = dict(collection.connection.execute(_LEECHES).fetchall()) if leeches else {}

    def __len__(self) -> int:
        return len(self._notes)

    def notes(self, progress: Callable[[int, int], None] | None = None) -> Iterator[PackageNote]:
        """Yield the notes in order of deck, file and line; `progress` gets the number done and the total."""
        cards = _cards_by_note(self._collection)
        entries = self._collection.catalog.entries(self._notes)
        for number, entry in enumerate(entries):
            if progress and number % _STRIDE == 0:
                progress(number, len(self._notes))
            yield self._make_note(entry, cards.get(entry.id, {}))

    def _make_note(self, entry: Entry, cards: Mapping[str, int]) -> PackageNote:
        note = entry.note
        self.media.start_note(entry.path, note.line)
        fields = self._write_fields(entry)
        kind = family(note)
        guid = self._guids.of(entry.id, entry.key, kind)
        return PackageNote(
            entry.id,
            guid,
            kind,
            # If notes share a guid, Anki takes it as that of the last one; the others must not overwrite it.
            self._find_modified(entry) if self._guids.is_last(entry.id, guid) else _NEVER_NEWER,
            entry.deck,
            self._find_tags(entry),
            fields,
            tuple([PackageCard(cards[slot], _ORDS[slot]) for slot in note.slots if slot in cards]),
            note.fields,
            self._guids.is_shared(guid),
        )

    def _find_tags(self, entry: Entry) -> tuple[str, ...]:
        tags = (*entry.note.tags, LEECH_TAG) if entry.id in self._leeches else entry.note.tags
        return clean_tags(tags) if tags else ()

    def _write_fields(self, entry: Entry) -> tuple[str, ...]:
        if self._ahead and (fields := self._ahead.find(entry.note, self._macros)):
            return fields
        if self._rendered is None:
            return self._writer.write_fields(entry.path, entry.note)
        known = self._rendered.known.get(entry.id)
        if known and known[0] == entry:
            return known[1]
        self._names_media = False
        fields = self._writer.write_fields(entry.path, entry.note)
        if not self._names_media:
            self._rendered.known[entry.id] = (entry, fields)
        return fields

    def _name_media(self, url: str) -> str:
        self._names_media = True
        return self.media.name(url)

    def _find_modified(self, entry: Entry) -> int:
        """Return when the content of the note last changed (its text, media or macros), in epoch seconds."""
        newest = self.media.newest_ns // 1_000_000_000
        if self._macros and any(name in text for text in entry.note.fields for name in self._macros):
            newest = max(newest, self._macros_changed)
        if entry.id in self._leeches:
            newest = max(newest, self._leeches[entry.id] // 1000)
        # With a date in the future, every later change to the note would look old.
        return max(entry.modified_ms // 1000, min(newest, self._now)) if newest else entry.modified_ms // 1000


def _read_macros(root: Path) -> tuple[Mapping[str, str], int, list[ExportProblem]]:
    """Read the macros of a collection; also return when their file was last written, in epoch seconds, and problems."""
    path = root / MACROS_FILE
    try:
        text = read_text(path)
        changed = int(path.stat().st_mtime)
    except FileNotFoundError:
        return {}, 0, []
    except OSError as error:
        message = f"The file cannot be read: {error.strerror}. Check its permissions."
        return {}, 0, [ExportProblem(path.name, 1, message)]
    macros = parse_macros(text)
    problems = [ExportProblem(path.name, each.line, f"{each.message} It is left out.") for each in macros.problems]
    return macros.bodies, changed, problems


def find_decks_in_use(collection: Collection) -> list[str]:
    """Return the names of the decks with notes, in order."""
    rows = collection.connection.execute(
        "SELECT name FROM decks WHERE id IN (SELECT deck FROM notes WHERE active = 1) ORDER BY name"
    )
    return [name for (name,) in rows]


def _find_note_ids(collection: Collection, decks: Iterable[str]) -> list[int]:
    """Find the notes of some decks in order of deck, file and line."""
    wanted = set(decks)
    rows = collection.connection.execute(
        "SELECT n.id, d.name FROM notes n JOIN files f ON f.id = n.file JOIN decks d ON d.id = n.deck"
        " WHERE n.active = 1 ORDER BY d.name, f.path, n.line"
    )
    return [note for note, deck in rows if deck in wanted]


def find_card_ids(collection: Collection, decks: Iterable[str]) -> list[int]:
    """Find the cards of some decks that have a text, in order of deck, file and line."""
    cards = _cards_by_note(collection)
    return [card for note in _find_note_ids(collection, decks) for card in cards.get(note, {}).values()]


def _cards_by_note(collection: Collection) -> dict[int, dict[str, int]]:
    """Return the ids of the cards that have a text, by note and slot."""
    found: dict[int, dict[str, int]] = {}
    for note, slot, card in collection.connection.execute(
        "SELECT note, slot, id FROM cards WHERE active = 1 ORDER BY id"
    ):
        found.setdefault(note, {})[slot] = card
    return found
