"""Guids, ids and file names by which Anki recognizes notes, decks and media. Changing one duplicates notes."""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

from flashcards.anki.package.model import BASIC, CLOZE, ExportProblem, family
from flashcards.catalog.encoding import decode
from flashcards.disk.atomic import file_digest, have_equal_contents
from flashcards.disk.media_files import WIKI_PREFIX, FileFinder, find_media_file
from flashcards.errors import FlashcardsError

_DEFAULT_DECK: Final = 1  # Anki's deck "Default"
_LARGEST_ID: Final = 2**53  # JavaScript cannot distinguish larger integers
_OURS: Final = re.compile(r"[0-9a-f]{16}")
SHARED: Final = "#"
"""Separates a guid shared by several notes of a package from the number of a later one of them."""
_FAMILIES: Final = (BASIC, CLOZE)

# Notes imported as a whole, their exported guids, and their text at the time if it differs now. The same text means the
# same family.
_IMPORTED: Final = """
    SELECT o.note, o.source, n.key, e.guid, t.body
    FROM origins o JOIN notes n ON n.id = o.note
        LEFT JOIN exported_notes e ON e.note = o.note
        LEFT JOIN texts t ON t.note = o.note AND t.fingerprint = o.base AND o.base <> n.fingerprint
    WHERE o.part = (SELECT min(part) FROM origins first WHERE first.source = o.source) ORDER BY o.source
"""


class _GivenGuid(NamedTuple):
    """The guid that Anki gave a note, and the family of its note type at that time (nothing if unknown)."""

    guid: str
    family: str | None


class Guids:
    """The guids of a collection's notes in Anki.

    A note that came from Anki keeps its guid. Exception: if it was once exported under one of our guids, Anki also has
    that one, and it is used from then on.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._given: dict[int, _GivenGuid] = {}
        self._taken: dict[str, int] = {}
        self._sharing: dict[str, list[int]] = {}
        for note, source, key, exported, body in connection.execute(_IMPORTED):
            self._taken[source] = note
            given = family(decode(body, 0, 0)) if body else None
            shared, mark, number = source.rpartition(SHARED)
            if mark and number.isdigit() and shared in self._taken:
                self._sharing.setdefault(shared, [self._taken[shared]]).append(note)
                self._given[note] = _GivenGuid(shared, given)
                continue
            is_ours = looks_ours(source) or (exported is not None and looks_ours(exported))
            ours = [make_guid(key, each) for each in _FAMILIES] if is_ours else []
            if source not in ours and exported not in ours and (note not in self._given or source == exported):
                self._given[note] = _GivenGuid(source, given)

    def of(self, note: int, key: str, kind: str) -> str:
        """Return the guid of a note whose note type belongs to the family `kind`."""
        given = self._given.get(note)
        return given.guid if given and given.family in (None, kind) else self._ours(note, key, kind)

    def is_shared(self, guid: str) -> bool:
        """Return whether several notes have a guid in Anki."""
        return guid in self._sharing

    def is_last(self, note: int, guid: str) -> bool:
        """Return whether Anki identifies a note by a guid: it is the last one of those that share it."""
        return guid not in self._sharing or self._sharing[guid][-1] == note

    def list_own(self, note: int, key: str) -> Iterator[str]:
        """Yield our own guids that Anki may have for a note."""
        return (self._ours(note, key, each) for each in _FAMILIES)

    def _ours(self, note: int, key: str, kind: str) -> str:
        found = make_guid(key, kind)
        # If notes of another folder were added, one of them can have the guid that a note written here would get.
        return found if self._taken.get(found, note) == note else make_guid(f"{key}\x1fanother", kind)


def make_guid(key: str, family: str) -> str:
    """Make the guid of a note: 16 characters from its key and the family of its note type.

    A note whose family changes becomes another note in Anki, because one guid with two kinds of note type fails the
    import.
    """
    return blake2b(f"{family}\x1f{key}".encode(), digest_size=8).hexdigest()


def looks_ours(guid: str) -> bool:
    """Return whether this program made a guid, on any computer. Such a note has one of our note types."""
    return _OURS.fullmatch(guid) is not None


def deck_id(name: str) -> int:
    """Return the id of a deck from its name: positive, and that of Anki's default deck only for its name."""
    return _DEFAULT_DECK if name.casefold() == "default" else make_id(name)


