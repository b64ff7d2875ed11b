"""What the deck files say now against the catalog: those that changed are read and parsed. Nothing is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flashcards.catalog.files import FoundFile, Unreadable, walk
from flashcards.deck.model import FORMAT_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from flashcards.catalog.reading import ReadFile
    from flashcards.catalog.store import Catalog, FileRow


@dataclass(slots=True)
class Sighting:
    """What is on disk against the files of the catalog."""

    changed: list[ReadFile] = field(default_factory=list)
    gone: list[FileRow] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.changed or self.gone)


def look(root: Path, catalog: Catalog, progress: Callable[[int, int], None] | None = None) -> Sighting:
    """Find the files that changed since the last scan, and read and parse those whose bytes did.

    Args:
        root: the collection's folder.
        catalog: what it held at the last scan.
        progress: called with the number of files read and the number to read.
    """
    known = catalog.files()
    sighting = Sighting()
    present: set[str] = set()
    stale: list[FoundFile] = []
    for found in walk(root):
        if isinstance(found, Unreadable):
            sighting.unreadable.append(found)
            continue
        present.add(found.path)
        row = known.get(found.path)
        if row is None or not _is_as_read(row, found):
            stale.append(found)
    for number, (found, file) in enumerate(zip(stale, _read(root, stale, known), strict=True)):
        if progress:
            progress(number, len(stale))
        if file:
            sighting.changed.append(file)
        else:  # gone since the folder was listed
            present.discard(found.path)
    hidden = tuple(place.path for place in sighting.unreadable)
    sighting.gone = [
        row
        for row in known.values()
        if row.present and row.path not in present and not (hidden and row.path.startswith(hidden))
    ]
    return sighting


def _is_as_read(row: FileRow, found: FoundFile) -> bool:
    return (row.present, row.format, row.size, row.mtime_ns) == (True, FORMAT_VERSION, found.size, found.mtime_ns)


def _read(root: Path, stale: list[FoundFile], known: dict[str, FileRow]) -> Iterable[ReadFile | None]:
    if not stale:
        return ()
    from flashcards.catalog.reading import read_files  # here, since it loads the parser, and mostly no file changed

    return read_files(root, stale, known)
