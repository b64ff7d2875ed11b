"""Notes to be written to deck files: their Markdown, and the file for each."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from flashcards.anki.package.identifiers import clean_name
from flashcards.anki.to_markdown.convert import NOTHING, flatten_markdown
from flashcards.anki.to_markdown.inline import escape_everything
from flashcards.catalog.files import MOST_FOLDERS
from flashcards.catalog.imports import FOREIGN_FORM
from flashcards.deck.attributes import write_note
from flashcards.deck.model import FORWARD, REVERSE, Kind, Note
from flashcards.deck.parse import clean_deck_name, get_deck_name, parse
from flashcards.identity.notes import fingerprint

_BREAKS: Final = re.compile(r"[\s,;\x00-\x1f\x7f]+|-->|--+")


def clean_tag(tag: str) -> str:
    """Return a tag in the form that a deck can contain; empty if nothing is left of it."""
    return _BREAKS.sub("-", tag).strip("-") if tag.strip("#") else ""


def clean_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Return the tags of a note in the form that a deck can contain, each once."""
    return tuple(dict.fromkeys(cleaned for tag in tags if (cleaned := clean_tag(tag))))


_SPACES: Final = re.compile(r"\s+")
_GAP_SIGN: Final = re.compile(r"\{\{c[0-9,]+::|\}\}")
_SENTINEL: Final = "\n\nQ: x\n\nA: y\n"


class IncomingNote(NamedTuple):
    """One imported note, in the form to write."""

    source: str  # its identifier in the other program
    part: int  # number of the note among those made from the original, from 0
    kind: Kind  # its syntax
    fields: tuple[str, ...]  # Markdown: front and back, or the text of a cloze; empty if only its cards were read
    cards: tuple[tuple[int, str], ...]  # the slot of each of the other program's cards, by its ord
    # reverse, typed: attributes
    reverse: bool
    typed: bool
    tags: tuple[str, ...]  # in the form for files
    deck: str  # the deck's name
    # path, breadcrumb: the original file and headings if the note was ours, else empty
    path: str
    breadcrumb: tuple[str, ...]
    content: bytes  # a hash of the whole original note
    changed_s: int  # last change in Anki, epoch seconds
    pin: str = ""  # the identity written into the file
    problems: tuple[str, ...] = ()  # what it omits, as parts of a sentence
    anki_id: str = ""  # the id of the note in Anki
    raw: tuple[str, ...] = ()  # the fields in the other program
    form: int = FOREIGN_FORM  # whether it has one of our note types in Anki
    note_type: str = ""  # the name of its note type in Anki if its first two fields are its text, else empty
    # the languages of the note that it replaces, which Anki does not have; empty if its file sets them
    say: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, int]:
        """Its identity, independent of its text."""
        return self.source, self.part

    @property
    def fingerprint(self) -> bytes:
        """The fingerprint of the resulting note."""
        return fingerprint(Note(self.kind, 0, 0, self.fields, ()))

    def write(self, file_tags: tuple[str, ...] = ()) -> str:
        """Write the note for a file that sets these tags for all its notes, without a final line break."""
        given = frozenset(file_tags)
        tags = tuple(tag for tag in self.tags if tag not in given)
        attributes = {"reverse": self.reverse, "typed": self.typed}
        return write_note(self.kind, self.fields, tags=tags, pin=self.pin, say=self.say, **attributes)

    def is_read_back(self) -> bool:
        """Return whether a file with it and another note is parsed as these two."""
        notes = parse(f"{self.write()}{_SENTINEL}", "x.md").notes
        return len(notes) == 2 and self.is_written_as(notes[0])

    def is_written_as(self, note: Note) -> bool:
        """Return whether a note in a file equals this one."""
        slots = {slot for _, slot in self.cards}
        return note.fields == self.fields and slots <= set(note.slots) and note.typed == self.typed


def make_readable(draft: IncomingNote) -> IncomingNote:
    """Return the draft or, if it would not be parsed back unchanged, one with all formatting escaped."""
    if draft.is_read_back():
        return draft
    cloze = draft.kind is Kind.CLOZE
    problems = (*draft.problems, "the text is kept without its formatting")
    fields = tuple(flatten_markdown(text, cloze=cloze) for text in draft.fields)
    told = draft._replace(fields=fields, problems=problems)
    if all(fields) and told.is_read_back():
        return told
    told = told._replace(fields=tuple(_spell_out(text, cloze=cloze) for text in draft.fields))
    if not cloze or told.is_read_back():
        return told
    problems = (*draft.problems, "its gaps cannot be written; its cards ask one at the end")
    numbers = ",".join(sorted(slot.removeprefix("c") for _, slot in draft.cards))
    text = _SPACES.sub(" ", escape_everything(_GAP_SIGN.sub(" ", draft.fields[0]))).strip()
    return told._replace(fields=(f"{text} {{{{c{numbers}::{NOTHING}}}}}".lstrip(),), problems=problems)


