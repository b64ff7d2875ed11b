"""The database of hashcards: reviews of cards that it names by a hash of their text."""

from __future__ import annotations

import datetime
import re
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from flashcards.catalog.store import encode
from flashcards.collection import now_ms
from flashcards.deck.model import FORWARD, REVERSE, Kind, Note
from flashcards.identity.notes import fingerprint
from flashcards.importers import foreign
from flashcards.importers.foreign import check_integer, check_match, check_number, read_date, read_local_time
from flashcards.importers.hashcards_files import HashedCard, read_hashcards_file
from flashcards.importers.transaction import (
    ImportInvalid,
    ImportReport,
    Malformed,
    Remark,
    merge_histories,
    run_import,
)
from scheduler.log import CardHistory, ImportedReview, ImportedState, read_reviews
from scheduler.model import DAY_SECONDS, Memory, NewCard, Rating, ReviewKind, State

if TYPE_CHECKING:
    from flashcards.catalog.store import Entry
    from flashcards.collection import Collection
    from flashcards.disk.journal import Journal


_GRADES: Final = {"forgot": Rating.AGAIN, "hard": Rating.HARD, "good": Rating.GOOD, "easy": Rating.EASY}
_EPOCH_ORDINAL: Final = datetime.date(1970, 1, 1).toordinal()
_CUT: Final = (
    "For hashcards, the text below the heading or line belongs to this answer; here the answer ends above it."
    " Put that text into the answer without a heading to keep it on the card."
)
_NO_TEXT: Final = "The text of this card is not in the decks."
_NO_TABLE: Final = "it has no table `{}`, so it is not a hashcards database"
_CARD_COLUMNS: Final = "card_hash, last_reviewed_at, stability, difficulty, interval_days, due_date, review_count"
_REVIEW_COLUMNS: Final = "card_hash, reviewed_at, grade, interval_days"
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_GRADE: Final = re.compile("|".join(_GRADES))
_MOST_REVIEWS: Final = 100_000  # of one card
_LONGEST_DAYS: Final = 36_500
_LEAST_STABILITY: Final = 0.001  # days
_LEAST_STABILITY_THERE: Final = 1e-6  # hashcards knows no least one
_REMEDY: Final = "Nothing was changed; name the `hashcards.db` that lies beside the decks."


_Row = TypeVar("_Row")


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
    """Import the reviews of every card; those without a text here become orphans with their history.

    Args:
        collection: open, and scanned.
        path: the database.
        dry_run: find out what would happen, and do nothing.

    Raises:
        ImportInvalid: it is no database of hashcards.
    """
    cards, reviews = _read_database(path)
    report = ImportReport(path.name)
    studied = {name: card for name, card in cards.items() if card.review_count or reviews[name]}

    def bring_in(_journal: Journal) -> bool:
        found: dict[str, int] = {}
        for card, name in find_hashed_cards(collection, report):
            if name in studied:
                found.setdefault(name, card)
        orphans = Orphans(collection)
        orphans.remove(found)
        lost = {
            name: orphans.add(name, reviews[name])
            for name in studied
            if name not in found and not orphans.has_log_of(reviews[name])
        }
        here = found | {name: card for name, card in lost.items() if card is not None}
        histories = [_make_history(card, studied[name], reviews[name]) for name, card in here.items()]
        merge_histories(collection, histories, report)
        if lost:
            message = f"{len(lost):,} of {len(studied):,} reviewed cards have no text in the decks."
            remedy = "Their reviews are kept; `flashcards orphans` lists them."
            report.remarks.append(Remark(path.name, f"{message} {remedy}"))
        return False

    return run_import(collection, report, bring_in, dry_run=dry_run)


