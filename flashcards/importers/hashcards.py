"""The names that hashcards gives to cards: BLAKE3 of their text, as `src/types/card.rs` of hashcards 0.5 makes it.

A question is hashed with its answer; a gap with the text of its cloze without brackets and the first and last byte of
what it hides; a term and its definition are two gaps of one text.
"""

from __future__ import annotations

import datetime
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from flashcards.deck.model import FORWARD, REVERSE, Kind, Note
from flashcards.importers.report import ImportInvalid, ImportReport, Remark
from flashcards.importers.transaction import import_histories
from scheduler.imported_log import CardHistory, ImportedReview, ImportedState
from scheduler.model import DAY_SECONDS, Memory, Rating, ReviewKind, State

if TYPE_CHECKING:
    from flashcards.collection import Collection


_SIZE = 8  # bytes of an offset


def hash_cards(note: Note) -> Iterator[tuple[str, str]]:
    """Yield the slot and the hash of each card of a note that hashcards would know."""
    if note.kind is Kind.QUESTION:
        front, back = (_trim(field) for field in note.fields)
        yield FORWARD, _hash(b"Basic", front.encode(), back.encode())
    elif note.kind is Kind.TERM:
        yield from _hash_term(*(_trim(field) for field in note.fields))
    elif note.kind is Kind.CLOZE:
        yield from _hash_cloze(note)


def _trim(field: str) -> str:
    """Trim the first line by itself, then the whole."""
    first, line_break, rest = field.partition("\n")
    return f"{first.strip()}{line_break}{rest}".strip()


def _hash_term(term: str, definition: str) -> Iterator[tuple[str, str]]:
    text = f"Term: {term}\n\nDefinition: {definition}".encode()
    term_size, definition_size = len(term.encode()), len(definition.encode())
    yield REVERSE, _hash_gap(text, 6, 6 + term_size - 1)
    yield FORWARD, _hash_gap(text, 20 + term_size, 20 + term_size + definition_size - 1)


def _hash_cloze(note: Note) -> Iterator[tuple[str, str]]:
    text = _trim(note.fields[0])
    if text != note.fields[0]:
        return
    data = text.encode()
    clean, places = _remove_brackets(data)
    slots = {len(text[: gap.start].encode()): f"c{gap.numbers[0]}" for gap in note.gaps}
    for bracket, start, end in places:
        if bracket in slots:
            yield slots[bracket], _hash_gap(clean, start, end)


