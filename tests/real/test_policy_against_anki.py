"""Steps and intervals against Anki's own core: the same card, the same settings, the same answer."""

from __future__ import annotations

import json
import multiprocessing
import random
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from scheduler import DEFAULT_PARAMETERS, Card, Clock, Memory, Model, Outcome, Policy, State, compute_outcomes
from scheduler.answer import set_due_day
from tests.scheduler.world import a_card

pytest.importorskip("anki.collection")

DAY = 86_400
CLOCK = Clock()
RATINGS = ("again", "hard", "good", "easy")

LEARNING_STEPS = [(), (60, 600), (600,), (60, DAY), (600, 3 * DAY), (2 * DAY,), (60, 600, 20 * 3600)]
WITHOUT_SHORT_TERM = (*DEFAULT_PARAMETERS[:17], 0.0, 0.0, 0.0, DEFAULT_PARAMETERS[20])
RELEARNING_STEPS = [(), (600,), (60, 600), (DAY,), (600, 200_000)]


class Case(NamedTuple):
    """A card, its settings, the days since its last rating, and the instant in seconds."""

    card: Card
    policy: Policy
    elapsed_days: int
    now: int


class Answer(NamedTuple):
    """A state of Anki's in our words: its name, the interval in seconds, the steps left, the memory state."""

    state: str
    interval_seconds: int
    steps_left: int
    memory: Memory


class Judge:
    """A collection of Anki with one card, whose row is written before each question."""

    def __init__(self, folder: Path) -> None:
        self.collection = _opened(folder / "judge.anki2")
        _switch_fsrs_on(self.collection)
        note = self.collection.new_note(self.collection.models.by_name("Basic"))
        note["Front"] = "a"
        self.collection.add_note(note, 1)
        (self.card,) = note.card_ids()

    def set_policy(self, policy: Policy) -> None:
        preset = self.collection.decks.config_dict_for_deck_id(1)
        preset["new"]["delays"] = [step / 60 for step in policy.learning_steps]
        preset["lapse"]["delays"] = [step / 60 for step in policy.relearning_steps]
        preset["rev"]["maxIvl"] = policy.maximum_interval
        preset["desiredRetention"] = policy.retention
        preset["fsrsParams6"] = list(policy.parameters)
        self.collection.decks.save(preset)

    def answers(self, case: Case) -> list[Answer]:
        """Anki's state after each rating."""
        card, policy, elapsed_days, now = case
        data = {
            "s": card.stability,
            "d": card.difficulty,
            "dr": policy.retention,
            "decay": round(policy.parameters[20], 3),
            "lrt": now - elapsed_days * DAY,
        }
        steps = card.state in (State.LEARNING, State.RELEARNING)
        self.collection.db.execute(
            "update cards set type=?, queue=?, due=?, ivl=?, left=?, reps=?, lapses=1, factor=2500, data=? where id=?",
            int(card.state),
            1 if steps else int(card.state),
            now if steps else self.collection.sched.today if card.state is State.REVIEW else 0,
            card.interval // DAY if card.state in (State.REVIEW, State.RELEARNING) else 0,
            card.steps_left,
            card.reps,
            "{}" if card.state is State.NEW else json.dumps(data),
            self.card,
        )
        states = self.collection._backend.get_scheduling_states(self.card)
        until = CLOCK.until_rollover_seconds(now * 1000)
        return [_in_our_words(getattr(states, rating).normal, until) for rating in RATINGS]

    def set_due(self, case: Case, days: int) -> tuple[int, int, int]:
        """State, interval in days and days until due after a due date was set."""
        self.answers(case)
        self.collection.sched.set_due_date([self.card], str(days))
        row = self.collection.db.first("select type, ivl, due from cards where id = ?", self.card)
        return row[0], row[1], row[2] - self.collection.sched.today


