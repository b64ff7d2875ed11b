"""Describe how an imported note differs from the existing one, and decide what to do with it."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from functools import cached_property
from operator import eq
from typing import TYPE_CHECKING, Final, NamedTuple

from flashcards.anki.exports.notes import LEECH_TAG, clean_tags
from flashcards.anki.imports.incoming_notes import IncomingNote
from flashcards.anki.imports.merging import make_base, make_flags, merge_note, show_difference
from flashcards.anki.package.identifiers import Guids, looks_ours
from flashcards.anki.package.model import CLOZE, family
from flashcards.catalog.imports import FLAG_CONFLICT, OWN_FORM, NoteBase, Origin, Origins, digest_fields
from flashcards.deck.model import FORWARD, REVERSE, Kind, Note
from flashcards.render.html.renderer import HtmlRenderer

if TYPE_CHECKING:
    import sqlite3

    from flashcards.catalog.store import Catalog, Entry


_ANKI_ID: Final = re.compile(r"[0-9]{10,16}")
_MARKS: Final = frozenset({"marked", LEECH_TAG})
_SIDES: Final = {1: ("text",), 2: ("front", "back")}


def has_same_tags(draft: IncomingNote, note: Note) -> bool:
    """Return whether both have the same tags, ignoring case."""
    return {tag.casefold() for tag in clean_tags(note.tags)} == {tag.casefold() for tag in clean_tags(draft.tags)}


def is_same_note(draft: IncomingNote, note: Note) -> bool:
    """Return whether both ask and show the same, however it is written in Markdown."""
    if (draft.typed, draft.reverse) != (note.typed, REVERSE in note.slots) or not has_same_tags(draft, note):
        return False
    if len(draft.fields) != len(note.fields) or (draft.kind is Kind.CLOZE) != (note.kind is Kind.CLOZE):
        return False
    render = HtmlRenderer().render
    return all(map(eq, map(render, draft.fields), map(render, note.fields)))


def describe_difference(draft: IncomingNote, note: Note) -> str:
    """Describe how an imported note differs from the existing one."""
    return f"In the package: {'; '.join(_list_differences(draft, note)) or 'the same text'}."


def _list_differences(draft: IncomingNote, note: Note) -> Iterator[str]:
    texts = draft.fields
    here = note.fields if len(note.fields) == len(texts) else ("",) * len(texts)
    for name, text, ours in zip(_SIDES[len(texts)], texts, here, strict=True):
        if text != ours:
            yield f"the {name} is `{show_difference(text, ours)}`"
    if draft.reverse != (REVERSE in note.slots):
        yield "it is also asked in reverse" if draft.reverse else "it is asked forward only"
    if draft.typed != note.typed:
        yield "its answer is typed" if draft.typed else "its answer is not typed"
    if not has_same_tags(draft, note):
        yield f"its tags are {', '.join(draft.tags)}" if draft.tags else "it has no tags"


class PlacedNote(NamedTuple):
    """A draft and its matching note."""

    draft: IncomingNote
    note: int


@dataclass(slots=True)
class Match:
    """The decisions about the drafts of a package."""

    new: list[IncomingNote] = field(default_factory=list)  # notes to add
    same: list[PlacedNote] = field(default_factory=list)  # existing notes without changes
    # notes whose text will be replaced: the draft and the note
    changed: list[tuple[IncomingNote, Entry]] = field(default_factory=list)
    conflicts: list[tuple[IncomingNote, Entry]] = field(default_factory=list)  # notes that changed on both sides
    gone: list[PlacedNote] = field(default_factory=list)  # notes that were removed from the decks
    outdated: int = 0  # the number of notes that differ but are older than here
    bases: list[NoteBase] = field(default_factory=list)  # the values now equal on both sides
    # the cards of changed notes in the package, by `key`
    cards: dict[tuple[str, int], tuple[tuple[int, str], ...]] = field(default_factory=dict)
    # the keys of changed notes with changes of both sides
    joined: set[tuple[str, int]] = field(default_factory=set)


class KnownNotes:
    """The state before an import: the origins of imported notes, and our own notes by their guid in packages."""

    def __init__(self, catalog: Catalog, connection: sqlite3.Connection) -> None:
        self.catalog = catalog
        self._connection = connection
        self._tables = Origins(connection)

    @cached_property
    def origins(self) -> dict[tuple[str, int], Origin]:
        """The origin of each note, by source and part."""
        return self._tables.all()

    @cached_property
    def bases(self) -> dict[tuple[int, int], NoteBase]:
        """What notes were when both sides were last equal, by note and form."""
        return self._tables.bases()

    @cached_property
    def _first_parts(self) -> dict[str, Origin]:
        """The origin of the first part of each source's note."""
        return {source: self.origins[source, part] for source, part in sorted(self.origins, reverse=True)}

    def find_note(self, source: str, part: int, anki_id: str = "", *, is_own: bool = False) -> int | None:
        """Find the note that matches a note of a package, by its guid or by an id that another tool wrote.

        A note of Anki whose first card is missing has no part 0, but its export is one whole note (`is_own`).
        """
        origin = self.origins.get((source, part))
        if origin is None and is_own:
            origin = self._first_parts.get(source)
        if origin is not None:
            return origin.note
        if part:
            return None
        found = self._by_guid.get(source) if looks_ours(source) else None
        return self._by_anki_id.get(anki_id) if found is None and anki_id else found

    @cached_property
    def _by_anki_id(self) -> dict[str, int]:
        return {pin: note for pin, note in self.catalog.pins() if _ANKI_ID.fullmatch(pin)}

    @cached_property
    def _by_guid(self) -> dict[str, int]:
        guids, rows = Guids(self._connection), self.catalog.keys()
        return {guid: note for note, key in rows for guid in guids.list_own(note, key)}

    def find_base(self, draft: IncomingNote, entry: Entry) -> NoteBase | None:
        """Return the last values that were equal on both sides, if known."""
        base = self.bases.get((entry.id, draft.form))
        if base is not None:
            return base
        origin = self.origins.get((draft.source, draft.part))
        if origin is None:
            return None
        is_edited = origin.base != entry.fingerprint
        note = self.catalog.find_former_note(entry.id, origin.base) if is_edited else entry.note
        if note is None:
            return None
        # Earlier versions did not record the original; compare the converted note instead.
        digests, flags = digest_fields(note.fields), make_flags(REVERSE in note.slots, note.typed)
        return NoteBase(entry.id, draft.form, digests, digests, b"", origin.tags, flags, origin.changed_s)

    def find_time(self, draft: IncomingNote, entry: Entry, base: NoteBase | None) -> int:
        """Return the time, in epoch seconds, before which changes in the package are outdated."""
        origin = self.origins.get((draft.source, draft.part))
        if base is None and origin is None:
            return entry.modified_ms // 1000 + 1
        return max(base.changed_s if base else 0, origin.changed_s if origin else 0)


