"""Put several files in place together with a database transaction: all of it happens, or nothing.

The new files are written beside the state first. Then a plan of their places, with copies of the present files, is
put on disk. The files are renamed into place, and the transaction is committed with the plan's mark in it. The next
process that opens the collection and finds a plan without a committed mark puts everything back.
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
    """A two-phase file write. The caller must hold the database write lock.

    Args:
        root: the folder of the files.
        folder: where files wait, each write in a folder of its own; made and removed here.

    Attributes:
        mark: names the write; to be stored in the transaction that goes with it.
    """

    def __init__(self, root: Path, folder: Path) -> None:
        self.mark = secrets.token_hex(16)
        self._root = root
        self._folder = folder / self.mark
        self._staged: dict[str, Path] = {}

    @property
    def paths(self) -> list[str]:
        """The paths of the files, within the root."""
        return list(self._staged)

    def stage(self, path: str) -> Path:
        """Return a file to write to, which `place` then puts at `path` (within the root, with `/`)."""
        if not self._staged:
            _remove_stale(self._folder.parent)
            self._folder.mkdir(parents=True)
        waiting = self._folder / f"new-{len(self._staged)}"
        self._staged[path] = waiting
        return waiting

    def stage_bytes(self, path: str, data: bytes) -> Path:
        """Write a file with `data`, which `place` then puts at `path`."""
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
        """Put back what was there before `place`, if that was called."""
        if (self._folder / _PLAN).exists():
            _take_back(self._root, self._folder)

    def close(self) -> None:
        """Remove the waiting files."""
        _remove(self._folder)

    def _write_plan(self, entries: list[dict[str, str | None]]) -> None:
        fresh = self._folder / "plan.part"
        with fresh.open("w", encoding="utf-8") as file:
            json.dump({"mark": self.mark, "files": entries}, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._folder / _PLAN)


def find_unfinished(folder: Path) -> list[str]:
    """Find the marks of the writes below `folder` that have a plan and were not closed."""
    return sorted(path.parent.name for path in folder.glob(f"*/{_PLAN}"))


def finish(root: Path, folder: Path, mark: str, *, committed: bool) -> None:
    """End a write whose process died: keep it if it was committed, or put everything back."""
    if not committed:
        _take_back(root, folder / mark)
    _remove(folder / mark)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):  # others wait there, too
        folder.parent.rmdir()


def _remove_stale(folder: Path) -> None:
    """Remove writes that never had a plan; only one can be under way."""
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
