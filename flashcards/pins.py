"""Write the key of a note into its file, so that nothing can separate them: `<!-- id: k7f3q2m4x9ab -->`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from flashcards.catalog.store import Entry
from flashcards.deck.parse import parse
from flashcards.deck.write import insert_comment
from flashcards.dialects import NATIVE
from flashcards.disk.atomic import FileChanged, replace_unchanged
from flashcards.errors import FlashcardsError

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")


class PinForeign(FlashcardsError):
    """A file is written for another tool."""

    def __init__(self, path: str, dialect: str) -> None:
        super().__init__(f"{path} is read as `{dialect}`, so nothing is written into it. Leave it out, or convert it.")


class PinImpossible(FlashcardsError):
    """A comment cannot be added without changing what the file says."""

    def __init__(self, path: str, line: int) -> None:
        super().__init__(f"{path}:{line}: this note cannot be pinned automatically. Write `<!-- id: … -->` into it.")


def write_pins(root: Path, entries: Iterable[Entry], dialects: Mapping[str, str]) -> int:
    """Write the key of each note without a pin into its file; return how many were written.

    Each file is written once, atomically, and only if it still says what the catalog says.

    Raises:
        FileChanged: a file has changed.
        PinImpossible: a note cannot be pinned.
    """
    by_file: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if not entry.note.pin:
            by_file[entry.path].append(entry)
    for path in by_file:
        if dialects.get(path, NATIVE) != NATIVE:
            raise PinForeign(path, dialects[path])
    for path, entries_of_file in by_file.items():
        before = (root / path).read_bytes()
        try:
            text = before.decode()
        except UnicodeDecodeError:  # it was when it was read
            raise FileChanged(root / path) from None
        after = _insert_pins(path, text, entries_of_file, root).encode()
        replace_unchanged(root / path, before, after)
    return sum(len(entries_of_file) for entries_of_file in by_file.values())


def _insert_pins(path: str, text: str, entries_of_file: list[Entry], root: Path) -> str:
    notes = parse(text, path).notes
    by_line = {note.line: index for index, note in enumerate(notes)}
    lines = [line for line in _LINE.findall(text) if line]
    expected = list(notes)
    for entry in sorted(entries_of_file, key=lambda entry: -entry.note.line):
        index = by_line.get(entry.note.line)
        if index is None or notes[index].fields != entry.note.fields:
            raise FileChanged(root / path)
        insert_comment(lines, notes[index], f"<!-- id: {entry.key} -->")
        expected[index] = notes[index]._replace(pin=entry.key)
    pinned = "".join(lines)
    after = parse(pinned, path).notes
    if len(after) != len(expected):  # what stood behind the note is another thing now
        raise PinImpossible(path, entries_of_file[0].note.line)
    for index, want in enumerate(expected):
        note = after[index] if index < len(after) else None
        if note is None or (note.fields, note.pin, note.slots) != (want.fields, want.pin, want.slots):
            raise PinImpossible(path, want.line)
    return pinned