def _keep_marks(draft: IncomingNote, note: Note) -> IncomingNote:
    """Add the tags of a note here that Anki leaves out of a package without scheduling."""
    known = {tag.casefold() for tag in draft.tags}
    return draft._replace(tags=(*draft.tags, *(tag for tag in note.tags if tag.casefold() in _MARKS - known)))


class Matcher:
    """Decides about the notes of one package.

    `fields` are those in the package, by guid; `write` returns those that a note of ours has in a package. `edits` are
    the notes edited in Anki, by guid, and whether each was edited here too; without it, the modification times decide.
    A package without scheduling does not have the tags by which Anki marks notes: then `has_marks` is false.
    """

    def __init__(
        self,
        known: KnownNotes,
        fields: Mapping[str, tuple[str, ...]],
        write: Callable[[Entry], tuple[str, ...]],
        edits: Mapping[str, bool] | None = None,
        *,
        has_marks: bool = True,
    ) -> None:
        self._has_marks = has_marks
        self._known = known
        self._fields = fields
        self._write = write
        self._edits = edits
        self._found = Match()

    def match(self, drafts: Iterable[IncomingNote], unchanged: Set[int] = frozenset()) -> Match:
        """Decide about every draft; notes that are `unchanged` have no drafts.

        Two notes of a package can be the same note here: the original from Anki, and the copy that our export created.
        The one that changed last counts.
        """
        found, known = self._found, self._known
        by_note: dict[int, list[IncomingNote]] = defaultdict(list)
        rest: list[IncomingNote] = []
        for draft in drafts:
            note = known.find_note(draft.source, draft.part, draft.anki_id, is_own=draft.form == OWN_FORM)
            if note is None:
                rest.append(draft)
            else:
                by_note[note].append(draft)
        for entry in known.catalog.entries(by_note):
            replaced: IncomingNote | None = None
            for each in sorted(by_note[entry.id], key=lambda draft: -draft.changed_s):
                draft = each if self._has_marks else _keep_marks(each, entry.note)
                if not entry.active:
                    found.gone.append(PlacedNote(draft, entry.id))
                elif self._is_unchanged_there(draft):
                    found.same.append(PlacedNote(draft, entry.id))
                elif self._is_as_here(draft, entry):
                    found.same.append(PlacedNote(draft, entry.id))
                    self._record_base(make_base(draft, entry.id, entry.note.fields))
                else:
                    replaced = self._decide(draft, entry, replaced) or replaced
        if rest:
            self._match_by_text(rest, {*by_note, *unchanged})
        return found

    def _is_unchanged_there(self, draft: IncomingNote) -> bool:
        if self._edits is not None:
            return draft.source not in self._edits
        origin = self._known.origins.get((draft.source, draft.part))
        return origin is not None and origin.content == draft.content

    def _is_as_here(self, draft: IncomingNote, entry: Entry) -> bool:
        """Return whether both are the same after equal changes, or because our export would write the draft."""
        note = entry.note
        if not has_same_tags(draft, note):
            return False
        if (draft.fields, draft.typed, draft.reverse) == (note.fields, note.typed, REVERSE in note.slots):
            return True
        return _compose(self._write(entry)[:-1]) == _compose(self._fields.get(draft.source, ())[:-1])

    def _decide(self, draft: IncomingNote, entry: Entry, replaced: IncomingNote | None) -> IncomingNote | None:
        """Merge, replace or keep a note that differs from the package; return what replaces it.

        `replaced` is what replaces it already, if the package has the note twice.
        """
        found, known, edits = self._found, self._known, self._edits
        base = None if edits is not None else known.find_base(draft, entry)
        if edits is None and draft.changed_s < known.find_time(draft, entry, base):  # an older package reverts nothing
            found.same.append(PlacedNote(draft, entry.id))
            found.outdated += 1
            return None
        current = entry if replaced is None else entry._replace(note=_apply(replaced, entry.note))
        merged = None if base is None else merge_note(draft, current, base)
        if merged is not None:
            self._record_base(merged.base)
            if merged.conflicts:
                # merged fields are not reported
                found.conflicts.append((draft, entry._replace(note=_apply(merged.note, entry.note))))
            if merged.changes and replaced is None:
                self._replace(draft, merged.note, entry)
                return merged.note
            if merged.changes:
                self._join(merged.note)
            if not merged.conflicts:
                found.same.append(PlacedNote(draft, entry.id))
            return merged.note if merged.changes else None
        is_edited_here = edits[draft.source] if edits is not None else known.catalog.has_former_text(entry.id)
        if not is_edited_here and replaced is None:
            self._replace(draft, draft, entry)
            return draft
        if is_same_note(draft, entry.note):
            found.same.append(PlacedNote(draft, entry.id))
        else:
            found.conflicts.append((draft, entry))
            if base is not None:
                self._record_base(base._replace(flags=base.flags | FLAG_CONFLICT))
        return None

    def _replace(self, draft: IncomingNote, by: IncomingNote, entry: Entry) -> None:
        found = self._found
        found.cards[draft.key] = draft.cards
        if (by.fields, by.tags, by.typed, by.reverse) != (draft.fields, draft.tags, draft.typed, draft.reverse):
            found.joined.add(draft.key)
        found.changed.append((_adapt_form(by, entry), entry))

    def _join(self, by: IncomingNote) -> None:
        """Replace the last note by the merge of both notes of the package that are this one."""
        first, entry = self._found.changed[-1]
        merged = first._replace(fields=by.fields, tags=by.tags, typed=by.typed, reverse=by.reverse)
        self._found.changed[-1] = (merged, entry)
        self._found.joined.add(first.key)

    def _record_base(self, base: NoteBase) -> None:
        """Record the values that are now equal on both sides, unless they are recorded already."""
        before = self._known.bases.get((base.note, base.form))
        if before is None or base != before._replace(earlier=base.earlier):
            self._found.bases.append(base if before is None else base._replace(earlier=before.earlier))

    def _match_by_text(self, drafts: list[IncomingNote], claimed: Set[int]) -> None:
        """Match notes with the same text: copies made by the user, or left by an earlier import."""
        by_text: dict[bytes, list[int]] = defaultdict(list)
        for note, text in self._known.catalog.texts():
            if note not in claimed:
                by_text[text].append(note)
        for notes in by_text.values():
            notes.sort(reverse=True)
        for draft in drafts:
            alike = by_text.get(draft.fingerprint) if by_text else None
            if alike:
                self._found.same.append(PlacedNote(draft, alike.pop()))
            else:
                self._found.new.append(draft)


def _compose(fields: tuple[str, ...]) -> list[str]:
    """Compose accents with their letters, as Anki does in the notes that it imports."""
    return [unicodedata.normalize("NFC", field) for field in fields]


def _apply(draft: IncomingNote, note: Note) -> Note:
    """Return the note with the text, tags and switches of a draft."""
    slots = note.slots if note.kind is Kind.CLOZE else (FORWARD, REVERSE) if draft.reverse else (FORWARD,)
    return note._replace(fields=draft.fields, tags=draft.tags, typed=draft.typed, slots=slots)


def _adapt_form(draft: IncomingNote, entry: Entry) -> IncomingNote:
    """Return the draft in the form of the note that it replaces."""
    note = entry.note
    draft = draft._replace(pin=note.pin)
    if draft.kind is Kind.CLOZE or family(note) == CLOZE:
        return draft
    one_line = not any("\n" in text for text in draft.fields)
    if note.kind is Kind.TERM and draft.reverse:
        return draft._replace(kind=Kind.TERM)
    if note.kind is Kind.PAIR and one_line:
        return draft._replace(kind=Kind.PAIR)
    return draft
