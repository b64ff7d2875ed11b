"""Writing files so that nothing is ever half written, and no person's change is overwritten unseen."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from flashcards.errors import FlashcardsError


class FileChanged(FlashcardsError):
    """A file was changed by somebody else since it was read."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} changed since it was read. Nothing was written to it; run the command again.")


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write to that takes the place of `path`, in one step, when the block ends; else nothing changes.

    The new file is on disk before it takes the old one's place, and keeps its permissions. A link stays a link.
    """
    target = path.resolve()
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:20]}.")
    except OSError as error:  # it names the file that was to be, which nobody asked for
        raise type(error)(error.errno, error.strerror, str(path)) from error
    fresh = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        fresh.chmod(target.stat().st_mode & 0o7777 if target.exists() else new_file_mode())
        fresh.replace(target)
    except BaseException:
        with suppress(FileNotFoundError):
            fresh.unlink()
        raise


def replace_unchanged(path: Path, before: bytes, after: bytes) -> None:
    """Write `after` to `path`, whose content was `before` when it was read.

    Raises:
        FileChanged: its content is another by now.
    """
    with replacing(path) as file:
        file.write(after)
        if path.read_bytes() != before:
            raise FileChanged(path)


def new_file_mode() -> int:
    """Return the permissions that the system gives to a new file."""
    mask = os.umask(0o022)
    os.umask(mask)
    return 0o666 & ~mask


def digest(data: bytes) -> bytes:
    """Return the 16 bytes by which files and texts are compared."""
    from hashlib import blake2b  # here, since it takes long to load

    return blake2b(data, digest_size=16).digest()


def file_digest(path: Path, size: int = 8) -> str:
    """Return the digest of a file's content as hexadecimal text of `size` bytes."""
    from hashlib import blake2b

    found = blake2b(digest_size=size)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            found.update(block)
    return found.hexdigest()
