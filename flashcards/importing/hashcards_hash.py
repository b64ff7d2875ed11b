"""The names that hashcards gives to cards: BLAKE3 of their text, as `src/types/card.rs` of hashcards 0.5 makes it.

A question is hashed with its answer; a gap with the text of its cloze without brackets and the first and last byte of
what it hides; a term and its definition are two gaps of one text.
"""

from __future__ import annotations

from collections.abc import Iterator

from flashcards.deck.model import FORWARD, REVERSE, Kind, Note

_SIZE = 8  # bytes of an offset


def card_hashes(note: Note) -> Iterator[tuple[str, str]]:
    """The slot and the hash of each card of a note that hashcards would know."""
    if note.kind is Kind.QUESTION:
        front, back = (_trimmed(field) for field in note.fields)
        yield FORWARD, _hash(b"Basic", front.encode(), back.encode())
    elif note.kind is Kind.TERM:
        yield from _term(*(_trimmed(field) for field in note.fields))
    elif note.kind is Kind.CLOZE:
        yield from _cloze(note)


def _trimmed(field: str) -> str:
    """The first line is trimmed by itself, then the whole."""
    first, line_break, rest = field.partition("\n")
    return f"{first.strip()}{line_break}{rest}".strip()


def _term(term: str, definition: str) -> Iterator[tuple[str, str]]:
    text = f"Term: {term}\n\nDefinition: {definition}".encode()
    term_size, definition_size = len(term.encode()), len(definition.encode())
    yield REVERSE, _gap_hash(text, 6, 6 + term_size - 1)
    yield FORWARD, _gap_hash(text, 20 + term_size, 20 + term_size + definition_size - 1)


def _cloze(note: Note) -> Iterator[tuple[str, str]]:
    text = _trimmed(note.fields[0])
    if text != note.fields[0]:
        return
    data = text.encode()
    clean, places = _without_brackets(data)
    slots = {len(text[: gap.start].encode()): f"c{gap.numbers[0]}" for gap in note.gaps}
    for bracket, start, end in places:
        if bracket in slots:
            yield slots[bracket], _gap_hash(clean, start, end)


def _without_brackets(data: bytes) -> tuple[bytes, list[tuple[int, int, int]]]:
    """The text of a cloze as hashcards shows it; of each gap its bracket in `data`, its first and its last byte there.

    Brackets of images and escaped ones stay.
    """
    clean = bytearray()
    places = []
    image = escaped = False
    opening: tuple[int, int] | None = None
    for at, byte in enumerate(data):
        following = data[at + 1 : at + 2]
        if byte in b"[]" and (image or escaped):
            image = image and byte == ord("[")
            escaped = False
            clean.append(byte)
        elif byte == ord("["):
            opening = (at, len(clean))
        elif byte == ord("]"):
            if opening:
                places.append((*opening, len(clean) - 1))
            opening = None
        elif byte == ord("\\") and following in (b"[", b"]"):
            escaped = True
        else:
            image = image or (byte == ord("!") and following == b"[")
            clean.append(byte)
    return bytes(clean), places


def _gap_hash(text: bytes, first: int, last: int) -> str:
    return _hash(b"Cloze", text, first.to_bytes(_SIZE, "little"), max(last, 0).to_bytes(_SIZE, "little"))


def _hash(*parts: bytes) -> str:
    from blake3 import blake3

    return str(blake3(b"".join(parts)).hexdigest())
