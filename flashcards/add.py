"""Write new notes to a deck file, if they are parsed back as intended and have no problems."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flashcards.catalog.files import MOST_FOLDERS, is_utf8
from flashcards.deck.front_matter import write_front_matter
from flashcards.deck.media_references import find_references
from flashcards.deck.model import Note, Problem
from flashcards.deck.parse import clean_deck_name, get_deck_name, parse
from flashcards.deck.pitfalls import find_math_problems
from flashcards.deck.source import normalize
from flashcards.dialects import NATIVE
from flashcards.disk.atomic import FileChanged, digest, replace_unchanged, write_file
from flashcards.disk.media_files import FileFinder, MediaError, find_media_file
from flashcards.disk.paths import find_place
from flashcards.errors import FlashcardsError, UsageError
from flashcards.identity.notes import fingerprint
from scheduler.connection import make_folders

if TYPE_CHECKING:
    from flashcards.catalog.store import Entry
    from flashcards.collection import Collection

_FORBIDDEN: Final = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]+')
_ALIKE: Final = 75.0  # of 100; fronts with this share of common words may ask the same
_SHOWN: Final = 3  # maximum number of near duplicates shown


class FileRefused(UsageError):
    """A file to which notes in the native format cannot be added."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"Nothing was added: {path} {reason}. Name a deck, or another file.")


