"""Which files an export writes, and which decks go into each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from flashcards.anki.identity import deck_id
from flashcards.anki.media_names import clean_name
from flashcards.errors import DeckUnknown, FlashcardsError, UsageError

PACKAGE: Final = ".apkg"
WHOLE: Final = ".colpkg"
FORMATS: Final = (PACKAGE, WHOLE, ".json", ".csv")


@dataclass(frozen=True, slots=True)
class Target:
    """A file to write and the decks that go into it, each named by itself."""

    path: Path
    decks: tuple[str, ...]


class FormatUnknown(UsageError):
    """The file's ending names no format that can be written."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path}: the ending says what to write: .apkg, .colpkg, .json or .csv. A folder ends with `/`."
        )


class NoPlace(UsageError):
    """The name of the file to write is empty, as a variable of a shell that was never set is."""

    def __init__(self) -> None:
        super().__init__("The name behind -o is empty. Give a file or a folder; `.` is the present folder.")


class NothingToExport(FlashcardsError):
    """There are no cards."""

    def __init__(self) -> None:
        super().__init__("There are no cards to export. `flashcards check` says why, `flashcards init` makes a deck.")


def targets(decks: Sequence[str], asked: Sequence[str], output: str | None, root: Path) -> list[Target]:
    """The files that an export writes.

    Args:
        decks: every deck that holds notes.
        asked: the decks a person named, each with all decks below it; none names all.
        output: what the person said to write: a file, or a folder (one that exists, or a name that ends with `/`)
            for one package for each deck named, else for each top-level deck. None is a package in the present folder.
        root: the folder of the collection, which names the package when the person names none.

    Raises:
        DeckUnknown: a deck that was asked for is not there.
        FormatUnknown: the file's ending names no format that can be written.
        NoPlace: `output` is empty.
        NothingToExport: no deck holds a note.
    """
    if output == "":
        raise NoPlace
    if output is not None and not _is_folder(output):
        _check_format(Path(output))
    if not decks:
        raise NothingToExport
    known = _with_parents(decks)
    for name in asked:
        if name not in known:
            raise DeckUnknown(name, known)
    if output is not None and _is_folder(output):
        heads = _outermost(asked) or sorted({deck.partition("::")[0] for deck in decks})
        return _one_each(Path(output), heads, decks)
    chosen = tuple(deck for deck in decks if not asked or any(is_within(deck, name) for name in asked))
    if output is not None:
        return [Target(Path(output), chosen)]
    name = asked[0] if len(set(asked)) == 1 else root.resolve().name or "flashcards"
    return [Target(Path(file_name(name)), chosen)]


def is_within(deck: str, ancestor: str) -> bool:
    """Whether `deck` is `ancestor` or lies below it."""
    return deck == ancestor or deck.startswith(f"{ancestor}::")


def file_name(deck: str) -> str:
    """The name of a deck's package: one that every system takes."""
    return clean_name(f"{deck.replace('::', '-')}.deck").removesuffix(".deck") + PACKAGE


def _is_folder(output: str) -> bool:
    return output.endswith("/") or Path(output).is_dir()


def _check_format(path: Path) -> None:
    if path.suffix.lower() not in FORMATS:
        raise FormatUnknown(path)


def _with_parents(decks: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for deck in decks:
        parts = deck.split("::")
        found.update("::".join(parts[:depth]) for depth in range(1, len(parts) + 1))
    return found


def _outermost(asked: Sequence[str]) -> list[str]:
    names = sorted(set(asked))
    return [name for name in names if not any(other != name and is_within(name, other) for other in names)]


def _one_each(folder: Path, heads: Sequence[str], decks: Sequence[str]) -> list[Target]:
    found: list[Target] = []
    taken: set[str] = set()
    for head in heads:
        name = file_name(head)
        if name.casefold() in taken:  # `a?` and `a:`, or `A` and `a` where a disk does not tell them apart
            name = f"{name.removesuffix(PACKAGE)}-{deck_id(head):x}{PACKAGE}"
        taken.add(name.casefold())
        found.append(Target(folder / name, tuple(deck for deck in decks if is_within(deck, head))))
    return found
