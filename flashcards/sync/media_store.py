"""Track the media files that clients see by name, with a change number for each."""

from __future__ import annotations

import io
import json
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import file_digest, sha1
from pathlib import Path
from typing import Any, Final

import orjson

from flashcards.anki.imports.media import FOLDER
from flashcards.disk.atomic import write_file
from flashcards.disk.paths import find_place, is_private
from flashcards.sync.validation import open_database, read_integer
from flashcards.sync.wire import MOST_UNPACKED, BadRequest, pack_json, read_object
from scheduler import transaction
from scheduler.connection import make_folders

_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS media (name TEXT PRIMARY KEY, usn INTEGER NOT NULL, sha1 TEXT, path TEXT NOT NULL,"
    " size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL) STRICT, WITHOUT ROWID"
)
"""One row per file; a row without a hash is a deleted file. `path` is relative to the collection, with `/`."""

_SERVER: Final = "CREATE TABLE IF NOT EXISTS server (name TEXT PRIMARY KEY, sha1 TEXT NOT NULL) STRICT, WITHOUT ROWID"
"""The files of a server as of the last sync. The row without a name contains the server's last change number."""

MOST_FILES: Final = 25  # per archive
_MOST_BYTES: Final = 2_500_000
_MOST_CHANGES: Final = 250  # per answer
_LONGEST_NAME: Final = 255
_FORBIDDEN: Final = frozenset('/\\:*?"<>|') | {chr(code) for code in range(32)}


