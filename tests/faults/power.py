"""Plays a power cut: builds the folder as the disk holds it after the first operations of a trace of `faults.c`.

What was not synced is lost. Two disks are played. A strict one also loses names of files whose folder was not synced.
A loose one keeps the names in their order, but loses the contents, as disks do that write names first.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple


class Operation(NamedTuple):
    """One call of a trace."""

    call: str
    path: str
    other: str
    offset: int
    data: bytes


def read_trace(path: Path) -> Iterator[Operation]:
    data = path.read_bytes()
    at = 0
    while at < len(data):
        end = data.index(b"\n", at)
        call, one, two, offset, size = data[at:end].decode().split()
        parts = []
        at = end + 1
        for length in (int(one), int(two), int(size)):
            parts.append(data[at : at + length])
            at += length
        yield Operation(call, parts[0].decode(), parts[1].decode(), int(offset), parts[2])


@dataclass(eq=False)
class File:
    """A file: what programs see, what the disk holds, and its time if it was there before."""

    now: bytearray = field(default_factory=bytearray)
    kept: bytes = b""
    mtime_ns: int = 0


@dataclass(eq=False)
class Folder:
    """A folder: its names as programs see them, and as the disk holds them."""

    now: dict[str, File | Folder] = field(default_factory=dict)
    kept: dict[str, File | Folder] = field(default_factory=dict)


class Disk:
    """A disk that begins with a folder, all of which is kept."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._moves: list[tuple[Folder, str, Folder, str, File | Folder]] = []
        self._top = self._read(root)

    def _read(self, path: Path) -> Folder:
        found: dict[str, File | Folder] = {}
        for each in path.iterdir():
            if each.is_dir():
                found[each.name] = self._read(each)
            else:
                data = each.read_bytes()
                found[each.name] = File(bytearray(data), data, each.stat().st_mtime_ns)
        return Folder(dict(found), dict(found))

    def _find(self, path: str) -> tuple[Folder, str]:
        parts = Path(path).relative_to(self._root).parts
        folder = self._top
        for part in parts[:-1]:
            below = folder.now[part]
            assert isinstance(below, Folder)
            folder = below
        return folder, parts[-1] if parts else ""

    def apply(self, operation: Operation) -> None:
        """Do what a call did."""
        call, path, other, offset, data = operation
        if call == "say":
            return
        folder, name = self._find(path)
        if call == "mkdir":
            folder.now[name] = Folder()
        elif call == "create":
            folder.now[name] = File()
        elif call == "remove":
            folder.now.pop(name, None)  # Anki makes files in ways that are not traced
        elif call in ("rename", "link"):
            target, new = self._find(other)
            target.now[new] = folder.now[name]
            if call == "rename":
                self._moves.append((folder, name, target, new, folder.now.pop(name)))
        elif call == "sync" and (not name or isinstance(folder.now.get(name), Folder)):
            synced = folder.now[name] if name else folder
            assert isinstance(synced, Folder)
            self._keep_names(synced)
        else:
            self._change(folder.now.get(name), call, offset, data)

    def _keep_names(self, synced: Folder) -> None:
        """Keep the names of a folder; a rename is kept with both its names."""
        synced.kept = dict(synced.now)
        for move in self._moves[:]:
            source, old, target, new, moved = move
            if synced in (source, target):
                self._moves.remove(move)
                if source.kept.get(old) is moved:
                    del source.kept[old]
                if target.now.get(new) is moved:
                    target.kept[new] = moved

    def _change(self, file: File | Folder | None, call: str, offset: int, data: bytes) -> None:
        if not isinstance(file, File):  # removed, but still open
            return
        if call == "sync":
            file.kept = bytes(file.now)
            return
        file.mtime_ns = 0
        if call in ("truncate", "resize"):
            length = offset if call == "resize" else 0
            file.now[length:] = b"\0" * max(0, length - len(file.now))
        else:
            file.now[len(file.now) :] = b"\0" * max(0, offset - len(file.now))
            file.now[offset : offset + len(data)] = data

    def write(self, target: Path, *, strict: bool) -> None:
        """Write what the disk holds to a new folder."""
        self._write(self._top, target, strict)

    def _write(self, folder: Folder, target: Path, strict: bool) -> None:
        target.mkdir()
        for name, each in (folder.kept if strict else folder.now).items():
            if isinstance(each, Folder):
                self._write(each, target / name, strict)
            else:
                (target / name).write_bytes(each.kept)
                if each.mtime_ns:
                    os.utime(target / name, ns=(each.mtime_ns, each.mtime_ns))


def play_cuts(
    root: Path, operations: list[Operation], target: Path, points: range, *, strict: bool
) -> Iterator[tuple[int, str]]:
    """Yield each point at which the power is cut and what was said before it; `target` holds what the disk holds."""
    disk = Disk(root)
    said = ""
    for number, operation in enumerate(operations):
        if number in points:
            disk.write(target, strict=strict)
            yield number, said
            shutil.rmtree(target)
        disk.apply(operation)
        if operation.call == "say":
            said += operation.data.decode(errors="replace")
    disk.write(target, strict=strict)
    yield len(operations), said
    shutil.rmtree(target)