def make_id(text: str) -> int:
    """Make a positive id from a text. It is never 1, which Anki gives to its own deck and preset."""
    number = int.from_bytes(blake2b(text.encode(), digest_size=8).digest())
    return number % (_LARGEST_ID - 2) + 2


# Anki removes some of these, Windows forbids others, and in a URL the rest have a meaning.
_FORBIDDEN: Final = re.compile(r'[\x00-\x1f\x7f-\x9f\u202d\u202e\ud800-\udfff\[\]<>:"/\\|?*^%#]')
_RESERVED: Final = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)
_LONGEST: Final = 100  # bytes of a stem; Anki cuts names at 120


class MediaNames:
    """Assigns a unique name to each media file of one package's notes.

    Files with equal contents and one name are one media file. If the contents differ, the second name gets a digest of
    its contents.
    """

    def __init__(self, root: Path) -> None:
        self.files: dict[str, Path] = {}  # the media found, by their name in Anki, in order of first use
        self.problems: list[ExportProblem] = []  # missing files
        self.size = 0  # the size of all media files found, in bytes
        # when the newest media file of the current note was last written, in epoch nanoseconds; 0 without one
        self.newest_ns = 0
        self._root = root
        self._finder = FileFinder(root)
        self._path = ""
        self._line = 0
        self._taken: dict[str, str] = {}  # folded name -> name
        self._names: dict[Path, str] = {}
        self._reported: set[tuple[str, int, str]] = set()

    def start_note(self, path: str, line: int) -> None:
        """Begin with the note at this line of this deck file; the next URLs belong to it."""
        self._path, self._line, self.newest_ns = path, line, 0

    def name(self, url: str) -> str:
        """Return the name in Anki of the file at `url`, or a plain name if the file does not exist."""
        try:
            file = find_media_file(self._root, self._path, url, self._finder)
            status = file.stat()
            self.newest_ns = max(self.newest_ns, status.st_mtime_ns)
            if file not in self._names:
                self.size += status.st_size
                self._names[file] = self._free_name(clean_name(file.name), file)
        except (FlashcardsError, OSError) as error:
            place = (self._path, self._line, url)
            if place not in self._reported:
                self._reported.add(place)
                self.problems.append(ExportProblem(self._path, self._line, str(error)))
            return clean_name(PurePosixPath(url.removeprefix(WIKI_PREFIX)).name)
        return self._names[file]

    def _free_name(self, name: str, file: Path) -> str:
        taken = self._taken.get(name.casefold())
        if taken is not None and have_equal_contents(self.files[taken], file):
            return taken
        if taken is not None:
            name = tell_apart(name, file)
            if name.casefold() in self._taken:  # the same contents again
                return self._taken[name.casefold()]
        self._taken[name.casefold()] = name
        self.files[name] = file
        return name


def tell_apart(name: str, file: Path) -> str:
    """Return a name with a digest of the contents, to distinguish a file from another of the same name."""
    path = PurePosixPath(name)
    return f"{path.stem}-{file_digest(file)}{path.suffix}"


def clean_name(name: str) -> str:
    """Return a file name that every system with Anki accepts unchanged, with the same extension."""
    name = _FORBIDDEN.sub("-", unicodedata.normalize("NFC", name)).strip(" .")
    stem, dot, ending = name.rpartition(".")
    if not dot:
        stem, ending = ending, ""
    stem = stem.encode()[:_LONGEST].decode(errors="ignore").strip(" .") or "media"
    if _RESERVED.fullmatch(stem):
        stem += "_"
    return f"{stem}{dot}{ending[:15]}"