class MediaStore:
    """The list of media files, in a separate database; files from clients never overwrite others unseen."""

    def __init__(self, database: Path, root: Path) -> None:
        self._db = open_database(database, (_TABLE, _SERVER))
        self._root = root
        self._methods: dict[str, Callable[[dict[str, Any]], object]] = {
            "mediaChanges": self._list_changes,
            "mediaSanity": self._check,
        }

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    @property
    def usn(self) -> int:
        """The number of the last change."""
        (usn,) = self._db.execute("SELECT coalesce(max(usn), 0) FROM media").fetchone()
        return int(usn)

    def refresh(self, files: Mapping[str, Path]) -> None:
        """Update the list with the files that notes use, by name in Anki; mark the others as deleted."""
        known = {
            row[0]: row[1:] for row in self._db.execute("SELECT name, sha1, path, size, mtime_ns FROM media").fetchall()
        }
        rows: list[tuple[str, str | None, str, int, int]] = []
        for name, file in files.items():
            row = self._identify(file)
            if row is not None and (name not in known or row[1:] != known[name][1:] or known[name][0] is None):
                rows.append((name, *row))
        for name, (digest, path, _, _) in known.items():
            if digest is not None and name not in files and not (self._root / path).is_file():
                rows.append((name, None, path, 0, 0))
        if not rows:
            return
        with transaction(self._db):
            usn = self.usn
            for name, mark, path, size, mtime in rows:
                digest = self._digest(path) if mark is not None else None
                changed = name not in known or known[name][0] != digest
                usn += changed
                self._put(name, digest, path, size, mtime, usn if changed else None)

    def answer(self, method: str, body: bytes, key: str = "") -> bytes:
        """Answer a request of a client. `key` is the session key that older clients send with each request."""
        if method == "begin":
            return _wrap({"sk": key, "usn": self.usn})
        if method == "downloadFiles":
            return self._pack_archive(read_object(body))
        if method == "uploadChanges":
            return _wrap(self._take(body))
        answer = self._methods.get(method)
        if answer is None:
            raise BadRequest(f"There is no method `{ascii(method)[1:-1][:40]}`.")
        return _wrap(answer(read_object(body)))

    def path_of(self, name: str) -> Path | None:
        """Return the path of a file, or nothing if it does not exist or is outside the collection."""
        row = self._db.execute("SELECT path FROM media WHERE name = ? AND sha1 IS NOT NULL", (name,)).fetchone()
        if row is None or not (self._root / row[0]).is_file():
            return None
        real, base = (self._root / row[0]).resolve(), self._root.resolve()
        is_ours = real.is_relative_to(base) and not is_private(real, base)
        return self._root / str(row[0]) if is_ours else None

    # For syncing with a server as its client

    def digests(self) -> dict[str, str]:
        """Return the hashes of all files by name."""
        return dict(self._db.execute("SELECT name, sha1 FROM media WHERE sha1 IS NOT NULL"))

    def agreed_files(self) -> dict[str, str]:
        """Return the hashes of the server's files as of the last sync."""
        return dict(self._db.execute("SELECT name, sha1 FROM server WHERE name <> '' AND sha1 <> ''"))

    @property
    def server_usn(self) -> int:
        """The number of the last change of the server that was processed."""
        row = self._db.execute("SELECT sha1 FROM server WHERE name = ''").fetchone()
        return int(row[0]) if row else 0

    def keep_server(self, usn: int, files: Mapping[str, str]) -> None:
        """Store the files of the server and the number of its last change."""
        self._db.executemany("INSERT OR REPLACE INTO server VALUES (?, ?)", [*files.items(), ("", str(usn))])

    def _list_changes(self, payload: Mapping[str, Any]) -> list[tuple[str, int, str]]:
        since = read_integer(payload.get("lastUsn"), "lastUsn")
        rows = self._db.execute(
            "SELECT name, usn, coalesce(sha1, '') FROM media WHERE usn > ? ORDER BY usn LIMIT ?", (since, _MOST_CHANGES)
        )
        return rows.fetchall()

    def _check(self, payload: Mapping[str, Any]) -> str:
        count = read_integer(payload.get("local"), "local")
        return "OK" if count == len(self.digests()) else "mismatch"

    def _pack_archive(self, payload: Mapping[str, Any]) -> bytes:
        names = payload.get("files")
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise BadRequest("The list of files cannot be understood.")
        return self.pack_files(names, lambda packed: {str(at): name for at, name in enumerate(packed)})[0]

    def pack_files(self, names: Sequence[str], list_members: Callable[[list[str]], object]) -> tuple[bytes, list[str]]:
        """Pack as many files as one archive takes; return it, and the names done, missing files among them.

        `list_members` makes the archive's list from the names of its members, which are numbered from 0.
        """
        stream = io.BytesIO()
        done: list[str] = []
        packed: list[str] = []
        size = 0
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
            for name in names[:MOST_FILES]:
                path = self.path_of(name)
                data = path.read_bytes() if path else b""
                if packed and size + len(data) > _MOST_BYTES:
                    break
                size += len(data)
                done.append(name)
                if data:
                    archive.writestr(str(len(packed)), data)
                    packed.append(name)
            archive.writestr("_meta", json.dumps(list_members(packed), ensure_ascii=False))
        return stream.getvalue(), done

    def _take(self, body: bytes) -> list[int]:
        changes = read_archive(body)
        with transaction(self._db):
            for name, data in changes:
                self.take_file(name, data)
        return [len(changes), self.usn]

    def take_file(self, name: str, data: bytes | None) -> None:
        """Store a file from the other side; without `data`, it was deleted there."""
        if data is None:  # the file stays, because it may still be needed
            row = self._db.execute("SELECT path FROM media WHERE name = ?", (name,)).fetchone()
            if row:
                self._put(name, None, row[0], 0, 0, self.usn + 1)
            return
        known = self.path_of(name)
        is_as_given = known is not None and self._is_as_given(name, known)
        if known is not None and not is_as_given:
            self._put(name, self._digest(str(known)), self._make_relative(known), *_read_times(known), self.usn + 1)
        path = self._write(name, data, known if is_as_given else None)
        if path is not None:
            digest = sha1(data, usedforsecurity=False).hexdigest()
            self._put(name, digest, self._make_relative(path), *_read_times(path), self.usn + 1)

    def _is_as_given(self, name: str, path: Path) -> bool:
        row = self._db.execute("SELECT size, mtime_ns FROM media WHERE name = ?", (name,)).fetchone()
        return row is not None and row == _read_times(path)

    def _put(self, name: str, digest: str | None, path: str, size: int, mtime: int, usn: int | None) -> None:
        self._db.execute(
            "INSERT INTO media VALUES (?, coalesce(?, 0), ?, ?, ?, ?) ON CONFLICT(name) DO UPDATE SET"
            " usn = coalesce(?, usn), sha1 = excluded.sha1, path = excluded.path, size = excluded.size,"
            " mtime_ns = excluded.mtime_ns",
            (name, usn, digest, path, size, mtime, usn),
        )

    def _identify(self, file: Path) -> tuple[str, str, int, int] | None:
        """Return what identifies a file: a mark that it exists, path, size and time; nothing if it is empty."""
        try:
            size, mtime = _read_times(file)
        except OSError:
            return None
        return ("", self._make_relative(file), size, mtime) if size else None

    def _make_relative(self, file: Path) -> str:
        return file.relative_to(self._root).as_posix() if file.is_relative_to(self._root) else str(file)

    def _digest(self, path: str) -> str:
        with (self._root / path).open("rb") as stream:
            return digest_file(stream)

    def _write(self, name: str, data: bytes, known: Path | None) -> Path | None:
        """Write a file and return its path; nothing if another file stays. `known` is the clients' version."""
        path = known or find_place(self._root, f"{FOLDER}/{name}")
        if known is None and path.exists():
            if path.is_file() and path.read_bytes() == data:
                return path
            self._put_beside(path, data)
            return None
        make_folders(path.parent)
        write_file(path, data)
        return path

    def _put_beside(self, path: Path, data: bytes) -> None:
        digest = sha1(data, usedforsecurity=False).hexdigest()[:8]
        beside = path.with_name(f"{path.stem}-{digest}{path.suffix}")
        if not beside.exists():
            write_file(beside, data)


