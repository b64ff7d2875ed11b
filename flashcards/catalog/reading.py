"""Reading and parsing the deck files that may have changed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from flashcards.catalog.files import FoundFile
from flashcards.catalog.store import FileRow
from flashcards.deck.model import FORMAT_VERSION, Deck, Problem
from flashcards.deck.parse import parse
from flashcards.parallel import parallel_map

_RACY_NS = 100_000_000  # a file written this shortly before it is read may change again without its time changing
_MUCH = 300_000  # bytes that take longer to parse than a second process takes to start


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file that may have changed. `deck` is None where its bytes are the same, or where it cannot be read."""

    found: FoundFile
    hash: bytes
    deck: Deck | None
    mtime_ns: int
    problem: Problem | None = None


def read_files(root: Path, files: Sequence[FoundFile], known: Mapping[str, FileRow]) -> Iterator[ReadFile | None]:
    """Each file as it is now, against what the catalog knows of it by its path; None where it is gone."""
    computed = parallel_map if sum(found.size for found in files) >= _MUCH else map
    return iter(computed(lambda found: _read(root, found, known.get(found.path)), files))


def _read(root: Path, found: FoundFile, row: FileRow | None) -> ReadFile | None:
    """The file as it is now; None where it is gone."""
    try:
        data = (root / found.path).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        reason = error.strerror or str(error)
        problem = Problem(1, "unreadable", f"The file cannot be read: {reason}.", "Check its permissions.")
        return ReadFile(found, b"", None, -1, problem)
    digest = blake2b(data, digest_size=16).digest()
    fresh = time.time_ns() - found.mtime_ns < _RACY_NS
    mtime_ns = -1 if fresh or len(data) != found.size else found.mtime_ns
    if row and row.present and row.hash == digest and row.format == FORMAT_VERSION:
        return ReadFile(found, digest, None, mtime_ns)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problem = Problem(
            line, "not-utf-8", "The file is not UTF-8 here.", "Save it as UTF-8; until then it is not read."
        )
        return ReadFile(found, digest, None, mtime_ns, problem)
    return ReadFile(found, digest, parse(text, found.path), mtime_ns)
