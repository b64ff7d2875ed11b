"""Decide how many questions a mock interview asks and how long it may take, and start it on a collection."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from flashcards.errors import UsageError
from flashcards.mock.draw import draw_cards, list_candidates
from flashcards.mock.recorder import Mock, MockRecorder
from flashcards.mock.session import MockSession, Timing
from flashcards.settings import MockPreset
from flashcards.text import suggest

if TYPE_CHECKING:
    from flashcards.collection import Collection

_QUESTIONS: Final = 5
_PER_QUESTION: Final = 4.0  # minutes


@dataclass(frozen=True, slots=True)
class MockPlan:
    """How many questions are asked, and the minutes for each and for all."""

    questions: int
    per_question: float
    minutes: float


class NoCardToAsk(UsageError):
    """No card can be asked."""

    def __init__(self) -> None:
        super().__init__("There is no card to ask. `flashcards list` shows all cards.")


def find_preset(collection: Collection, name: str) -> MockPreset:
    """Find a mock interview of `flashcards.toml` by its name.

    Raises:
        UsageError: it describes none of that name.
    """
    mocks = collection.settings.mocks
    if name in mocks:
        return mocks[name]
    if not mocks:
        raise UsageError(f'flashcards.toml defines no mock interview. Add a table [mocks."{name}"].')
    hint = suggest(name, mocks, "`flashcards mock --presets` lists them.")
    raise UsageError(f"`{name}` is not a mock interview of flashcards.toml. {hint}")


def plan_interview(preset: MockPreset, given: MockPreset) -> MockPlan:
    """Plan an interview. What is given counts before the preset, and the preset before the default."""
    count = given.questions or preset.questions or _QUESTIONS
    share = preset.minutes / (preset.questions or _QUESTIONS) if preset.minutes else _PER_QUESTION
    each = given.per_question or preset.per_question or share
    if given.minutes:
        return MockPlan(count, each, given.minutes)
    if preset.minutes and not (given.questions or given.per_question):
        return MockPlan(count, each, preset.minutes)
    return MockPlan(count, each, count * each)


def draw_questions(
    collection: Collection, cards: Iterable[int] | None, count: int, now_ms: int, seed: int | None
) -> tuple[list[int], int]:
    """Draw the cards that are asked; return them and the seed, which is chosen if none is given.

    Args:
        collection: whose cards are asked.
        cards: those that may be asked; nothing means all.
        count: how many to draw at most.
        now_ms: the instant.
        seed: draws the same cards again.

    Raises:
        NoCardToAsk: no card can be asked.
    """
    if cards is None:
        cards = [row[0] for row in collection.connection.execute("SELECT id FROM cards")]
    able = list_candidates(collection, sorted(cards), collection.clock.day(now_ms))
    if not able:
        raise NoCardToAsk
    chosen = now_ms % 100_000 if seed is None else seed
    return draw_cards(able, count, chosen), chosen


def begin_interview(
    collection: Collection, plan: MockPlan, query: str, drawn: tuple[list[int], int], now_ms: int, *, schedule: bool
) -> tuple[int, MockSession]:
    """Begin an interview; return its id and its session, whose clock runs.

    Args:
        collection: whose state is kept.
        plan: its times.
        query: what the cards were drawn from, to show it later.
        drawn: the cards and the seed.
        now_ms: the instant.
        schedule: let ratings count as reviews.
    """
    cards, seed = drawn
    planned = Mock(now_ms, query, seed, len(cards), round(plan.minutes * 60), finished=False)
    recorder = MockRecorder(collection, planned, round(plan.per_question * 60), now_ms, schedule=schedule)
    timing = Timing(round(plan.minutes * 60_000), round(plan.per_question * 60_000))
    asked = [recorder.read(card) for card in cards]
    return recorder.mock, MockSession(asked, timing, recorder, now_ms, collection.settings.rubric_thresholds)
