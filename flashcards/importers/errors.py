"""Why a file cannot be imported; each is one sentence, and nothing was changed."""

from __future__ import annotations

from pathlib import Path

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


class FormatUnknown(UsageError):
    """The file's ending names no format that can be read."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path}: the ending says what to read: .apkg, .colpkg, .anki2, .db (of hashcards) or .csv.")


class FileMissing(UsageError):
    """There is no such file."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"There is no file {path}. Check its name.")
