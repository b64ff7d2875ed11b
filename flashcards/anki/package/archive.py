"""Read and write the zip archive of a package. A stranger may have made it, so everything in it is checked.

A package has one of three versions, stated in the message `meta`. Version 1 contains `collection.anki2`, version 2
`collection.anki21`, both with a list of media in JSON. Version 3 contains `collection.anki21b` and its media compressed
by zstd, with the list as a message.
"""

from __future__ import annotations

import errno
import json
import lzma
import re
import shutil
import sqlite3
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final, Self

from flashcards.anki.package import decoding
from flashcards.disk.atomic import write_output
from flashcards.importers.transaction import CollectionBusy, Malformed, PackageInvalid, PackageNewer

MAX_MEMBERS: Final = 200_000  # including media
MAX_COLLECTION: Final = 4 << 30  # bytes, unpacked
MAX_MEDIA_FILE: Final = 1 << 30
MAX_LIST: Final = 64 << 20
MAX_UNPACKED: Final = 32 << 30
MAX_RATIO: Final = 200  # maximum growth of a large member when unpacked; most collections grow about five times

_COLLECTIONS: Final = {1: "collection.anki2", 2: "collection.anki21", 3: "collection.anki21b"}
_NEWEST: Final = 3
_BLOCK: Final = 1 << 20
_ANY_RATIO: Final = 512 << 20  # bytes up to which any growth is allowed, for repetitive text or silence
_DAMAGED: Final = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, NotImplementedError)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class Archive:
    """An open package; use it as a context manager."""

    def __init__(self, path: Path) -> None:
        """Open the package at `path` and check everything except its contents; raise PackageInvalid or PackageNewer."""
        self.path = path
        self.media: dict[str, str] = {}  # the name of each media file, and its member
        self._unpacked = 0
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError, struct.error) as error:
            raise PackageInvalid(path, "it is not an Anki package, or is incomplete") from error
        try:
            with self._translate_errors():
                self._members = self._check_members()
                self.version = self._read_version()  # 1 to 3, see above
                self.media = self._read_media_list()
                collection = self._members.get(_COLLECTIONS[self.version])
                # Bytes of the compressed collection.
                self.collection_size = collection.compress_size if collection else 0
        except BaseException:
            self._zip.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._zip.close()

    def unpack_collection(self, target: Path) -> None:
        """Write the collection's database to `target`."""
        self._unpack(_COLLECTIONS[self.version], target, MAX_COLLECTION)

    def unpack_media_file(self, name: str, target: Path) -> bool:
        """Write a media file to `target`; return whether the package contains it."""
        member = self.media.get(name)
        if member is None or member not in self._members:
            return False
        self._unpack(member, target, MAX_MEDIA_FILE)
        return True

    def _unpack(self, member: str, target: Path, limit: int) -> None:
        with self._translate_errors(), self._open(member) as source, target.open("wb") as destination:
            for block in self._read_blocks(source, self._limit(member, limit)):
                destination.write(block)

    def _read(self, member: str, limit: int, *, packed: bool) -> bytes:
        with self._open(member, packed=packed) as source:
            return b"".join(self._read_blocks(source, self._limit(member, limit)))

    def _limit(self, member: str, limit: int) -> int:
        """Return the maximum size of a member when unpacked, at most `limit` bytes."""
        return min(limit, max(_ANY_RATIO, self._members[member].compress_size * MAX_RATIO))

    def _read_blocks(self, source: IO[bytes], limit: int) -> Iterator[bytes]:
        """Read a stream block by block, within the limits of one member and of the whole package."""
        size = 0
        while block := source.read(_BLOCK):
            size += len(block)
            self._unpacked += len(block)
            if size > limit or self._unpacked > MAX_UNPACKED:
                raise Malformed("its contents are implausibly large")
            yield block

    @contextmanager
    def _open(self, member: str, *, packed: bool = True) -> Iterator[IO[bytes]]:
        if member not in self._members:
            raise Malformed(f"`{member}` is missing from it")
        with self._zip.open(self._members[member]) as stream:
            if packed and self.version == _NEWEST:
                with load_zstd().open(stream) as unpacked:
                    yield unpacked
            else:
                yield stream

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        """Translate any error about the bytes of an archive into an error of one sentence."""
        try:
            yield
        except Malformed as error:
            raise PackageInvalid(self.path, str(error)) from error
        except (*_DAMAGED, load_zstd().ZstdError) as error:
            raise PackageInvalid(self.path, "it is damaged") from error
        except OSError as error:
            if error.errno not in (None, errno.EINVAL):  # these are for invalid offsets and data
                raise
            raise PackageInvalid(self.path, "it is damaged") from error
        except RuntimeError as error:  # from zipfile, for a member with a password
            raise PackageInvalid(self.path, "it is encrypted") from error
        except ValueError as error:  # JSON and other text
            raise PackageInvalid(self.path, "its list of contents cannot be read") from error

    def _check_members(self) -> dict[str, zipfile.ZipInfo]:
        members = self._zip.infolist()
        if len(members) > MAX_MEMBERS:
            raise Malformed(f"it holds {len(members):,} files; at most {MAX_MEMBERS:,} are accepted")
        found: dict[str, zipfile.ZipInfo] = {}
        for member in members:
            parts = re.split(r"[/\\]", member.filename)
            if ".." in parts or parts[0] == "" or re.match(r"[A-Za-z]:", member.filename):
                raise Malformed("it names a file outside itself")
            # Other methods unpack all at once.
            if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise Malformed("it is packed in a way that Anki does not use")
            if member.filename in found:
                raise Malformed(f"it holds `{_hide_controls(member.filename)}` twice")
            found[member.filename] = member
        return found

    def _read_version(self) -> int:
        if "meta" not in self._members:
            present = [version for version in (2, 1) if _COLLECTIONS[version] in self._members]
            if not present:
                raise Malformed("it holds no collection")
            return present[0]
        with self._zip.open(self._members["meta"]) as stream:
            version = decoding.read_number(b"".join(self._read_blocks(stream, MAX_LIST)), 1)
        if version > _NEWEST:
            raise PackageNewer(self.path, f"its format ({version})")
        if version not in _COLLECTIONS:
            raise Malformed("it does not name its format")
        return version

    def _read_media_list(self) -> dict[str, str]:
        if "media" not in self._members:
            return {}
        data = self._read("media", MAX_LIST, packed=True)
        if self.version == _NEWEST:
            entries = (entry for number, entry in decoding.read_fields(data) if number == 1)
            names = {
                str(member): decoding.read_text(entry, 1)
                for member, entry in enumerate(islice(entries, MAX_MEMBERS + 1))
                if isinstance(entry, bytes)
            }
        else:
            names = decoding.read_json(data) if data else {}
            if not isinstance(names, dict) or not all(isinstance(name, str) for name in names.values()):
                raise Malformed("its list of media is malformed")
        if len(names) > MAX_MEMBERS:
            raise Malformed(f"it lists more than {MAX_MEMBERS:,} media files")
        return {_check_name(name): member for member, name in names.items()}


