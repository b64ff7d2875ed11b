"""Write schedules and the whole review log to Anki's tables."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import numpy as np

from flashcards.text import list_deck_path
from scheduler.connection import attach_copy
from scheduler.log import Done
from scheduler.log_arrays import Ints, LogColumns, read_log
from scheduler.memory import read_curve
from scheduler.model import DAY_SECONDS, ReviewKind, State
from scheduler.replay import read_stated_memories, replay_log

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from flashcards.collection import Collection

_STRIDE: Final = 50_000  # log rows between calls of `progress`
_EASE: Final = 2500  # Anki's ease for a card that has none yet

_HOUR: Final = 3_600  # seconds

_ON_STEPS: Final = f"{State.LEARNING:d}, {State.RELEARNING:d}"

_SCRATCH: Final = (
    "CREATE TEMP TABLE memories (card INTEGER PRIMARY KEY, stability REAL, difficulty REAL)",
    "CREATE TEMP TABLE policies (deck INTEGER PRIMARY KEY, retention REAL, decay REAL, share REAL, longest INTEGER)",
    "CREATE TEMP TABLE beginnings (id INTEGER PRIMARY KEY)",
    "CREATE TEMP TABLE early (id INTEGER PRIMARY KEY)",
)

# A card whose rating is not in the log gets the time of the row with its memory state, but the day of the rating.
_NOON: Final = f"ours.last_day * {DAY_SECONDS} + :day_begins + {DAY_SECONDS // 2}"
_LAST_RATED: Final = (
    f"CASE WHEN abs(ours.last_ms / 1000 - ({_NOON})) <= {DAY_SECONDS} THEN ours.last_ms / 1000 ELSE {_NOON} END"
)
_MORE: Final = "coalesce(',' || substr(nullif(there.data, ''), 2, length(there.data) - 2), '')"

# The schedule of every card, as Anki keeps it. A card that is relearnt has the interval that FSRS would
# give it now: its stability times a share that follows from the retention. A step of days that is suspended
# or buried is due at an instant: an import moves days to the other collection's day 0 only where they are in a queue.
_SCHEDULE: Final = f"""
    UPDATE cards SET
        mod = max(cards.mod, coalesce(ours.last_ms, 0) / 1000),
        type = ours.state,
        queue = CASE
            WHEN ours.suspended THEN -1
            WHEN ours.buried_day >= :today THEN CASE WHEN ours.buried_by IS NULL THEN -3 ELSE -2 END
            WHEN ours.state IN ({State.NEW:d}, {State.REVIEW:d}) THEN ours.state
            WHEN ours.due_ms IS NOT NULL THEN 1
            ELSE 3 END,
        due = CASE
            WHEN ours.state = {State.NEW:d} THEN cards.due
            WHEN ours.due_ms IS NOT NULL THEN ours.due_ms / 1000
            WHEN ours.state <> {State.REVIEW:d} AND (ours.suspended OR ours.buried_day >= :today)
                THEN ours.due_day * {DAY_SECONDS} + :day_begins
            ELSE ours.due_day - :first_day END,
        ivl = CASE ours.state
            WHEN {State.REVIEW:d} THEN ours.interval / {DAY_SECONDS}
            WHEN {State.RELEARNING:d} THEN coalesce(
                max(1, min(CAST(round(memories.stability * policies.share) AS INTEGER), policies.longest)), 1)
            ELSE 0 END,
        factor = CASE WHEN ours.state IN ({State.REVIEW:d}, {State.RELEARNING:d})
            THEN coalesce(nullif(there.ease, 0), {_EASE}) ELSE 0 END,
        reps = ours.reps,
        lapses = ours.lapses,
        left = CASE WHEN ours.state IN ({_ON_STEPS}) THEN max(1, ours.steps_left) ELSE 0 END,
        flags = ours.flag,
        data = CASE
            WHEN ours.state = {State.NEW:d} THEN coalesce(there.data, '')
            WHEN memories.card IS NULL THEN printf('{{"pos":%d%s}}', cards.due, {_MORE})
            ELSE printf('{{"pos":%d,"s":%.8g,"d":%.8g,"dr":%.8g,"decay":%.8g,"lrt":%d%s}}', cards.due,
                memories.stability, memories.difficulty, policies.retention, policies.decay, {_LAST_RATED}, {_MORE})
            END
    FROM state.cards AS ours
        LEFT JOIN memories ON memories.card = ours.id
        LEFT JOIN policies ON policies.deck = ours.deck
        LEFT JOIN state.origin_cards AS there ON there.card = ours.id
    WHERE ours.id = cards.id
"""

_FACTOR: Final = (
    f"CASE WHEN difficulty IS NULL THEN {_EASE} ELSE CAST(round((difficulty - 1) * 1000 / 9 + 100) AS INTEGER) END"
)
# Anki's second scheduler gives the steps of cards in seconds, even those of whole days.
_IS_STEP: Final = f"kind = {ReviewKind.RATING:d} AND log_type IS NOT NULL AND state_after IN ({_ON_STEPS})"
_FOLLOWS_STEP: Final = f"""
    log_type IN (0, 2) AND interval_before AND (
        SELECT {_IS_STEP} FROM state.reviews AS p WHERE p.card = reviews.card AND p.id < reviews.id
        ORDER BY p.id DESC LIMIT 1)
