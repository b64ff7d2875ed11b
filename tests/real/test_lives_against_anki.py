"""The same person in Anki's own core and in the scheduler: what is asked, and what each answer makes of every card."""

from __future__ import annotations

import json
import multiprocessing
import random
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from scheduler import Card, Clock, DeckLimits, NewCard, Policy, Rating, State, Store, build_queue
from scheduler.model import DAY_SECONDS
from tests.anki.imports.anki_world import World
from tests.real.test_policy_against_anki import LEARNING_STEPS, RELEARNING_STEPS, _switch_fsrs_on
from tests.scheduler.world import open_store, put

pytest.importorskip("anki.collection", reason="needs the anki wheel")

NAMES = {"top": 50, "top::one": 1, "top::two": 2}
"""The decks and their numbers here; the cards are in the last two."""


class Twice:
    """One collection in Anki, and the same here; the days pass in both alike."""

    def __init__(self, folder: Path, chance: random.Random, hours_east: int) -> None:
        self.chance = chance
        self.days = 0
        self.world = World(folder / "anki", limits=True)
        _switch_fsrs_on(self.world.col)
        self.store = Store(open_store(folder).connection, Clock(zone=timezone(timedelta(hours=hours_east))))
        unlimited = chance.random() < 0.5
        common = Policy(
            bury_siblings=chance.random() < 0.6, new_mix=chance.choice(["mix", "first", "last"]), fuzz=False
        )
        self.policies = {
            name: replace(
                common,
                retention=chance.choice([0.7, 0.85, 0.9, 0.95, 0.99]),
                learning_steps=chance.choice([*LEARNING_STEPS, (30,), (60, 300, 600, 3600)]),
                relearning_steps=chance.choice([*RELEARNING_STEPS, (30, 60, 90), (2 * DAY_SECONDS,)]),
                new_per_day=9999 if unlimited else chance.choice([0, 1, 2, 5, 9]),
                reviews_per_day=9999 if unlimited else chance.choice([0, 1, 2, 5, 9]),
                leech_threshold=chance.choice([1, 2, 3, 8]),
                leech_action=chance.choice(["tag", "suspend"]),
            )
            for name in NAMES
        }
        for name, policy in self.policies.items():
            self._set_preset(name, policy)
        for name in ("top::one", "top::two"):
            for number in range(5):
                kind = chance.choice(["Basic", "Basic (and reversed card)"])
                self.world.add(kind, name, Front=f"{name} {number}", Back="x")
        self.ours: dict[int, int] = {}
        for card, note, deck, slot in self.world.db.execute("SELECT id, nid, did, ord FROM cards ORDER BY id"):
            place = NewCard(note, str(slot), NAMES[self.world.decks.name(deck)], len(self.ours))
            (self.ours[card],) = self.store.add_cards([place], self.now_ms)

    @property
    def now_ms(self) -> int:
        return (int(time.time()) + self.days * DAY_SECONDS) * 1000

    @property
    def shift(self) -> int:
        """What to add to a day of Anki's for one of ours."""
        return self.store.clock.day(self.now_ms) - int(self.world.sched.today)

    def _set_preset(self, name: str, policy: Policy) -> None:
        decks, bury = self.world.decks, policy.bury_siblings
        preset = decks.add_config(name)
        delays = [[step / 60 for step in steps] for steps in (policy.learning_steps, policy.relearning_steps)]
        action = 0 if policy.leech_action == "suspend" else 1
        preset["new"].update(perDay=policy.new_per_day, bury=bury, delays=delays[0])
        preset["rev"].update(perDay=policy.reviews_per_day, bury=bury)
        preset["lapse"].update(delays=delays[1], leechFails=policy.leech_threshold, leechAction=action)
        preset.update(buryInterdayLearning=bury, desiredRetention=policy.retention, newSortOrder=1, reviewOrder=0)
        preset.update(newMix={"mix": 0, "last": 1, "first": 2}[policy.new_mix], fsrsParams6=list(policy.parameters))
        decks.save(preset)
        deck = decks.get(decks.id(name))
        deck["conf"] = preset["id"]
        decks.save(deck)

    def let_pass(self, days: int) -> None:
        """Let days pass: what Anki does at the rollover, it must be told, since its own day stays the same."""
        for name in NAMES:
            deck = self.world.decks.by_name(name)
            deck.update({f"{kind}Today": [0, 0] for kind in ("new", "rev", "lrn", "time")})
            self.world.decks.save(deck)
        self.world.sched.unbury_deck(self.world.decks.id("top"))
        self.world.let_pass(days)
        self.days += days

    def queues(self) -> tuple[Any, list[str]]:
        """Anki's queue, and where ours is another."""
        decks = self.world.decks
        decks.select(1)
        decks.select(decks.id("top"))
        theirs: Any = self.world.sched.get_queued_cards(fetch_limit=1000)
        limits = [
            DeckLimits(number, (50,) if number < 50 else (), self.policies[name]) for name, number in NAMES.items()
        ]
        ours = build_queue(self.store, limits, self.now_ms)
        counts = ours.counts()
        found = []
        if (counts.new, counts.review) != (theirs.new_count, theirs.review_count):
            found.append(f"counts {counts} here, {theirs.new_count}, {theirs.review_count} there")
        first = ours.next_card(self.now_ms)
        kind = self.store.card(first).state if isinstance(first, int) else None
        there = self.world.col.get_card(theirs.cards[0].card.id).type if theirs.cards else None
        if _asked(kind) != _asked(there):
            found.append(f"first a card {kind} here, {there} there")
        return theirs, found

    def answer(self, top: Any, rating: Rating) -> None:
        card = self.world.col.get_card(top.card.id)
        card.start_timer()
        answer = self.world.sched.build_answer(card=card, states=top.states, rating=rating - 1)
        self.world.sched.answer_card(answer)
        ours = self.ours[card.id]
        policy = next(self.policies[name] for name in NAMES if NAMES[name] == self.store.card(ours).deck)
        self.store.rate(ours, rating, policy, self.now_ms)

    def differences(self) -> list[str]:
        found = []
        rows = self.world.db.execute("SELECT id, type, queue, due, ivl, left, reps, lapses, data FROM cards")
        for card, *theirs, text in rows:
            ours = self.store.card(self.ours[card])
            found += [f"card {ours.id}: {each}" for each in self._differences(ours, theirs, json.loads(text or "{}"))]
        return found

    def _differences(self, ours: Card, theirs: list[int], data: dict[str, float]) -> list[str]:
        type_, queue, due, ivl, left, reps, lapses = theirs
        pairs: dict[str, tuple[object, object]] = {
            "state": (int(ours.state), type_),
            "reps": (ours.reps, reps),
            "lapses": (ours.lapses, lapses),
        }
        later = due < 1_000_000_000 and due > self.world.sched.today and type_
        if not (queue == -2 and later):  # here only what would be asked today is buried
            pairs["queue"] = _queue(ours, self.store.clock.day(self.now_ms)), queue
        if type_ and queue >= 0:
            if due > 1_000_000_000:
                seconds = (ours.due_ms or 0) // 1000 - self.days * DAY_SECONDS
                pairs["due"] = seconds if abs(seconds - due) > 3 else due, due
            else:
                pairs["due"] = ours.due_day, due + self.shift
        if type_ == State.REVIEW:
            pairs["interval"] = ours.interval // DAY_SECONDS, ivl
        elif type_ and ours.steps_left:
            pairs["left"] = ours.steps_left, left % 1000
        found = [f"{name} {here} here, {there} there" for name, (here, there) in pairs.items() if here != there]
        if "s" in data:
            if ours.memory != pytest.approx((data["s"], data["d"]), rel=3e-5, abs=1.1e-3):
                found.append(f"memory {ours.memory} here, {data['s']}, {data['d']} there")
            put(self.store, ours.id, stability=data["s"], difficulty=data["d"])  # as Anki rounds it
        return found


