"""The same person in Anki's own core and in the scheduler, at the same instants: a life of random sittings.

`python -m tests.real.lives [SITTINGS]` lives in ten time zones, with four rollovers each, once with fuzz and once
without, 300 sittings by default, and prints what differed. Each life is a process of its own, whose clock libfaketime
moves. What `docs/scheduling.md` lists as different is counted, and what it says of it is checked; anything else ends
the life.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from scheduler import Card, Rating, State
from scheduler.intervals import compute_bounds
from scheduler.model import DAY_SECONDS
from tests.real.two_schedulers import TwoSchedulers
from tests.scheduler.world import put

FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)

ZONES = {
    "America/New_York": "2025-10-25",
    "Europe/Berlin": "2025-10-18",
    "Australia/Lord_Howe": "2025-09-25",
    "Asia/Kathmandu": "2025-12-20",
    "Pacific/Apia": "2011-12-10",
    "Africa/Casablanca": "2026-01-25",
    "America/St_Johns": "2010-10-20",
    "Asia/Tokyo": "2026-01-01",
    "Pacific/Chatham": "2025-09-15",
    "America/Sao_Paulo": "2017-10-01",
}
"""Where people live, and from when on: the clocks change early, in Apia by a whole day, in Sao Paulo at midnight."""

ROLLOVERS = (0, 4, 5, 23)


class Drawn:
    """The days that Anki drew, given to our scheduler in place of its own draw, if they lie in our range."""

    def __init__(self, today: int, days: Sequence[int | None]) -> None:
        self.today = today
        self.left = list(days)
        self.problems: list[str] = []

    def interval(self, days: float, minimum: int, maximum: int, _drawn: float) -> int:
        lower, upper = compute_bounds(days, minimum, maximum)
        given = self.left.pop(0)
        if given is None:  # Easy on a step is at least a day longer than Good would be without the steps
            return min(max(lower, (self.left[0] or 0) - 1), upper)
        if not lower <= given <= upper:
            self.problems.append(f"{days} days, at least {minimum}: {lower} to {upper} here, {given} there")
        return given


class Life(TwoSchedulers):
    """What a person does, at random, to both."""

    def __init__(self, folder: Path, seed: int, rollover: int, *, fuzz: bool) -> None:
        super().__init__(folder, seed, rollover, fuzz=fuzz)
        self.acts: list[str] = []
        self.problems: list[str] = []

    def tick(self) -> None:
        """Let a card's time pass."""
        self.move_to(self.now_ms + self.chance.choice([1100, 5000, 20_000, 45_000, 61_000, 300_000]))

    def go_to_next_sitting(self) -> None:
        """Move to another hour or day; often just before or after a rollover, or after the clocks changed."""
        chance, hour = self.chance, 3_600_000
        change = self._find_change()
        if change and chance.random() < 0.7:
            self.move_to(change + chance.randrange(-2 * hour, 30 * hour))
            return
        rollover = self.clock.start_of(self.clock.day(self.now_ms) + 1)
        match chance.choices(range(5), [40, 15, 30, 12, 3])[0]:
            case 0:
                self.move_to(self.now_ms + 24 * hour + chance.randrange(-8 * hour, 8 * hour))
            case 1:
                self.move_to(self.now_ms + chance.randrange(60_000, 6 * hour))
            case 2:
                self.move_to(rollover + chance.choice([-1000, 0, 1000, chance.randrange(-hour, hour)]))
            case 3:
                self.move_to(self.now_ms + chance.randrange(2, 8) * 24 * hour)
            case _:
                self.move_to(self.now_ms + chance.choice([30, 60, 400]) * 24 * hour)

    def _find_change(self) -> int | None:
        """Find a change of clocks in the next two days."""
        hours = range(self.now_ms, self.now_ms + 48 * 3_600_000, 3_600_000)
        offset = self.clock.offset_seconds(self.now_ms)
        return next((at for at in hours if self.clock.offset_seconds(at) != offset), None)

    def sit(self) -> list[str]:
        """Do a few things; return what differs."""
        for _ in range(self.chance.randrange(1, 6)):
            self.tick()
            if differ := self._act():
                return differ
        return self.compare_logs()

    def _act(self) -> list[str]:
        queued, differ = self.compare_queues()
        if differ:
            return differ
        self.problems = []
        if self.chance.random() < 0.25:
            self._mark()
        elif queued.cards:
            self._answer(queued.cards[0])
        return self.problems + self.compare_cards()

    def _answer(self, top: Any) -> None:
        rating = self.chance.choice([*Rating, Rating.AGAIN, Rating.GOOD, Rating.GOOD])
        card = self.world.col.get_card(top.card.id)
        card.start_timer()
        ours = self.ours[card.id]
        before = self.store.card(ours)
        self._count_days_as_anki(before)
        answer = self.world.sched.build_answer(card=card, states=top.states, rating=rating - 1)
        self.world.sched.answer_card(answer)
        load = Drawn(self.clock.day(self.now_ms), self._read_drawn_days(top.states, before)) if self.fuzz else None
        self.acts.append(f"{rating.name} for {ours}, {before.state.name}, at {self.clock.iso(self.now_ms)}")
        self.store.rate(ours, rating, self.policy_of(before), self.now_ms, load=load)  # type: ignore[arg-type]
        self.problems += load.problems if load else []
        if self.chance.random() < 0.1:
            self._undo(before)

    def _read_drawn_days(self, states: Any, before: Card) -> list[int | None]:
        """Read the intervals that Anki drew, in the order in which our scheduler asks for them."""
        normal = [getattr(states, name).normal for name in ("again", "hard", "good", "easy")]
        again, hard, good, easy = (
            each.review.scheduled_days if each.WhichOneof("kind") == "review" else None for each in normal
        )
        if before.state is State.REVIEW:
            return [hard, hard, good, hard, good, easy]
        return [*(days for days in (again, hard, good) if days is not None), None, easy]

    def _count_days_as_anki(self, card: Card) -> None:
        """Where 24 hours from rollover to rollover are another number of days, take Anki's, and count it.

        That may be only after a change of clocks, and after a rating in the first second of a day.
        """
        if card.last_ms is None or card.state is State.NEW:
            return
        today = self.clock.day(self.now_ms)
        blocks = (self.world.sched.day_cutoff - card.last_ms // 1000) // DAY_SECONDS
        days = max(0, today - self.clock.day(card.last_ms))
        if blocks != days:
            changed = self.clock.offset_seconds(card.last_ms) != self.clock.offset_seconds(self.now_ms)
            begun = self.clock.until_rollover_seconds(card.last_ms - 1000) <= 1
            if changed or begun:
                self.listed["days between reviews"] += 1
            else:
                self.problems.append(f"{days} days here, {blocks} there, though no clock changed")
        if blocks != card.elapsed_days(today):
            self.adapted.add(card.id)
            put(self.store, card.id, last_day=today - blocks)

    def _undo(self, before: Card) -> None:
        self.acts.append(f"undo {before.id}")
        self.world.col.undo()
        undone = self.store.undo(self.now_ms)
        self.problems += [] if undone.card == before.id else [f"undo of {before.id}: {undone.card}"]
        # Our log does not know what was adapted to Anki, such as its rounding of memory states.
        after = self.store.card(before.id)
        if before.id not in self.adapted and not _is_near(before, after):
            self.problems.append(f"undo of {before}: {after}")
        names = ("lapses", "stability", "difficulty", "last_day", "due_ms")
        put(self.store, before.id, **{name: getattr(before, name) for name in names})

    def _mark(self) -> None:
        from anki.cards import CardId

        chance, sched, store = self.chance, self.world.sched, self.store
        theirs = chance.choice(list(self.ours))
        ours, today = self.ours[theirs], self.clock.day(self.now_ms)
        act = chance.choice(["suspend", "unsuspend", "unsuspend", "bury", "unbury", "due", "due", "forget", "flag"])
        self.acts.append(f"{act} {ours}, {store.card(ours).state.name}, at {self.clock.iso(self.now_ms)}")
        match act:
            case "suspend":
                sched.suspend_cards([theirs])
                store.suspend([ours])
            case "unsuspend":
                chosen = [card for card in self.ours if chance.random() < 0.5]
                sched.unsuspend_cards([card for card in chosen if store.card(self.ours[card]).suspended])
                store.unsuspend([self.ours[card] for card in chosen])
            case "bury" if not store.card(ours).suspended:
                sched.bury_cards([theirs], manual=True)
                store.bury([ours], today)
            case "unbury":
                sched.unbury_deck(self.world.decks.id("top"))
                store.unbury(list(self.theirs), today)
            case "due" if store.card(ours).state is not State.NEW:
                days = chance.choice([0, 0, 1, 3, 30])
                self._count_days_as_anki(store.card(ours))
                sched.set_due_date([theirs], str(days))
                store.set_due([ours], today + days, self.now_ms)
                self._wake(ours)
            case "forget" if store.card(ours).state is not State.NEW:
                sched.schedule_cards_as_new([theirs], restore_position=True, reset_counts=False)
                store.forget([ours], self.now_ms)
                self.forgotten.add(ours)
                self._wake(ours)
            case "flag":
                self.world.col.set_user_flag_for_cards(3, [CardId(theirs)])
                store.flag([ours], 3)

    def _wake(self, ours: int) -> None:
        """Unsuspend a card that was given a due day or made new, as Anki does."""
        if self.store.unsuspend([ours]):
            self.listed["cards that stay suspended"] += 1


def _is_near(one: Card, other: Card) -> bool:
    """Compare cards; their memory states may differ by what Anki's rounding adds up to, a step by its fuzz."""
    near = all(math.isclose(a, b, rel_tol=0.01) for a, b in zip(one.memory or (), other.memory or (), strict=True))
    same = one._replace(stability=other.stability, difficulty=other.difficulty, due_ms=other.due_ms)
    return near and same == other


class Place(NamedTuple):
    """Where and how a life is lived."""

    zone: str
    rollover: int
    fuzz: bool
    seed: int
    sittings: int


def live(folder: Path, place: Place) -> dict[str, Any]:
    """Live one life; return what was counted, and under `differ` what differed.

    Raises:
        RuntimeError: the life ended with an error.
    """
    start = datetime.fromisoformat(ZONES[place.zone]).replace(hour=12, tzinfo=ZoneInfo(place.zone)).timestamp()
    clock = folder / "clock"
    clock.write_text(f"{start:.3f}", encoding="utf-8")
    environment = {**os.environ, "TZ": place.zone, "LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(clock)}
    environment |= {"FAKETIME_NO_CACHE": "1", "FAKETIME_FMT": "%s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    environment |= {} if place.fuzz else {"ANKI_TEST_MODE": "1"}
    command = [sys.executable, "-m", "tests.real.lives", str(folder / "life"), json.dumps(place)]
    done = subprocess.run(
        command, env=environment, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def live_one(folder: Path, place: Place) -> dict[str, Any]:
    """Live one life in this process, whose clock can be moved."""
    life = Life(folder, place.seed, place.rollover, fuzz=place.fuzz)
    for sitting in range(place.sittings):
        life.go_to_next_sitting()
        if differ := life.sit():
            return {"differ": [f"{place}, sitting {sitting}", *differ, *life.acts[-12:]]}
    return {"differ": [], "acts": len(life.acts), "listed": life.listed, "errors": life.errors}


def live_everywhere(sittings: int) -> None:
    """Live in every zone, with every rollover, with fuzz and without; print what was counted and what differed."""
    matrix = itertools.product(ZONES, ROLLOVERS, (False, True))
    places = [Place(*where, seed, sittings) for seed, where in enumerate(matrix)]
    listed: Counter[str] = Counter()
    acts, differ, errors = 0, 0, [0.0, 0.0]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        folders = [Path(folder, str(place.seed)) for place in places]
        for each in folders:
            each.mkdir()
        for found in pool.map(live, folders, places):
            if found["differ"]:
                differ += 1
                sys.stdout.write("\n".join(found["differ"]) + "\n\n")
                continue
            acts += found["acts"]
            listed.update(found["listed"])
            errors = [max(pair) for pair in zip(errors, found["errors"], strict=True)]
    sys.stdout.write(f"{len(places)} lives of {sittings} sittings, {acts:,} acts; {differ} lives differ\n")
    sys.stdout.write(f"memory states differ by at most {errors[0]:.1e} and {errors[1]:.1e} beyond Anki's rounding\n")
    sys.stdout.write("".join(f"{count:6} times {name}\n" for name, count in sorted(listed.items())))


if __name__ == "__main__":
    if len(sys.argv) > 2:
        sys.stdout.write(json.dumps(live_one(Path(sys.argv[1]), Place(*json.loads(sys.argv[2])))))
    else:
        live_everywhere(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
