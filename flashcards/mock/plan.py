"""Plan a mock interview: the number of questions and minutes, and the cards, weak and long unseen first."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from flashcards.errors import UsageError
from flashcards.mock.recorder import Mock, MockRecorder, find_skills
from flashcards.mock.session import MockSession, Timing
from flashcards.review.grading import count_points
from flashcards.settings import MockPreset
from flashcards.text import suggest

if TYPE_CHECKING:
    from flashcards.collection import Collection


_QUESTIONS: Final = 5
_PER_QUESTION: Final = 4.0  # minutes


@dataclass(frozen=True, slots=True)
class MockPlan:
    """The number of questions, and the minutes for each and for all."""

    questions: int
    per_question: float
    minutes: float


class NoCardToAsk(UsageError):
    """No card is available for the interview."""

    def __init__(self) -> None:
        super().__init__("There is no card to ask. `flashcards list` shows all cards.")


def find_preset(collection: Collection, name: str) -> MockPreset:
    """Find a mock interview of `flashcards.toml` by its name. Raise `UsageError` if there is no such interview."""
    mocks = collection.settings.mocks
    if name in mocks:
        return mocks[name]
    if not mocks:
        raise UsageError(f'flashcards.toml defines no mock interview. Add a table [mocks."{name}"].')
    hint = suggest(name, mocks, "`flashcards mock --presets` lists them.")
    raise UsageError(f"`{name}` is not a mock interview of flashcards.toml. {hint}")


def plan_interview(preset: MockPreset, given: MockPreset) -> MockPlan:
    """Plan an interview. Values in `given` override the preset, which overrides the defaults."""
    count = given.questions or preset.questions or _QUESTIONS
    share = preset.minutes / (preset.questions or _QUESTIONS) if preset.minutes else _PER_QUESTION
    each = given.per_question or preset.per_question or share
    if given.minutes:
        return MockPlan(count, each, given.minutes)
    if preset.minutes and not (given.questions or given.per_question):
        return MockPlan(count, each, preset.minutes)
    return MockPlan(count, each, count * each)


def sample_questions(
    collection: Collection, cards: Iterable[int] | None, count: int, now_ms: int, seed: int | None
) -> tuple[list[int], int]:
    """Choose cards at random, of `cards` or all; return them and their seed. Raise `NoCardToAsk` without cards."""
    if cards is None:
        cards = [row[0] for row in collection.connection.execute("SELECT id FROM cards")]
    able = list_candidates(collection, sorted(cards), collection.clock.day(now_ms))
    if not able:
        raise NoCardToAsk
    chosen = now_ms % 100_000 if seed is None else seed
    return sample_cards(able, count, chosen), chosen


def begin_interview(
    collection: Collection, plan: MockPlan, query: str, sample: tuple[list[int], int], now_ms: int, *, schedule: bool
) -> tuple[int, MockSession]:
    """Begin an interview with the cards of `sample` and their seed; return its id and its session, whose clock runs.

    The query is stored for the history. With `schedule`, ratings count as reviews.
    """
    cards, seed = sample
    planned = Mock(now_ms, query, seed, len(cards), round(plan.minutes * 60), finished=False)
    recorder = MockRecorder(collection, planned, round(plan.per_question * 60), schedule=schedule)
    timing = Timing(round(plan.minutes * 60_000), round(plan.per_question * 60_000))
    asked = [recorder.read(card) for card in cards]
    return recorder.mock_id, MockSession(asked, timing, recorder, now_ms, collection.settings.rubric_thresholds)


_LONG: Final = 30  # days after which a question counts as long unseen
_LEAST: Final = 0.05


class Candidate(NamedTuple):
    """A card that may be asked."""

    card_id: int
    skills: tuple[str, ...]  # skills named by its tags; the first one counts
    recall: float | None  # predicted probability of recall today; None for a new card
    missed: float  # share of its points missed so far; 0 if no points were ticked
    days_since: int | None  # days since it was last asked in any way; None if never


def compute_weakness(candidate: Candidate) -> float:
    """Compute the sampling weight of a card, the sum of three parts: forgotten, missed and long unseen."""
    forgotten = 1.0 if candidate.recall is None else 1 - candidate.recall
    waited = 1.0 if candidate.days_since is None else min(candidate.days_since, _LONG) / _LONG
    return _LEAST + forgotten + candidate.missed + waited


def sample_cards(candidates: Sequence[Candidate], count: int, seed: int) -> list[int]:
    """Choose cards from each skill in turn, weak ones more often; the same for the same seed and candidates."""
    chance = random.Random(seed)  # noqa: S311 - nothing secret depends on it
    by_skill: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in sorted(candidates):
        by_skill[candidate.skills[0] if candidate.skills else ""].append(candidate)
    # Skills take turns, weakest first; ties are broken at random.
    turns = sorted(by_skill, key=lambda skill: (-max(map(compute_weakness, by_skill[skill])), chance.random()))
    found: list[int] = []
    while len(found) < count and any(by_skill.values()):
        for skill in turns:
            left = by_skill[skill]
            if left and len(found) < count:
                (chosen,) = chance.choices(left, [compute_weakness(each) for each in left])
                left.remove(chosen)
                found.append(chosen.card_id)
    return found


def list_candidates(collection: Collection, cards: Iterable[int], today: int) -> list[Candidate]:
    """List the candidates: rubric cards if there are any, else all active cards that are not suspended."""
    found: list[Candidate] = []
    rubrics: list[Candidate] = []
    for number in cards:
        card = collection.store.card(number)
        entry = collection.note_of(card)
        if not card.active or card.suspended or card.slot not in entry.note.slots:
            continue
        recall = collection.predict_recall(card, today)
        missed = 0.0
        if entry.note.points:
            counts = count_points(collection.connection, number)
            asked = sum(each.reviews for each in counts)
            missed = 1 - sum(each.covered for each in counts) / asked if asked else 0.0
        waited = None if card.last_day is None else card.elapsed_days(today)
        candidate = Candidate(number, find_skills(entry.note.tags), recall, missed, waited)
        (rubrics if entry.note.points else found).append(candidate)
    return rubrics or found
