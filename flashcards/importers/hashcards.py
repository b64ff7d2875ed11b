"""The database of hashcards: reviews of cards that it names by a hash of their text."""

from __future__ import annotations

import datetime
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from flashcards.catalog.store import encode
from flashcards.collection import now_ms
from flashcards.deck.model import FORWARD, REVERSE, Kind, Note
from flashcards.identity.notes import fingerprint
from flashcards.importers.hashcards_files import HashedCard, read_hashcards_file
from flashcards.importers.transaction import ImportInvalid, ImportReport, Remark, merge_histories, run_import
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
    """Import the reviews of every card; those without a text here become orphans with their history.

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
