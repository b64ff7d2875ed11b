"""Change several files together with a database transaction, atomically.

The new files are first written next to the state. Then a plan with their places, and copies of the current files, is
put on disk. The files are renamed into place, and the transaction is committed with the plan's mark in it. If the next
process that opens the collection finds a plan without a committed mark, it restores all files.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any

from flashcards.disk.atomic import (
    FileChanged,
    digest,
    file_digest,
    new_file_mode,
    read_file,
    replace_unchanged,
    write_file,
)
from flashcards.disk.paths import OutsideCollection, find_place, is_real_folder, leads_outside
from flashcards.errors import FlashcardsError
from scheduler.connection import flush, make_folders

_PLAN = "plan.json"
_MARK = re.compile(r"[0-9a-f]{32}")
_WAITING = re.compile(r"(new|old)-\d{1,9}")


class PlanInvalid(FlashcardsError):
    """The plan of an unfinished write was not made by this program."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} was not written by this program. Nothing was done. Inspect it, then delete its folder."
        )


class Journal:
    """A two-phase file write below `root`. The caller must hold the database write lock.

    Files are staged in `folder`; each write has its own subfolder, which is created and removed here.
    """

    def __init__(self, root: Path, folder: Path) -> None:
        self.mark = os.urandom(16).hex()  # identifies the write, and must be stored in its transaction
        self._root = root
        self._folder = folder / self.mark
        self._staged: dict[str, Path | None] = {}
        self._before: dict[str, str | None] = {}
        self._linked: list[tuple[Path, bytes, bytes]] = []  # edited decks of other folders, before and after

    @property
    def waiting_files(self) -> Mapping[str, Path | None]:
        """The staged files by their path within the root; nothing for a file to remove."""
        return self._staged

    def stage(self, path: str, before: bytes | None = None) -> Path:
        """Return a file to write to, which `move_into_place` then moves to `path` (within the root, with `/`).

        `before` is the content of the current file when it was read; nothing if it did not exist. Raise
        `OutsideCollection` if the path, or the folder of the staged files, leads out of the collection.
        """
        find_place(self._root, path)
        self._prepare_folder()
        waiting = self._folder / f"new-{len(self._staged)}"
        self._staged[path] = waiting
        self._before[path] = None if before is None else digest(before).hex()
        return waiting

    def remove(self, path: str) -> None:
        """Make `move_into_place` remove the file at `path`, unless it changes first; errors are as for `stage`."""
        find_place(self._root, path)
        self._prepare_folder()
        self._staged[path] = None
        self._before[path] = file_digest(find_place(self._root, path), 16)

    def _prepare_folder(self) -> None:
        """Create the folder of the staged files before the first of them."""
        if not self._staged:
            if os.path.lexists(self._folder.parent) and not is_real_folder(self._folder.parent):
                raise OutsideCollection(self._folder.parent)
            _remove_stale(self._folder.parent)
            self._folder.mkdir(parents=True)
            flush(self._folder.parent.parent)

    def stage_bytes(self, path: str, data: bytes, before: bytes | None) -> Path:
        """Stage a file with `data`, which `move_into_place` then moves to `path`; `before` as for `stage`."""
        waiting = self.stage(path, before)
        waiting.write_bytes(data)
        return waiting

    def stage_edit(self, path: str, data: bytes, before: bytes) -> None:
        """Stage an edited deck. One of another folder, which the user linked, is written by `write_linked` instead."""
        if leads_outside(self._root, path):
            self._linked.append((self._root / path, before, data))
        else:
            self.stage_bytes(path, data, before)

    def write_linked(self) -> None:
        """Write the edited decks of other folders, after all else is done. Raise `FileChanged` if one changed."""
        for file, before, after in self._linked:
            replace_unchanged(file, before, after)

    def move_into_place(self) -> None:
        """Move every file to its place, or restore all and raise `FileChanged` or `OSError`."""
        if not self._staged:
            return
        entries: list[dict[str, str | None]] = []
        for number, (path, waiting) in enumerate(self._staged.items()):
            target = find_place(self._root, path)
            kept = None
            if target.exists():
                kept = f"old-{number}"
                shutil.copy2(target, self._folder / kept)
                flush(self._folder / kept)
            if waiting:
                if kept:
                    shutil.copymode(target, waiting)
                else:
                    waiting.chmod(new_file_mode())
                flush(waiting)
            self._refuse_if_changed(path, None if kept is None else self._folder / kept, target)
            new, content = (waiting.name, file_digest(waiting, 16)) if waiting else (None, None)
            entries.append({"path": path, "new": new, "hash": content, "old": kept})
        self._write_plan(entries)
        try:
            for path, waiting in self._staged.items():
                target = find_place(self._root, path)
                make_folders(target.parent)
                self._refuse_if_changed(path, target, target)
                if waiting:
                    waiting.replace(target)
                else:
                    target.unlink()
            for folder in {find_place(self._root, path).parent for path in self._staged}:
                flush(folder)
        except BaseException:
            self.restore()
            raise

    def _refuse_if_changed(self, path: str, content: Path | None, target: Path) -> None:
        """Refuse to replace a file that has changed since it was read."""
        exists = content is not None and content.exists()
        if self._before[path] != (file_digest(content, 16) if content is not None and exists else None):
            raise FileChanged(target)

    def restore(self) -> None:
        """Restore the files that `move_into_place` replaced, if it was called. Signals wait until it is done."""
        if (self._folder / _PLAN).exists():
            with _hold_signals():
                _restore(self._root, self._folder)

    def close(self) -> None:
        """Remove the staged files."""
        _remove(self._folder)

    def _write_plan(self, entries: list[dict[str, str | None]]) -> None:
        write_file(self._folder / _PLAN, json.dumps({"mark": self.mark, "files": entries}).encode())
        flush(self._folder.parent)


