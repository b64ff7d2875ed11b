"""Choose the files of an export, and write each: a package, JSON, or CSV for spreadsheets."""

from __future__ import annotations

import codecs
import csv
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum, auto
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from flashcards.anki.exports.exported_notes import Exports
from flashcards.anki.exports.notes import Gathering, find_card_ids
from flashcards.anki.package.archive import fill_archive, write_archive
from flashcards.anki.package.identifiers import clean_name, deck_id
from flashcards.anki.package.model import CLOZE, ExportProblem, PackageNote
from flashcards.anki.package.presets import Presets
from flashcards.anki.package.writer import DeckDatabase
from flashcards.catalog.imports import Origin, Origins
from flashcards.collection import Collection, now_ms
from flashcards.disk.atomic import write_output
from flashcards.errors import DeckUnknown, FlashcardsError, UsageError
from flashcards.text import list_deck_path, plural
from scheduler import transaction

if TYPE_CHECKING:
    from flashcards.anki.package.schedule_writer import History


PACKAGE: Final = ".apkg"
WHOLE: Final = ".colpkg"
FORMATS: Final = (PACKAGE, WHOLE, ".json", ".csv")


class Target(NamedTuple):
    """A file to write, and its decks, listed individually."""

    path: Path
    decks: tuple[str, ...]


class ExportFormatUnknown(UsageError):
    """The extension of the file is not that of a supported format."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path}: the file type is unknown. Use .apkg, .colpkg, .json or .csv, or end a folder with `/`."
        )


class NoPlace(UsageError):
    """The name of the file to write is empty, for example because of an unset shell variable."""

    def __init__(self) -> None:
        super().__init__("The name after -o is empty. Give a file or a folder; `.` is the current folder.")


class NothingToExport(FlashcardsError):
    """There are no cards."""

    def __init__(self) -> None:
        super().__init__(
            "There are no cards to export. Run `flashcards check` to see why, or `flashcards init` to make a deck."
        )


def choose_targets(decks: Sequence[str], asked: Sequence[str], output: str | None, root: Path) -> list[Target]:
    """Choose the files that an export writes; raise an error for an unknown deck or format.

    `decks` hold notes; `asked` are those that a person named, each with all decks below it; empty means all. `output`
    is a file, or a folder (one that exists, or a name that ends with `/`) for one package for each deck named, else for
    each top-level deck. Without it, a package in the current folder is named after the deck, or the folder `root` of
    the collection.
    """
    if output == "":
        raise NoPlace
    is_folder = output is not None and (output.endswith("/") or Path(output).is_dir())
    if output is not None and not is_folder and Path(output).suffix.lower() not in FORMATS:
        raise ExportFormatUnknown(Path(output))
    if not decks:
        raise NothingToExport
    known = {name for deck in decks for name in list_deck_path(deck)}
    for name in asked:
        if name not in known:
            raise DeckUnknown(name, known)
    if output is not None and is_folder:
        names = sorted(set(asked) or {deck.partition("::")[0] for deck in decks})
        heads = [name for name in names if not any(other != name and is_within(name, other) for other in names)]
        return _name_one_each(Path(output), heads, decks)
    chosen = tuple(deck for deck in decks if not asked or any(is_within(deck, name) for name in asked))
    if output is not None:
        return [Target(Path(output), chosen)]
    name = asked[0] if len(set(asked)) == 1 else root.resolve().name or "flashcards"
    return [Target(Path(make_file_name(name)), chosen)]


def is_within(deck: str, ancestor: str) -> bool:
    """Return whether `deck` is `ancestor` or a subdeck of it."""
    return deck == ancestor or deck.startswith(f"{ancestor}::")


def make_file_name(deck: str) -> str:
    """Return the name of a deck's package, valid on every system."""
    return clean_name(f"{deck.replace('::', '-')}.deck").removesuffix(".deck") + PACKAGE


def _name_one_each(folder: Path, heads: Sequence[str], decks: Sequence[str]) -> list[Target]:
    found: list[Target] = []
    taken: set[str] = set()
    for head in heads:
        name = make_file_name(head)
        if name.casefold() in taken:  # `a?` and `a:`, or `A` and `a` on a disk that ignores case
            name = f"{name.removesuffix(PACKAGE)}-{deck_id(head):x}{PACKAGE}"
        taken.add(name.casefold())
        found.append(Target(folder / name, tuple(deck for deck in decks if is_within(deck, head))))
    return found


