"""The notes to link, the resulting decisions, and their tuning."""

from __future__ import annotations

import binascii
import unicodedata
from collections.abc import Iterable
from hashlib import blake2b
from typing import NamedTuple

from flashcards.deck.model import Note


class Known(NamedTuple):
    """A note of the catalog that needs its text, because its file changed or because it is an orphan."""

    id: int
    key: str
    pin: str
    file: int
    fingerprint: bytes
    note: Note
    body: str  # `note` as the catalog stores it
    deck: int
    top_gap: int  # the highest gap number that it ever had
    active: bool
    former: frozenset[bytes] = frozenset()  # the fingerprints of all its earlier texts
    lost_ms: int = 0  # when an orphan lost its text


class Seen(NamedTuple):
    """A note in a current file, and its place among the notes of the file."""

    file: int
    deck: int
    number: int
    fingerprint: bytes
    note: Note

    @property
    def place(self) -> tuple[int, int]:
        """The place that distinguishes it from every other seen note."""
        return self.file, self.number


def sort_by_place(known: Iterable[Known], seen: Iterable[Seen]) -> tuple[list[Known], list[Seen]]:
    """Return the notes in use and those seen, both in the order of their files."""
    in_use = sorted((note for note in known if note.active), key=lambda note: (note.file, note.note.line))
    return in_use, sorted(seen, key=lambda note: note.place)


class Link(NamedTuple):
    """The decision that `seen` is `known`, with its rule and its certainty (0 to 1)."""

    known: Known
    seen: Seen
    rule: str
    score: float = 1.0


class AmbiguousNote(NamedTuple):
    """A new note that was not linked because several old ones match nearly equally well."""

    seen: Seen
    candidates: tuple[tuple[Known, float], ...]  # the old notes with their scores, best first


class Tuning(NamedTuple):
    """The numbers that decide about similar notes; see `docs/identity.md` for the evidence."""

    threshold: float = 0.55  # minimum score of a link; scores are between 0 and 1
    margin: float = 0.08  # minimum lead of a link over its rivals
    # how far the texts must be ahead of the likeness between the new note and an unchanged one
    template_margin: float = 0.14
    key_replaced: float = 0.5  # factor for the similarity if subject words of a question were replaced
    telling: float = 1.5  # weight from which equal backs are still enough to prove the same card
    back_kept: float = 0.45  # similarity from which changed backs are still enough, too
    orphan_threshold: float = 0.75  # minimum score of a link to an orphan of an earlier scan
    exchanged: float = 0.85  # texts less similar than this are not linked in files whose cards were replaced
    least_likeness: float = 0.25  # texts less similar than this are never linked, wherever they are
    alone: float = 0.2  # support for the only pair between two linked notes
    alone_one_sided: float = 0.1  # the same if only front or back is similar
    unbounded: float = 0.05  # subtracted from these for each side that is an end of the file rather than a note
    same_rank: float = 0.18  # support for a pair at the same position, among equally many, between two linked notes
    same_stretch: float = 0.06  # support for any other such pair
    same_file: float = 0.03  # support for a pair in the same file
    same_heading: float = 0.02  # support for a pair below the same headings


TUNING = Tuning()
"""The numbers in use."""


KEY_LENGTH = 12
"""Characters of a key. 60 bits are enough that collisions are unlikely among a million notes."""


# Base 64 is fast. Two of its characters map to one of 32 that are easy to type, which keeps five bits per character.
_TO_32 = bytes.maketrans(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", b"abcdefghijklmnopqrstuvwxyz234567" * 2
)


def fingerprint(note: Note) -> bytes:
    """Compute 16 bytes that are equal for notes with the same text.

    Accents are compared as NFC; runs of spaces and line breaks count as one space. Markers and attributes do not
    matter, so `Q:` and `T:` give the same fingerprint. The split into front and back does matter.
    """
    fields = [
        # A text with only single spaces is not split, because splitting takes most of the time.
        each if each.isprintable() and "  " not in each and each == each.strip() else " ".join(each.split())
        for each in note.fields
    ]
    text = "\x1f".join(fields)
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return blake2b(text.encode(), digest_size=16).digest()


def make_key(text_fingerprint: bytes, occurrence: int = 0) -> str:
    """Make the key of a note first seen with this text: 12 letters and digits, the same on every machine.

    `occurrence` is 0 for the first note with that text, 1 for the second, and so on.
    """
    data = text_fingerprint + (b"#%d" % occurrence if occurrence else b"")
    digest = blake2b(data, digest_size=9).digest()
    return binascii.b2a_base64(digest, newline=False).translate(_TO_32).decode()


def find_top_gap(note: Note) -> int:
    """Return the highest number of a gap, or 0 without gaps."""
    return max((number for gap in note.gaps for number in gap.numbers), default=0) if note.gaps else 0
