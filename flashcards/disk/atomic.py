"""Write files atomically, and never overwrite changes made by others in the meantime."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from flashcards.errors import FlashcardsError, describe_os_error
from scheduler.connection import flush

_LARGEST = 64 << 20  # maximum bytes of a deck or a settings file
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)  # otherwise opening a pipe waits for a writer


class FileChanged(FlashcardsError):
    """A file was changed by another program after it was read."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} changed since it was read. Nothing was written to it; run the command again.")


class FileUnwritable(FlashcardsError):
    """A file cannot be written; the old one is unchanged."""

    def __init__(self, path: Path, error: OSError) -> None:
        reason = describe_os_error(OSError(error.errno, error.strerror or str(error)))
        super().__init__(f"{path} cannot be written: {reason}")


class NotAFile(FlashcardsError):
    """A folder or a device has the name of the file to write."""

    exit_code = 2

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is not a file and will not be replaced. Choose another name.")


class LinkRefused(FlashcardsError):
    """The file to write is a link out of its folder, as a stranger's folder can contain."""

    exit_code = 2

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is a link to {path.resolve()}. Name that file itself, or another one.")


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading. Raise `OSError` also for a pipe or a device, which may never end."""
    file = open(path, "rb", opener=lambda name, flags: os.open(name, flags | _NO_WAIT))  # noqa: SIM115 - the caller closes it
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "Not a regular file", str(path))
    return file


def read_file(path: Path) -> bytes:
    """Read a regular file. Raise `OSError` if it cannot be read, or is larger than a person writes."""
    with open_regular(path) as file:
        data = file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise OSError(errno.EFBIG, f"Larger than {_LARGEST >> 20} MB", str(path))
    return data


def read_text(path: Path) -> str:
    """Read a regular file as text in UTF-8; bytes that are not UTF-8 become replacement characters."""
    return read_file(path).decode("utf-8", "replace").replace("\r\n", "\n")


def read_record(path: Path) -> dict[str, Any]:
    """Read a JSON object that this program wrote; an empty one if the file is missing or cannot be read."""
    import orjson  # imported late, because most commands do not need it

    try:
        value = orjson.loads(read_file(path))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def write_record(path: Path, values: Mapping[str, Any]) -> None:
    """Write a JSON object to a file that only its owner can read."""
    import json

    write_file(path, json.dumps(values).encode(), is_private=True)


def write_file(path: Path, data: bytes, *, is_private: bool = False) -> None:
    """Write a whole file, as `replace_file` does."""
    with replace_file(path, is_private=is_private) as file:
        file.write(data)


@contextmanager
def replace_file(path: Path, *, is_private: bool = False) -> Iterator[BinaryIO]:
    """Open a new file that atomically replaces `path` when the block ends without an error.

    The new file is on disk before it replaces the old one, its name is on disk when this ends, and it keeps the
    permissions; if it `is_private`, only its owner can read it. A link stays a link.
    """
    import tempfile  # imported late, because it loads slowly

    target = path.resolve()
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:20]}.")
    except OSError as error:  # its message contains the temporary file
        raise type(error)(error.errno, error.strerror, str(path)) from error
    fresh = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if not is_private:  # as a temporary file is
            fresh.chmod(target.stat().st_mode & 0o7777 if target.exists() else new_file_mode())
        fresh.replace(target)
        flush(target.parent)
    except BaseException:
        with suppress(FileNotFoundError):
            fresh.unlink()
        raise


@contextmanager
def write_output(path: Path) -> Iterator[BinaryIO]:
    """Open a new file, as `replace_file` does, at a path that the user chose.

    Raise `FileUnwritable` if it cannot be written; the old file is unchanged. Raise `LinkRefused` if it is a link out
    of its folder. Raise `NotAFile` if it is a folder or a device.
    """
    try:
        if path.is_symlink() and not path.resolve().is_relative_to(path.parent.resolve()):
            raise LinkRefused(path)
        if path.exists() and not stat.S_ISREG(path.stat().st_mode):
            raise NotAFile(path)
        with replace_file(path) as stream:
            yield stream
    except RuntimeError as error:  # Python before 3.13 raises this for symlink loops
        raise FileUnwritable(path, OSError(errno.ELOOP, os.strerror(errno.ELOOP))) from error
    except OSError as error:
        raise FileUnwritable(path, error) from error


def replace_unchanged(path: Path, before: bytes, after: bytes) -> None:
    """Write `after` to `path`. Raise `FileChanged` if its content is not the `before` that was read."""
    with replace_file(path) as file:
        file.write(after)
        if read_file(path) != before:
            raise FileChanged(path)


def new_file_mode() -> int:
    """Return the permissions of new files."""
    mask = os.umask(0o022)
    os.umask(mask)
    return 0o666 & ~mask


def digest(data: bytes) -> bytes:
    """Compute the 16-byte digest for comparing files and texts."""
    from hashlib import blake2b  # imported late, because it loads slowly

    return blake2b(data, digest_size=16).digest()


def file_digest(path: Path, size: int = 8) -> str:
    """Compute the digest of a file's content, as hexadecimal text for `size` bytes."""
    from hashlib import blake2b

    found = blake2b(digest_size=size)
    with open_regular(path) as file:
        while block := file.read(1 << 20):
            found.update(block)
    return found.hexdigest()


def have_equal_contents(one: Path, other: Path) -> bool:
    """Return whether two files contain the same bytes."""
    return one == other or (one.stat().st_size == other.stat().st_size and file_digest(one) == file_digest(other))