def _spell_out(markdown: str, *, cloze: bool) -> str:
    """Escape Markdown so that its source is displayed on one line."""
    pieces = re.split(f"({_GAP_SIGN.pattern})", markdown) if cloze else [markdown]
    spelled = (piece if index % 2 else _SPACES.sub(" ", escape_everything(piece)) for index, piece in enumerate(pieces))
    return "".join(spelled).strip()


def list_cards(reverse: bool) -> tuple[tuple[int, str], ...]:
    """Return the cards of a note that is asked forward, and optionally in reverse."""
    return ((0, FORWARD), (1, REVERSE)) if reverse else ((0, FORWARD),)


_TOLD_APART = "-anki"


class Layout:
    """Finds a file for each deck: the one of `decks` with most of its notes, or a new one."""

    def __init__(self, root: Path, decks: dict[str, str]) -> None:
        self._root = root
        self._of_deck = dict(decks)
        self._of_source: dict[str, str] = {}
        self._taken = {_fold_path(path) for path in decks.values()}
        self._entries: dict[Path, dict[str, list[Path]]] = {}

    def find_path(self, deck: str, source: str = "") -> str:
        """Find the file for new notes of a deck; `source` is their original file if they were ours."""
        if source and is_safe_path(source):
            if source not in self._of_source:
                self._of_source[source] = self.find_free_path(source)
            return self._of_source[source]
        deck = clean_deck_name(deck)
        if deck not in self._of_deck:
            self._of_deck[deck] = self.find_free_path(make_path(deck))
        return self._of_deck[deck]

    def find_free_path(self, path: str) -> str:
        """Return `path`, or a similar path if a file of that name exists, in any case."""
        stem = path.removesuffix(".md")
        candidate, number = path, 1
        while _fold_path(candidate) in self._taken or self._is_there(candidate):
            candidate = f"{stem}{_TOLD_APART}{'' if number == 1 else number}.md"
            number += 1
        self._taken.add(_fold_path(candidate))
        return candidate

    def _is_there(self, path: str) -> bool:
        found = [self._root]
        for part in path.split("/"):
            found = [entry for folder in found for entry in self._list_folder(folder).get(_fold_path(part), ())]
        return bool(found)

    def _list_folder(self, folder: Path) -> dict[str, list[Path]]:
        """List a folder by names as compared on a disk that ignores case."""
        if folder not in self._entries:
            entries: dict[str, list[Path]] = defaultdict(list)
            for entry in folder.iterdir() if folder.is_dir() else ():
                entries[_fold_path(entry.name)].append(entry)
            self._entries[folder] = entries
        return self._entries[folder]


def _fold_path(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()


def make_path(deck: str) -> str:
    """Return the path for a deck: `a::b` is `a/b.md`, with parts that are valid on every system."""
    *folders, name = clean_deck_name(deck).split("::")
    return "/".join([*(_clean(folder) for folder in folders[:MOST_FOLDERS]), f"{_clean(name)}.md"])


def is_safe_path(path: str) -> bool:
    """Return whether a path from a package is valid within the collection."""
    parts = path.split("/")
    if not path.endswith(".md") or any(part != f"{_clean(part.removesuffix('.md'))}.md" for part in parts[-1:]):
        return False
    return len(parts) <= MOST_FOLDERS and all(part == _clean(part) for part in parts[:-1])


def write_headings(before: Iterable[str], after: Iterable[str]) -> list[str]:
    """Write the headings needed between notes with these two breadcrumbs."""
    old, new = list(before), list(after)
    same = 0
    while same < min(len(old), len(new)) and old[same] == new[same]:
        same += 1
    if len(new) < len(old) and same == len(new) and new:
        same -= 1  # back to a heading above, which must be repeated
    return [f"{'#' * min(level, 6)} {text}" for level, text in enumerate(new[same:], start=same + 1)]


def implies_deck(path: str, deck: str) -> bool:
    """Return whether a file at this path belongs to this deck without naming it."""
    return get_deck_name(path) == clean_deck_name(deck)


def _clean(part: str) -> str:
    return clean_name(f"{part}.d").removesuffix(".d")