def find_unfinished(folder: Path) -> list[str]:
    """Find the marks of unfinished writes below `folder`: those with a plan. Links are ignored."""
    if not is_real_folder(folder):
        return []
    return sorted(
        path.parent.name
        for path in folder.glob(f"*/{_PLAN}")
        if _MARK.fullmatch(path.parent.name) and is_real_folder(path.parent) and not path.is_symlink()
    )


def finish(root: Path, folder: Path, mark: str, *, committed: bool) -> None:
    """Finish a write whose process died: complete it if it was committed, or restore all files.

    The plan and the old files stay until everything is done. Before any change, raise `PlanInvalid` if this program did
    not write the plan, and `OutsideCollection` if it names a file outside the collection.
    """
    with _hold_signals():
        if not committed:
            _restore(root, folder / mark)
        _remove(folder / mark)


@contextmanager
def _hold_signals() -> Iterator[None]:
    """Delay signals that end the program until the end of the block."""
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
    with suppress(OSError):  # other files are staged there, too
        folder.parent.rmdir()


def _remove_stale(folder: Path) -> None:
    """Remove writes without a plan; only one write can be active."""
    for other in folder.glob("*"):
        if _MARK.fullmatch(other.name) and is_real_folder(other) and not (other / _PLAN).exists():
            shutil.rmtree(other, ignore_errors=True)


def _restore(root: Path, folder: Path) -> None:
    """Restore the old files of a plan; repeating it is harmless."""
    for entry, target in _read_plan(root, folder):
        if entry["new"] is None:
            if not target.exists():
                _put_back(folder / entry["old"], target)
            continue
        if (folder / entry["new"]).exists() or not target.exists() or file_digest(target, 16) != entry["hash"]:
            continue  # not placed yet, or changed since by another program
        if entry["old"]:
            _put_back(folder / entry["old"], target)
        else:
            target.unlink()
            with suppress(OSError):  # non-empty folders stay
                for above in target.parents:
                    if above == root.resolve():
                        break
                    above.rmdir()
    (folder / _PLAN).unlink()


def _put_back(old: Path, target: Path) -> None:
    """Restore the copy of an old file; the copy stays."""
    fresh = old.with_name(f"{old.name}.part")
    shutil.copy2(old, fresh)
    flush(fresh)
    fresh.replace(target)
    flush(target.parent)


def _read_plan(root: Path, folder: Path) -> list[tuple[dict[str, Any], Path]]:
    """Read and check a plan, because it may have come with a stranger's folder."""
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