def find_hashed_cards(collection: Collection, report: ImportReport | None = None) -> Iterator[tuple[int, str]]:
    """Yield the id of each card that hashcards would know, and its hash; report answers that it shows longer."""
    ids: dict[int, dict[str, int]] = defaultdict(dict)
    for note, slot, card in collection.connection.execute("SELECT note, slot, id FROM cards WHERE active = 1"):
        ids[note][slot] = card
    notes: dict[str, dict[int, Entry]] = defaultdict(dict)
    for entry in collection.catalog.entries():
        notes[entry.path][entry.note.line] = entry
    for path, entries in notes.items():
        by_line: dict[int, list[HashedCard]] = defaultdict(list)
        for card in read_hashcards_file((collection.root / path).read_text(encoding="utf-8", errors="replace")):
            by_line[card.line].append(card)
        for line, hashed in by_line.items():
            if line in entries:
                entry = entries[line]
                for card, slot in _pair_slots(hashed, entry.note):
                    if slot in ids[entry.id]:
                        yield ids[entry.id][slot], card.hash
                        if report and _is_longer(card.answer, entry.note):
                            report.remarks.append(Remark(f"{path}:{line}", _CUT))


def _pair_slots(hashed: Sequence[HashedCard], note: Note) -> Iterator[tuple[HashedCard, str]]:
    """Yield each card of hashcards with the slot of the same card here."""
    if note.kind is Kind.QUESTION:
        yield from ((card, FORWARD) for card in hashed if card.kind == "Q")
    elif note.kind is Kind.TERM:
        yield from ((card, FORWARD if card.place else REVERSE) for card in hashed if card.kind == "T")
    elif note.kind is Kind.CLOZE:
        gaps = sorted(note.gaps, key=lambda gap: gap.start)
        texts = [_compare(note.fields[0][gap.inner_start : gap.inner_end]) for gap in gaps]
        at = 0
        for card in hashed:
            place = next((each for each in range(at, len(gaps)) if texts[each] == _compare(card.text)), None)
            if place is not None:
                yield card, f"c{gaps[place].numbers[0]}"
                at = place + 1


def _is_longer(answer: str, note: Note) -> bool:
    """Check whether an answer goes on after what is the answer here."""
    return bool(answer) and len("".join(answer.split())) > len("".join(note.fields[1].split()))


def _compare(text: str) -> str:
    """Return the text of a gap without what one of both parsers removes: brackets, backslashes, indentation."""
    return " ".join(text.replace("[", "").replace("]", "").replace("\\", "").split())


