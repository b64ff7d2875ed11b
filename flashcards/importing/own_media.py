"""The media that notes here name: a note that comes back from Anki goes on naming the same files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flashcards.anki.fields import FieldWriter
from flashcards.media import MediaError, resolve

if TYPE_CHECKING:
    from flashcards.catalog.store import Catalog, Entry

_NAMED: Final = re.compile(r"<(?:img|a|audio|video|source)\b|\[sound:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class NoteMedia:
    """The media of one note here.

    Attributes:
        files: each by the URL that the note names it by, percent escapes undone.
        there: what those that were found in the package are called there, by the same URLs.
    """

    files: dict[str, Path] = field(default_factory=dict)
    there: dict[str, str] = field(default_factory=dict)


class OwnMedia:
    """The media of the notes of a collection, looked up note by note."""

    def __init__(self, catalog: Catalog, root: Path) -> None:
        self._catalog = catalog
        self._root = root
        self._found: dict[int, NoteMedia] = {}

    def of(self, note: int, fields: Iterable[str]) -> NoteMedia | None:
        """The media of the note that a note of a package with these fields is; None where neither names any."""
        if not any(map(_NAMED.search, fields)):
            return None
        if note not in self._found:
            self._found[note] = self._of(self._catalog.entry(note))
        return self._found[note]

    def name_there(self, note: int, url: str) -> str | None:
        """What the package calls the file that a note here names; None where it does not hold it."""
        found = self._found.get(note)
        return found.there.get(url) if found else None

    def _of(self, entry: Entry) -> NoteMedia:
        found = NoteMedia()

        def remember(url: str) -> str:
            with suppress(MediaError):  # where it is missing, the package may hold it
                found.files[url] = resolve(self._root, entry.path, url)
            return url

        FieldWriter({}, remember).fields(entry)
        return found
