"""Merge the state of another computer: reviews and acts of the same collection, each once, by time."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from flashcards.collection import TABLE_SETS, Collection, now_ms
from flashcards.importers import databases
from flashcards.importers.transaction import ImportInvalid, ImportReport, Malformed, Remark, merge_histories, run_import
from flashcards.text import plural
from scheduler.backup_files import find_damage
from scheduler.connection import select_in
from scheduler.database import prepare_copy
from scheduler.errors import SchedulerError
from scheduler.log import CardHistory, ImportedReview, ImportedState
from scheduler.model import ReviewKind
from scheduler.store import Store

if TYPE_CHECKING:
    from flashcards.disk.journal import Journal

_REMEDY: Final = "Nothing was changed; name the `state.db` that the other computer keeps in `.flashcards`."
_OURS: Final = ("cards", "reviews", "notes", "texts", "acts")
# Years ahead; a clock may be wrong by years, but `scheduler.replay` limits pauses to about 350.
_MOST_YEARS: Final = 100
_NOT_REVIEWS: Final = (ReviewKind.VOID, ReviewKind.TAKEN_OVER)
_read_past = attrgetter("id", *ImportedReview._fields[1:])  # the values of an `ImportedReview` in a row of our log


def is_state(path: Path) -> bool:
    """Return whether a database is the state of a collection of this program."""
    return {"cards", "reviews", "notes", "origins"} <= databases.list_tables(path)


def import_state(collection: Collection, path: Path, *, dry_run: bool = False) -> ImportReport:
    """Import the reviews and acts from another computer's `state.db`, or a conflict copy. Raise ImportInvalid."""
    report = ImportReport(path.name)
    if path.resolve() == collection.database.resolve():
        raise ImportInvalid(path, "it is the state of this collection itself", _REMEDY)
    with closing(_open_copy(path, collection.connection)) as copy:
        theirs = _OtherState(copy)
        there_at = _read_status_times(path, theirs)
        ours = _OtherState(collection.connection)

        def bring_in(_journal: Journal) -> bool:
            keys = _match_by_text(theirs, ours)
            names = ((card, (keys.get(key, key), slot)) for (key, slot), card in theirs.cards.items())
            here = {card: ours.cards[name] for card, name in names if name in ours.cards}
            store = Store(copy, collection.clock)
            merge_histories(collection, _list_histories(store, here), report)
            report.cards += _undo_ratings(collection, theirs.voided)
            report.cards += _follow_statuses(collection, theirs, ours, here, there_at)
            lacking = [card for card in theirs.cards.values() if card not in here]
            reviewed = "SELECT count(DISTINCT card) FROM reviews WHERE card IN ({})"
            missing = sum(count for (count,) in select_in(copy, reviewed, lacking))
            if missing:
                are = "is" if missing == 1 else "are"
                message = f"{plural(missing, 'reviewed card')} of the other computer {are} not in these decks."
                remedy = "Synchronize the deck files first, then import again."
                report.remarks.append(Remark(path.name, f"{message} {remedy}"))
            return False

        return run_import(collection, report, bring_in, dry_run=dry_run)


def _open_copy(path: Path, ours: sqlite3.Connection) -> sqlite3.Connection:
    """Copy a state into memory, and migrate the copy to the current tables, which are those of `ours`."""
    copy = sqlite3.connect(":memory:", isolation_level=None)
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as source:
            source.backup(copy)
        copy.execute("PRAGMA trusted_schema = OFF")
        databases.limit_queries(copy, path.stat().st_size)
        databases.require_tables(copy, _OURS, "it has no table `{}`")
        prepare_copy(copy, path, TABLE_SETS)
        if any(_list_columns(copy, table) != _list_columns(ours, table) for table in _OURS):
            raise Malformed("its tables are not those of this program")
        if reason := find_damage(copy):
            raise Malformed(reason)
        times = databases.FIRST_MS, now_ms() + _MOST_YEARS * databases.YEAR_MS
        if copy.execute("SELECT 1 FROM reviews WHERE id NOT BETWEEN ? AND ? LIMIT 1", times).fetchone():
            raise Malformed(f"it holds a review from before 1980 or more than {_MOST_YEARS} years ahead")
    except Malformed as error:
        copy.close()
        raise ImportInvalid(path, str(error), _REMEDY) from error
    except SchedulerError as error:
        copy.close()
        raise ImportInvalid(path, f"it cannot be read ({error})".rstrip("."), _REMEDY) from error
    except (sqlite3.Error, ValueError) as error:  # SQLite may repeat the data that it read
        copy.close()
        limit = databases.find_limit(error) if isinstance(error, sqlite3.Error) else None
        raise ImportInvalid(path, limit or "it is damaged", _REMEDY) from error
    return copy


def _list_columns(connection: sqlite3.Connection, table: str) -> set[tuple[str, str]]:
    return set(connection.execute("SELECT name, type FROM pragma_table_info(?)", (table,)).fetchall())


class _Status(NamedTuple):
    suspended: int
    buried_day: int | None
    buried_by: int | None
    flag: int