class NoteRefused(FlashcardsError):
    """A text with a problem that `check` would report."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        told = " ".join(f"Line {each.line}: {each.message} {each.hint}" for each in problems)
        super().__init__(f"Nothing was added. {told}")


@dataclass(frozen=True, slots=True)
class NearDuplicate:
    """A note that may ask the same as a new one: its place, its front, and the similarity, 0 to 100."""

    place: str
    front: str
    score: float


@dataclass(frozen=True, slots=True)
class Addition:
    """A planned change of a file."""

    path: str  # the file, within the collection
    before: bytes | None  # its bytes; None for a new file
    after: bytes  # its bytes with the new notes
    notes: tuple[Note, ...]  # the new notes
    alike: tuple[NearDuplicate, ...]  # notes that may ask the same


def plan_addition(collection: Collection, target: str, text: str) -> Addition:
    """Plan the addition of notes to a deck's file, without writing.

    `target` is the name of a deck, or the path of a `.md` file in the collection; `text` is Markdown of the native
    format. Raises the errors above if the target cannot get notes or a note is refused, and FileChanged if its file has
    changed since the scan.
    """
    if not (is_utf8(target) and is_utf8(text)):
        raise UsageError("Nothing was added: the deck or the text is not UTF-8. Check what you typed or pasted.")
    text = normalize(text).strip("\n")
    path, deck = _find_path(collection, target)
    before = _read_file(collection, path)
    if before is not None:
        old = normalize(before.decode())
    else:
        names_format = collection.chooser().choose(path).name != NATIVE
        old = write_front_matter("" if get_deck_name(path) == deck else deck, names_format=names_format)
    start = old.rstrip("\n")
    joined = f"{start}\n\n{text}\n" if start else f"{text}\n"
    alone = parse(f"{text}\n", path)
    if not alone.notes and not alone.problems:
        raise UsageError(
            f"The text for the deck `{target}` contains no note. Give the deck first, then a text with `Q:` and `A:`, "
            "`T:` and `D:`, `C:` with a gap, or `front :: back`."
        )
    problems = [*alone.problems, *_find_problems(collection, path, alone.notes)]
    if problems:
        raise NoteRefused(problems)
    if not _has_both(parse(old, path).notes, alone.notes, parse(joined, path).notes):
        joined = f"{start}\n\n<!-- end -->\n\n{text}\n"
        if not _has_both(parse(old, path).notes, alone.notes, parse(joined, path).notes):
            raise NoteRefused([Problem(1, "add", "At the end of its file it would be parsed differently.", "")])
    entries = list(collection.catalog.entries())
    _refuse_duplicates(entries, alone.notes)
    after = joined.replace("\n", "\r\n") if before is not None and b"\r\n" in before else joined
    return Addition(path, before, after.encode(), alone.notes, _find_alike(entries, alone.notes))


def write_addition(root: Path, addition: Addition) -> None:
    """Write the file; raise FileChanged if it has changed since it was planned."""
    path = root / addition.path
    if addition.before is not None:
        replace_unchanged(path, addition.before, addition.after)
        return
    if path.exists():
        raise FileChanged(path)
    make_folders(path.parent)
    write_file(path, addition.after)


def _find_path(collection: Collection, target: str) -> tuple[str, str]:
    """Return the path of the native file for the name of a deck or file, and the deck of its first notes."""
    if target.lower().endswith(".md"):
        path = find_place(collection.root, target).relative_to(collection.root.resolve()).as_posix()
        if path.count("/") > MOST_FOLDERS:
            raise UsageError(f"{path} is nested in more than {MOST_FOLDERS} folders. Choose a folder further up.")
        return path, get_deck_name(path)
    deck = clean_deck_name(target)
    if not target.strip(" :"):
        raise UsageError(
            "The name of the deck is empty. Name a deck, as in `biology::cells`, or a file that ends in `.md`."
        )
    row = collection.connection.execute(
        "SELECT f.path FROM notes n JOIN files f ON f.id = n.file JOIN decks d ON d.id = n.deck"
        " WHERE d.name = ? AND n.active = 1 AND f.present = 1 AND f.dialect = ? GROUP BY f.id"
        " ORDER BY count(*) DESC, f.path LIMIT 1",
        (deck, NATIVE),
    ).fetchone()
    if row:
        return row[0], deck
    if re.search(r"[\\/]", deck):
        levels = "::".join(part for part in re.split(r"[\\/]+", deck) if part.strip("."))
        hint = f"Levels of a deck are separated by `::`, as in `{levels or 'a::b'}`."
        raise UsageError(f"There is no deck `{deck}`. {hint}")
    return _find_free_path(collection, deck), deck


def _read_file(collection: Collection, path: str) -> bytes | None:
    """Return the bytes of a deck file as scanned, or nothing if the file does not exist."""
    file = collection.root / path
    if not file.exists():
        return None
    known = collection.catalog.files().get(path)
    if known is None:
        raise FileRefused(path, "is not read as a deck")
    if collection.catalog.dialects().get(path, NATIVE) != NATIVE:
        raise FileRefused(path, "is written in the format of another program")
    data = file.read_bytes()
    if known.hash != digest(data):
        raise FileChanged(file)
    return data


def _find_free_path(collection: Collection, deck: str) -> str:
    """Return the path for a new file of a deck, or that of an existing native file without notes."""
    parts = [_FORBIDDEN.sub("-", part).strip(" .") or "deck" for part in deck.split("::")]
    if len(parts) > MOST_FOLDERS:
        raise UsageError(f"The deck has more than {MOST_FOLDERS} levels. Choose a name with fewer.")
    stem, number = "/".join(parts), 1
    dialects = collection.catalog.dialects()
    path = f"{stem}.md"
    while (collection.root / path).exists() and dialects.get(path) != NATIVE:
        number += 1
        path = f"{stem}-{number}.md"
    return path


def _has_both(old: Sequence[Note], new: Sequence[Note], both: Sequence[Note]) -> bool:
    """Return whether a file contains its old notes and then the new ones, each parsed as by itself."""
    if len(both) != len(old) + len(new):
        return False
    pairs = zip(both, [*old, *new], strict=True)
    return all((one.fields, one.slots, one.gaps) == (other.fields, other.slots, other.gaps) for one, other in pairs)


def _find_problems(collection: Collection, path: str, notes: Sequence[Note]) -> Iterator[Problem]:
    finder = FileFinder(collection.root)
    for note in notes:
        for message, hint in find_math_problems(note):
            yield Problem(note.line, "unbalanced-math", message, hint)
        for reference in find_references(note):
            try:
                find_media_file(collection.root, path, reference.url, finder)
            except MediaError as error:
                yield Problem(note.line, error.code, error.message, error.hint)


def _refuse_duplicates(entries: Sequence[Entry], notes: Sequence[Note]) -> None:
    known = {entry.fingerprint: entry.place for entry in entries}
    for note in notes:
        text = fingerprint(note)
        if text in known:
            raise FlashcardsError(f"Nothing was added: the same note is at {known[text]}.")
        known[text] = "another line of the text"


def _find_alike(entries: Sequence[Entry], notes: Sequence[Note]) -> tuple[NearDuplicate, ...]:
    """Return the notes whose fronts have the most words in common with those of the new ones."""
    from rapidfuzz import fuzz, process, utils

    fronts = [entry.note.fields[0] for entry in entries]
    found: dict[int, float] = {}
    for note in notes:
        matches = process.extract(
            note.fields[0],
            fronts,
            scorer=fuzz.token_sort_ratio,
            processor=utils.default_process,
            score_cutoff=_ALIKE,
            limit=_SHOWN,
        )
        for _, score, index in matches:
            found[index] = max(score, found.get(index, 0.0))
    best = sorted(found.items(), key=lambda item: -item[1])[:_SHOWN]
    return tuple(NearDuplicate(entries[index].place, fronts[index], score) for index, score in best)