def digest_file(stream: io.BufferedReader) -> str:
    """Compute the digest of a file as clients do."""
    return file_digest(stream, lambda: sha1(usedforsecurity=False)).hexdigest()


def read_download(body: bytes) -> dict[str, bytes]:
    """Read the files that a server sends, by name. Raise `BadRequest` if they are invalid."""
    with _open_archive(body) as (archive, meta):
        names = {str(member): unicodedata.normalize("NFC", str(name)) for member, name in dict(meta).items()}
        if not all(map(is_plain_name, names.values())):
            raise BadRequest("The server sent an invalid file name.")
        return {name: archive.read(member) for member, name in names.items()}


def read_archive(body: bytes) -> list[tuple[str, bytes | None]]:
    """Read the names and contents (nothing if deleted) that a client sends. Raise `BadRequest` if invalid."""
    with _open_archive(body) as (archive, meta):
        if not isinstance(meta, list) or len(meta) > 1000:
            raise BadRequest("The archive's list cannot be understood.")
        return [_read_entry(archive, entry) for entry in meta]


@contextmanager
def _open_archive(body: bytes) -> Iterator[tuple[zipfile.ZipFile, Any]]:
    """Open an archive of media files; yield it with its list of names."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            if sum(member.file_size for member in archive.infolist()) > MOST_UNPACKED:
                raise BadRequest("The archive is too large when unpacked.")
            yield archive, orjson.loads(archive.read("_meta"))
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, EOFError, RuntimeError, zlib.error) as error:
        raise BadRequest("The archive cannot be read.") from error


def _read_entry(archive: zipfile.ZipFile, entry: object) -> tuple[str, bytes | None]:
    if not isinstance(entry, list) or len(entry) != 2 or not isinstance(entry[0], str):
        raise BadRequest("The archive's list cannot be understood.")
    name, member = unicodedata.normalize("NFC", entry[0]), entry[1]
    if not is_plain_name(name):
        raise BadRequest(f"{ascii(name)[:60]} is not a valid file name.")
    if member in (None, ""):
        return name, None
    if not isinstance(member, str):
        raise BadRequest("The archive's list cannot be understood.")
    data = archive.read(member)
    if not data:
        raise BadRequest("A file is empty.")
    return name, data


def is_plain_name(name: str) -> bool:
    """Return whether a name is a plain file name on every system, without a folder."""
    if not name.strip(" .") or len(name.encode("utf-8", "replace")) > _LONGEST_NAME:
        return False
    return not _FORBIDDEN.intersection(name) and not any(0xD800 <= ord(char) < 0xE000 for char in name)


def _read_times(file: Path) -> tuple[int, int]:
    status = file.stat()
    return status.st_size, status.st_mtime_ns


def _wrap(data: object) -> bytes:
    return pack_json({"data": data, "err": ""})
