"""Notes on their way into deck files: their Markdown, and the file for each."""

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
from flashcards.catalog.imports import FOREIGN_FORM
from flashcards.deck.attributes import write_note
from flashcards.deck.model import FORWARD, REVERSE, Kind, Note
from flashcards.deck.parse import get_deck_name, parse
from flashcards.identity.notes import fingerprint

_BREAKS: Final = re.compile(r"[\s,;\x00-\x1f\x7f]+|-->|--+")


def clean_tag(tag: str) -> str:
    """Return a tag as a deck can write it; empty if nothing of it is left."""
    return _BREAKS.sub("-", tag.lstrip("#")).strip("-")


def clean_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Return the tags of a note as a deck can write them, each once."""
    return tuple(dict.fromkeys(cleaned for tag in tags if (cleaned := clean_tag(tag))))


_SPACES: Final = re.compile(r"\s+")
_GAP_SIGN: Final = re.compile(r"\{\{c[0-9,]+::|\}\}")
_SENTINEL: Final = "\n\nQ: x\n\nA: y\n"


class IncomingNote(NamedTuple):
    """One note from elsewhere, as it is to be written."""

    source: str  # what the other program knows the note by
    part: int  # which of the notes that its note becomes, from 0
    kind: Kind  # how it is written
    fields: tuple[str, ...]  # Markdown: front and back, or the text of a cloze; nothing if only its cards came
    cards: tuple[tuple[int, str], ...]  # the slot of each of the other program's cards, by its ord
    # reverse, typed: attributes
    reverse: bool
    typed: bool
    tags: tuple[str, ...]  # as they can stand in a file
    deck: str  # the deck's name
    # path, breadcrumb: the file and the headings it came from if it was ours once, else empty
    path: str
    breadcrumb: tuple[str, ...]
    content: bytes  # a hash of all that the other program says of it
    changed_s: int  # when it was last changed in Anki, epoch seconds
    pin: str = ""  # the identity written into the file
    problems: tuple[str, ...] = ()  # what it does not say, as parts of a sentence
    anki_id: str = ""  # the id of the note in Anki
    raw: tuple[str, ...] = ()  # the fields as the other program has them
    form: int = FOREIGN_FORM  # whether it has one of our note types there
    note_type: str = ""  # the name of its note type in Anki, if its first two fields are its text; else empty
    # the languages of the note that it replaces, which Anki does not know; empty if its file says them
    say: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, int]:
        """What identifies it, whatever its text."""
        return self.source, self.part

    @property
    def fingerprint(self) -> bytes:
        """That of the note that it becomes."""
        return fingerprint(Note(self.kind, 0, 0, self.fields, ()))

    def write(self, file_tags: tuple[str, ...] = ()) -> str:
        """Write the note for a file that gives these tags to all its notes, without a line break at its end."""
        given = frozenset(file_tags)
        tags = tuple(tag for tag in self.tags if tag not in given)
        attributes = {"reverse": self.reverse, "typed": self.typed}
        return write_note(self.kind, self.fields, tags=tags, pin=self.pin, say=self.say, **attributes)

    def is_read_back(self) -> bool:
        """Check whether a file that holds it and another note is read as these two."""
        notes = parse(f"{self.write()}{_SENTINEL}", "x.md").notes
        return len(notes) == 2 and self.is_written_as(notes[0])

    def is_written_as(self, note: Note) -> bool:
        """Check whether a note of a file is this one."""
        slots = {slot for _, slot in self.cards}
        return note.fields == self.fields and slots <= set(note.slots) and note.typed == self.typed


def make_readable(draft: IncomingNote) -> IncomingNote:
    """Return the draft; if it would not be read back as it is, one in which everything is spelled out."""
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
    """Escape Markdown so that its source is shown, on one line."""
    pieces = re.split(f"({_GAP_SIGN.pattern})", markdown) if cloze else [markdown]
    spelled = (piece if index % 2 else _SPACES.sub(" ", escape_everything(piece)) for index, piece in enumerate(pieces))
    return "".join(spelled).strip()


def list_cards(reverse: bool) -> tuple[tuple[int, str], ...]:
    """Return the cards of a note that is asked forward, and perhaps in reverse."""
    return ((0, FORWARD), (1, REVERSE)) if reverse else ((0, FORWARD),)


_TOLD_APART = "-anki"


class Layout:
    """Finds a file for each deck: the one of `decks` that holds most of it, or a new one."""

    def __init__(self, root: Path, decks: dict[str, str]) -> None:
        self._root = root
        self._of_deck = dict(decks)
        self._of_source: dict[str, str] = {}
        self._taken = {_fold_path(path) for path in decks.values()}
        self._entries: dict[Path, dict[str, list[Path]]] = {}

    def find_path(self, deck: str, source: str = "") -> str:
        """Find the file for new notes of a deck; `source` is the file that they were in when they were ours."""
        if source and is_safe_path(source):
            if source not in self._of_source:
                self._of_source[source] = self.find_free_path(source)
            return self._of_source[source]
        deck = normalize_name(deck)
        if deck not in self._of_deck:
            self._of_deck[deck] = self.find_free_path(make_path(deck))
        return self._of_deck[deck]

    def find_free_path(self, path: str) -> str:
        """Return `path`, or one like it if a file has that name, in any case."""
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
        """List a folder by names as a disk compares them that ignores case."""
        if folder not in self._entries:
            entries: dict[str, list[Path]] = defaultdict(list)
            for entry in folder.iterdir() if folder.is_dir() else ():
                entries[_fold_path(entry.name)].append(entry)
            self._entries[folder] = entries
        return self._entries[folder]


def _fold_path(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()


def normalize_name(deck: str) -> str:
    """Return a deck's name as a file of its name would give it."""
    parts = (" ".join(part.split()) for part in deck.split("::"))
    return "::".join(part for part in parts if part) or "deck"


def make_path(deck: str) -> str:
    """Return the path for a deck: `a::b` is `a/b.md`; each part is one that every system accepts."""
    *folders, name = normalize_name(deck).split("::")
    return "/".join([*(_clean(folder) for folder in folders), f"{_clean(name)}.md"])


def is_safe_path(path: str) -> bool:
    """Check whether a path that a package names can be one within the collection."""
    parts = path.split("/")
    if not path.endswith(".md") or any(part != f"{_clean(part.removesuffix('.md'))}.md" for part in parts[-1:]):
        return False
    return all(part == _clean(part) for part in parts[:-1])


def write_headings(before: Iterable[str], after: Iterable[str]) -> list[str]:
    """Write the headings that are needed between notes with these two breadcrumbs."""
    old, new = list(before), list(after)
    same = 0
    while same < min(len(old), len(new)) and old[same] == new[same]:
        same += 1
    if len(new) < len(old) and same == len(new) and new:
        same -= 1  # back to a heading above: it has to be said again
    return [f"{'#' * min(level, 6)} {text}" for level, text in enumerate(new[same:], start=same + 1)]


def implies_deck(path: str, deck: str) -> bool:
    """Check whether a file at this path belongs to this deck without naming it."""
    return get_deck_name(path) == normalize_name(deck)


def _clean(part: str) -> str:
    return clean_name(f"{part}.d").removesuffix(".d")
