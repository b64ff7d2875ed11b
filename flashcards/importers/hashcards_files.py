"""Deck files as hashcards 0.5 reads them: line by line, whatever Markdown says (`src/parser.rs`, `src/types/card.rs`).

A card is known by the BLAKE3 hash of its text. A question is hashed with its answer; a gap with the text of its cloze
without brackets and the first and last byte of what it hides; a term and its definition are two gaps of one text.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

_SIZE: Final = 8  # bytes of an offset
_WRAP: Final = 1 << 64
WHITE_SPACE: Final = (
    "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)  # the white space of Unicode, which Rust trims; Python strips more
_NEXT: Final = {"Q": "A", "T": "D"}  # the marker that has to follow
_MARKERS: Final = ("Q", "A", "T", "D", "C")


class HashedCard(NamedTuple):
    """A card as hashcards knows it.

    Attributes:
        line: the line of its first marker, from 1.
        hash: its name.
        kind: the first marker: `Q`, `T` or `C`.
        place: which card of the text it is, from 0: of `T`, 0 asks for the term; of `C`, the gaps in order.
        text: what it shows or hides.
        answer: the answer of a question.
    """

    line: int
    hash: str
    kind: str
    place: int
    text: str
    answer: str = ""


def read_hashcards_file(text: str) -> Iterator[HashedCard]:
    """Yield the cards of a deck file; text that hashcards would refuse is passed over."""
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    first = _skip_front_matter(lines)
    kind = ""
    start = 0
    parts: list[list[str]] = []
    for number, line in enumerate(lines[first:], start=first + 1):
        marker = line[0] if line[1:2] == ":" and line[0] in _MARKERS else ""
        if marker and kind and len(parts) == 1 and _NEXT.get(kind) == marker:
            parts.append([_trim(line[2:])])
        elif marker in ("Q", "T", "C"):
            yield from _finish(kind, start, parts)
            kind, start, parts = marker, number, [[_trim(line[2:])]]
        elif marker or _trim(line) == "---":
            yield from _finish(kind, start, parts)
            kind, parts = "", []
        elif kind:
            parts[-1].append(line)
    yield from _finish(kind, start, parts)


def _skip_front_matter(lines: list[str]) -> int:
    if not lines or _trim(lines[0]) != "---":
        return 0
    return next((number + 1 for number, line in enumerate(lines) if number and _trim(line) == "---"), 0)


def _trim(text: str) -> str:
    return text.strip(WHITE_SPACE)


def _finish(kind: str, line: int, parts: list[list[str]]) -> Iterator[HashedCard]:
    texts = [_trim("\n".join(part)) for part in parts]
    if kind == "C":
        yield from _hash_cloze(line, texts[0])
    elif kind == "Q" and len(texts) == 2:
        name = _hash(b"Basic", texts[0].encode(), texts[1].encode())
        yield HashedCard(line, name, kind, 0, *texts)
    elif kind == "T" and len(texts) == 2:
        term, definition = texts
        text = f"Term: {term}\n\nDefinition: {definition}".encode()
        after = 20 + len(term.encode())
        yield HashedCard(line, _hash_gap(text, 6, 6 + len(term.encode()) - 1), kind, 0, term)
        yield HashedCard(line, _hash_gap(text, after, after + len(definition.encode()) - 1), kind, 1, definition)


def _hash_cloze(line: int, text: str) -> Iterator[HashedCard]:
    clean, gaps = _remove_brackets(text.encode())
    for place, (first, end) in enumerate(gaps):
        hidden = clean[first:end].decode(errors="replace")
        yield HashedCard(line, _hash_gap(clean, first, end - 1), "C", place, hidden)


def _remove_brackets(data: bytes) -> tuple[bytes, list[tuple[int, int]]]:
    """Return the text of a cloze without the brackets of its gaps, and where each gap begins and ends in it.

    Brackets of images and escaped ones stay.
    """
    clean = bytearray()
    gaps = []
    image = escaped = False
    opening: int | None = None
    for at, byte in enumerate(data):
        following = data[at + 1 : at + 2]
        if byte == ord("["):
            if image or escaped:
                clean += b"[" * (image + escaped)
                escaped = False
            else:
                opening = len(clean)
        elif byte == ord("]"):
            if image or escaped:
                clean.append(byte)
                image, escaped = False, escaped and image
            elif opening is not None:
                gaps.append((opening, len(clean)))
                opening = None
        elif byte == ord("\\") and (escaped or following in (b"[", b"]")):
            escaped = True
        else:
            image = image or (byte == ord("!") and following == b"[")
            clean.append(byte)
    return bytes(clean), gaps


def _hash_gap(text: bytes, first: int, last: int) -> str:
    return _hash(b"Cloze", text, first.to_bytes(_SIZE, "little"), (last % _WRAP).to_bytes(_SIZE, "little"))


def _hash(*parts: bytes) -> str:
    from blake3 import blake3

    return str(blake3(b"".join(parts)).hexdigest())
