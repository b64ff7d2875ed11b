"""Import reviews from programs that identify cards by a hash of their text, such as hashcards and repeater."""

from __future__ import annotations

import re
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from flashcards.catalog.store import Entry
from flashcards.catalog.writer import insert_notes, make_note_row
from flashcards.collection import Collection, now_ms
from flashcards.deck.model import FORWARD, REVERSE, Kind, Note
from flashcards.identity.notes import fingerprint
from flashcards.importers.databases import check_integer, check_match, check_number
from flashcards.importers.transaction import ImportReport, Malformed, Remark, merge_histories, run_import
from scheduler.log import CardHistory, ImportedReview, ImportedState, read_reviews
from scheduler.model import DAY_SECONDS, Memory, NewCard, Rating, ReviewKind, State

if TYPE_CHECKING:
    from flashcards.disk.journal import Journal
    from scheduler.clock import Clock


_CUT: Final = (
    "For {}, the text below the heading or line is part of this answer; here the answer ends above it."
    " Put that text into the answer without a heading to keep it on the card."
)
_NO_TEXT: Final = "The text of this card is not in the decks."
_LEAST_STABILITY: Final = 0.001  # days
_LEAST_STABILITY_THERE: Final = 1e-6  # other programs have no minimum
HASH: Final = re.compile(r"[0-9a-f]{64}")
MOST_REVIEWS: Final = 100_000  # per card
LONGEST_DAYS: Final = 36_500