_Result = TypeVar("_Result")
_MUCH_MEDIA: Final = 20 << 20  # bytes
_TOUCHED = (
    "SELECT EXISTS (SELECT 1 FROM cards WHERE state <> 0 OR reps > 0 OR suspended OR flag OR buried_day IS NOT NULL)"
    " OR EXISTS (SELECT 1 FROM reviews) OR EXISTS (SELECT 1 FROM origin_cards WHERE data <> '')"
)


class Exported(NamedTuple):
    """A written file and its contents."""

    path: Path
    notes: int
    cards: int
    media: int
    size: int  # bytes
    problems: tuple[ExportProblem, ...]  # problems with its contents
    remarks: tuple[str, ...] = ()  # changes that Anki will not apply to notes of an earlier package


def export_package(
    collection: Collection,
    decks: Iterable[str],
    path: Path,
    progress: Callable[[int, int], None] | None = None,
    *,
    history: bool = True,
) -> Exported:
    """Write a package that Anki imports, and updates in place when a later one is imported.

    `decks` do not include the decks below them; a `path` that ends with .colpkg is a whole collection for Anki.
    `progress` gets the number of notes and reviews done, and the number in all. Without `history` all cards are new.
    Raises FileUnwritable, and leaves an old file as it was.
    """
    decks = set(decks)
    gathering = Gathering(collection, decks, leeches=history)
    exports = Exports(collection.connection)
    (reviews,) = collection.connection.execute("SELECT count(*) FROM reviews").fetchone() if history else (0,)
    total = len(gathering) + reviews

    def report(done: int, _notes: int = 0) -> None:
        if progress:
            progress(done, total)

    database = DeckDatabase(
        exports.record_notes(gathering.notes(report)),
        collection.clock,
        Presets(collection) if history else None,
        _open_history(collection, lambda done: report(len(gathering) + done)) if history else None,
    )
    whole, media = path.suffix.lower() == WHOLE, gathering.media
    with TemporaryDirectory(prefix="flashcards-") as folder:
        file = Path(folder) / "collection"
        database.write_file(file)
        if media.size > _MUCH_MEDIA:  # the state must not be locked while they are packed
            size = write_archive(path, file, media.files, whole=whole)
            remarks = exports.finish(decks, whole=whole, history=history)
        else:
            with transaction(collection.connection), write_output(path) as stream:
                wait = _begin(partial(fill_archive, stream, file, media.files, whole=whole))
                remarks = exports.finish(decks, whole=whole, history=history)
                size = wait()
    written = database.notes_written, database.cards_written, len(media.files)
    return Exported(path, *written, size, tuple(gathering.problems), remarks)


