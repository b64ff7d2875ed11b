"""Import the database of hashcards: reviews of cards identified by a hash of their text.

hashcards 0.5 reads a file line by line, regardless of Markdown (`src/parser.rs`, `src/types/card.rs`). A question is
hashed with its answer by BLAKE3. A gap is hashed with the text of its cloze without brackets, and the first and last
byte of the hidden text. A term and its definition are two gaps of one text.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from flashcards.importers import hashing_programs as hashing
from flashcards.importers.databases import check_integer, check_match, open_database, read_date, read_local_time
from flashcards.importers.transaction import Malformed
from scheduler.model import DAY_SECONDS, Rating

if TYPE_CHECKING:
    from scheduler.clock import Clock

_GRADES: Final = {"forgot": Rating.AGAIN, "hard": Rating.HARD, "good": Rating.GOOD, "easy": Rating.EASY}
_EPOCH_ORDINAL: Final = datetime.date(1970, 1, 1).toordinal()
_REVIEW_COLUMNS: Final = "card_hash, reviewed_at, grade, interval_days"
_GRADE: Final = re.compile("|".join(_GRADES))
_REMEDY: Final = "Nothing was changed; name the `hashcards.db` that lies beside the decks."

_SIZE: Final = 8  # bytes of an offset
_WRAP: Final = 1 << 64
_NEXT: Final = {"Q": "A", "T": "D"}  # the marker that must follow
_MARKERS: Final = ("Q", "A", "T", "D", "C")


def read_hashcards_file(text: str) -> Iterator[hashing.HashedCard]:
    """Yield the cards of a deck file, skipping text that hashcards would refuse."""
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    first = 0
    if _trim(lines[0]) == "---":  # front matter
        first = next((number + 1 for number, line in enumerate(lines) if number and _trim(line) == "---"), 0)
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


def _trim(text: str) -> str:
    return text.strip(hashing.WHITE_SPACE)


def _finish(kind: str, line: int, parts: list[list[str]]) -> Iterator[hashing.HashedCard]:
    texts = [_trim("\n".join(part)) for part in parts]
    if kind == "C":
        yield from _hash_cloze(line, texts[0])
    elif kind == "Q" and len(texts) == 2:
        name = hashing.hash_bytes(b"Basic" + "".join(texts).encode())
        yield hashing.HashedCard(line, name, kind, 0, *texts)
    elif kind == "T" and len(texts) == 2:
        term, definition = texts
        text = f"Term: {term}\n\nDefinition: {definition}".encode()
        after = 20 + len(term.encode())
        yield hashing.HashedCard(line, _hash_gap(text, 6, 6 + len(term.encode()) - 1), kind, 0, term)
        yield hashing.HashedCard(
            line, _hash_gap(text, after, after + len(definition.encode()) - 1), kind, 1, definition
        )


def _hash_cloze(line: int, text: str) -> Iterator[hashing.HashedCard]:
    clean, gaps = _remove_brackets(text.encode())
    for place, (first, end) in enumerate(gaps):
        hidden = clean[first:end].decode(errors="replace")
        yield hashing.HashedCard(line, _hash_gap(clean, first, end - 1), "C", place, hidden)


def _remove_brackets(data: bytes) -> tuple[bytes, list[tuple[int, int]]]:
    """Return a cloze without the brackets of its gaps, and their spans; brackets of images and escaped ones stay."""
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
    places = first.to_bytes(_SIZE, "little"), (last % _WRAP).to_bytes(_SIZE, "little")
    return hashing.hash_bytes(b"Cloze" + text + b"".join(places))


def _read_database(
    path: Path, _clock: Clock
) -> tuple[dict[str, hashing.KnownCard], dict[str, list[hashing.KnownReview]]]:
    """Read the cards of hashcards and their reviews, by their hashes; raise ImportInvalid."""
    with open_database(path, "hashcards", ("cards", "reviews"), _REMEDY) as database:
        cards = hashing.read_cards(database, _read_card)
        found = list(hashing.read_rows(database, "reviews", _REVIEW_COLUMNS, _read_review))
        for name, _ in found:
            if name not in cards:
                raise Malformed(f"its `reviews` refer to a missing card: {name[:16]}…")
    return cards, hashing.group_reviews(found)


def _read_card(now: int, row: hashing.CardRow) -> hashing.KnownCard:
    reviewed = read_local_time("last_reviewed_at", row.last_reviewed_at, now)
    memory = hashing.read_memory(row)
    latest = datetime.date.fromordinal(_EPOCH_ORDINAL + reviewed // (DAY_SECONDS * 1000) + hashing.LONGEST_DAYS + 1)
    due_day = read_date("due_date", row.due_date, latest).toordinal() - _EPOCH_ORDINAL
    days = check_integer("interval_days", row.interval_days, hashing.LONGEST_DAYS)
    return hashing.KnownCard(reviewed, due_day, days, row.review_count, memory)


def _read_review(now: int, values: Sequence[Any]) -> tuple[str, hashing.KnownReview]:
    name, at, grade, interval = values
    check_match("card_hash", name, hashing.HASH)
    rating = _GRADES[check_match("grade", grade, _GRADE)]
    at_ms = read_local_time("reviewed_at", at, now)
    return name, hashing.KnownReview(at_ms, rating, check_integer("interval_days", interval, hashing.LONGEST_DAYS))


HASHCARDS: Final = hashing.HashingProgram("hashcards", read_hashcards_file, _read_database)