def verdicts(folder: str, cases: list[Case]) -> list[list[Answer]]:
    """Anki's answers to each case; the cases of one policy in a row."""
    judge, policy = Judge(Path(folder)), None
    found = []
    for case in cases:
        if case.policy is not policy:
            policy = case.policy
            judge.set_policy(policy)
        found.append(judge.answers(case))
    judge.collection.close()
    return found


def judged(folder: Path, cases: list[Case], monkeypatch: pytest.MonkeyPatch) -> list[list[Answer]]:
    """The verdicts of a process of its own: Anki leaves its fuzz out only if told so before its first use."""
    monkeypatch.setenv("ANKI_TEST_MODE", "1")
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(verdicts, str(folder), cases).result()


def _opened(path: Path) -> Any:
    from anki.collection import Collection

    return Collection(str(path))


def _switch_fsrs_on(collection: Any) -> None:
    """What the deck options screen does."""
    from anki import deck_config_pb2

    update = collection.decks.get_deck_configs_for_update(1)
    collection.decks.update_deck_configs(
        deck_config_pb2.UpdateDeckConfigsRequest(
            target_deck_id=1,
            configs=[each.config for each in update.all_config],
            mode=deck_config_pb2.UPDATE_DECK_CONFIGS_MODE_NORMAL,
            card_state_customizer=update.card_state_customizer,
            limits=update.current_deck.limits,
            fsrs=True,
        )
    )


def a_policy(chance: random.Random) -> Policy:
    return Policy(
        retention=chance.choice([0.7, 0.8, 0.9, 0.95, 0.99]),
        learning_steps=chance.choice(LEARNING_STEPS),
        relearning_steps=chance.choice(RELEARNING_STEPS),
        maximum_interval=chance.choice([36_500, 36_500, 100, 5, 1]),
        parameters=chance.choice([DEFAULT_PARAMETERS, DEFAULT_PARAMETERS, WITHOUT_SHORT_TERM]),
        fuzz=False,
    )


def some_card(chance: random.Random, policy: Policy, elapsed: int, now: int) -> Card:
    """A card in any state; with a low maximum interval only under review (elsewhere Anki's core panics)."""
    state = chance.choice(list(State)) if policy.maximum_interval == 36_500 else State.REVIEW
    if state is State.NEW:
        return a_card(reps=0)
    steps = policy.relearning_steps if state is State.RELEARNING else policy.learning_steps
    return a_card(
        state=state,
        steps_left=0 if state is State.REVIEW else chance.randint(0, len(steps) + 1),
        stability=round(chance.choice([0.01, 0.3, 2.0, 12.0, 90.0, 800.0]) * chance.uniform(0.5, 3), 4),
        difficulty=round(chance.uniform(1, 10), 3),
        last_day=CLOCK.day(now * 1000) - elapsed,
        interval=chance.choice([1, 2, 5, 30, 400]) * DAY,
        reps=3,
    )


