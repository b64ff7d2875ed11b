"""Record the origin of imported notes and the schedules that other programs gave their cards.

Due dates that other tools wrote next to cards become rows of the log, one per card. They are not reviews.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from contextlib import contextmanager
from datetime import date, datetime
from functools import cache, lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, NamedTuple

from scheduler import merge
from scheduler.connection import select_in, transaction
from scheduler.log import CardHistory, DayConverter, ImportedState, are_close
from scheduler.model import DAY_SECONDS, Card, Memory, NewCard, State
from scheduler.tables import CARD_COLUMNS, to_card

if TYPE_CHECKING:
    from flashcards.catalog.changes import StatedCard
    from flashcards.deck.model import StatedSchedule
    from flashcards.disk.journal import Journal
    from scheduler.clock import Clock
    from scheduler.memory import Model
    from scheduler.store import Store


class Origin(NamedTuple):
    """The origin of a note."""

    source: str  # its identifier in the other program
    part: int  # number of the note among those made from the original, from 0
    note: int  # the note in the catalog
    base: bytes  # the fingerprint of the imported text
    tags: str  # the imported tags, joined by spaces
    content: bytes  # a hash of the whole original note
    changed_s: int  # last change in the other program, epoch seconds; 0 if unknown
    # the name of its note type in Anki if its first two fields are the note's fields, else empty; None if an earlier
    # version imported it
    note_type: str | None = None

    def is_edited(self, fingerprint: bytes, tags: str) -> bool:
        """Return whether the text or tags were edited since the import."""
        return self.base != fingerprint or set(self.tags.split()) != set(tags.split())


class SeenStatus(NamedTuple):
    """The status of a card in the other program at the last import."""

    changed_s: int  # last change of the card in Anki, epoch seconds
    # suspended, flag: its status, if more than that time is known
    suspended: bool | None
    flag: int | None
    package_ms: int = 0  # when the package was made, epoch milliseconds; 0 if unknown
    ease: int = 0  # the SM-2 ease, in per mille; 0 if there is none
    data: str = ""  # data of add-ons and of custom scheduling code, as JSON; empty if there is none
    # the status that an export gave to the card with our id: 1 if suspended, plus twice the flag, and how it was given
    given: int | None = None
    given_s: int = 0  # the time of the card's last change in that export, epoch seconds
    is_own: bool = True  # whether the card in Anki had our id; if not, it is the original of an imported card


GIVEN_BY_WHOLE, GIVEN_AGAIN = 16, 32
"""The parts of `SeenStatus.given`: a .colpkg gave it to every card, or a package only to a card deleted in Anki."""
_STATUS: Final = "card, changed_s, suspended, flag, package_ms, ease, data, given, given_s, is_own"

OWN_FORM, FOREIGN_FORM = 0, 1
"""The forms of a note in Anki: in our note types, or in another one."""

FLAG_REVERSE, FLAG_TYPED, FLAG_CONFLICT = 1, 2, 4
DIGEST_SIZE = 8


class NoteBase(NamedTuple):
    """A note when both sides were last equal, for merging later changes by field."""

    note: int  # the note in the catalog
    form: int  # `OWN_FORM` or `FOREIGN_FORM`
    # here, there: digests of its fields in the catalog and in the other program
    here: bytes
    there: bytes
    earlier: bytes  # digests of fields in earlier exports
    tags: str  # joined by spaces
    flags: int  # `FLAG_REVERSE` and `FLAG_TYPED`; `FLAG_CONFLICT` until a field that both changed is equal
    changed_s: int  # last change in the other program, epoch seconds; 0 if it was never imported
    confirmed: bytes = b""  # digests of its fields at the last import, if `there` was exported since
    given_s: int = 0  # when it was exported, epoch seconds


def digest_fields(fields: Iterable[str]) -> bytes:
    """Compute the digests of fields, `DIGEST_SIZE` bytes each."""
    return b"".join([blake2b(each.encode("utf-8", "replace"), digest_size=DIGEST_SIZE).digest() for each in fields])


def split_digests(digests: bytes) -> list[bytes]:
    """Split the result of `digest_fields`."""
    return [digests[at : at + DIGEST_SIZE] for at in range(0, len(digests), DIGEST_SIZE)]


@contextmanager
def write_together(
    connection: sqlite3.Connection, journal: Journal, source: str, at_ms: int, finish: Callable[[], None] | None = None
) -> Iterator[None]:
    """Run the block as a transaction and then place the files that it staged, atomically.

    `source` names the change in the table of imports. `finish` is called at the end of the transaction, before the
    files are placed.
    """
    try:
        with transaction(connection):
            yield
            if journal.waiting_files:
                Origins(connection).record(journal.mark, at_ms, source)
            if finish:
                finish()
            journal.move_into_place()
    except BaseException:
        journal.restore()  # if this fails, the plan remains for the next command
        journal.close()
        raise
    journal.close()
    journal.write_linked()


class Origins:
    """The import tables on an open connection; the caller holds the transactions."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def all(self) -> dict[tuple[str, int], Origin]:
        """Return every origin, by source and part."""
        rows = self._db.execute("SELECT source, part, note, base, tags, content, changed_s, note_type FROM origins")
        return {(row[0], row[1]): Origin(*row) for row in rows}

    def remember(self, origins: Iterable[Origin]) -> None:
        """Write origins, replacing existing ones."""
        self._db.executemany("INSERT OR REPLACE INTO origins VALUES (?, ?, ?, ?, ?, ?, ?, ?)", origins)

    def confirm(self, times: Iterable[tuple[int, str, int]]) -> None:
        """Advance the "last seen unchanged" time: triples of epoch seconds, source and part."""
        self._db.executemany("UPDATE origins SET changed_s = ? WHERE source = ? AND part = ?", times)

    def bases(self) -> dict[tuple[int, int], NoteBase]:
        """Return the notes when both sides were last equal, by note and form."""
        rows = self._db.execute(f"SELECT {', '.join(NoteBase._fields)} FROM note_bases")
        return {(row[0], row[1]): NoteBase(*row) for row in rows}

    def find_conflicts(self) -> set[int]:
        """Find the notes with a field that both sides changed and that has not been equal since."""
        query = "SELECT note FROM note_bases WHERE flags & ?"
        return {note for (note,) in self._db.execute(query, (FLAG_CONFLICT,))}

    def remember_bases(self, bases: Iterable[NoteBase]) -> None:
        """Store the notes, now that both sides are equal."""
        self._db.executemany("INSERT OR REPLACE INTO note_bases VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", bases)

    def add_exported_bases(self, bases: Iterable[NoteBase]) -> None:
        """Store the notes that were exported for the first time."""
        self._db.executemany(
            "INSERT INTO note_bases(note, form, here, there, earlier, tags, flags, changed_s)"
            f" VALUES (?, {OWN_FORM}, ?, ?, x'', ?, ?, 0)",
            ((each.note, each.here, each.there, each.tags, each.flags) for each in bases),
        )

    def read_seen(self) -> dict[str, bytes]:
        """Return the digests of notes at their last import, if each of their parts still exists."""
        twins = "SELECT note FROM origins GROUP BY note HAVING count(*) > 1"
        gone = "SELECT id FROM notes WHERE active = 0"
        others = f"SELECT source FROM origins WHERE note IN ({twins}) OR note IN ({gone})"
        here = f"source IN (SELECT source FROM origins) AND source NOT IN ({others})"
        return dict(self._db.execute(f"SELECT source, digest FROM seen_notes WHERE {here}"))

    def find_notes(self, sources: Set[str]) -> set[int]:
        """Find the notes that came from these sources."""
        if not sources:
            return set()
        return {note for source, note in self._db.execute("SELECT source, note FROM origins") if source in sources}

    def find_parts(self, source: str) -> dict[str, int]:
        """Find the part of a source's note that has each slot."""
        query = "SELECT c.slot, o.part FROM origins o JOIN cards c ON c.note = o.note WHERE o.source = ?"
        return dict(self._db.execute(f"{query} ORDER BY o.part DESC", (source,)))

    def find_orphans(self) -> set[int]:
        """Find the imported notes whose text is gone."""
        query = "SELECT id FROM notes WHERE active = 0 AND id IN (SELECT note FROM origins)"
        return {note for (note,) in self._db.execute(query)}

    def remember_seen(self, digests: Iterable[tuple[str, bytes]]) -> None:
        """Store the digests of notes of a package."""
        self._db.executemany("INSERT OR REPLACE INTO seen_notes(source, digest) VALUES (?, ?)", digests)

    def advance_statuses(self, sources: Iterable[str], package_ms: int) -> int:
        """Record that these notes' cards had the same status in a later package; return the number of cards."""
        older = "SELECT 1 FROM origin_cards WHERE package_ms < ? LIMIT 1"
        if self._db.execute(older, (package_ms,)).fetchone() is None:
            return 0
        cards = (
            "SELECT c.id FROM cards c JOIN origins o ON o.note = c.note"
            " WHERE o.source IN (SELECT value FROM json_each(?))"
        )
        updated = self._db.execute(
            f"UPDATE origin_cards SET package_ms = ? WHERE package_ms < ? AND card IN ({cards})",
            (package_ms, package_ms, json.dumps(list(sources))),
        )
        return updated.rowcount

    def statuses(self) -> dict[int, SeenStatus]:
        """Return the status of each card in Anki at the last import."""
        rows = self._db.execute(f"SELECT {_STATUS} FROM origin_cards")
        return {
            card: SeenStatus(changed, None if off is None else bool(off), *rest) for card, changed, off, *rest in rows
        }

    def remember_statuses(self, statuses: Iterable[tuple[int, SeenStatus]]) -> None:
        """Store the status of cards in Anki."""
        self._db.executemany(
            f"INSERT OR REPLACE INTO origin_cards({_STATUS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            ((card, *seen) for card, seen in statuses),
        )

    def remember_ids(self, kind: str, pairs: Iterable[tuple[int, int]]) -> None:
        """Store the ids, here and in Anki, of notes or cards made on a phone; existing ones stay."""
        self._db.executemany(
            "INSERT OR IGNORE INTO anki_ids VALUES (?, ?, ?)",
            ((kind, here, there) for here, there in pairs if here != there),
        )

    def ids(self, kind: str) -> dict[int, int]:
        """Return the ids in Anki of notes or cards made on a phone, by our ids."""
        return dict(self._db.execute("SELECT here, there FROM anki_ids WHERE kind = ?", (kind,)))

    def record(self, mark: str, at_ms: int, source: str) -> None:
        """Record an import in this transaction."""
        self._db.execute("INSERT INTO imports VALUES (?, ?, ?)", (mark, at_ms, source))

    def is_recorded(self, mark: str) -> bool:
        """Return whether the import with this mark is recorded."""
        return self._db.execute("SELECT 1 FROM imports WHERE mark = ?", (mark,)).fetchone() is not None

    def find_written_hash(self, path: str) -> bytes | None:
        """Return the hash of the file at `path` as last written by an import, or nothing."""
        row = self._db.execute("SELECT hash FROM written_files WHERE path = ?", (path,)).fetchone()
        return row[0] if row else None

    def record_written_hash(self, path: str, digest: bytes) -> None:
        """Record that an import wrote this file."""
        self._db.execute("INSERT OR REPLACE INTO written_files VALUES (?, ?)", (path, digest))


