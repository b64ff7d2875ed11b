"""A collection as it lies in the folder of an Anki profile: the database, and its media in a folder beside it."""

from __future__ import annotations

import shutil
import sqlite3
import unicodedata
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Self

from flashcards.importers.errors import CollectionBusy, PackageInvalid

if TYPE_CHECKING:
    from types import TracebackType


class Profile:
    """A collection that is not packed; read as an `Archive` is.

    Attributes:
        path: the database, such as `collection.anki2`.
        media: the path of each medium, by its name.
        version: that of the packages which hold such a database.
    """

    def __init__(self, path: Path) -> None:
        """Look at the media beside the database at `path`; those of `collection.anki2` are in `collection.media`."""
        self.path = path
        folder = path.with_suffix(".media")
        files = [each for each in folder.iterdir() if each.is_file()] if folder.is_dir() else []
        self.media = {unicodedata.normalize("NFC", each.name): str(each) for each in files}
        self.version = 1 if path.suffix.lower() == ".anki2" else 2

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """There is nothing to close."""

    def unpack_collection(self, target: Path) -> None:
        """Copy the database to `target`, with what SQLite keeps of it beside it.

        Raises:
            CollectionBusy: Anki has it open.
            PackageInvalid: it is no database.
        """
        address = f"{self.path.absolute().as_uri()}?mode=ro"
        try:
            with (
                closing(sqlite3.connect(address, uri=True, timeout=0)) as source,
                closing(sqlite3.connect(target)) as copy,
            ):
                source.execute("SELECT 1 FROM sqlite_master").fetchone()  # a copy would wait for a lock to go
                source.backup(copy)
        except sqlite3.Error as error:
            if "locked" in str(error):
                raise CollectionBusy(self.path) from error
            raise PackageInvalid(self.path, "it is damaged, or no collection of Anki") from error

    def unpack_medium(self, name: str, target: Path) -> bool:
        """Copy a medium to `target`; returns whether there is one of that name."""
        if name not in self.media:
            return False
        shutil.copyfile(self.media[name], target)
        return True