def _in_our_words(normal: Any, until_rollover: int) -> Answer:
    name = normal.WhichOneof("kind")
    state = getattr(normal, name)
    step = state.learning if name == "relearning" else state
    memory = Memory(step.memory_state.stability, step.memory_state.difficulty)
    if name == "review":
        return Answer(name, state.scheduled_days * DAY, 0, memory)
    seconds = step.scheduled_secs
    if seconds >= until_rollover:
        seconds = ((seconds - until_rollover) // DAY + 1) * DAY
    return Answer(name, seconds, step.remaining_steps, memory)


def near_a_half(outcome: Outcome, policy: Policy) -> bool:
    """Whether the interval lies so near to half a day that Anki's single precision may round it the other way."""
    days = Model(policy.parameters).interval_days(outcome.memory.stability, policy.retention)
    return abs(days % 1 - 0.5) < 1e-4 * days


@pytest.mark.slow
def test_every_answer_is_the_answer_of_anki(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(20_260_310)
    now = int(time.time())
    cases = []
    for policy in [a_policy(chance) for _ in range(60)]:
        for _ in range(40):
            elapsed = chance.choice([0, 0, 1, 3, 20, 300])
            cases.append(Case(some_card(chance, policy, elapsed, now), policy, elapsed, now))
    for case, theirs in zip(cases, judged(tmp_path, cases, monkeypatch), strict=True):
        ours = compute_outcomes(case.card, case.policy, now * 1000, CLOCK)
        for outcome, answer in zip(ours, theirs, strict=True):
            compare(outcome, answer, case)


def compare(outcome: Outcome, theirs: Answer, case: Case) -> None:
    policy = case.policy
    assert outcome.state.name.lower() == theirs.state
    assert outcome.memory.stability == pytest.approx(theirs.memory.stability, rel=2e-5, abs=1e-6)
    assert outcome.memory.difficulty == pytest.approx(theirs.memory.difficulty, rel=2e-6)
    seconds = theirs.interval_seconds
    if case.card.state is State.REVIEW and theirs.state == "review":
        # A lapse without steps ignores the maximum interval in Anki; here nothing exceeds it.
        seconds = min(seconds, policy.maximum_interval * DAY)
    steps = policy.relearning_steps if theirs.state == "relearning" else policy.learning_steps
    if theirs.state != "review" and steps:  # without steps, how many are left means nothing
        assert outcome.steps_left == theirs.steps_left
    slack = DAY if near_a_half(outcome, policy) else 1
    assert abs(outcome.interval_seconds - seconds) <= slack, (case, seconds)


def test_memory_states_along_a_history_equal_those_of_anki(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chance, model, policy, now = random.Random(5), Model(), Policy(fuzz=False), int(time.time())
    cases, ours = [], []
    for _ in range(40):
        memory = None
        for _ in range(12):
            elapsed = chance.choice([0, 1, 4, 30, 200])
            card = a_card(state=State.NEW if memory is None else State.REVIEW, interval=DAY, reps=1)
            if memory is not None:
                memory = Memory(round(memory.stability, 4), round(memory.difficulty, 3))  # as Anki stores them
                card = card._replace(stability=memory.stability, difficulty=memory.difficulty)
            cases.append(Case(card, policy, elapsed, now))
            ours.append(list(model.next_memories(memory, elapsed).values()))
            memory = chance.choice(ours[-1])
    for mine, theirs in zip(ours, judged(tmp_path, cases, monkeypatch), strict=True):
        for after, answer in zip(mine, theirs, strict=True):
            assert after.stability == pytest.approx(answer.memory.stability, rel=2e-5)
            assert after.difficulty == pytest.approx(answer.memory.difficulty, rel=2e-6)


@pytest.mark.parametrize(
    ("state", "interval"),
    [(State.NEW, 0), (State.LEARNING, 0), (State.REVIEW, 0), (State.REVIEW, 20), (State.RELEARNING, 3)],
)
@pytest.mark.parametrize(("elapsed", "days"), [(0, 0), (0, 5), (1, 0), (12, 3), (400, 1)])
def test_a_due_day_set_by_hand_equals_that_of_anki(
    tmp_path: Path, state: State, interval: int, elapsed: int, days: int
) -> None:
    now = int(time.time())
    today = CLOCK.day(now * 1000)
    rated = state is not State.NEW
    card = a_card(
        state=state,
        stability=9.0 if rated else None,
        difficulty=5.0 if rated else None,
        last_day=today - elapsed if rated else None,
        interval=interval * DAY,
        reps=3 if rated else 0,
        steps_left=1 if state in (State.LEARNING, State.RELEARNING) else 0,
    )
    judge = Judge(tmp_path)
    theirs = judge.set_due(Case(card, Policy(), elapsed, now), days)
    judge.collection.close()
    ours = set_due_day(card, today + days)
    assert (int(ours.state), ours.interval // DAY, (ours.due_day or 0) - today) == theirs