class Orphans:
    """Cards of hashcards whose text is not here: they keep their history, as cards whose text is gone do."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._db = collection.connection
        self._place = self._db.execute("SELECT file, deck FROM notes WHERE active = 1 ORDER BY id LIMIT 1").fetchone()

    def has_log_of(self, reviews: Sequence[_Review]) -> bool:
        """Check whether reviews came already, when their text was here; its note keeps them."""
        query = (
            "SELECT 1 FROM reviews r JOIN cards c ON c.id = r.card JOIN notes n ON n.id = c.note"
            " WHERE r.id = ? AND n.key NOT LIKE 'hashcards-%'"
        )
        return bool(reviews) and all(self._db.execute(query, (each.at_ms,)).fetchone() for each in reviews)

    def remove(self, names: Iterable[str]) -> None:
        """Take back the reviews of orphans whose texts are here now: their cards get them instead."""
        store = self._collection.store
        for name in names:
            row = self._db.execute(
                "SELECT id FROM notes WHERE key = ? AND active = 0 AND fingerprint <> x''", (_make_key(name),)
            ).fetchone()
            if row:
                for card in store.cards_of(row[0]):
                    for review in reversed(read_reviews(self._db, card.id)):
                        if review.kind is ReviewKind.RATING:
                            store.undo_rating(review.id, now_ms())
                self._db.execute("UPDATE notes SET fingerprint = x'' WHERE id = ?", row)

    def add(self, name: str, reviews: Sequence[_Review]) -> int | None:
        """Return the card of an orphan, made if it is not there; nothing if there is no deck at all."""
        found = self._db.execute(
            "SELECT c.id FROM cards c JOIN notes n ON n.id = c.note WHERE n.key = ?", (_make_key(name),)
        ).fetchone()
        if found or self._place is None:
            return int(found[0]) if found else None
        at_ms = reviews[0].at_ms if reviews else now_ms()
        while self._db.execute("SELECT 1 FROM notes WHERE id = ?", (at_ms,)).fetchone():
            at_ms += 1
        note = Note(Kind.QUESTION, 1, 1, (f"hashcards {name}", _NO_TEXT), (FORWARD,))
        values = (at_ms, _make_key(name), "", self._place[0], 1, 1, self._place[1], fingerprint(note), 0)
        columns = "id, key, pin, file, line, end_line, deck, fingerprint, top_gap, tags, body, modified_ms, active"
        self._db.execute(
            f"INSERT INTO notes ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '', ?, ?, 0)",
            (*values, encode(note), at_ms),
        )
        store = self._collection.store
        store.add_cards([NewCard(at_ms, FORWARD, self._place[1], 0)], at_ms)
        store.set_notes_active([at_ms], False)
        (card,) = store.cards_of(at_ms)
        return card.id


def _make_key(name: str) -> str:
    return f"hashcards-{name[:16]}"


def _read_database(path: Path) -> tuple[dict[str, _Card], dict[str, list[_Review]]]:
    """Read the cards of hashcards and their reviews, by their hashes.

    Raises:
        ImportInvalid: it is another database, or holds something that cannot be.
    """
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            database.execute("PRAGMA trusted_schema = OFF")
            foreign.limit_queries(database, path.stat().st_size)
            foreign.require_tables(
                database, ("cards", "reviews"), "it has no table `{}`: it is not a hashcards database"
            )
            cards = dict(_read_rows(database, "cards", _CARD_COLUMNS, _read_card))
            reviews: dict[str, list[_Review]] = defaultdict(list)
            for name, review in _read_rows(database, "reviews", _REVIEW_COLUMNS, _read_review):
                if name not in cards:
                    raise Malformed(f"its `reviews` name a card that is not there: {name[:16]}…")
                reviews[name].append(review)
    except Malformed as error:
        raise ImportInvalid(path, str(error), _REMEDY) from error
    except (sqlite3.Error, UnicodeDecodeError) as error:  # a name or a text that is not UTF-8
        limit = foreign.find_limit(error) if isinstance(error, sqlite3.Error) else None
        raise ImportInvalid(path, limit or "it is not a hashcards database, or is damaged", _REMEDY) from error
    for log in reviews.values():
        log.sort(key=lambda review: review.at_ms)
    return cards, reviews


def _read_rows(
    database: sqlite3.Connection, table: str, columns: str, read: Callable[[int, Sequence[Any]], _Row]
) -> Iterator[_Row]:
    """Read the rows of a table; name the row if it holds something that cannot be."""
    now = now_ms()
    for row, *values in database.execute(f"SELECT rowid, {columns} FROM {table} ORDER BY rowid"):
        try:
            yield read(now, values)
        except Malformed as error:
            raise Malformed(f"in row {row} of its table `{table}`, {error}") from error


def _read_card(now: int, values: Sequence[Any]) -> tuple[str, _Card]:
    name = check_match("card_hash", values[0], _HASH)
    count = check_integer("review_count", values[6], _MOST_REVIEWS)
    at, stability, difficulty, interval, due = values[1:6]
    if count == 0 and at is None:
        return name, _Card(None, None, 0, 0, None)
    reviewed = read_local_time("last_reviewed_at", at, now)
    memory = Memory(
        max(_LEAST_STABILITY, check_number("stability", stability, _LONGEST_DAYS, _LEAST_STABILITY_THERE)),
        check_number("difficulty", difficulty, 10, 1),
    )
    latest = datetime.date.fromordinal(_EPOCH_ORDINAL + reviewed // (DAY_SECONDS * 1000) + _LONGEST_DAYS + 1)
    due_day = read_date("due_date", due, latest).toordinal() - _EPOCH_ORDINAL
    return name, _Card(reviewed, due_day, check_integer("interval_days", interval, _LONGEST_DAYS), count, memory)


def _read_review(now: int, values: Sequence[Any]) -> tuple[str, _Review]:
    name, at, grade, interval = values
    check_match("card_hash", name, _HASH)
    rating = _GRADES[check_match("grade", grade, _GRADE)]
    at_ms = read_local_time("reviewed_at", at, now)
    return name, _Review(at_ms, rating, check_integer("interval_days", interval, _LONGEST_DAYS))


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
