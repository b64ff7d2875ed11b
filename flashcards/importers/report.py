"""What an import did, and why a file cannot be imported."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from flashcards.errors import FlashcardsError, UsageError


class ImportInvalid(FlashcardsError):
    """A file is not what it seems to be, or is damaged."""

    def __init__(self, path: Path, reason: str, remedy: str = "Nothing was changed; export it again.") -> None:
        super().__init__(f"{path.name} cannot be imported: {reason}. {remedy}")


class PackageInvalid(ImportInvalid):
    """A package is no package of Anki, or is damaged."""


class PackageNewer(ImportInvalid):
    """A package is of a format that came later than this program."""

    def __init__(self, path: Path, what: str) -> None:
        remedy = 'Nothing was changed; in Anki\'s export dialog tick "Support older Anki versions".'
        super().__init__(path, f"{what} is newer than this program knows", remedy)


class CollectionBusy(ImportInvalid):
    """Another program has the collection open."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "Anki has it open", "Close Anki and try again; nothing was changed.")


class Malformed(Exception):
    """Why the contents of a file cannot be read: the middle of the sentence that `ImportInvalid` says."""


class ImportFormatUnknown(UsageError):
    """The file's ending names no format that can be read."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: the ending says what to read: .apkg, .colpkg, .anki2, .db or .csv.")


class FileMissing(UsageError):
    """There is no such file."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"There is no file {path}. Check its name.")


class Remark(NamedTuple):
    """Something that a person should know: where (a deck, or a path and line), and a sentence."""

    place: str
    message: str


@dataclass(slots=True)
class ImportReport:
    """What an import did.

    Attributes:
        source: the file that was imported.
        added, updated, unchanged: notes.
        kept: notes that changed there and here, and were kept as they are here.
        removed: notes that were deleted here, and were not added again.
        cards: cards that changed, suspension and flags included.
        reviews: new rows of the review log.
        media: media files that were added.
        files: deck files that were written.
        settings: the tables that were added to `flashcards.toml`.
        remarks: what was left out, or needs a person's decision.
        dry_run: whether nothing of it was done.
    """

    source: str
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    kept: int = 0
    removed: int = 0
    cards: int = 0
    reviews: int = 0
    media: int = 0
    files: list[str] = field(default_factory=list)
    settings: str = ""
    remarks: list[Remark] = field(default_factory=list)
    dry_run: bool = False

    @property
    def changes_anything(self) -> bool:
        """Whether anything is not as it was before."""
        return bool(
            self.added or self.updated or self.cards or self.reviews or self.media or self.files or self.settings
        )
