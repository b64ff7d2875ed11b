"""Compare the deck files with the catalog, read the changed ones, and describe the result of a scan."""

from __future__ import annotations

import errno
import time
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from flashcards.catalog.files import FoundFile, IgnoreRules, Unreadable, find_deck_files
from flashcards.deck import FORMAT_VERSION
from flashcards.dialects import NATIVE
from flashcards.disk.atomic import digest, read_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence, Set
    from pathlib import Path

    from flashcards.catalog.store import Catalog, FileRow
    from flashcards.deck.model import Deck, Note, Problem, StatedSchedule
    from flashcards.dialects.choose import Chooser
    from flashcards.identity.slots import Renaming


_MUCH = 200_000  # bytes of deck files, which take 20 ms or more to parse
UNREAD = frozenset({"unreadable", "not-utf-8", "conflict"})
"""The codes of the problems of a file whose notes stay as they were."""

_RACY_NS = 100_000_000  # a file written this recently before the read may change again without a new timestamp


class ReadFile(NamedTuple):
    """A file that may have changed. `deck` is nothing if its bytes are the same or it cannot be read."""

    found: FoundFile
    hash: bytes
    deck: Deck | None
    mtime_ns: int
    problem: Problem | None = None
    dialect: str = NATIVE
    reader: str = ""


class FolderChanges:
    """The changes in the folder since the last scan; no note of the files may continue an orphan in `apart`."""

    def __init__(self, apart: Set[int] = frozenset()) -> None:
        # an iterator parses files while they are used; then all files are there for the first time
        self.changed: list[ReadFile] | Iterator[ReadFile] = []
        self.gone: list[FileRow] = []
        self.unreadable: list[Unreadable] = []
        self.apart = apart

    def __bool__(self) -> bool:
        return bool(self.changed or self.gone)

    def leave_out_unchanged(self) -> None:
        """Drop the files with unchanged bytes, for which only a new timestamp would be stored."""
        if isinstance(self.changed, list):
            self.changed = [file for file in self.changed if file.deck or file.problem]


class FileWork(Protocol):
    """Work on the notes of a file that a scan has just parsed, such as rendering them."""

    def compute(self, path: str, deck: Deck) -> Any:
        """Return what is kept of a file, without effects; it must be quick to pickle."""

    def keep(self, deck: Deck, result: Any) -> None:
        """Keep what was computed from a file."""


def find_changes(
    root: Path,
    catalog: Catalog,
    chooser: Chooser,
    progress: Callable[[int, int], None] | None = None,
    ignore: IgnoreRules | None = None,
    ahead: FileWork | None = None,
) -> FolderChanges:
    """Find the files that changed since the last scan; read and parse those with new bytes.

    `progress` is called with the number of files read and the number to read; `chooser` chooses the dialect of each.
    """
    known = catalog.files()
    changes = FolderChanges()
    present: set[str] = set()
    stale: list[FoundFile] = []
    for found in find_deck_files(root, ignore):
        if isinstance(found, Unreadable):
            changes.unreadable.append(found)
            continue
        present.add(found.path)
        row = known.get(found.path)
        if row is None or not _is_as_read(row, found, chooser):
            stale.append(found)
    files = _read_all(lambda found: _read(root, found, known.get(found.path), chooser), stale, progress, ahead)
    if stale and not known:
        changes.changed = (file for file in files if file)
        return changes
    changes.changed = [file for file in files if file]
    read = {file.found.path for file in changes.changed}
    present.difference_update(found.path for found in stale if found.path not in read)  # deleted since they were listed
    hidden = tuple(place.path for place in changes.unreadable)
    changes.gone = [
        row
        for row in known.values()
        if row.present and row.path not in present and not (hidden and row.path.startswith(hidden))
    ]
    return changes


def _read_all(
    read: Callable[[FoundFile], ReadFile | None],
    stale: Sequence[FoundFile],
    progress: Callable[[int, int], None] | None,
    ahead: FileWork | None,
) -> Iterator[ReadFile | None]:
    """Read files in order, with the help of a second process if there is much to read."""

    def compute(found: FoundFile) -> tuple[ReadFile | None, Any]:
        file = read(found)
        return file, ahead.compute(found.path, file.deck) if ahead and file and file.deck else None

    files: Iterator[tuple[ReadFile | None, Any]] = map(compute, stale)
    if sum(found.size for found in stale) > _MUCH:
        import flashcards.dialects.read  # noqa: F401 - both processes need it, so it is loaded before they part
        from flashcards.second_process import compute_ahead

        files = compute_ahead(compute, stale)
    for number, (file, result) in enumerate(files):
        if progress:
            progress(number, len(stale))
        if ahead and file and file.deck:
            ahead.keep(file.deck, result)
        yield file