"""


def _write_interval(name: str, is_step: str) -> str:
    return f"CASE WHEN {name} % {DAY_SECONDS} OR ({is_step}) THEN -{name} ELSE {name} / {DAY_SECONDS} END"


# In order of id, so that rows are only appended.
_LOG: Final = f"""
    INSERT INTO revlog
    SELECT id, card, -1, coalesce(rating, 0),
        {_write_interval("interval_after", _IS_STEP)}, {_write_interval("interval_before", _FOLLOWS_STEP)},
        coalesce(log_factor, CASE WHEN kind IN ({ReviewKind.FORGET:d}, {ReviewKind.CRAM:d}) THEN 0 ELSE {_FACTOR} END),
        duration_ms,
        coalesce(log_type, CASE kind
            WHEN {ReviewKind.CRAM:d} THEN 3
            WHEN {ReviewKind.FORGET:d} THEN 4
            WHEN {ReviewKind.SET_DUE:d} THEN 4
            WHEN {ReviewKind.RESCHEDULED:d} THEN 5
            ELSE CASE
                WHEN id IN (SELECT id FROM beginnings) THEN 0
                WHEN id IN (SELECT id FROM early) THEN 3
                WHEN state_before = {State.REVIEW:d} THEN 1
                WHEN state_before = {State.RELEARNING:d} THEN 2
                ELSE 0 END
            END)
    FROM state.reviews
    WHERE id > :after AND id <= :until AND kind NOT IN ({ReviewKind.VOID:d}, {ReviewKind.TAKEN_OVER:d})
        AND (:every_card OR card IN (SELECT id FROM cards))
        AND id NOT IN (SELECT voids FROM state.reviews WHERE voids IS NOT NULL)
    ORDER BY id
"""


_TAKEN: Final = "SELECT 1 FROM revlog WHERE id = ? UNION ALL SELECT 1 FROM state.reviews WHERE id = ?"
_PART_END: Final = "SELECT id FROM state.reviews WHERE id > ? ORDER BY id LIMIT 1 OFFSET ?"
_HAS_EVERY_CARD: Final = "SELECT (SELECT count(*) FROM cards) = (SELECT count(*) FROM state.cards)"
_MOVED: Final = "state.exported_notes e JOIN notes n ON n.id = e.note WHERE e.shifted + (e.guid <> n.guid) > 0"
_SHIFTED: Final = """
    SELECT r.id, e.shifted + (e.guid <> n.guid) AS shift
    FROM revlog r JOIN cards c ON c.id = r.cid JOIN notes n ON n.id = c.nid JOIN state.exported_notes e ON e.note = n.id
    WHERE shift > 0 ORDER BY r.id DESC
