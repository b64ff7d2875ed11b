"""Keep the media names of notes that come back from Anki, and copy new media files."""

from __future__ import annotations

import os
import re
import shutil
import unicodedata
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import unquote

from flashcards.anki.exports.notes import FieldWriter
from flashcards.anki.package.identifiers import clean_name, tell_apart
from flashcards.disk.atomic import file_digest, have_equal_contents
from flashcards.disk.media_files import FileFinder, MediaError, find_media_file

if TYPE_CHECKING:
    from flashcards.catalog.store import Catalog, Entry
    from flashcards.disk.journal import Journal


_NAMED: Final = re.compile(r"<(?:img|a|audio|video|source)\b|\[sound:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class NoteMedia:
    """The media files of one existing note."""

    # each by its URL in the note, with percent escapes decoded
    files: dict[str, Path] = field(default_factory=dict)
    # their names in the package, by the same URLs
    there: dict[str, str] = field(default_factory=dict)


class OwnMedia:
    """The media of the notes of a collection, looked up note by note."""

    def __init__(self, catalog: Catalog, root: Path) -> None:
        self._catalog = catalog
        self._root = root
        self._found: dict[int, NoteMedia] = {}
        self._finder = FileFinder(root)

    def of(self, note: int, fields: Iterable[str]) -> NoteMedia | None:
        """Return the media of the note that has these fields in a package, or nothing if neither refers to any."""
        if not any(map(_NAMED.search, fields)):
            return None
        if note not in self._found:
            self._found[note] = self._find_media(self._catalog.entry(note))
        return self._found[note]

    def find_name_in_package(self, note: int, url: str) -> str | None:
        """Return the package's name of a file that a note refers to, or nothing if it lacks the file."""
        found = self._found.get(note)
        return found.there.get(url) if found else None

    def _find_media(self, entry: Entry) -> NoteMedia:
        found = NoteMedia()

        def remember(url: str) -> str:
            with suppress(MediaError):  # if it is missing, the package may contain it
                found.files[url] = find_media_file(self._root, entry.path, url, self._finder)
            return url

        FieldWriter({}, remember).write_fields(entry.path, entry.note)
        return found


FOLDER: Final = "media"


class MediaSource(Protocol):
    """Provides media files by name: a package, a profile, or the media of sync clients."""

    media: dict[str, str]

    def unpack_media_file(self, name: str, target: Path) -> bool:
        """Write a file to `target`; return whether it exists."""
        ...


class MediaPlan:
    """Assigns each used media file a path: its own name unless another file has it; files in use stay in place."""

    def __init__(self, root: Path, archive: MediaSource) -> None:
        self.missing: dict[str, None] = {}  # used names that are missing from the package
        # the path in the collection of each used media file, by its name in the package
        self.files: dict[str, str] = {}
        self._root = root
        self._archive = archive
        self._folder = TemporaryDirectory(prefix="flashcards-media-")
        self._unpacked: dict[str, Path] = {}
        self._taken: dict[str, str] = {}
        self._digests: dict[Path, str] = {}
        self._known: set[str] = set()
        self._up = ""
        self._own: NoteMedia | None = None

    def start_note(self, path: str, own: NoteMedia | None = None) -> None:
        """Begin with a deck file at this path, and a note with these existing media."""
        self._up = "../" * path.count("/")
        self._own = own

    def close(self) -> None:
        """Remove the unpacked files."""
        self._folder.cleanup()

    def make_url(self, name: str) -> str:
        """Return the URL of a media file, relative to the folder of the current deck file."""
        found = self._find_name(name)
        if found is None:
            plain = unicodedata.normalize("NFC", unquote(name))
            clean = _avoid_deck_name(clean_name(plain))
            if (self._root / FOLDER / clean).is_file():  # an earlier package had it
                return f"{self._up}{FOLDER}/{clean}"
            self.missing[plain] = None
            return f"{self._up}{FOLDER}/{plain}"
        own = self._find_own_url(found)
        if own is not None:
            return own
        if found not in self.files:
            self._place(found)
        return f"{self._up}{self.files[found]}"

    def read_picture(self, name: str) -> bytes | None:
        """Return the content of a media file of the package, or nothing if it is missing."""
        found = self._find_name(name)
        if found is None or not self._unpack(found):
            return None
        self._known.add(found)
        return self._unpacked[found].read_bytes()

    def set_aside(self, name: str) -> None:
        """Count a media file as used, although no note refers to it."""
        self._known.update(_spellings(name))

    def add_picture(self, name: str, content: bytes) -> None:
        """Add a picture to the contents of the package."""
        if name not in self._unpacked:
            self._unpacked[name] = Path(self._folder.name) / str(len(self._unpacked))
            self._unpacked[name].write_bytes(content)

    def _find_name(self, name: str) -> str | None:
        """Find the name of a media file in the package, however a note writes it."""
        return next((each for each in _spellings(name) if each in self._archive.media or each in self._unpacked), None)

    def find_unused(self) -> set[str]:
        """Return the media files without a URL."""
        return self._archive.media.keys() - self.files.keys() - self._known

    def stage(self, journal: Journal) -> int:
        """Stage the new media files; return their number."""
        staged = 0
        for name, path in self.files.items():
            if name in self._unpacked and not os.path.lexists(self._root / path):
                waiting = journal.stage(path)
                is_same_disk = self._unpacked[name].stat().st_dev == waiting.parent.stat().st_dev
                if is_same_disk:
                    self._unpacked[name].replace(waiting)
                else:
                    shutil.copyfile(self._unpacked[name], waiting)
                staged += 1
        return staged

    def _find_own_url(self, name: str) -> str | None:
        """Find the URL with which the current note refers to a file with the same contents."""
        if not (self._own and self._own.files and self._unpack(name)):
            return None
        unpacked = self._unpacked[name]
        for url, file in self._own.files.items():
            if file.stat().st_size == unpacked.stat().st_size and self._digest(file) == self._digest(unpacked):
                self._own.there[url] = name
                self._known.add(name)
                return url
        return None

    def _unpack(self, name: str) -> bool:
        """Unpack a media file, once; return whether the package contains it."""
        if name not in self._unpacked:
            unpacked = Path(self._folder.name) / str(len(self._unpacked))
            if not self._archive.unpack_media_file(name, unpacked):
                return False
            self._unpacked[name] = unpacked
        return True

    def _digest(self, file: Path) -> str:
        if file not in self._digests:
            self._digests[file] = file_digest(file)
        return self._digests[file]

    def _place(self, name: str) -> None:
        if not self._unpack(name):
            self.missing[name] = None
            self.files[name] = f"{FOLDER}/{name}"
            return
        unpacked = self._unpacked[name]
        clean = _avoid_deck_name(clean_name(name))
        path = f"{FOLDER}/{clean}"
        there = self._root / path
        is_taken = os.path.lexists(there) and not (there.is_file() and have_equal_contents(there, unpacked))
        if is_taken or self._taken.get(path.casefold(), name) != name:
            path = f"{FOLDER}/{tell_apart(clean, unpacked)}"
        self._taken[path.casefold()] = name
        self.files[name] = path


def find_lost_media(root: Path, names: Collection[str]) -> set[str]:
    """Find the media of a package that are missing from the collection's media folder, ignoring case.

    Of two names that differ in case only, the second is stored under another name.
    """
    here: set[str] = set()
    if names and (root / FOLDER).is_dir():
        here = {path.name.casefold() for path in (root / FOLDER).iterdir()}
    return {name for name in names if _avoid_deck_name(clean_name(name)).casefold() not in here}


def _avoid_deck_name(name: str) -> str:
    """Return a name that cannot be mistaken for a deck file."""
    return f"{name}.txt" if name.lower().endswith(".md") else name


def _spellings(name: str) -> list[str]:
    """List the file names that a name in a note can mean; a tag such as `<img src=a.png/>` ends with a slash."""
    forms = [name, unquote(name), name.removesuffix("/"), "".join(filter(str.isprintable, name))]
    return list(dict.fromkeys(unicodedata.normalize("NFC", form) for form in forms))
