"""The notes that linking compares, its decisions, and its tuning."""

from __future__ import annotations

import binascii
import unicodedata
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

from flashcards.deck.model import Note


class Known(NamedTuple):
    """A note of the catalog that needs its text: its file changed, or it is an orphan."""

    id: int
    key: str
    pin: str
    file: int
    fingerprint: bytes
    note: Note
    body: str  # `note` as the catalog stores it
    deck: int
    top_gap: int  # the highest number that a gap of it ever had
    active: bool
    former: frozenset[bytes] = frozenset()  # the fingerprints of all its earlier texts
    lost_ms: int = 0  # when an orphan lost its text


class Seen(NamedTuple):
    """A note as a file has it now, and its place among the notes of the file."""

    file: int
    deck: int
    number: int
    fingerprint: bytes
    note: Note

    @property
    def place(self) -> tuple[int, int]:
        """The place that tells it from every other note seen."""
        return self.file, self.number


class Link(NamedTuple):
    """The decision that `seen` is `known`, with its rule and its certainty (0 to 1)."""

    known: Known
    seen: Seen
    rule: str
    score: float = 1.0


@dataclass(frozen=True, slots=True)
class Doubt:
    """A new note for which several old ones fit nearly equally well, so that it was linked with no one."""

    seen: Seen
    candidates: tuple[tuple[Known, float], ...]  # the old notes with their scores, the best first


@dataclass(frozen=True, slots=True)
class Tuning:
    """The numbers that decide about similar notes. `docs/identity.md` has the evidence for them."""

    threshold: float = 0.55  # the least score of a link; scores lie between 0 and 1
    margin: float = 0.08  # how far ahead of its rivals a link must be
    # how far the texts must be ahead of the likeness between the new note and an unchanged one
    template_margin: float = 0.14
    key_replaced: float = 0.5  # the factor for the likeness if words that name the subject of a question were replaced
    telling: float = 1.5  # the weight from which on equal backs prove one card all the same
    back_kept: float = 0.45  # the likeness from which on changed backs prove it too
    orphan_threshold: float = 0.75  # the least score of a link to a note that lost its text in an earlier scan
    exchanged: float = 0.85  # texts less alike than this are not linked in files whose cards were replaced
    least_likeness: float = 0.25  # texts less alike than this are never linked, wherever they are
    alone: float = 0.2  # the support of a pair that is alone between two linked notes
    alone_one_sided: float = 0.1  # the same if only front or back is alike
    unbounded: float = 0.05  # taken off these for each side on which the file ends instead of another note
    same_rank: float = 0.18  # the support of a pair in the same order, among equally many, between two linked notes
    same_stretch: float = 0.06  # the support of another pair, among equally many, between the same two linked notes
    same_file: float = 0.03  # the support of a pair of the same file
    same_heading: float = 0.02  # the support of a pair below the same headings


TUNING = Tuning()
"""The numbers in use."""


KEY_LENGTH = 12
"""Characters of a key; 60 bits, so that among a million notes two alike are not to be expected."""


# Base 64 is quick; two of its signs for each of 32 that are easy to type keep five bits a sign.
_TO_32 = bytes.maketrans(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", b"abcdefghijklmnopqrstuvwxyz234567" * 2
)


def fingerprint(note: Note) -> bytes:
    """Compute 16 bytes that are equal for notes with the same text.

    Accents are compared as NFC; runs of spaces and line breaks count as one space. Markers and attributes do not
    matter: a `Q:` that becomes a `T:` keeps its fingerprint. Front and back do matter.
    """
    text = "\x1f".join([" ".join(field.split()) for field in note.fields])
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return blake2b(text.encode(), digest_size=16).digest()


def make_key(text_fingerprint: bytes, occurrence: int = 0) -> str:
    """Make the key of a note that was first seen with this text: 12 letters and digits, the same on every machine.

    `occurrence` is 0 for the first note with that text, 1 for the second, and so on.
    """
    data = text_fingerprint + (b"#%d" % occurrence if occurrence else b"")
    digest = blake2b(data, digest_size=9).digest()
    return binascii.b2a_base64(digest, newline=False).translate(_TO_32).decode()


def find_top_gap(note: Note) -> int:
    """Return the highest number of a gap, or 0 without gaps."""
    return max((number for gap in note.gaps for number in gap.numbers), default=0) if note.gaps else 0
