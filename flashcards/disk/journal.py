"""Change several files together with a database transaction: all of it happens, or nothing.

The new files are written beside the state first. Then a plan of their places, with copies of the present files, is
put on disk. The files are renamed into place, and the transaction is committed with the plan's mark in it. The next
process that opens the collection and finds a plan without a committed mark puts everything back.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any

from flashcards.disk.atomic import FileChanged, digest, file_digest, new_file_mode, read_file, sync
from flashcards.disk.paths import OutsideCollection, find_place, is_real_folder
from flashcards.errors import FlashcardsError

_PLAN = "plan.json"
_MARK = re.compile(r"[0-9a-f]{32}")
_WAITING = re.compile(r"(new|old)-\d{1,9}")


class PlanInvalid(FlashcardsError):
    """A plan of an unfinished write is not one that this program wrote."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} is not a plan written by this program. Nothing was done; inspect it, then delete its folder."
        )


class Journal:
    """A two-phase file write below `root`. The caller must hold the database write lock.

    Files wait in `folder`, each write in a folder of its own, which is made and removed here.
    """

    def __init__(self, root: Path, folder: Path) -> None:
        self.mark = secrets.token_hex(16)  # names the write; to be stored in the transaction that goes with it
        self._root = root
        self._folder = folder / self.mark
        self._staged: dict[str, Path | None] = {}
        self._before: dict[str, str | None] = {}

    @property
    def staged(self) -> Mapping[str, Path | None]:
        """The paths of the files, within the root, and where each waits; None for one that is to be removed."""
        return self._staged

    def stage(self, path: str, before: bytes | None = None) -> Path:
        """Return a file to write to, which `place` then puts at `path` (within the root, with `/`).

        `before` is the content that the present file had when it was read; None if there was no such file. Raise
        `OutsideCollection` if the path, or the folder of the waiting files, leads out of the collection.
        """
        self._start(path)
        waiting = self._folder / f"new-{len(self._staged)}"
        self._staged[path] = waiting
        self._before[path] = None if before is None else digest(before).hex()
        return waiting

    def remove(self, path: str) -> None:
        """Let `place` remove the file at `path`, unless it changes until then; errors are as for `stage`."""
        self._start(path)
        self._staged[path] = None
        self._before[path] = file_digest(find_place(self._root, path), 16)

    def _start(self, path: str) -> None:
        find_place(self._root, path)
        if not self._staged:
            if os.path.lexists(self._folder.parent) and not is_real_folder(self._folder.parent):
                raise OutsideCollection(self._folder.parent)
            _remove_stale(self._folder.parent)
            self._folder.mkdir(parents=True)
            sync(self._folder.parent.parent)

    def stage_bytes(self, path: str, data: bytes, before: bytes | None) -> Path:
        """Write a file with `data`, which `place` then puts at `path`; `before` as for `stage`."""
        waiting = self.stage(path, before)
        waiting.write_bytes(data)
        return waiting

    def place(self) -> None:
        """Put every file in its place.

        Raise `FileChanged` if somebody else changed a file since it was read, or `OSError` if one cannot be put there;
        those before it are taken back.
        """
        if not self._staged:
            return
        entries: list[dict[str, str | None]] = []
        for number, (path, waiting) in enumerate(self._staged.items()):
            target = find_place(self._root, path)
            kept = None
            if target.exists():
                kept = f"old-{number}"
                shutil.copy2(target, self._folder / kept)
                sync(self._folder / kept)
            if waiting:
                if kept:
                    shutil.copymode(target, waiting)
                else:
                    waiting.chmod(new_file_mode())
                sync(waiting)
            self._compare(path, None if kept is None else self._folder / kept, target)
            new, content = (waiting.name, file_digest(waiting, 16)) if waiting else (None, None)
            entries.append({"path": path, "new": new, "hash": content, "old": kept})
        self._write_plan(entries)
        try:
            for path, waiting in self._staged.items():
                target = find_place(self._root, path)
                target.parent.mkdir(parents=True, exist_ok=True)
                self._compare(path, target, target)
                if waiting:
                    waiting.replace(target)
                else:
                    target.unlink()
            for folder in {find_place(self._root, path).parent for path in self._staged}:
                sync(folder)
        except BaseException:
            self.take_back()
            raise

    def _compare(self, path: str, content: Path | None, target: Path) -> None:
        """Refuse to replace a file whose content is not what was read."""
        exists = content is not None and content.exists()
        if self._before[path] != (file_digest(content, 16) if content is not None and exists else None):
            raise FileChanged(target)

    def take_back(self) -> None:
        """Put back what was there before `place`, if that was called. Signals wait until it is done."""
        if (self._folder / _PLAN).exists():
            with _hold_signals():
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
        sync(self._folder)
        sync(self._folder.parent)


