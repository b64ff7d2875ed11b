"""Import the database of hashcards: reviews of cards that it identifies by a hash of their text.

hashcards 0.5 reads a file line by line, whatever Markdown says (`src/parser.rs`, `src/types/card.rs`). A question is
hashed with its answer by BLAKE3; a gap with the text of its cloze without brackets and the first and last byte of what
it hides; a term and its definition are two gaps of one text.
"""

from __future__ import annotations

import datetime
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from flashcards.importers.databases import check_integer, check_match, open_database, read_date, read_local_time
from flashcards.importers.hashing_programs import (
    CARD_COLUMNS,
    HASH,
    LONGEST_DAYS,
    MOST_REVIEWS,
    WHITE_SPACE,
    HashedCard,
    HashingProgram,
    KnownCard,
    KnownReview,
    read_memory,
    read_rows,
)
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
_NEXT: Final = {"Q": "A", "T": "D"}  # the marker that has to follow
_MARKERS: Final = ("Q", "A", "T", "D", "C")


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


def _read_database(path: Path, _clock: Clock) -> tuple[dict[str, KnownCard], dict[str, list[KnownReview]]]:
    """Read the cards of hashcards and their reviews, by their hashes; raise ImportInvalid."""
    reviews: dict[str, list[KnownReview]] = defaultdict(list)
    with open_database(path, "hashcards", ("cards", "reviews"), _REMEDY) as database:
        cards = dict(read_rows(database, "cards", CARD_COLUMNS, _read_card))
        for name, review in read_rows(database, "reviews", _REVIEW_COLUMNS, _read_review):
            if name not in cards:
                raise Malformed(f"its `reviews` name a card that is not there: {name[:16]}…")
            reviews[name].append(review)
    for log in reviews.values():
        log.sort(key=lambda review: review.at_ms)
    return cards, reviews


def _read_card(now: int, values: Sequence[Any]) -> tuple[str, KnownCard]:
    name = check_match("card_hash", values[0], HASH)
    count = check_integer("review_count", values[6], MOST_REVIEWS)
    at, stability, difficulty, interval, due = values[1:6]
    if count == 0 and at is None:
        return name, KnownCard(None, None, 0, 0, None)
    reviewed = read_local_time("last_reviewed_at", at, now)
    memory = read_memory(stability, difficulty)
    latest = datetime.date.fromordinal(_EPOCH_ORDINAL + reviewed // (DAY_SECONDS * 1000) + LONGEST_DAYS + 1)
    due_day = read_date("due_date", due, latest).toordinal() - _EPOCH_ORDINAL
    return name, KnownCard(reviewed, due_day, check_integer("interval_days", interval, LONGEST_DAYS), count, memory)


def _read_review(now: int, values: Sequence[Any]) -> tuple[str, KnownReview]:
    name, at, grade, interval = values
    check_match("card_hash", name, HASH)
    rating = _GRADES[check_match("grade", grade, _GRADE)]
    at_ms = read_local_time("reviewed_at", at, now)
    return name, KnownReview(at_ms, rating, check_integer("interval_days", interval, LONGEST_DAYS))


HASHCARDS: Final = HashingProgram("hashcards", read_hashcards_file, _read_database)
