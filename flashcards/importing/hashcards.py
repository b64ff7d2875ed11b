"""To come."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flashcards.importing.errors import FormatUnknown

if TYPE_CHECKING:
    from flashcards.collection import Collection
    from flashcards.importing.report import ImportReport


def import_hashcards(collection: Collection, path: Path, *, dry_run: bool = False) -> ImportReport:  # noqa: ARG001
    """Not yet."""
    raise FormatUnknown(path)