def _begin(work: Callable[[], _Result]) -> Callable[[], _Result]:
    """Begin work in a second thread; return a function that waits for its result or raises its error."""
    import threading

    results: list[_Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:
            errors.append(error)

    def wait() -> _Result:
        thread.join()
        for error in errors:
            raise error
        return results[0]

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return wait


def _open_history(collection: Collection, progress: Callable[[int], None]) -> History | None:
    """Open the history of the cards; yield nothing if all of them are new, which is faster to write."""
    (is_touched,) = collection.connection.execute(_TOUCHED).fetchone()
    if not is_touched:
        return None
    from flashcards.anki.package.schedule_writer import History

    return History(collection, now_ms(), progress)


_STRIDE: Final = 500  # cards between calls of `progress`


def export_json(
    collection: Collection, decks: Iterable[str], path: Path, progress: Callable[[int, int], None] | None = None
) -> Exported:
    """Write a JSON array of cards, one per line, each as `list --json` shows it; see `export_package`."""
    from flashcards.cards import build_records

    ids = find_card_ids(collection, decks)
    notes: set[str] = set()
    with write_output(path) as stream:
        stream.write(b"[")
        for number, record in enumerate(build_records(collection, ids, now_ms())):
            if progress and number % _STRIDE == 0:
                progress(number, len(ids))
            notes.add(record["note"])
            stream.write(b",\n" if number else b"\n")
            stream.write(json.dumps(record, ensure_ascii=False).encode())
        stream.write(b"\n]\n")
        size = stream.tell()
    return Exported(path, len(notes), len(ids), 0, size, ())


# Directives for Anki. Notes that it does not have come with their note types' standard names.
_OUR_TYPES: Final = "Flashcards "
_HEADER: Final = (
    "#separator:Comma",
    "#html:true",
    "#guid column:1",
    "#notetype column:2",
    "#deck column:3",
    "#tags column:4",
    "#columns:guid,note type,deck,tags,front,back",
)


def export_csv(
    collection: Collection, decks: Iterable[str], path: Path, progress: Callable[[int, int], None] | None = None
) -> Exported:
    """Write one line a note: guid, note type, deck, tags, front, back; the last two as HTML.

    Of notes that came from Anki, only those whose text or tags were edited here are in it, in the note types that they
    have there. Media are not in it. Arguments and errors are those of `export_package`.
    """
    gathering = Gathering(collection, decks)
    origins = _AnkiOrigins(collection)
    left_out: Counter[_Reason] = Counter()
    notes = cards = 0
    with write_output(path) as stream:
        text = codecs.getwriter("utf-8")(stream)
        text.write("\n".join(_HEADER) + "\n")
        writer = csv.writer(text, lineterminator="\n")
        # Anki skips lines that begin with #, as one of its guids may.
        quoting = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
        for note in gathering.notes(progress):
            if reason := origins.find_reason(note):
                left_out[reason] += 1
                continue
            front, back = note.fields[0], "" if note.family == CLOZE else note.fields[1]
            line = (note.guid, origins.find_note_type(note), note.deck, " ".join(note.tags), front, back)
            (quoting if note.guid.startswith("#") else writer).writerow(line)
            notes += 1
            cards += len(note.cards)
        size = stream.tell()
    return Exported(path, notes, cards, 0, size, tuple(gathering.problems), _describe_left(left_out))


class _Reason(Enum):
    """Why a note is not in the table."""

    OPEN = auto()
    """Both sides changed it."""
    UNEDITED = auto()
    """It was not edited since the import."""
    OURS = auto()
    """It has one of our note types in Anki."""
    OTHER = auto()
    """The fields of its note type are not front and back."""


class _AnkiOrigins:
    """Identifies notes that came from Anki."""

    def __init__(self, collection: Collection) -> None:
        self._edited: dict[int, bool] = {}
        self._known: dict[int, Origin] = {}
        self._parts: Counter[str] = Counter()
        origins = Origins(collection.connection)
        self._conflicts = origins.find_conflicts()
        for origin in origins.all().values():
            self._known.setdefault(origin.note, origin)
            self._parts[origin.source] += 1
        for entry in collection.catalog.entries(self._known):
            origin = self._known[entry.id]
            self._edited[entry.id] = origin.is_edited(entry.fingerprint, " ".join(entry.note.tags))

    def find_reason(self, note: PackageNote) -> _Reason | None:
        """Return why a note is left out of the table, or nothing if it is in it."""
        origin = self._known.get(note.id)
        if note.id in self._conflicts:
            return _Reason.OPEN
        if origin is None:
            return None
        if not self._edited.get(note.id):
            return _Reason.UNEDITED
        if (origin.note_type or "").startswith(_OUR_TYPES):
            return _Reason.OURS
        return _Reason.OTHER if origin.note_type == "" or self._parts[origin.source] > 1 else None

    def find_note_type(self, note: PackageNote) -> str:
        """Return the name of a note's current or future note type in Anki."""
        origin = self._known.get(note.id)
        if origin and origin.note_type:
            return origin.note_type
        if note.family == CLOZE:
            return "Cloze"
        _, _, reverse, answer, *_ = note.fields
        if reverse:
            return "Basic (and reversed card)"
        return "Basic (type in the answer)" if answer else "Basic"


def _describe_left(left_out: Mapping[_Reason, int]) -> tuple[str, ...]:
    """Return sentences about the notes left out."""
    unedited, both = left_out.get(_Reason.UNEDITED, 0), left_out.get(_Reason.OPEN, 0)
    ours, others = left_out.get(_Reason.OURS, 0), left_out.get(_Reason.OTHER, 0)
    found = []
    if unedited:
        found.append(f"{plural(unedited, 'note')} from Anki left out: not edited since the import.")
    if both:
        they = "it was" if both == 1 else "they were"
        found.append(
            f"{plural(both, 'note')} left out: {they} changed in Anki too. Make both texts the same, in your"
            " decks or in Anki, and import again."
        )
    if ours:
        found.append(f"{plural(ours, 'edited note')} left out: a package brings them, since Anki has our types.")
    if others:
        found.append(
            f"{plural(others, 'edited note')} from Anki left out: the fields of the note type there are not"
            " front and back; edit there, or take a .colpkg."
        )
    return tuple(found)
