"""The file of a package: a zip archive, in the place of the old one only when it is whole."""

from __future__ import annotations

import errno
import json
import os
import secrets
import shutil
import stat
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from flashcards.errors import FlashcardsError, sentence

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # a fixed time, so that equal decks make equal files
_LEVEL: Final = 1  # a quarter of the time of level 6, for a file hardly larger
_SECOND_VERSION: Final = b"\x08\x02"  # Anki's PackageMetadata: the database is named collection.anki21
_PERMISSIONS: Final = 0o644 << 16
# What deflate can make smaller; other media are compressed already.
_COMPRESSIBLE: Final = frozenset({".svg", ".wav", ".bmp", ".tif", ".tiff", ".ico"})


class FileUnwritable(FlashcardsError):
    """A file cannot be written; what was there before is as it was."""

    def __init__(self, path: Path, error: OSError) -> None:
        reason = sentence(OSError(error.errno, error.strerror or str(error)))
        super().__init__(f"{path} cannot be written: {reason}")


class NotAFile(FlashcardsError):
    """Something other than a file is in the file's place."""

    exit_code = 2

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is not a file and will not be replaced. Choose another name.")


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A new file that takes the place of `path` when the block ends, and vanishes when the block is left by an error.

    Raises:
        FileUnwritable: it cannot be written; the old file is as it was.
        NotAFile: something other than a file is there.
    """
    try:
        target = _real(path)
        mode = target.stat().st_mode if target.exists() else None
        if mode is not None and not stat.S_ISREG(mode):
            raise NotAFile(path)
        temporary = target.with_name(f".flashcards-{secrets.token_hex(8)}.tmp")
        try:
            with temporary.open("xb") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            if mode is not None:
                temporary.chmod(stat.S_IMODE(mode))
            temporary.replace(target)
        except BaseException:  # a signal, too
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise FileUnwritable(path, error) from error


def _real(path: Path) -> Path:
    """The file that a path leads to, whatever links it goes by."""
    try:
        return path.resolve()
    except RuntimeError as error:  # what Python before 3.13 makes of links in a circle
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from error


def write_archive(path: Path, database: bytes, media: Mapping[str, Path], *, whole: bool = False) -> int:
    """Write a package; returns its size in bytes.

    Args:
        path: the file to write, or to replace.
        database: the bytes of the collection's database.
        media: the files to take in, by their name in Anki.
        whole: whether it is to take the place of a whole collection (a .colpkg).

    Raises:
        FileUnwritable: it cannot be written, or a medium cannot be read any more.
    """
    with replacing(path) as stream:
        with zipfile.ZipFile(stream, "w") as archive:
            if whole:
                archive.writestr(_member("meta"), _SECOND_VERSION)
            name = "collection.anki21" if whole else "collection.anki2"
            archive.writestr(_member(name), database, compresslevel=_LEVEL)
            names = {str(number): name for number, name in enumerate(media)}
            archive.writestr(_member("media"), json.dumps(names, ensure_ascii=False), compresslevel=_LEVEL)
            for number, file in enumerate(media.values()):
                _add_medium(archive, str(number), file)
        return stream.tell()


def _add_medium(archive: zipfile.ZipFile, name: str, file: Path) -> None:
    member = _member(name)
    if file.suffix.lower() not in _COMPRESSIBLE:
        member.compress_type = zipfile.ZIP_STORED
    member.file_size = file.stat().st_size
    with file.open("rb") as source, archive.open(member, "w") as destination:
        shutil.copyfileobj(source, destination, 1 << 20)


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, _EPOCH)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = _PERMISSIONS
    member.create_system = 3  # Unix, on every system
    return member
