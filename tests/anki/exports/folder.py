"""A collection's folder for tests: files written into it, exported from it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from flashcards.anki.exports.export import Exported, export_package
from flashcards.anki.exports.notes import find_decks_in_use
from flashcards.anki.package import notetypes
from flashcards.collection import Collection
from flashcards.sync import mirror_objects

SECOND = 1_000_000_000


class Folder:
    """Deck files and media below `root`; every file written is newer than all before it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._written = 0
        root.mkdir(parents=True, exist_ok=True)

    def write(self, path: str, content: str | bytes, *, at_s: int | None = None) -> Path:
        """Write a file; `at_s` is the time it claims to be of, in epoch seconds."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        self._written += 1
        at_ns = (1_600_000_000 + self._written if at_s is None else at_s) * SECOND
        os.utime(file, ns=(at_ns, at_ns))
        return file

    def export(self, to: Path, decks: Sequence[str] | None = None, *, ago_s: int = 0) -> Exported:
        """Scan, and write the package `to`, as if all the notes had been written `ago_s` seconds earlier."""
        with Collection(self.root) as collection:
            collection.scan()
            collection.connection.execute("UPDATE notes SET modified_ms = modified_ms - ?", (ago_s * 1000,))
            return export_package(collection, decks or find_decks_in_use(collection), to)


def use_earlier_design(patch: pytest.MonkeyPatch) -> None:
    """Let the note types look as they did before the source moved above the question."""
    make_template = notetypes._template

    def without_source(number: int, name: str, front: str, back: str) -> dict[str, Any]:
        return make_template(number, name, front.replace(notetypes._SOURCE, ""), back.replace(notetypes._SOURCE, ""))

    patch.setattr(notetypes, "_template", without_source)
    earlier = notetypes.DESIGN_CHANGED - 1
    for module in (notetypes, mirror_objects):
        patch.setattr(module, "DESIGN_CHANGED", earlier)