_EPOCH: Final = date(1970, 1, 1).toordinal()
_CARDS: Final = f"SELECT {CARD_COLUMNS} FROM cards WHERE note IN ({{}})"
_SPREAD_MS: Final = 600_000  # rows of one day get ids within its first ten minutes, so that they do not collide
_STATES: Final = tuple(State)
_QUARTER_MS: Final = 900_000


def add_stated_cards(store: Store, clock: Clock, stated: Iterable[tuple[NewCard, StatedSchedule]], at_ms: int) -> None:
    """Add new cards with the schedules of another tool; no schedule may be later than `at_ms`."""
    start_of = cache(clock.start_of)  # many cards were reviewed on the same days
    numbered = enumerate(stated, store.find_free_id(at_ms))
    cards = ((card, place, _make_state(clock, start_of, said, card, at_ms)) for card, (place, said) in numbered)
    merge.add_stated_cards(store.connection, cards, _make_day_converter(clock))


def take_statements(
    connection: sqlite3.Connection,
    clock: Clock,
    stated: Sequence[StatedCard],
    model_of: Callable[[int], Model],
    at_ms: int,
) -> int:
    """Apply the schedules that are newer than the stored ones; return the number of changed cards.

    The caller holds the transaction. Known schedules change nothing, and no schedule may be later than `at_ms`.
    """
    rows = select_in(connection, _CARDS, list({each.note for each in stated}))
    cards = {(card.note, card.slot): card for card in map(to_card, rows)}
    histories: list[CardHistory] = []
    start_of = cache(clock.start_of)
    for each in stated:
        if card := cards.get((each.note, each.slot)):
            imported = _make_state(clock, start_of, each.schedule, card.id, at_ms)
            if not _is_known(card, imported):
                histories.append(CardHistory(card.id, (), imported))
    return merge.merge(connection, histories, _make_day_converter(clock), model_of).cards if histories else 0