"""


class History:
    """The schedules and the log of a collection's cards, as of `now_ms`.

    Anki counts the days of a log by the current offset from UTC. With `finds_early`, reviews before their due day get
    the log type of a filtered deck; phones set the type themselves.
    """

    def __init__(
        self,
        collection: Collection,
        now_ms: int,
        progress: Callable[[int], None] | None = None,
        *,
        finds_early: bool = True,
    ) -> None:
        self._finds_early = finds_early
        self._collection = collection
        self._clock = collection.clock
        self._now_ms = now_ms
        self._progress = progress

    @property
    def first_ms(self) -> int | None:
        """The beginning of the log, or nothing if it is empty."""
        first: int | None = self._collection.connection.execute("SELECT min(id) FROM reviews").fetchone()[0]
        return first

    @property
    def today(self) -> int:
        """The current day."""
        return self._clock.day(self._now_ms)

    def done_today(self, deck: str) -> Done | None:
        """Return today's work in a deck and its subdecks, or nothing if there was none."""
        return self._done.get(deck)

    @cached_property
    def _done(self) -> dict[str, Done]:
        found: dict[str, Done] = {}
        by_deck = self._collection.store.done(self.today)
        for name, number in self._collection.catalog.decks().items():
            if done := by_deck.get(number):
                for deck in list_deck_path(name):
                    before = found.get(deck, Done(0, 0))
                    found[deck] = Done(before.new + done.new, before.reviews + done.reviews)
        return found

    def attach(self, connection: sqlite3.Connection) -> None:
        """Attach the collection's database to a package's, which is open for URIs, before its transaction begins."""
        if not self._collection.is_kept:
            attach_copy(connection, self._collection.connection, "state")
            return
        path = quote(os.fsencode(self._collection.database.resolve()))
        connection.execute("ATTACH ? AS state", (f"file:{path}?mode=ro",))

    def write(self, cursor: sqlite3.Cursor, first_day: int) -> None:
        """Give the cards of the package their schedules, and add the log. `first_day` is the package's day 0."""
        for statement in _SCRATCH:
            cursor.execute(statement)
        log = read_log(self._collection.connection)
        self._write_memories(cursor, self._count_by_anki_days(log))
        if self._finds_early:
            early = _find_early_reviews(log).tolist()
            cursor.executemany("INSERT INTO early VALUES (?)", ((at,) for at in early))
        values = {
            "today": self.today,
            "first_day": first_day,
            # An hour into the day, so that it is the same day in summer and winter.
            "day_begins": _HOUR - self._clock.present_shift_seconds(self._now_ms),
        }
        cursor.execute(_SCHEDULE, values)
        self._write_log(cursor)
        self._shift_log(cursor)

    def _count_by_anki_days(self, log: LogColumns) -> LogColumns:
        """Return the log with the days as Anki counts them."""
        # Anki counts back from the next day, so the first second of a day belongs to the previous day.
        seconds = log.at_ms // 1000 - 1
        day = (seconds + self._clock.present_shift_seconds(self._now_ms)) // DAY_SECONDS
        # The day of such a row is that of the rating that it continues from.
        return log._replace(day=np.where(log.kind == int(ReviewKind.TAKEN_OVER), log.day, day))

    def _write_memories(self, cursor: sqlite3.Cursor, log: LogColumns) -> None:
        collection = self._collection
        rows = cursor.execute("SELECT id, deck FROM state.cards WHERE id IN (SELECT id FROM cards) ORDER BY id")
        cards, decks = np.array(rows.fetchall(), dtype=np.int64).reshape(-1, 2).T
        policies = {deck: collection.policy(deck) for deck in np.unique(decks).tolist()}
        models = {deck: collection.store.model(policy.parameters) for deck, policy in policies.items()}
        starts = read_stated_memories(collection.connection, log)
        known = replay_log(log, starts, cards, decks, models.__getitem__)
        memories = zip(known.card.tolist(), known.stability.tolist(), known.difficulty.tolist(), strict=True)
        cursor.executemany("INSERT INTO memories VALUES (?, ?, ?)", memories)
        curves = {deck: read_curve(policy.parameters) for deck, policy in policies.items()}
        cursor.executemany(
            "INSERT INTO policies VALUES (?, ?, ?, ?, ?)",
            (
                (deck, each.retention, curve.decay, curve.interval(1, each.retention), each.maximum_interval)
                for (deck, each), curve in zip(policies.items(), curves.values(), strict=True)
            ),
        )
        beginnings = _find_first_ratings(log, starts).tolist()
        cursor.executemany("INSERT INTO beginnings VALUES (?)", ((at,) for at in beginnings))

    def _shift_log(self, cursor: sqlite3.Cursor) -> None:
        """Give new ids to the log rows of notes of another kind now; Anki would drop the known ids."""
        if not cursor.execute(f"SELECT 1 FROM {_MOVED} LIMIT 1").fetchone():  # finding that out from the log takes long
            return
        for row, shift in cursor.execute(_SHIFTED).fetchall():
            new = row + shift
            while cursor.execute(_TAKEN, (new, new)).fetchone():
                new += 1
            cursor.execute("UPDATE revlog SET id = ? WHERE id = ?", (new, row))

    def _write_log(self, cursor: sqlite3.Cursor) -> None:
        (every_card,) = cursor.execute(_HAS_EVERY_CARD).fetchone()
        (last,) = cursor.execute("SELECT coalesce(max(id), 0) FROM state.reviews").fetchone()
        number, after = 0, -1
        while after < last:
            if self._progress:
                self._progress(number * _STRIDE)
            end = cursor.execute(_PART_END, (after, _STRIDE - 1)).fetchone()
            until = end[0] if end else last
            cursor.execute(_LOG, {"after": after, "until": until, "every_card": every_card})
            number, after = number + 1, until


def _find_early_reviews(log: LogColumns) -> Ints:
    """Find early ratings of review cards. In Anki they belong to a filtered deck."""
    log = log.where(log.kind != int(ReviewKind.CRAM))
    is_same_card = np.diff(log.card, prepend=-1) == 0
    chosen = (log.kind == int(ReviewKind.RATING)) & (log.before == int(State.REVIEW)) & is_same_card
    found: Ints = log.at_ms[chosen & (np.roll(log.due_day, 1) > log.day)]
    return found


def _find_first_ratings(log: LogColumns, starts: dict[int, Any]) -> Ints:
    """Find first ratings of cards that were in review already, because a due day was set while they were new.

    FSRS begins with them, and so does Anki if they are marked as those of a new card.
    """
    stated = np.isin(log.at_ms, list(starts))
    begins = stated | (log.kind == int(ReviewKind.FORGET))
    # The parts of the log separated by these rows or by another card; each row belongs to the part that it opens.
    part = np.cumsum(begins | (np.diff(log.card, prepend=-1) != 0))
    rated = np.flatnonzero(log.kind == int(ReviewKind.RATING))
    first = rated[np.unique(part[rated], return_index=True)[1]]
    chosen = (log.before[first] == int(State.REVIEW)) & ~np.isin(part[first], part[stated])
    found: Ints = log.at_ms[first[chosen]]
    return found