def find_unfinished(folder: Path) -> list[str]:
    """Find the marks of the writes below `folder` that have a plan and were not closed; links are left out."""
    if not is_real_folder(folder):
        return []
    return sorted(
        path.parent.name
        for path in folder.glob(f"*/{_PLAN}")
        if _MARK.fullmatch(path.parent.name) and is_real_folder(path.parent) and not path.is_symlink()
    )


def finish(root: Path, folder: Path, mark: str, *, committed: bool) -> None:
    """End a write whose process died: keep it if it was committed, or put everything back.

    The plan and the old files stay until all of it is done. Before anything is done, raise `PlanInvalid` if this
    program did not write the plan, and `OutsideCollection` if it names a file outside the collection.
    """
    with _hold_signals():
        if not committed:
            _take_back(root, folder / mark)
        _remove(folder / mark)


@contextmanager
def _hold_signals() -> Iterator[None]:
    """Let signals that end the program wait until the end of the block."""
    import signal

    names = ("SIGINT", "SIGTERM", "SIGHUP")
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [getattr(signal, name) for name in names])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):  # others wait there, too
        folder.parent.rmdir()


def _remove_stale(folder: Path) -> None:
    """Remove writes that never had a plan; only one can be under way."""
    for other in folder.glob("*"):
        if _MARK.fullmatch(other.name) and is_real_folder(other) and not (other / _PLAN).exists():
            shutil.rmtree(other, ignore_errors=True)


def _take_back(root: Path, folder: Path) -> None:
    """Put back the old files that a plan names; doing it twice is as good as once."""
    for entry, target in _read_plan(root, folder):
        if entry["new"] is None:
            if not target.exists():
                _put_back(folder / entry["old"], target)
            continue
        if (folder / entry["new"]).exists() or not target.exists() or file_digest(target, 16) != entry["hash"]:
            continue  # never put in place, or changed since by somebody else
        if entry["old"]:
            _put_back(folder / entry["old"], target)
        else:
            target.unlink()
            with suppress(OSError):  # folders that hold something stay
                for above in target.parents:
                    if above == root.resolve():
                        break
                    above.rmdir()
    (folder / _PLAN).unlink()


def _put_back(old: Path, target: Path) -> None:
    """Put a copy of an old file in its place; the old file stays."""
    fresh = old.with_name(f"{old.name}.part")
    shutil.copy2(old, fresh)
    sync(fresh)
    fresh.replace(target)
    sync(target.parent)


def _read_plan(root: Path, folder: Path) -> list[tuple[dict[str, Any], Path]]:
    """Read a plan and check all of it: it may have come with the folder, from a stranger."""
    path = folder / _PLAN
    try:
        entries = json.loads(read_file(path))["files"]
        for entry in entries:
            names = [name for name in (entry["new"], entry["old"]) if name]
            is_known = all(_WAITING.fullmatch(name) and not (folder / name).is_symlink() for name in names)
            is_hashed = entry["new"] is None or _MARK.fullmatch(entry["hash"])
            if not (names and is_known and is_hashed and PurePosixPath(entry["path"]).name):
                raise PlanInvalid(path)
            if entry["old"] and not (folder / entry["old"]).is_file():
                raise PlanInvalid(path)
        return [(entry, find_place(root, entry["path"])) for entry in entries]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise PlanInvalid(path) from error
