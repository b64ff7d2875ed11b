"""What an import did, or would do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


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
        kept: notes that changed there and here, and stay as they are here.
        removed: notes that were taken out of the decks here, and stay out.
        cards: cards that are not as they were, marks included.
        reviews: new rows of the review log.
        media: media that were put into the collection.
        files: deck files that were written.
        settings: the tables that were added to `flashcards.toml`.
        remarks: what could not be said, was left out, or needs a person.
        dry_run: nothing of it was done.
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