WHITE_SPACE: Final = (
    "\t\n\x0b\x0c\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)  # the Unicode white space that Rust trims; Python strips more

_Row = TypeVar("_Row")


class HashedCard(NamedTuple):
    """A card in another program."""

    line: int  # the line of its first marker, from 1
    hash: str  # its name
    kind: str  # the first marker: `Q`, `T` or `C`
    place: int  # number of the card within the text, from 0: of `T`, 0 asks for the term; of `C`, the gaps in order
    text: str  # the shown or hidden text
    answer: str = ""  # the answer of a question


class FoundCard(NamedTuple):
    """A card of the decks that another program would recognize."""

    card: int  # our id
    hash: str
    place: str  # its file and line
    is_cut: bool  # whether its answer is longer in the other program


class KnownReview(NamedTuple):
    """A review in a log, the days until the next one, and its number for the card if known."""

    at_ms: int
    rating: Rating
    interval_days: int
    number: int = 0


class KnownCard(NamedTuple):
    """Another program's data about a card."""

    reviewed_ms: int | None  # its last review
    due_day: int | None  # its due day, in our days; None if it is due at an instant
    interval_days: int  # the days between both
    review_count: int  # number of reviews
    memory: Memory | None  # its memory state, if it has one
    due_ms: int | None = None  # its due time while it is being learned


class CardRow(NamedTuple):
    """A row of the table `cards`, which has the same columns in these programs."""

    card_hash: Any
    last_reviewed_at: Any
    stability: Any
    difficulty: Any
    interval_days: Any
    due_date: Any
    review_count: int


@dataclass(frozen=True, slots=True)
class HashingProgram:
    """A program that identifies cards by hashes."""

    name: str
    read_file: Callable[[str], Iterator[HashedCard]]  # yields its cards in the text of a deck file
    # returns its database's data about each card, and the reviews, by hash; a clock converts times to days
    read_database: Callable[[Path, Clock], tuple[dict[str, KnownCard], Mapping[str, list[KnownReview]]]]


def import_hashed(
    collection: Collection, path: Path, program: HashingProgram, *, dry_run: bool = False
) -> ImportReport:
    """Import every card's reviews, those of missing cards as orphans. Raise ImportInvalid if something cannot be."""
    cards, reviews = program.read_database(path, collection.clock)
    report = ImportReport(path.name)
    studied = {name: card for name, card in cards.items() if card.review_count or name in reviews}
    logs = {name: reviews.get(name, []) for name in studied}

    def bring_in(_journal: Journal) -> bool:
        found: dict[str, int] = {}
        for each in find_hashed_cards(collection, program):
            if each.hash in studied:
                found.setdefault(each.hash, each.card)
            if each.is_cut:
                report.remarks.append(Remark(each.place, _CUT.format(program.name)))
        orphans = Orphans(collection, program.name)
        orphans.remove(found)
        lost = {
            name: orphans.add(name, logs[name])
            for name in studied
            if name not in found and not orphans.has_log_of(logs[name])
        }
        here = found | {name: card for name, card in lost.items() if card is not None}
        histories = [_make_history(card, studied[name], logs[name]) for name, card in here.items()]
        merge_histories(collection, histories, report)
        if lost:
            message = f"{len(lost):,} of {len(studied):,} reviewed cards have no text in the decks."
            remedy = "Their reviews are kept; `flashcards orphans` lists them."
            report.remarks.append(Remark(path.name, f"{message} {remedy}"))
        return False

    return run_import(collection, report, bring_in, dry_run=dry_run)


def find_hashed_cards(collection: Collection, program: HashingProgram) -> Iterator[FoundCard]:
    """Find the cards of the decks that a program would recognize."""
    rows = collection.connection.execute("SELECT note, slot, id FROM cards WHERE active = 1")
    ids = {(note, slot): card for note, slot, card in rows}
    for entry, hashed in _pair_notes(collection, program):
        for card, slot in _pair_slots(hashed, entry.note):
            if (entry.id, slot) in ids:
                is_cut = bool(card.answer) and _count_characters(card.answer) > _count_characters(entry.note.fields[1])
                yield FoundCard(ids[entry.id, slot], card.hash, f"{entry.path}:{entry.note.line}", is_cut)


def _pair_notes(collection: Collection, program: HashingProgram) -> Iterator[tuple[Entry, list[HashedCard]]]:
    """Yield each note with the cards that a program reads from its first line."""
    notes: dict[str, dict[int, Entry]] = defaultdict(dict)
    for entry in collection.catalog.entries():
        notes[entry.path][entry.note.line] = entry
    for path, entries in notes.items():
        by_line: dict[int, list[HashedCard]] = defaultdict(list)
        for card in program.read_file((collection.root / path).read_text(encoding="utf-8", errors="replace")):
            by_line[card.line].append(card)
        yield from ((entries[line], hashed) for line, hashed in by_line.items() if line in entries)


def _pair_slots(hashed: Sequence[HashedCard], note: Note) -> Iterator[tuple[HashedCard, str]]:
    """Yield each card of the program with its slot in our note."""
    if note.kind is Kind.QUESTION:
        yield from ((card, FORWARD) for card in hashed if card.kind == "Q")
    elif note.kind is Kind.TERM:
        yield from ((card, FORWARD if card.place else REVERSE) for card in hashed if card.kind == "T")
    elif note.kind is Kind.CLOZE:
        gaps = sorted(note.gaps, key=lambda gap: gap.start)
        texts = [_normalize_gap(note.fields[0][gap.inner_start : gap.inner_end]) for gap in gaps]
        at = 0
        for card in hashed:
            place = next((each for each in range(at, len(gaps)) if texts[each] == _normalize_gap(card.text)), None)
            if place is not None:
                yield card, f"c{gaps[place].numbers[0]}"
                at = place + 1


def _count_characters(text: str) -> int:
    return len("".join(text.split()))


def _normalize_gap(text: str) -> str:
    """Return the text of a gap without characters that one of the parsers removes: brackets, backslashes, indent."""
    return " ".join(text.replace("[", "").replace("]", "").replace("\\", "").split())


def hash_bytes(data: bytes) -> str:
    """Compute the BLAKE3 hash by which these programs identify a card."""
    from blake3 import blake3

    return str(blake3(data).hexdigest())


def read_memory(row: CardRow) -> Memory:
    """Return the memory state in a database row; raise Malformed if it is impossible."""
    return Memory(
        max(_LEAST_STABILITY, check_number("stability", row.stability, LONGEST_DAYS, _LEAST_STABILITY_THERE)),
        check_number("difficulty", row.difficulty, 10, 1),
    )


def read_cards(database: sqlite3.Connection, read: Callable[[int, CardRow], KnownCard]) -> dict[str, KnownCard]:
    """Read the table `cards` by hash; `read` gets the current time and the row of a reviewed card."""

    def read_card(now: int, values: Sequence[Any]) -> tuple[str, KnownCard]:
        row = CardRow._make(values)
        name = check_match("card_hash", row.card_hash, HASH)
        if check_integer("review_count", row.review_count, MOST_REVIEWS) == 0 and row.last_reviewed_at is None:
            return name, KnownCard(None, None, 0, 0, None)
        return name, read(now, row)

    return dict(read_rows(database, "cards", ", ".join(CardRow._fields), read_card))


def group_reviews(found: Iterable[tuple[str, KnownReview]]) -> dict[str, list[KnownReview]]:
    """Group reviews by their cards, in order of time."""
    reviews: dict[str, list[KnownReview]] = defaultdict(list)
    for name, review in sorted(found, key=lambda each: each[1].at_ms):
        reviews[name].append(review)
    return reviews


def read_rows(
    database: sqlite3.Connection, table: str, columns: str, read: Callable[[int, Sequence[Any]], _Row]
) -> Iterator[_Row]:
    """Read the rows of a table; an error about an impossible value names the row."""
    now = now_ms()
    for row, *values in database.execute(f"SELECT rowid, {columns} FROM {table} ORDER BY rowid"):
        try:
            yield read(now, values)
        except Malformed as error:
            raise Malformed(f"in row {row} of its table `{table}`, {error}") from error


class Orphans:
    """Cards whose text is not in the decks. They keep their history like cards whose text is gone."""

    def __init__(self, collection: Collection, program: str) -> None:
        self._program = program
        self._collection = collection
        self._db = collection.connection
        self._place = self._db.execute("SELECT file, deck FROM notes WHERE active = 1 ORDER BY id LIMIT 1").fetchone()

    def has_log_of(self, reviews: Sequence[KnownReview]) -> bool:
        """Return whether reviews were imported when their text existed; its note keeps them."""
        query = (
            "SELECT 1 FROM reviews r JOIN cards c ON c.id = r.card JOIN notes n ON n.id = c.note"
            " WHERE r.id = ? AND n.key NOT LIKE ?"
        )
        return bool(reviews) and all(
            self._db.execute(query, (each.at_ms, f"{self._program}-%")).fetchone() for each in reviews
        )

    def remove(self, names: Iterable[str]) -> None:
        """Remove the reviews of orphans whose texts exist now; their cards get them instead."""
        store = self._collection.store
        for name in names:
            row = self._db.execute(
                "SELECT id FROM notes WHERE key = ? AND active = 0 AND fingerprint <> x''", (self._make_key(name),)
            ).fetchone()
            if row:
                for card in store.cards_of(row[0]):
                    for review in reversed(read_reviews(self._db, card.id)):
                        if review.kind is ReviewKind.RATING:
                            store.undo_rating(review.id, now_ms())
                self._db.execute("UPDATE notes SET fingerprint = x'' WHERE id = ?", row)

    def add(self, name: str, reviews: Sequence[KnownReview]) -> int | None:
        """Return the card of an orphan, creating it if necessary, or nothing if there is no deck at all."""
        found = self._db.execute(
            "SELECT c.id FROM cards c JOIN notes n ON n.id = c.note WHERE n.key = ?", (self._make_key(name),)
        ).fetchone()
        if found or self._place is None:
            return int(found[0]) if found else None
        at_ms = reviews[0].at_ms if reviews else now_ms()
        if self._db.execute("SELECT 1 FROM notes WHERE id = ?", (at_ms,)).fetchone():
            (at_ms,) = self._db.execute("SELECT max(id) + 1 FROM notes").fetchone()
        note = Note(Kind.QUESTION, 1, 1, (f"{self._program} {name}", _NO_TEXT), (FORWARD,))
        file, deck = self._place
        row = make_note_row(at_ms, self._make_key(name), note, file, deck, fingerprint(note), at_ms)
        insert_notes(self._db, [row._replace(active=0)])
        store = self._collection.store
        store.add_cards([NewCard(at_ms, FORWARD, deck, 0)], at_ms)
        store.deactivate_notes([at_ms])
        (card,) = store.cards_of(at_ms)
        return card.id

    def _make_key(self, name: str) -> str:
        return f"{self._program}-{name[:16]}"


def _make_history(card_id: int, known: KnownCard, reviews: Sequence[KnownReview]) -> CardHistory:
    begins_later = bool(reviews) and reviews[0].number > 1
    state = State.REVIEW if begins_later else State.NEW
    interval = lapses = 0
    log = []
    for review in reviews:
        # Forgotten cards stay due on the day, because they are relearnt.
        again = State.LEARNING if state in (State.NEW, State.LEARNING) else State.RELEARNING
        after = State.REVIEW if review.interval_days > 0 else again
        waits = max(0, review.interval_days) * DAY_SECONDS
        log.append(ImportedReview(review.at_ms, ReviewKind.RATING, review.rating, 0, state, after, interval, waits))
        lapses += review.rating is Rating.AGAIN and state is State.REVIEW
        state, interval = after, waits
    last_ms = reviews[-1].at_ms if reviews else 0
    tells_more = known.reviewed_ms is not None and known.reviewed_ms // 1000 > last_ms // 1000
    last_ms = known.reviewed_ms or 0 if tells_more else last_ms
    due_ms = last_ms
    if tells_more and known.due_ms is None:
        state, interval = State.REVIEW, max(1, known.interval_days) * DAY_SECONDS
    elif tells_more and known.due_ms is not None:
        state, interval, due_ms = State.LEARNING, max(0, known.due_ms - last_ms) // 1000, known.due_ms
    in_steps = state is not State.REVIEW
    imported = ImportedState(
        state=state,
        due_day=None if in_steps else known.due_day,
        due_ms=due_ms if in_steps else None,
        steps_left=1 if in_steps else 0,
        interval=interval,
        reps=max(known.review_count, len(reviews)),
        lapses=lapses,
        leech=False,
        changed_ms=last_ms,
        memory=known.memory if len(reviews) < known.review_count else None,
    )
    return CardHistory(card_id, log, imported)
