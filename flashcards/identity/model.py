"""The notes that linking compares, and what it decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from flashcards.deck.model import Note


class Known(NamedTuple):
    """A note of the catalog that is looking for its text: its file's text changed, or it is an orphan.

    `body` is `note` as the catalog stores it, `top_gap` the highest number a gap of it ever had, `former` the
    fingerprints of all texts it had before the present one.
    """

    id: int
    key: str
    pin: str
    file: int
    fingerprint: bytes
    note: Note
    body: str
    deck: int
    top_gap: int
    active: bool
    former: frozenset[bytes] = frozenset()


class Seen(NamedTuple):
    """A note as a file has it now, and its place among the notes of the file."""

    file: int
    deck: int
    number: int
    fingerprint: bytes
    note: Note

    @property
    def place(self) -> tuple[int, int]:
        """What tells it from every other note seen."""
        return self.file, self.number


class Link(NamedTuple):
    """The decision that `seen` is `known`, by which rule, and how sure it is (0 to 1)."""

    known: Known
    seen: Seen
    rule: str
    score: float = 1.0


@dataclass(frozen=True, slots=True)
class Doubt:
    """A note that is new to us but might be one of these, with the score of each, the best first.

    Several fit nearly as well, so that none was taken.
    """

    seen: Seen
    candidates: tuple[tuple[Known, float], ...]


@dataclass(frozen=True, slots=True)
class Tuning:
    """Scores lie between 0 and 1. `docs/identity.md` has the evidence for the numbers.

    Attributes:
        threshold: the least score of a link.
        margin: how far ahead of its rivals a link must be.
        template_margin: how much more alike texts must be than the new one and another note that is unchanged.
        key_replaced: what the likeness counts where the words were replaced that say what the question is about.
        telling: weight from which on equal backs say that it is one card even so.
        back_kept: likeness from which on backs that differ say so.
        orphan_threshold: the least score of a link to a note that lost its text in an earlier scan.
        least_likeness: texts less alike than this are never linked, wherever they stand.
        alone: support of a pair that stands alone between two linked notes.
        alone_one_sided: the same where only front or back is alike.
        unbounded: taken off these for each of the two that is no note, but the beginning or the end of the file.
        same_rank: support of a pair that stands in the same order, among as many, between two linked notes.
        same_stretch: support of a pair that stands between the same two linked notes.
        same_file: support of a pair of the same file.
        same_heading: support of a pair below the same headings.
    """

    threshold: float = 0.55
    margin: float = 0.08
    template_margin: float = 0.12
    key_replaced: float = 0.5
    telling: float = 1.5
    back_kept: float = 0.45
    orphan_threshold: float = 0.75
    least_likeness: float = 0.25
    alone: float = 0.2
    alone_one_sided: float = 0.1
    unbounded: float = 0.05
    same_rank: float = 0.15
    same_stretch: float = 0.06
    same_file: float = 0.03
    same_heading: float = 0.02


TUNING = Tuning()
"""The numbers in use."""