class _OtherState:
    """The data of one computer's database."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        rows = connection.execute("SELECT n.key, c.slot, c.id FROM cards c JOIN notes n ON n.id = c.note")
        self.cards = {(key, slot): card for key, slot, card in rows}  # ids by the key of the note and the slot
        rows = connection.execute("SELECT voids, id FROM reviews WHERE voids IS NOT NULL")
        # the ids of voided log rows, with the time at which they were voided
        self.voided: dict[int, int] = dict(rows.fetchall())

    def group_by_text(self, matched: set[str], former: bool) -> dict[bytes, set[str]]:
        """Return the unmatched notes in the decks by the fingerprint of their text, and of their former texts."""
        query = "SELECT fingerprint, key FROM notes WHERE active = 1"
        if former:
            query += " UNION SELECT t.fingerprint, n.key FROM texts t JOIN notes n ON n.id = t.note WHERE n.active = 1"
        found: dict[bytes, set[str]] = defaultdict(set)
        for fingerprint, key in self._db.execute(query):
            if key not in matched:
                found[fingerprint].add(key)
        return found

    def statuses(self) -> dict[int, _Status]:
        """Return suspension, burial and flag of each card."""
        rows = self._db.execute("SELECT id, suspended, buried_day, buried_by, flag FROM cards")
        return {card: _Status(*status) for card, *status in rows}

    def find_status_times(self) -> Mapping[int, int]:
        """Return the time of the last act that changed each card's status, epoch milliseconds."""
        found: dict[int, int] = defaultdict(int)
        for at_ms, undone_ms, before in self._db.execute("SELECT at_ms, undone_ms, before FROM acts"):
            for card, *_ in json.loads(before).get("cards", ()):
                found[card] = max(found[card], at_ms, undone_ms or 0)
        return found


def _match_by_text(theirs: _OtherState, ours: _OtherState) -> dict[str, str]:
    """Match the keys of notes that each computer first read with another wording; equal notes stay unmatched."""
    matched_here = {key for key, _ in theirs.cards}
    matched_there = {key for key, _ in ours.cards}
    found: dict[str, str] = {}
    for former in (False, True):
        here, there = ours.group_by_text(matched_here, former), theirs.group_by_text(matched_there, former)
        for fingerprint, keys in there.items():
            candidates = here.get(fingerprint, set()) - matched_here
            if len(keys - matched_there) == len(candidates) == 1:
                (key,), (ours_key,) = keys - matched_there, candidates
                found[key] = ours_key
                matched_there.add(key)
                matched_here.add(ours_key)
    return found


def _list_histories(store: Store, here: Mapping[int, int]) -> Iterator[CardHistory]:
    for there, ours in here.items():
        log = store.log(there)
        if log:
            reviews = [ImportedReview._make(_read_past(row)) for row in log if row.kind not in _NOT_REVIEWS]
            is_whole = not any(row.kind is ReviewKind.TAKEN_OVER for row in log)
            card = store.card(there)
            state = ImportedState.of_card(card, log[-1].id)
            memory = None if is_whole else card.memory
            yield CardHistory(ours, reviews, state._replace(memory=memory, log_is_whole=is_whole))


def _undo_ratings(collection: Collection, voided: Iterable[int]) -> int:
    """Undo the ratings that were undone on the other computer; return their number."""
    taken = 0
    for row in sorted(voided, reverse=True):
        kept = collection.connection.execute(
            "SELECT 1 FROM reviews WHERE id = ? AND kind = ?"
            " AND id NOT IN (SELECT voids FROM reviews WHERE voids IS NOT NULL)",
            (row, int(ReviewKind.RATING)),
        ).fetchone()
        if kept:
            collection.store.undo_rating(row, now_ms())
            taken += 1
    return taken


def _read_status_times(path: Path, theirs: _OtherState) -> Mapping[int, int]:
    try:
        return theirs.find_status_times()
    except (ValueError, TypeError, AttributeError) as error:
        raise ImportInvalid(path, "its record of acts cannot be understood", _REMEDY) from error


def _follow_statuses(
    collection: Collection, theirs: _OtherState, ours: _OtherState, here: Mapping[int, int], there_at: Mapping[int, int]
) -> int:
    """Give cards the status after the latest act on either side, burying reviews included; return how many changed."""
    here_at = ours.find_status_times()
    there_now, here_now = theirs.statuses(), ours.statuses()
    changed = [
        (there_now[there], card)
        for there, card in here.items()
        if there_at.get(there, 0) > here_at.get(card, 0) and there_now[there] != here_now[card]
    ]
    collection.connection.executemany(
        "UPDATE cards SET suspended = ?, buried_day = ?, buried_by = ?, flag = ? WHERE id = ?",
        [(*status, card) for status, card in changed],
    )
    buried = [
        (status.buried_day, status.buried_by, card)
        for there, card in here.items()
        if (status := there_now[there]).buried_by
        and status.buried_by > max(here_at.get(card, 0), there_at.get(there, 0))
        and (status.buried_day or 0) > (here_now[card].buried_day or 0)
    ]
    collection.connection.executemany("UPDATE cards SET buried_day = ?, buried_by = ? WHERE id = ?", buried)
    return len({card for *_, card in (*changed, *buried)})