def _remove_brackets(data: bytes) -> tuple[bytes, list[tuple[int, int, int]]]:
    """Return the text of a cloze as hashcards shows it, and for each gap its bracket, first and last byte.

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


def _hash_gap(text: bytes, first: int, last: int) -> str:
    return _hash(b"Cloze", text, first.to_bytes(_SIZE, "little"), max(last, 0).to_bytes(_SIZE, "little"))


def _hash(*parts: bytes) -> str:
    from blake3 import blake3

    return str(blake3(b"".join(parts)).hexdigest())


_GRADES: Final = {"forgot": Rating.AGAIN, "hard": Rating.HARD, "good": Rating.GOOD, "easy": Rating.EASY}
_EPOCH_ORDINAL: Final = datetime.date(1970, 1, 1).toordinal()
_REMEDY: Final = "Nothing was changed; name the `hashcards.db` that lies beside the decks."


class _Review(NamedTuple):
    at_ms: int
    rating: Rating
    interval_days: int


class _Card(NamedTuple):
    """What hashcards knows of a card; `due_day` is a day of ours."""

    reviewed_ms: int | None
    due_day: int | None
    interval_days: int
    review_count: int
    memory: Memory | None


def import_hashcards(collection: Collection, path: Path, *, dry_run: bool = False) -> ImportReport:
    """Import the reviews of every card whose text is in the collection.

    Args:
        collection: open, and scanned.
        path: the database.
        dry_run: find out what would happen, and do nothing.

    Raises:
        ImportInvalid: it is no database of hashcards.
    """
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            cards = dict(_read_cards(database))
            reviews = _read_reviews(database)
    except sqlite3.Error as error:
        raise ImportInvalid(path, "it is not a hashcards database, or is damaged", _REMEDY) from error
    except (ValueError, TypeError, KeyError, OverflowError, OSError) as error:
        raise ImportInvalid(path, "its reviews cannot be understood", _REMEDY) from error
    report = ImportReport(path.name)
    histories = []
    found: set[str] = set()
    for card, name in _hash_own_cards(collection):
        if name in cards and name not in found:
            found.add(name)
            if reviews[name] or cards[name].review_count:
                histories.append(_make_history(card, cards[name], reviews[name]))
    studied = [name for name, card in cards.items() if card.review_count]
    lost = sum(name not in found for name in studied)
    if lost:
        message = f"{lost:,} of {len(studied):,} cards that were reviewed have no text here and are left out."
        report.remarks.append(Remark(path.name, message))
    return import_histories(collection, histories, report, dry_run=dry_run)


def _read_cards(database: sqlite3.Connection) -> Iterator[tuple[str, _Card]]:
    for name, at, stability, difficulty, interval, due, count in database.execute(
        "SELECT card_hash, last_reviewed_at, stability, difficulty, interval_days, due_date, review_count FROM cards"
    ):
        memory = None if stability is None or difficulty is None else Memory(float(stability), float(difficulty))
        due_day = None if due is None else datetime.date.fromisoformat(due).toordinal() - _EPOCH_ORDINAL
        reviewed = None if at is None else _instant_ms(at)
        yield str(name), _Card(reviewed, due_day, int(interval or 0), int(count), memory)


def _read_reviews(database: sqlite3.Connection) -> dict[str, list[_Review]]:
    found: dict[str, list[_Review]] = defaultdict(list)
    for name, at, grade, interval in database.execute(
        "SELECT card_hash, reviewed_at, grade, interval_days FROM reviews ORDER BY reviewed_at, review_id"
    ):
        found[name].append(_Review(_instant_ms(at), _GRADES[grade], int(interval)))
    return found


def _instant_ms(local: str) -> int:
    """Parse a local time without an offset."""
    return round(datetime.datetime.fromisoformat(local).astimezone().timestamp() * 1000)


def _hash_own_cards(collection: Collection) -> Iterator[tuple[int, str]]:
    rows = collection.connection.execute("SELECT note, slot, id FROM cards WHERE active = 1")
    ids = {(note, slot): card for note, slot, card in rows}
    for entry in collection.catalog.entries():
        for slot, name in hash_cards(entry.note):
            if (entry.id, slot) in ids:
                yield ids[entry.id, slot], name


def _make_history(card: int, known: _Card, reviews: list[_Review]) -> CardHistory:
    state = State.NEW
    interval = lapses = 0
    log = []
    for review in reviews:
        # Forgotten cards stay due on the day: they are being learnt again.
        again = State.LEARNING if state in (State.NEW, State.LEARNING) else State.RELEARNING
        after = State.REVIEW if review.interval_days > 0 else again
        waits = max(0, review.interval_days) * DAY_SECONDS
        log.append(ImportedReview(review.at_ms, ReviewKind.RATING, review.rating, 0, state, after, interval, waits))
        lapses += review.rating is Rating.AGAIN and state is State.REVIEW
        state, interval = after, waits
    last_ms = reviews[-1].at_ms if reviews else known.reviewed_ms or 0
    if not reviews:
        state, interval = State.REVIEW, max(1, known.interval_days) * DAY_SECONDS
    in_steps = state is not State.REVIEW
    imported = ImportedState(
        state=state,
        due_day=None if in_steps else known.due_day,
        due_ms=last_ms if in_steps else None,
        steps_left=1 if in_steps else 0,
        interval=interval,
        reps=max(known.review_count, len(reviews)),
        lapses=lapses,
        leech=False,
        changed_ms=last_ms,
        memory=known.memory if len(reviews) < known.review_count else None,
    )
    return CardHistory(card, log, imported)