def _check_name(name: str) -> str:
    """Return the name of a media file without control characters, as Anki reads it, if it is valid here."""
    plain = _CONTROL.sub("", name)
    if not plain or "/" in plain or plain in (".", ".."):
        raise Malformed(f"a media file has an impossible name (`{_hide_controls(name)}`)")
    return unicodedata.normalize("NFC", plain)


def _hide_controls(name: str) -> str:
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", name)[:80]


def load_zstd() -> Any:
    """Import zstd, from the standard library if it has it."""
    try:
        from compression import zstd  # type: ignore[import-not-found,unused-ignore]  # Python 3.14
    except ImportError:
        from backports import zstd
    return zstd


_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # a fixed time, so that equal decks make equal files
_LEVEL: Final = 1  # a quarter of the time of level 6, for a slightly larger file
_SECOND_VERSION: Final = b"\x08\x02"  # Anki's PackageMetadata: the database is named collection.anki21
_PERMISSIONS: Final = 0o644 << 16
# Types that deflate can reduce; other media are already compressed.
_COMPRESSIBLE: Final = frozenset({".svg", ".wav", ".bmp", ".tif", ".tiff", ".ico"})


def write_archive(path: Path, database: bytes | Path, media: Mapping[str, Path], *, whole: bool = False) -> int:
    """Write a package to a file, as `fill_archive` does; raise FileUnwritable."""
    with write_output(path) as stream:
        return fill_archive(stream, database, media, whole=whole)


