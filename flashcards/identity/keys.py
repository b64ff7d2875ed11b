"""Fingerprints of texts, and the keys of notes."""

from __future__ import annotations

import binascii
import unicodedata
from hashlib import blake2b

from flashcards.deck.model import Note

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

    Args:
        text_fingerprint: the fingerprint of its first text.
        occurrence: 0 for the first note with that text, 1 for the second, and so on.
    """
    data = text_fingerprint + (b"#%d" % occurrence if occurrence else b"")
    digest = blake2b(data, digest_size=9).digest()
    return binascii.b2a_base64(digest, newline=False).translate(_TO_32).decode()
