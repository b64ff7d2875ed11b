"""One collection in Anki's own core and the same cards in the scheduler: where the two differ.

What `docs/scheduling.md` lists as different is counted, and ours is adapted to it, so that the two stay comparable.
The process needs a clock that can be moved: see `tests.real.lives`.
"""

from __future__ import annotations

import itertools
import json
import math
import os
import random
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scheduler import DEFAULT_PARAMETERS, Card, Clock, DeckPolicy, NewCard, Policy, Review, State, Store, build_queue
from scheduler.model import DAY_SECONDS
from scheduler.queue import LEARN_AHEAD_SECONDS
from scheduler.queue_builder import Selection, build_day
from tests.anki.imports.anki_world import World
from tests.real.test_policy_against_anki import LEARNING_STEPS, RELEARNING_STEPS, WITHOUT_SHORT_TERM, _switch_fsrs_on
from tests.scheduler.world import open_store, put

NAMES = {"top": 50, "top::one": 1, "top::two": 2}
"""The decks and their numbers here; the cards are in the last two."""


_OTHERS = (
    *(0.5, 0.9, 3.1, 11, 6.9, 0.6, 2.4, 0.05, 1.5, 0.25, 0.9, 1.9, 0.1, 0.3, 1.4, 0.4, 2.1, 0.7, 0.2, 0.12),
    0.35,
)
"""Parameters of a learner who forgets otherwise than most."""


