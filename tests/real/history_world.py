"""Collections with random histories, handed to the real Anki core and compared with what it then holds."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flashcards.anki.exports.export import export_package
from flashcards.anki.exports.notes import find_decks_in_use
from flashcards.collection import Collection, now_ms
from scheduler import Rating, ReviewKind, State
from scheduler.errors import NothingToUndo
from tests.anki.imports.anki_world import World

HOUR_MS = 3_600_000
_LOG_TYPES = {State.NEW: 0, State.LEARNING: 0, State.REVIEW: 1, State.RELEARNING: 2}
_EARLY = 3  # a review before its day, which in Anki only a filtered deck allows
_OTHER_TYPES = {ReviewKind.CRAM: 3, ReviewKind.FORGET: 4, ReviewKind.SET_DUE: 4, ReviewKind.RESCHEDULED: 5}


def deck_text(cards: int) -> str:
    return "".join(f"Q: question {number}\nA: answer {number}\n\n" for number in range(cards))


ACTS = {"rate": 60, "forget": 2, "due": 2, "undo": 3, "flag": 2, "suspend": 1, "bury": 1}
"""What a person does with a card, and how often."""


def live(
    collection: Collection, acts: int, days: int, chance: random.Random, chances: Mapping[str, int] = ACTS
) -> None:
    """Let a person do so many things at random in the last so many days."""
    store = collection.store
    cards = [row[0] for row in collection.connection.execute("SELECT id FROM cards ORDER BY id")]
    span = days * 24 * HOUR_MS
    clock = collection.clock
    instants = sorted(now_ms() - 60_000 - chance.randrange(span) for _ in range(acts))
    # Anki's graphs count the first second of a day with the day before.
    instants = [at + 1000 if at - clock.start_of(clock.day(at)) < 1000 else at for at in instants]
    for at in instants:
        card = chance.choice(cards)
        policy = collection.policy(store.card(card).deck)
        match chance.choices(list(chances), list(chances.values()))[0]:
            case "rate":
                store.rate(card, Rating(chance.choice([1, 2, 3, 3, 3, 4])), policy, at, chance.randrange(60_000))
            case "forget":
                store.forget([card], at)
            case "due":
                store.set_due([card], collection.clock.day(at) + chance.randrange(30), at)
            case "undo":
                try:
                    store.undo(at)
                except NothingToUndo:
                    continue
            case "flag":
                store.flag([card], chance.randrange(8))
            case "suspend":
                store.suspend([card])
            case "bury":
                store.bury([card], collection.clock.day(at) + chance.choice([0, 100]))


def exported(collection: Collection, path: Path) -> Path:
    export_package(collection, find_decks_in_use(collection), path)
    return path


def into(world: World, package: Path) -> None:
    """Import a package as a person does who ticks everything."""
    from anki.collection import ImportAnkiPackageOptions, ImportAnkiPackageRequest

    options = ImportAnkiPackageOptions(with_scheduling=True, with_deck_configs=True)
    world.col.import_anki_package(ImportAnkiPackageRequest(package_path=str(package), options=options))


def differences(collection: Collection, world: World) -> list[str]:
    """Where type, queue, due day, interval, counts, marks or log of a card are not in Anki what they are here."""
    found: list[str] = []
    today = collection.clock.day(now_ms())
    shift = today - world.sched.today
    rows = {
        row[0]: row[1:]
        for row in world.db.execute("SELECT id, type, queue, due, ivl, reps, lapses, left, flags, data FROM cards")
    }
    for (card_id,) in collection.connection.execute("SELECT id FROM cards WHERE active = 1"):
        card = collection.store.card(card_id)
        type_, queue, due, ivl, reps, lapses, left, flags, data = rows[card_id]
        here: dict[str, object] = {
            "type": int(card.state),
            "queue": _queue(card, today),
            "reps": card.reps,
            "lapses": card.lapses,
            "flag": card.flag,
        }
        there: dict[str, object] = {"type": type_, "queue": queue, "reps": reps, "lapses": lapses, "flag": flags}
        if card.state is not State.NEW:
            here["due"] = card.due_day if card.due_ms is None else card.due_ms // 1000
            there["due"] = due if card.due_ms is not None else _day(due, shift, collection)
        if card.state is State.REVIEW:
            here["interval"], there["interval"] = card.interval // 86_400, ivl
        elif card.state is State.RELEARNING:
            here["interval"], there["interval"] = _find_interval(collection, card, json.loads(data)["s"]), ivl
        if card.state in (State.LEARNING, State.RELEARNING):
            here["left"], there["left"] = max(1, card.steps_left), left
        found += [
            f"{card_id}: {name} {here[name]} here, {there[name]} there" for name in here if here[name] != there[name]
        ]
        ours = _log_rows(collection.store.log(card_id))
        theirs = [
            tuple(row)
            for row in world.db.execute(
                "SELECT id, ease, ivl, lastIvl, time, type FROM revlog WHERE cid = ? ORDER BY id", card_id
            )
        ]
        if _without_beginning(ours) != _without_beginning(theirs):
            found.append(f"{card_id}: log {ours} here, {theirs} there")
    return found


def _day(due: int, shift: int, collection: Collection) -> int:
    """The day that Anki's `due` means: an instant where a step of days is in no queue, else a day."""
    return collection.clock.day(due * 1000) if due > 1_000_000_000 else due + shift


