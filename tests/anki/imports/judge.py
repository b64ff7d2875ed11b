"""Compares what a collection of Anki holds with what was imported of it."""

from __future__ import annotations

from typing import Any

from flashcards.collection import Collection
from scheduler import ReviewKind, State

_ANKI_TYPES = {ReviewKind.FORGET: 4, ReviewKind.SET_DUE: 4, ReviewKind.RESCHEDULED: 5, ReviewKind.CRAM: 3}
_LOG_STATES = {State.NEW: 0, State.LEARNING: 0, State.REVIEW: 1, State.RELEARNING: 2}


def differences(collection: Collection, db: Any, today: int) -> list[str]:
    """Every difference in state, due day, counts, marks and log of the cards that came from Anki.

    Args:
        collection: after the import.
        db: Anki's database.
        today: the day that Anki takes for today.
    """
    ours_today = collection.clock.day(_now_ms())
    found = []
    notes = dict(db.execute("SELECT guid, id FROM notes"))
    rows = collection.connection.execute("SELECT source, part, note FROM origins").fetchall()
    if {source for source, _, _ in rows} != {guid for guid, note in notes.items()}:
        found.append("the notes differ")
    for source, part, note in rows:
        slots = dict(collection.connection.execute("SELECT slot, id FROM cards WHERE note = ?", (note,)))
        for card in db.execute(
            "SELECT id, ord, type, queue, due, ivl, reps, lapses, flags, odue, odid FROM cards WHERE nid = ?",
            notes[source],
        ):
            slot = find_slot(card[1], part, slots)
            if slot is None:
                continue
            found += _card_differences(collection, slots[slot], card, db, ours_today - today)
    return found


def find_slot(number: int, part: int, slots: dict[str, int]) -> str | None:
    """The slot of the card that one of Anki's is, if it is one of this note's."""
    if f"c{number + 1}" in slots:
        return f"c{number + 1}"
    if number == part:
        return "forward"
    return "reverse" if "reverse" in slots else None


def _card_differences(collection: Collection, ours: int, card: Any, db: Any, shift: int) -> list[str]:
    id_, _, type_, queue, due, ivl, reps, lapses, flags, odue, odid = card
    here = collection.store.card(ours)
    due = odue if odid and (due < 0 or (odue and queue != 1)) else due
    expected = {
        "state": type_,
        "reps": reps,
        "lapses": lapses,
        "flag": flags & 7,
        "suspended": queue == -1,
    }
    actual: dict[str, object] = {
        "state": int(here.state),
        "reps": here.reps,
        "lapses": here.lapses,
        "flag": here.flag,
        "suspended": here.suspended,
    }
    if type_ == 2:
        expected["interval"], actual["interval"] = ivl, here.interval // 86_400
    if type_ and due < 1_000_000_000:
        expected["due"], actual["due"] = due + shift, here.due_day
    elif type_:
        expected["due"], actual["due"] = due, (here.due_ms or 0) // 1000
    log = [
        tuple(row)
        for row in db.execute("SELECT id, ease, ivl, lastIvl, time, type FROM revlog WHERE cid = ? ORDER BY id", id_)
    ]
    ours_log = [_anki_row(row) for row in collection.store.log(ours) if row.kind is not ReviewKind.TAKEN_OVER]
    found = [
        f"card {id_}: {name} is {actual[name]}, in Anki {value}"
        for name, value in expected.items()
        if actual[name] != value
    ]
    if [_comparable(row) for row in log] != ours_log:
        found.append(f"card {id_}: the log is {ours_log}, in Anki {log}")
    return found


def _anki_row(row: Any) -> tuple[int, int, int, int, int, int]:
    kind = row.log_type if row.log_type is not None else _ANKI_TYPES.get(row.kind, _LOG_STATES[row.state_before])
    return (row.id, int(row.rating or 0), row.interval_after, row.interval_before, row.duration_ms, kind)


def _comparable(row: tuple[int, ...]) -> tuple[int, int, int, int, int, int]:
    at, ease, ivl, last_ivl, time, kind = row
    return (at, ease if kind not in (4, 5) else 0, _seconds(ivl), _seconds(last_ivl), time, kind)


def _seconds(interval: int) -> int:
    return interval * 86_400 if interval > 0 else -interval


def _now_ms() -> int:
    import time

    return time.time_ns() // 1_000_000
