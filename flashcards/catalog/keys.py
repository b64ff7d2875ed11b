"""Fingerprints of texts, and the keys of notes."""

from __future__ import annotations

import base64
import unicodedata
from hashlib import blake2b

from flashcards.deck.model import Note

KEY_LENGTH = 12
"""Characters of a key; 60 bits, so that among a million notes two alike are not to be expected."""


def fingerprint(note: Note) -> bytes:
    """16 bytes that say whether two notes are the same text.

    Spelling of accents (NFC), runs of blanks and line breaks do not matter, nor do markers and attributes: a `Q:` that
    becomes a `T:` keeps its fingerprint. What stands on which side does matter.
    """
    text = "\x1f".join(" ".join(field.split()) for field in note.fields)
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return blake2b(text.encode(), digest_size=16).digest()


def key(text_fingerprint: bytes, occurrence: int = 0) -> str:
    """The key of a note that was first seen with this text: 12 letters and digits, the same on every machine.

    Args:
        text_fingerprint: of its first text.
        occurrence: 0 for the first note with that text, 1 for the second, and so on.
    """
    data = text_fingerprint + (b"#%d" % occurrence if occurrence else b"")
    digest = blake2b(data, digest_size=8).digest()
    return base64.b32encode(digest).decode().lower()[:KEY_LENGTH]
