"""Putting several files in place so that, with a transaction of the database, all of it happens or nothing.

The new files are written beside the state first. Then a plan of what goes where, with copies of what is there now, is
put on disk, the files are renamed into place, and the transaction is committed with the plan's mark in it. Whoever next
opens the collection and finds a plan whose mark was not committed puts everything back.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from flashcards.disk.atomic import file_digest, new_file_mode

_PLAN = "plan.json"


class Journal:
    """The files of one undertaking; whoever uses it holds the database's write lock.

    Args:
        root: the folder they go to.
        folder: where the files of undertakings wait, each in a folder of its own; made and removed here.

    Attributes:
        mark: names the undertaking; to be written in the transaction that goes with it.
    """

    def __init__(self, root: Path, folder: Path) -> None:
        self.mark = secrets.token_hex(16)
        self._root = root
        self._folder = folder / self.mark
        self._staged: dict[str, Path] = {}

    @property
    def paths(self) -> list[str]:
        """Where files will be put, within the root."""
        return list(self._staged)

    def stage(self, path: str) -> Path:
        """A file to be written that will be put at `path` (within the root, with `/`)."""
        if not self._staged:
            _remove_stale(self._folder.parent)
            self._folder.mkdir(parents=True)
        waiting = self._folder / f"new-{len(self._staged)}"
        self._staged[path] = waiting
        return waiting

    def stage_bytes(self, path: str, data: bytes) -> Path:
        """The same for a file that holds `data`."""
        waiting = self.stage(path)
        with waiting.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        return waiting

    def place(self) -> None:
        """Put every file in its place.

        Raises:
            OSError: one cannot be put there; those before it are taken back.
        """
        if not self._staged:
            return
        entries = []
        for number, (path, waiting) in enumerate(self._staged.items()):
            target = self._root / path
            kept = None
            if target.exists():
                kept = f"old-{number}"
                shutil.copy2(target, self._folder / kept)
                shutil.copymode(target, waiting)
            else:
                waiting.chmod(new_file_mode())
            entries.append({"path": path, "new": waiting.name, "hash": file_digest(waiting, 16), "old": kept})
        self._write_plan(entries)
        try:
            for path, waiting in self._staged.items():
                target = self._root / path
                target.parent.mkdir(parents=True, exist_ok=True)
                waiting.replace(target.resolve() if target.is_symlink() else target)
        except BaseException:
            self.take_back()
            raise

    def take_back(self) -> None:
        """Put back what was there before `place`, if that was ever called."""
        if (self._folder / _PLAN).exists():
            _take_back(self._root, self._folder)

    def close(self) -> None:
        """Remove what is left of it."""
        _remove(self._folder)

    def _write_plan(self, entries: list[dict[str, str | None]]) -> None:
        fresh = self._folder / "plan.part"
        with fresh.open("w", encoding="utf-8") as file:
            json.dump({"mark": self.mark, "files": entries}, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._folder / _PLAN)


def find_unfinished(folder: Path) -> list[str]:
    """The marks of the undertakings below `folder` that came to their plan and were not tidied up."""
    return sorted(path.parent.name for path in folder.glob(f"*/{_PLAN}"))


def finish(root: Path, folder: Path, mark: str, *, committed: bool) -> None:
    """End an undertaking whose process ended before it could: keep it if it was committed, else put everything back."""
    if not committed:
        _take_back(root, folder / mark)
    _remove(folder / mark)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):  # others wait there, too
        folder.parent.rmdir()


def _remove_stale(folder: Path) -> None:
    """Remove what undertakings left that never came to their plan; there is only ever one under way."""
    for other in folder.glob("*"):
        if not (other / _PLAN).exists():
            shutil.rmtree(other, ignore_errors=True)


def _take_back(root: Path, folder: Path) -> None:
    plan = json.loads((folder / _PLAN).read_text(encoding="utf-8"))
    for entry in plan["files"]:
        target = root / entry["path"]
        if (folder / entry["new"]).exists() or not target.exists() or file_digest(target, 16) != entry["hash"]:
            continue  # never put in place, or changed since by somebody else
        if entry["old"]:
            (folder / entry["old"]).replace(target.resolve() if target.is_symlink() else target)
        else:
            target.unlink()
            with suppress(OSError):  # folders that hold something stay
                for above in target.parents:
                    if above == root:
                        break
                    above.rmdir()
    (folder / _PLAN).unlink()
