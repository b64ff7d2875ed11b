"""What is in the packages that were written, so that only work that was done is counted."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile


def notes_in(packages: Iterable[Path]) -> int:
    """Return the number of notes in these packages together."""
    return sum(map(_notes_in, packages))


def _notes_in(package: Path) -> int:
    with ZipFile(package) as archive, TemporaryDirectory() as folder:
        newest = max(name for name in archive.namelist() if name in ("collection.anki2", "collection.anki21"))
        connection = sqlite3.connect(archive.extract(newest, folder))
        try:
            (count,) = connection.execute("SELECT count(*) FROM notes").fetchone()
        finally:
            connection.close()
    return int(count)