def _asked(state: int | None) -> int | None:
    """Learning and relearning are asked alike."""
    return State.LEARNING if state == State.RELEARNING else state


def _queue(card: Card, day: int) -> int:
    if card.suspended:
        return -1
    if card.is_buried(day):
        return -2
    if card.state in (State.NEW, State.REVIEW):
        return int(card.state)
    return 1 if card.due_ms is not None else 3


def lived(folder: str, seeds: range, steps: int, hours_east: int) -> list[str]:
    """Where the two differed first, for each seed."""
    time.tzset()
    found = []
    for seed in seeds:
        chance = random.Random(seed)
        twice = Twice(Path(folder) / str(seed), chance, hours_east)
        for step in range(steps):
            if chance.random() < 0.35:
                twice.let_pass(chance.choice([1, 1, 1, 2, 3, 7, 30, 400]))
            queued, differ = twice.queues()
            if queued.cards:
                twice.answer(queued.cards[0], chance.choice([*Rating, Rating.AGAIN, Rating.GOOD, Rating.GOOD]))
            if differ := [*differ, *twice.differences()]:
                found.append(f"seed {seed}, step {step}: {differ}")
                break
        twice.world.close()
    return found


def test_every_day_asks_and_every_answer_gives_what_anki_asks_and_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # At noon: a test mode of Anki's core, which leaves fuzz out, puts its clock back between two and four o'clock.
    hours_east = 12 - time.gmtime().tm_hour
    monkeypatch.setenv("TZ", f"NOON{-hours_east}")
    monkeypatch.setenv("ANKI_TEST_MODE", "1")
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        assert pool.submit(lived, str(tmp_path), range(8), 50, hours_east).result() == []
