"""What Anki recognises notes and decks by. None of this may ever change: an import would make duplicates."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

_DEFAULT_DECK: Final = 1  # Anki's own deck "Default"
_LARGEST_ID: Final = 2**53  # beyond it JavaScript cannot tell neighbours apart


def guid(key: str, family: str) -> str:
    """The guid of a note: 16 characters from its key and the family of its note type.

    A note whose family changes becomes another note in Anki: one guid under two kinds of note type fails the import.
    """
    return blake2b(f"{family}\x1f{key}".encode(), digest_size=8).hexdigest()


def deck_id(name: str) -> int:
    """The id of a deck, from its name: positive, and never that of Anki's default deck unless it is that deck."""
    if name.casefold() == "default":
        return _DEFAULT_DECK
    number = int.from_bytes(blake2b(name.encode(), digest_size=8).digest())
    return number % (_LARGEST_ID - 2) + 2