def fill_archive(stream: IO[bytes], database: bytes | Path, media: Mapping[str, Path], *, whole: bool = False) -> int:
    """Write a package (a .colpkg if `whole`) with its media files by their names; return its size."""
    with zipfile.ZipFile(stream, "w") as archive:
        if whole:
            archive.writestr(_make_member("meta"), _SECOND_VERSION)
        name = "collection.anki21" if whole else "collection.anki2"
        if isinstance(database, Path):
            _add_file(archive, _make_member(name), database, level=_LEVEL)
        else:
            archive.writestr(_make_member(name), database, compresslevel=_LEVEL)
        names = {str(number): name for number, name in enumerate(media)}
        archive.writestr(_make_member("media"), json.dumps(names, ensure_ascii=False), compresslevel=_LEVEL)
        for number, file in enumerate(media.values()):
            member = _make_member(str(number))
            if file.suffix.lower() not in _COMPRESSIBLE:
                member.compress_type = zipfile.ZIP_STORED
            _add_file(archive, member, file)
    return stream.tell()


def _add_file(archive: zipfile.ZipFile, member: zipfile.ZipInfo, file: Path, level: int | None = None) -> None:
    member.file_size = file.stat().st_size
    member._compresslevel = level  # type: ignore[attr-defined]  # public from Python 3.13 on
    with file.open("rb") as source, archive.open(member, "w") as destination:
        shutil.copyfileobj(source, destination, 1 << 20)


def _make_member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, _EPOCH)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = _PERMISSIONS
    member.create_system = 3  # Unix, on every system
    return member


class Profile:
    """An unpacked collection, with the interface of `Archive`."""

    def __init__(self, path: Path) -> None:
        """Find the media next to the database at `path`; those of `collection.anki2` are in `collection.media`."""
        self.path = path  # the database, such as `collection.anki2`
        folder = path.with_suffix(".media")
        files = [each for each in folder.iterdir() if each.is_file()] if folder.is_dir() else []
        # the path of each media file, by its name
        self.media = {unicodedata.normalize("NFC", each.name): str(each) for each in files}
        self.version = 1 if path.suffix.lower() == ".anki2" else 2  # the version of packages with such a database
        self.collection_size = path.stat().st_size  # size of the database in bytes

    def unpack_collection(self, target: Path) -> None:
        """Copy the database to `target`, with SQLite's files next to it; raise CollectionBusy if Anki has it open."""
        address = f"{self.path.absolute().as_uri()}?mode=ro"
        try:
            with (
                closing(sqlite3.connect(address, uri=True, timeout=0)) as source,
                closing(sqlite3.connect(target)) as copy,
            ):
                source.execute("SELECT 1 FROM sqlite_master").fetchone()  # a copy would wait for the lock
                source.backup(copy)
        except sqlite3.Error as error:
            if "locked" in str(error):
                raise CollectionBusy(self.path) from error
            raise PackageInvalid(self.path, "it is damaged, or not an Anki collection") from error

    def unpack_media_file(self, name: str, target: Path) -> bool:
        """Copy a media file to `target`; return whether it exists."""
        if name not in self.media:
            return False
        shutil.copyfile(self.media[name], target)
        return True