class TwoSchedulers:
    """A collection with two decks in Anki, and the same here, at the same instants.

    Attributes:
        ours, theirs: our number of each card of Anki's, and the other way.
        listed: how often a difference was met that is listed in the manual.
        errors: the largest relative difference of stability and of difficulty, beyond what Anki rounds off.
        forgotten: cards that were made new again.
        adapted: cards whose row here no longer is what our log says.
    """

    def __init__(self, folder: Path, seed: int, rollover: int, *, fuzz: bool) -> None:
        self.chance = chance = random.Random(seed)
        self.fuzz = fuzz
        self._clock_file = Path(os.environ["FAKETIME_TIMESTAMP_FILE"])
        self.now_ms = int(float(self._clock_file.read_text(encoding="utf-8")) * 1000)
        self.listed: Counter[str] = Counter()
        self.errors = [0.0, 0.0]  # relative: of stability and of difficulty
        self.clock = Clock(rollover)
        self.world = World(folder / "anki", limits=True)
        self.world.col.set_config("rollover", rollover)
        self.world.col.set_config("newSpread", 0)
        _switch_fsrs_on(self.world.col)
        self.world.col.close()
        self.world.col.reopen()
        self.store = Store(open_store(folder).connection, self.clock)
        self.store.connection.execute("PRAGMA synchronous = OFF")
        self.policies = self._draw_policies()
        for name, policy in self.policies.items():
            self._set_preset(name, policy)
        for name in ("top::one", "top::two"):
            for number in range(6):
                kind = chance.choice(["Basic", "Basic (and reversed card)"])
                self.world.add(kind, name, Front=f"{name} {number}", Back="x")
        self.ours: dict[int, int] = {}
        for card, note, deck, slot in self.world.db.execute("SELECT id, nid, did, ord FROM cards ORDER BY id"):
            place = NewCard(note, str(slot), NAMES[self.world.decks.name(deck)], len(self.ours))
            (self.ours[card],) = self.store.add_cards([place], self.now_ms)
        self.theirs = {ours: theirs for theirs, ours in self.ours.items()}
        self.move_to(self.now_ms + 48 * 3_600_000)  # Anki's day 0 may be longer than a day
        self.shift = self.clock.day(self.now_ms) - int(self.world.sched.today)
        self.forgotten: set[int] = set()
        self.adapted: set[int] = set()

    def _draw_policies(self) -> dict[str, Policy]:
        chance = self.chance
        unlimited = chance.random() < 0.5
        common = Policy(
            bury_siblings=chance.random() < 0.6,
            new_mix=chance.choice(["mix", "first", "last"]),
            review_order=chance.choice(["due", "due", "retrievability", "overdue"]),
            fuzz=self.fuzz,
        )
        return {
            name: common._replace(
                retention=chance.choice([0.7, 0.85, 0.9, 0.95, 0.99]),
                learning_steps=chance.choice([*LEARNING_STEPS, (30,), (60, 300, 600, 3600)]),
                relearning_steps=chance.choice([*RELEARNING_STEPS, (30, 60, 90), (2 * DAY_SECONDS,)]),
                new_per_day=9999 if unlimited else chance.choice([0, 1, 2, 5, 9]),
                reviews_per_day=9999 if unlimited else chance.choice([0, 1, 2, 5, 9]),
                leech_threshold=chance.choice([1, 2, 3, 8]),
                leech_action=chance.choice(["tag", "suspend"]),
                parameters=chance.choice([DEFAULT_PARAMETERS, WITHOUT_SHORT_TERM, _OTHERS]),
            )
            for name in NAMES
        }

    def _set_preset(self, name: str, policy: Policy) -> None:
        decks, bury = self.world.decks, policy.bury_siblings
        preset = decks.add_config(name)
        delays = [[step / 60 for step in steps] for steps in (policy.learning_steps, policy.relearning_steps)]
        action = 0 if policy.leech_action == "suspend" else 1
        preset["new"].update(perDay=policy.new_per_day, bury=bury, delays=delays[0])
        preset["rev"].update(perDay=policy.reviews_per_day, bury=bury)
        preset["lapse"].update(delays=delays[1], leechFails=policy.leech_threshold, leechAction=action)
        order = {"due": 0, "retrievability": 11, "overdue": 12}[policy.review_order]
        preset.update(buryInterdayLearning=bury, desiredRetention=policy.retention, newSortOrder=1, reviewOrder=order)
        preset.update(newMix={"mix": 0, "last": 1, "first": 2}[policy.new_mix], fsrsParams6=list(policy.parameters))
        decks.save(preset)
        deck = decks.get(decks.id(name))
        deck["conf"] = preset["id"]
        decks.save(deck)

    def policy_of(self, card: Card) -> Policy:
        """The settings of the card's deck."""
        return next(self.policies[name] for name in NAMES if NAMES[name] == card.deck)

    def move_to(self, at_ms: int) -> None:
        """Move the clock of both forward."""
        self.now_ms = max(at_ms, self.now_ms + 1000)
        if not self.fuzz and 2 <= time.localtime(self.now_ms // 1000).tm_hour < 4:
            # A test mode of Anki's core, which leaves fuzz out, puts its clock back by two hours in these.
            self.now_ms += 2 * 3_600_000
        self._clock_file.write_text(f"{self.now_ms / 1000:.3f}", encoding="utf-8")

    def compare_queues(self) -> tuple[Any, list[str]]:
        """Read Anki's queue; compare counts and order with ours."""
        decks, store = self.world.decks, self.store
        self.world.sched.deck_due_tree()  # as the list of decks does; on a new day it unburies
        decks.select(1)
        decks.select(decks.id("top"))
        theirs: Any = self.world.sched.get_queued_cards(fetch_limit=1000)
        limits = [
            DeckPolicy(number, (50,) if number < 50 else (), self.policies[name]) for name, number in NAMES.items()
        ]
        found = []
        if self.clock.day(self.now_ms) - self.world.sched.today != self.shift:
            found.append(f"day {self.clock.day(self.now_ms) - self.shift} here, {self.world.sched.today} there")
        queue = build_queue(store, limits, self.now_ms)
        counts = queue.counts()
        later = self._count_later_steps()
        self.listed["steps that are counted before they are due"] += later > 0
        numbers = theirs.new_count, theirs.learning_count + later, theirs.review_count
        if tuple(counts) != numbers:
            found.append(f"counts {counts} here, {numbers} there")
        rows = build_day(store, Selection(tuple(limits), limits[0].policy), self.now_ms)
        here = [row[0] for row in rows.mix(limits[0].policy.new_mix)]
        there = [self.ours[each.card.id] for each in theirs.cards]
        there = [card for card in there if self._key(card)[0] != "step"]
        if list(map(self._key, here)) != list(map(self._key, there)):
            found.append(f"order {list(map(self._key, here))} here, {list(map(self._key, there))} there")
        if limits[0].policy.review_order != "due":
            found += self._compare_measures(there)
            self.listed["order by seconds"] += sorted(here) == sorted(there) and here != there
        first = queue.next_card(self.now_ms)
        top = self.ours[theirs.cards[0].card.id] if theirs.cards else None
        mine = first if isinstance(first, int) else None
        if (mine is None) != (top is None) or (mine and top and self._key(mine) != self._key(top)):
            found.append(f"first {mine and self._key(mine)} here, {top and self._key(top)} there")
        return theirs, found

    def _count_later_steps(self) -> int:
        """Count the steps of today that are not yet due; Anki does not count them among the cards left."""
        until = self.now_ms + LEARN_AHEAD_SECONDS * 1000
        end = self.clock.start_of(self.clock.day(self.now_ms) + 1)
        cards = [self.store.card(card) for card in self.theirs]
        return sum(
            until < card.due_ms < end and not card.suspended and not card.is_buried(self.clock.day(self.now_ms))
            for card in cards
            if card.due_ms is not None
        )

    def _key(self, ours: int) -> tuple[str, int]:
        card = self.store.card(ours)
        if card.state is State.NEW:
            return "new", ours
        if card.due_ms is not None:
            return "step", ours
        kind = "review" if card.state is State.REVIEW else "day step"
        return kind, card.due_day or 0 if self.policies["top"].review_order == "due" else 0

    def _compare_measures(self, there: Sequence[int]) -> list[str]:
        """Check that Anki's order is ours if seconds are counted where we count days."""
        found = []
        for kind in ("review", "day step"):
            measures = [self._measure(self.store.card(card)) for card in there if self._key(card)[0] == kind]
            if any(later > before * (1 + 1e-3) + 1e-6 for before, later in itertools.pairwise(measures)):
                found.append(f"{self.policies['top'].review_order} there: {measures}")
        return found

    def _measure(self, card: Card) -> float:
        policy = self.policy_of(card)
        if card.stability is None or card.last_ms is None:
            return 0.0
        days = (self.now_ms - card.last_ms) / 1000 / DAY_SECONDS
        model = self.store.model((*policy.parameters[:-1], round(policy.parameters[-1], 3)))  # as Anki rounds it
        if policy.review_order == "retrievability":
            return model.retrievability(card.stability, days)
        return days / model.interval_days(card.stability, policy.retention)

    def compare_cards(self) -> list[str]:
        found = []
        rows = self.world.db.execute("SELECT id, type, queue, due, ivl, left, reps, lapses, flags, data FROM cards")
        for card, *theirs, text in rows:
            ours = self.store.card(self.ours[card])
            found += [f"card {ours.id}: {each}" for each in self._differences(ours, theirs, json.loads(text or "{}"))]
        for note, tags in self.world.db.execute("SELECT id, tags FROM notes"):
            if any(card.leech for card in self.store.cards_of(note)) != ("leech" in tags.split()):
                found.append(f"note {note}: tags {tags} there")
        return found

    def _differences(self, ours: Card, theirs: list[int], data: dict[str, float]) -> list[str]:
        type_, queue, due, ivl, left, reps, lapses, flags = theirs
        today = self.clock.day(self.now_ms)
        pairs: dict[str, tuple[object, object]] = {
            "state": (int(ours.state), type_),
            "reps": (ours.reps, reps),
            "lapses": (ours.lapses, lapses),
            "flag": (ours.flag, flags & 7),
        }
        if ours.id in self.forgotten and not lapses and ours.lapses:
            self.listed["lapses after a reset"] += 1
            self.adapted.add(ours.id)
            put(self.store, ours.id, lapses=0)
            pairs["lapses"] = 0, 0
        later = due < 1_000_000_000 and due > self.world.sched.today and type_
        if not (queue == -2 and later):  # here only what would be asked today is buried
            pairs["queue"] = _queue(ours, today), queue
        if type_:
            if due > 1_000_000_000:
                pairs["due"] = self._adapt_step(ours, due), due
            else:
                pairs["due"] = ours.due_day, due + self.shift
        if type_ == State.REVIEW:
            pairs["interval"] = ours.interval // DAY_SECONDS, ivl
        elif type_ and ours.steps_left:
            pairs["left"] = ours.steps_left, left % 1000
        found = [f"{name} {here} here, {there} there" for name, (here, there) in pairs.items() if here != there]
        if "s" in data and ours.memory:
            for place, (here, there) in enumerate(zip(ours.memory, (data["s"], data["d"]), strict=True)):
                beyond = max(0.0, abs(here - there) - (5e-5, 5e-4)[place])  # what Anki rounds off
                self.errors[place] = max(self.errors[place], beyond / there)
                if not math.isclose(here, there, rel_tol=3e-5, abs_tol=1.1e-3):
                    found.append(f"{'sd'[place]} {here} here, {there} there")
            put(self.store, ours.id, stability=data["s"], difficulty=data["d"])  # as Anki rounds it
        elif ("s" in data) != (ours.memory is not None):
            found.append(f"memory {ours.memory} here, {data} there")
        return found

    def _adapt_step(self, ours: Card, due: int) -> int:
        """Return when a step is over, in seconds; with fuzz, Anki waits longer, and so do we from now on."""
        seconds = (ours.due_ms or 0) // 1000
        longest = min(300, ours.interval / 4) if self.fuzz else 0
        if not -1 <= due - seconds <= longest + 1:
            return seconds
        if due != seconds:
            self.listed["longer steps"] += abs(due - seconds) > 1
            put(self.store, ours.id, due_ms=due * 1000)
        return due

    def compare_logs(self) -> list[str]:
        found = []
        for theirs, ours in self.ours.items():
            here = [_log_row(row) for row in self.store.log(ours)]
            sql = "SELECT ease, ivl, lastIvl, type FROM revlog WHERE cid = ? ORDER BY id"
            there = list(map(tuple, self.world.db.execute(sql, theirs)))
            if len(here) != len(there) or not all(map(_is_same_row, here, there)):
                pairs = enumerate(zip(here, there, strict=False))
                at = next((at for at, pair in pairs if not _is_same_row(*pair)), min(len(here), len(there)))
                found.append(f"card {ours}: log {at}: {here[at - 1 : at + 1]} here, {there[at - 1 : at + 1]} there")
        return found


_LOG_TYPES = {State.NEW: 0, State.LEARNING: 0, State.REVIEW: 1, State.RELEARNING: 2}


def _log_row(row: Review) -> tuple[int | None, ...]:
    before = _interval(row.interval_before) if row.state_before is State.REVIEW else None
    kind = _LOG_TYPES[row.state_before] if row.rating else 4
    return int(row.rating or 0), _interval(row.interval_after), before, kind


def _is_same_row(here: Sequence[int | None], there: Sequence[int]) -> bool:
    """Compare the values of log rows; an interval in seconds that FSRS computed may be rounded the other way.

    Anki takes the last interval of a card on a step from the settings, not from what was waited.
    """
    rating, after, before, kind = here
    near = after == there[1] or (there[1] < 0 and abs(there[1] - (after or 0)) <= 1)
    return near and (rating, kind) == (there[0], there[3]) and before in (None, there[2])


def _interval(seconds: int) -> int:
    return seconds // DAY_SECONDS if seconds >= DAY_SECONDS else -seconds


def _queue(card: Card, day: int) -> int:
    if card.suspended:
        return -1
    if card.is_buried(day):
        return -3 if card.buried_by is None else -2
    if card.state in (State.NEW, State.REVIEW):
        return int(card.state)
    return 1 if card.due_ms is not None else 3