def _is_as_read(row: FileRow, found: FoundFile, chooser: Chooser) -> bool:
    return (
        row.mtime_ns == found.mtime_ns
        and row.size == found.size
        and row.present == 1
        and row.format == FORMAT_VERSION
        and row.reader == chooser.signature(found.path, row.dialect)
    )


def _read(root: Path, found: FoundFile, row: FileRow | None, chooser: Chooser) -> ReadFile | None:
    """Read the current file; return nothing if it is gone."""
    from flashcards.deck.model import Problem  # imported late, as below

    try:
        data = read_file(root / found.path)
    except FileNotFoundError:
        return None
    except OSError as error:
        reason = error.strerror or str(error)
        hint = "Split it into several files." if error.errno == errno.EFBIG else "Check its permissions."
        problem = Problem(1, "unreadable", f"The file cannot be read: {reason}.", hint)
        return ReadFile(found, b"", None, -1, problem)
    found_digest = digest(data)
    fresh = time.time_ns() - found.mtime_ns < _RACY_NS
    mtime_ns = -1 if fresh or len(data) != found.size else found.mtime_ns
    reader = chooser.signature(found.path, row.dialect if row else "")
    as_read = (row.present, row.hash, row.format, row.reader) if row else None
    if as_read == (True, found_digest, FORMAT_VERSION, reader):
        return ReadFile(found, found_digest, None, mtime_ns)
    # Imported late, because they load slowly, and most scans find no changed file.
    from flashcards.deck.pitfalls import find_conflict
    from flashcards.dialects.read import read_deck

    def refuse(line: int, code: str, message: str, remedy: str) -> ReadFile:
        problem = Problem(line, code, message, f"{remedy}; until then its notes stay as they were.")
        return ReadFile(found, found_digest, None, mtime_ns, problem)

    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return refuse(line, "not-utf-8", "The file is not UTF-8 at this line.", "Save it as UTF-8")
    if line := find_conflict(text):
        message = "This line is a conflict marker of a merge; the file is not read."
        return refuse(line, "conflict", message, "Resolve the conflict and remove the marker")
    try:
        deck, dialect = read_deck(text, found.path, chooser.choose(found.path))
    except TimeoutError as error:
        hint = "Simplify it; until then its notes stay as they were."
        return ReadFile(found, found_digest, None, mtime_ns, Problem(1, "unreadable", f"{error}.", hint))
    except Exception as error:  # whatever a file contains, the other files must be read
        message = f"The file cannot be read because of an error in this program: {type(error).__name__}: {error}."
        return refuse(1, "unreadable", message, "Report it with this file")
    reader = chooser.signature(found.path, dialect)
    return ReadFile(found, found_digest, deck, mtime_ns, dialect=dialect, reader=reader)


class Change(NamedTuple):
    """One note in a scan. A new note has no `before`, a removed one no `after`."""

    note: int
    key: str
    path: str
    line: int
    rule: str = ""
    score: float = 1.0
    before: Note | None = None
    after: Note | None = None
    lost_slots: tuple[str, ...] = ()  # the slots that have no card any more because the kind of note changed


class AmbiguousChange(NamedTuple):
    """A note that was added although it may be an edited version of one of several lost notes."""

    added: Change
    candidates: tuple[tuple[Change, float], ...]  # these notes and their scores, best first


class CardPlace(NamedTuple):
    """The current place of an active note's cards."""

    note: int
    slots: tuple[str, ...]  # its cards
    deck: int
    position: int
    renamed: Renaming = ()  # renamed slots, as pairs of old and new


class StatedCard(NamedTuple):
    """A schedule that another tool stored next to a card in a file."""

    note: int
    slot: str
    schedule: StatedSchedule


class ScanReport:
    """The result of a scan."""

    def __init__(self) -> None:
        # added, edited, moved, removed, returned: the notes, in order of file and line
        self.added: list[Change] = []
        self.edited: list[Change] = []
        self.moved: list[Change] = []
        self.removed: list[Change] = []
        self.returned: list[Change] = []
        self.new_cards: list[CardPlace] = []  # the cards of new notes
        self.placed: list[CardPlace] = []  # the notes that were known and whose cards may have changed or moved
        self.orphaned: list[int] = []  # ids of notes that lost their text
        self.ambiguous: list[AmbiguousChange] = []  # added notes that may be edited ones
        # reviewed notes that lost their text, each with the new note at its place
        self.replaced: list[tuple[Change, Change]] = []
        self.stated: list[StatedCard] = []  # the schedules that other tools stored next to cards

    def __bool__(self) -> bool:
        return bool(self.new_cards or self.placed or self.orphaned)