def _queue(card: Any, today: int) -> int:
    if card.suspended:
        return -1
    if card.is_buried(today):
        return -3 if card.buried_by is None else -2
    if card.state in (State.NEW, State.REVIEW):
        return int(card.state)
    return 1 if card.due_ms is not None else 3


def _find_interval(collection: Collection, card: Any, stability: float) -> int:
    """The days that FSRS would give a card that is relearnt if it were done with its steps.

    From its stability in Anki: after a change of clocks, Anki counts another number of days between reviews.
    """
    policy = collection.policy(card.deck)
    days = collection.store.model(policy.parameters).interval_days(stability, policy.retention)
    return min(max(1, round(days)), policy.maximum_interval)


def _log_rows(rows: Any) -> list[tuple[int, ...]]:
    found: list[tuple[int, ...]] = []
    due = 0
    for row in rows:
        type_ = _OTHER_TYPES.get(row.kind, _LOG_TYPES[row.state_before])
        if row.log_type is not None:
            type_ = row.log_type
        elif type_ == _LOG_TYPES[State.REVIEW] and due > row.day:
            type_ = _EARLY
        before, after = _interval(row.interval_before), _interval(row.interval_after)
        if row.kind is not ReviewKind.TAKEN_OVER:
            found.append((row.id, int(row.rating or 0), after, before, row.duration_ms, type_))
        if row.kind is not ReviewKind.CRAM:
            due = row.due_day or 0
    return found


def _interval(seconds: int) -> int:
    return -seconds if seconds % 86_400 else seconds // 86_400


def _without_beginning(rows: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Without the type of first ratings, which is that of a new card even where a due day was set before them."""
    found = []
    first = True
    for row in rows:
        _, rating, interval, *_ = row
        if rating:
            found.append(row[:-1] if first else row)
            first = False
        else:
            found.append(row)
            first = first or interval == 0
    return found


def recomputed(world: World, package_states: dict[int, tuple[float, float]]) -> tuple[float, float]:
    """The largest relative difference, in stability and difficulty, from what the core computes from the log."""
    from anki.cards import CardId

    worst = [0.0, 0.0]
    for card, (stability, difficulty) in package_states.items():
        state = world.col.compute_memory_state(CardId(card))
        for place, (here, there) in enumerate(((stability, state.stability), (difficulty, state.difficulty))):
            assert there is not None
            worst[place] = max(worst[place], abs(here - there) / there)
    return worst[0], worst[1]


def states_in(package: Path, folder: Path) -> dict[int, tuple[float, float]]:
    """The memory states that a package holds, by card."""
    import sqlite3
    import zipfile

    with zipfile.ZipFile(package) as archive:
        names = archive.namelist()
        name = "collection.anki21" if "collection.anki21" in names else "collection.anki2"
        (folder / "states.db").write_bytes(archive.read(name))
    connection = sqlite3.connect(folder / "states.db")
    rows = connection.execute("SELECT id, data FROM cards WHERE data LIKE '%\"s\"%'").fetchall()
    connection.close()
    found = {card: json.loads(data) for card, data in rows}
    return {card: (data["s"], data["d"]) for card, data in found.items()}


def profile_of(package: Path, folder: Path) -> World:
    """An Anki whose collection a .colpkg has taken the place of."""
    from anki._backend import RustBackend
    from anki.collection import Collection as Anki

    folder.mkdir()
    Anki(str(folder / "collection.anki2")).close()
    RustBackend().import_collection_package(
        col_path=str(folder / "collection.anki2"),
        backup_path=str(package),
        media_folder=str(folder / "collection.media"),
        media_db=str(folder / "collection.media.db"),
    )
    return World(folder, limits=True)
