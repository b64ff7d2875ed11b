"""Read a database file and the write-ahead log beside it, and tell whether the log continues this file.

A killed process leaves its log. If another program then replaces the database, SQLite would apply the log to the new
file and damage it. So each transaction writes a mark into the header of the database: a random number, and that of the
previous transaction. The first mark in a log names the file that it continues.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from array import array
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

_HEADER = 32  # bytes, including the salt that changes whenever the log restarts
_MAGIC = b"\x37\x7f\x06"
_FRAME_HEADER = 24
_PAGE_SIZES = range(512, 65_536 + 1)
_MOST_SUMMED = 64  # frames; only the first transaction can be torn, and a longer one is known by its end
_MARK = slice(68, 72)  # of the first page: SQLite's application id
_HALF = 0xFFFF
_ATTEMPTS = 5  # while another process is writing


class ReadingConnection(sqlite3.Connection):
    """A connection to a copy in memory, or to a file that it never writes.

    SQLite writes next to a database with a write-ahead log even when it only reads: it creates the log and its index.
    """


def open_immutable(path: Path) -> ReadingConnection:
    """Open a file as immutable, so that SQLite takes no lock, creates no log and reads none."""
    address = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
    return sqlite3.connect(address, uri=True, isolation_level=None, factory=ReadingConnection)


def read_bytes(path: Path) -> bytes:
    """Read a database file without its log; nothing if it has no page.

    SQLite must read it: if this process closed the file itself, the system would release the locks of all its
    connections. Another process would then delete the log that they still use.
    """
    with closing(open_immutable(path)) as source:
        source.execute("PRAGMA writable_schema = ON")  # otherwise pages that only the log holds count as damage
        (pages,) = source.execute("PRAGMA page_count").fetchone()
        return source.serialize() if pages else b""


def find_log(path: Path) -> Path:
    """Return the path of the log of a database."""
    return path.with_name(f"{path.name}-wal")


def has_log(path: Path) -> bool:
    """Return whether there is a log that is not empty."""
    return bool(read_log_header(find_log(path)))


def read_log_header(log: Path) -> bytes:
    """Read the header of a log; nothing without a log."""
    try:
        with log.open("rb") as file:
            return file.read(_HEADER)
    except FileNotFoundError:
        return b""


def copy_frames(log: Path, copy: Path) -> None:
    """Copy the part of a log that SQLite reads, if the log still exists; the rest may be old, or a hole of any size."""
    with suppress(FileNotFoundError), log.open("rb") as source, copy.open("wb") as target:
        header = _read_header(source)
        if header is None:
            return
        target.write(header.data)
        size = header.page_size + _FRAME_HEADER
        while (frame := source.read(size))[8:16] == header.salt and any(frame[:4]):
            target.write(frame)


def write_mark(connection: sqlite3.Connection) -> None:
    """Write the mark of the open transaction."""
    (before,) = connection.execute("PRAGMA application_id").fetchone()
    number = int.from_bytes(os.urandom(2)) or 1
    mark = (number << 16 | before >> 16 & _HALF).to_bytes(4)
    connection.execute(f"PRAGMA application_id = {int.from_bytes(mark, signed=True)}")


def is_continued_by(path: Path, log: Path) -> bool:
    """Return whether a log continues a database, or is not known to continue another one.

    A database without marks may have been written by an earlier version, and a log without marks by another program.
    """
    for _ in range(_ATTEMPTS):
        header = read_log_header(log)
        mark = _read_mark(path) if header else None
        if mark is None:
            return True
        try:
            marks = list(_read_marks(log))
        except FileNotFoundError:  # the last process that used it has just removed it
            continue
        if read_log_header(log) == header:  # otherwise it restarted, so the mark may be newer than these
            return not marks or mark in marks or mark >> 16 == marks[0] & _HALF
    return True


def _read_mark(path: Path) -> int | None:
    """Read the mark of a database file without its log; nothing if it has no page or cannot be read."""
    try:
        with closing(open_immutable(path)) as source:
            source.execute("PRAGMA writable_schema = ON")
            (pages,) = source.execute("PRAGMA page_count").fetchone()
            (mark,) = source.execute("PRAGMA application_id").fetchone()
    except sqlite3.Error:
        return None
    return mark & 0xFFFFFFFF if pages else None


class _Header(NamedTuple):
    """The header of a log."""

    data: bytes

    @property
    def page_size(self) -> int:
        return int.from_bytes(self.data[8:12])

    @property
    def salt(self) -> bytes:
        return self.data[16:24]

    @property
    def order(self) -> str:
        """The byte order of the words that its sums add up."""
        return "big" if self.data[3] & 1 else "little"

    @property
    def sum(self) -> tuple[int, int]:
        return int.from_bytes(self.data[24:28]), int.from_bytes(self.data[28:32])


def _read_header(source: BinaryIO) -> _Header | None:
    """Read the header at the start of a log; nothing if it is not one."""
    header = _Header(source.read(_HEADER))
    if len(header.data) < _HEADER or header.data[:3] != _MAGIC or header.page_size not in _PAGE_SIZES:
        return None
    return header


def _read_marks(log: Path) -> Iterator[int]:
    """Yield the marks of the committed transactions in a log, oldest first; nothing if the first one is torn."""
    with log.open("rb") as source:
        header = _read_header(source)
        if header is None:
            return
        waiting: list[int] = []
        total: tuple[int, int] | None = header.sum
        summed = 0
        while (frame := source.read(_FRAME_HEADER))[8:16] == header.salt:
            if total is None and int.from_bytes(frame[:4]) != 1:
                source.seek(header.page_size, os.SEEK_CUR)
            else:
                page = source.read(header.page_size)
                if total is not None:
                    summed += 1
                    total = _add(_add(total, frame[:8], header.order), page, header.order)
                    if total != (int.from_bytes(frame[16:20]), int.from_bytes(frame[20:24])):
                        return
                if int.from_bytes(frame[:4]) == 1:
                    waiting.append(int.from_bytes(page[_MARK]))
                if waiting or summed == _MOST_SUMMED:
                    total = None  # later marks can only show that the log belongs to the file
            if any(frame[4:8]):  # the last frame of a transaction
                yield from waiting
                waiting.clear()


def _add(total: tuple[int, int], data: bytes, order: str) -> tuple[int, int]:
    """Add data to the sum of a log, as SQLite does."""
    words = array("I", data[: len(data) // 8 * 8])
    if order != sys.byteorder:
        words.byteswap()
    one, two = total
    for even, odd in zip(words[::2], words[1::2], strict=True):
        one = one + even + two & 0xFFFFFFFF
        two = two + odd + one & 0xFFFFFFFF
    return one, two
