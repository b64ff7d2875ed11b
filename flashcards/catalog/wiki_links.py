"""Find the notes that links refer to, and the text of embedded notes."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from flashcards.deck.markdown_extensions import SHOWN
from flashcards.deck.model import Note
from flashcards.deck.wiki_links import cut_part, list_targets, move_images, write_targets
from flashcards.dialects import NATIVE
from flashcards.dialects.obsidian_blocks import SCHEDULE_COMMENT
from flashcards.dialects.obsidian_data import cut_schedules
from flashcards.disk.atomic import read_file
from flashcards.disk.media_files import FileFinder, PathIndex
from flashcards.disk.paths import is_private

_EMBED: Final = re.compile(r"!\[\[([^\[\]|#\n]*)")
_MOST_TARGETS: Final = 50  # links per note
_LARGEST: Final = 1_000_000  # maximum size of an embedded file in bytes


def has_embeds(text: str) -> bool:
    """Return whether a text may embed notes, as well as pictures and sounds."""
    return not all(map(SHOWN.search, _EMBED.findall(text)))


class LinkResolver:
    """Resolves links among the deck files of a collection, as of the last scan."""

    def __init__(self, root: Path, connection: sqlite3.Connection) -> None:
        self._root = root
        self._db = connection
        self._files = FileFinder(root)
        self._index: PathIndex | None = None
        self._native: set[str] = set()
        self._texts: dict[tuple[str, str], str | None] = {}
        self._targets: dict[tuple[str, str], tuple[tuple[bool, str], ...]] = {}  # of those texts

    def complete(self, note: Note, path: str) -> Note:
        """Return a note whose definitions contain the targets of its links.

        A link to a missing note stays as written. In files of other tools it is shown by its name, as in Obsidian.
        """
        found = self._find_targets(note, path)
        if not found:
            return note
        return note._replace(definitions="\n".join([*filter(None, [note.definitions]), write_targets(found)]))

    def read_shown(self, note: Note, path: str) -> str:
        """Return the parts of other notes that a note shows: embedded text, and which links are dead. Often empty."""
        return write_targets(self._find_targets(note, path))

    def _find_targets(self, note: Note, path: str) -> dict[str, str | None]:
        found: dict[str, str | None] = {}
        self._collect(list_targets("\n".join(note.fields)), path, path, found)
        return found

    def _collect(self, links: Iterable[tuple[bool, str]], source: str, path: str, found: dict[str, str | None]) -> None:
        """Add the targets of the links of a text in `source` to `found`; the text is shown in a note of `path`."""
        for embeds, target in links:
            name, _, part = target.partition("#")
            key = f"!{target}" if embeds else target
            if key in found or len(found) >= _MOST_TARGETS or (embeds and SHOWN.search(name.strip())):
                continue
            file = self._find(name.strip(), source) if name.strip() else source
            if embeds and not file and "." in name and self._files.find(name.strip(), source.rpartition("/")[0]):
                continue  # a file that is not a note, such as a PDF, is shown by its name like a link
            if embeds:
                shown = self._read(file, part.strip(), path) if file else None
                found[key] = shown
                if shown:
                    self._collect(self._list_links(file, part.strip()), file, path, found)
            elif not file and source in self._native:
                found[key] = None

    def _find(self, name: str, source: str) -> str:
        """Return the path of the note that a name refers to in the file `source`, or ""."""
        if self._index is None:
            rows = self._db.execute("SELECT path, dialect FROM files WHERE present = 1").fetchall()
            self._index = PathIndex(path for path, _ in rows)
            self._native = {path for path, dialect in rows if dialect == NATIVE}
        folder = source.rpartition("/")[0]
        return self._index.find(f"{name}.md", folder) or self._index.find(name, folder)

    def _read(self, file: str, part: str, path: str) -> str | None:
        """Return the part of a file that is embedded in a note of `path`, or nothing if it cannot be read."""
        if (file, part) not in self._texts:
            self._texts[file, part] = self._read_part(file, part)
        text = self._texts[file, part]
        folder = file.rpartition("/")[0]
        return text if text is None or folder == path.rpartition("/")[0] else move_images(text, folder)

    def _list_links(self, file: str, part: str) -> tuple[tuple[bool, str], ...]:
        """Return the different links in a part of a file; many notes may embed it."""
        if (file, part) not in self._targets:
            self._targets[file, part] = tuple(dict.fromkeys(list_targets(self._texts[file, part] or "")))
        return self._targets[file, part]

    def _read_part(self, file: str, part: str) -> str | None:
        try:
            real = (self._root / file).resolve()
            if is_private(real, self._root.resolve()) or real.stat().st_size > _LARGEST:
                return None
            text = read_file(real).decode("utf-8-sig").replace("\r\n", "\n")
            if SCHEDULE_COMMENT in text:  # a review in the other tool changes nothing that is shown
                cut = ((line, cut_schedules(line)[0]) for line in text.split("\n"))
                text = "\n".join(kept for line, kept in cut if kept.strip() or not line.strip())
            return cut_part(text, part)
        except (OSError, ValueError, RuntimeError):
            return None