def _make_day_converter(clock: Clock) -> DayConverter:
    """Return a time reader that computes each quarter of an hour once; days and offsets change only between them."""
    day = cache(lambda quarter: clock.day(quarter * _QUARTER_MS))
    offset = cache(lambda quarter: clock.offset_minutes(quarter * _QUARTER_MS))
    return DayConverter(lambda at_ms: day(at_ms // _QUARTER_MS), lambda at_ms: offset(at_ms // _QUARTER_MS))


def _make_state(
    clock: Clock, start_of: Callable[[int], int], schedule: StatedSchedule, card_id: int, at_ms: int
) -> ImportedState:
    state = _STATES[schedule.state]
    due_day: int | None
    due_ms: int | None = None
    interval = max(1, schedule.interval) * DAY_SECONDS
    if len(schedule.due) == len("2026-12-16"):
        due_day = _read_day(schedule.due)
        changed_ms = start_of(_read_day(schedule.last)) + card_id % _SPREAD_MS
    else:
        due_at, changed_ms = _read_instant(schedule.due), _read_instant(schedule.last)
        due_day = clock.day(due_at)
        if state is not State.REVIEW:
            seconds = max(0, due_at - changed_ms) // 1000
            interval = seconds // DAY_SECONDS * DAY_SECONDS or seconds
            if seconds < DAY_SECONDS:
                due_day, due_ms = None, due_at
    steps_left = 0 if state is State.REVIEW else 1
    memory = Memory(schedule.stability, schedule.difficulty)
    counts = schedule.reps, schedule.lapses
    return ImportedState(
        state, due_day, due_ms, steps_left, interval, *counts, False, min(changed_ms, at_ms), memory, keeps_log=False
    )


@lru_cache(4096)
def _read_day(text: str) -> int:
    return date.fromisoformat(text).toordinal() - _EPOCH


def _read_instant(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def _is_known(card: Card, imported: ImportedState) -> bool:
    """Return whether a card already has the state that another tool gives it."""
    if (card.state, card.due_day, card.due_ms) != (imported.state, imported.due_day, imported.due_ms):
        return False
    if imported.memory is None or card.memory is None:
        return False
    return card.interval == imported.interval and are_close(card.memory, imported.memory)
