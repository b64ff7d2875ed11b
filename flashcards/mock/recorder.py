"""Read the cards that a mock interview asks, and store its answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

from flashcards.cards import render_sides
from flashcards.review.collection_backend import CardBackend
from flashcards.review.grading import add_ticks
from flashcards.review.session import LONGEST_MS
from scheduler import Rating, transaction

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from flashcards.collection import Collection
    from flashcards.mock.session import Result
    from flashcards.review.views import Asked


SKILL: Final = "skill:"
"""The prefix of a tag that names a skill."""

_ANSWERS = """
    SELECT number, card, front, skills, seconds, budget, answer, note, rating, covered, missed
    FROM mock_answers WHERE mock = ? ORDER BY number
"""


class Mock(NamedTuple):
    """A mock interview."""

    id: int  # when it began, in epoch milliseconds; unique
    query: str  # the query that chose its cards
    seed: int  # the seed of the random choice
    questions: int  # the number of questions chosen
    seconds: int  # the time limit
    finished: bool  # False if it was left early or killed


class MockAnswer(NamedTuple):
    """A question and how it went: covered and missed points, times in seconds, rating 0 for none given."""

    number: int
    card: int
    front: str
    skills: tuple[str, ...]
    seconds: float
    budget: int
    answer: str
    note: str
    rating: int
    covered: tuple[str, ...]
    missed: tuple[str, ...]


class Mocks:
    """The mock interviews in a collection's database. Call what writes within a transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def begin(self, mock: Mock) -> int:
        """Add an interview; return its id, increased until it is unique."""
        number = mock.id
        while self._connection.execute("SELECT 1 FROM mocks WHERE id = ?", (number,)).fetchone():
            number += 1
        self._connection.execute("INSERT INTO mocks VALUES (?, ?, ?, ?, ?, ?)", (number, *mock[1:]))
        return number

    def put(self, mock: int, answer: MockAnswer) -> None:
        """Store a partly or fully answered question, replacing its earlier row."""
        row = (*answer[:3], json.dumps(answer.skills), *answer[4:9])
        points = (json.dumps(answer.covered), json.dumps(answer.missed))
        self._connection.execute(
            "INSERT OR REPLACE INTO mock_answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (mock, *row, *points)
        )

    def note(self, mock: int, number: int, text: str) -> None:
        """Store the note on a question."""
        self._connection.execute("UPDATE mock_answers SET note = ? WHERE mock = ? AND number = ?", (text, mock, number))

    def finish(self, mock: int) -> None:
        """Mark an interview as finished."""
        self._connection.execute("UPDATE mocks SET finished = 1 WHERE id = ?", (mock,))

    def all(self) -> list[Mock]:
        """List every interview, oldest first."""
        rows = self._connection.execute("SELECT id, query, seed, questions, seconds, finished FROM mocks ORDER BY id")
        return [Mock._make((*row[:5], bool(row[5]))) for row in rows]

    def read(self, number: int) -> tuple[Mock, list[MockAnswer], list[tuple[Mock, list[MockAnswer]]]]:
        """Read an interview, its answers, and the earlier interviews with theirs. Raise `LookupError` without it."""
        held = [(mock, self.answers(mock.id)) for mock in self.all() if mock.id <= number]
        if not held or held[-1][0].id != number:
            raise LookupError(f"there is no mock interview {number}")
        return *held[-1], held[:-1]

    def answers(self, mock: int) -> list[MockAnswer]:
        """List the questions of an interview, in order."""
        found = []
        for row in self._connection.execute(_ANSWERS, (mock,)):
            skills, covered, gone = (tuple(json.loads(row[at])) for at in (3, 9, 10))
            found.append(MockAnswer._make((*row[:3], skills, *row[4:9], covered, gone)))
        return found


def find_skills(tags: Iterable[str]) -> tuple[str, ...]:
    """Find the skills that tags name: first those of the card, then those of its file."""
    return tuple(tag.removeprefix(SKILL) for tag in reversed(tuple(tags)) if tag.startswith(SKILL))


class MockRecorder:
    """Reads the asked cards and saves the answers, as reviews with `schedule`; `budget` is seconds a question."""

    def __init__(self, collection: Collection, mock: Mock, budget: int, *, schedule: bool) -> None:
        self._collection = collection
        self._backend = CardBackend(collection)
        self._budget = budget
        self._schedule = schedule
        self._mocks = Mocks(collection.connection)
        with transaction(collection.connection):
            self.mock_id = self._mocks.begin(mock)

    def read(self, card_id: int) -> tuple[Asked, tuple[str, ...]]:
        """Return a card and its skills. Raise `LookupError` if its text is gone."""
        asked = self._backend.read(card_id)
        if asked is None:
            raise LookupError(f"card {card_id} has no text")
        return asked, find_skills(asked.entry.note.tags)

    def keep_draft(self, result: Result) -> None:
        """Store a question that is partly answered or not rated yet."""
        with transaction(self._collection.connection):
            self._mocks.put(self.mock_id, self._make_row(result))

    def record_answer(self, result: Result, now_ms: int) -> None:
        """Store the rating and the answer in one transaction."""
        store, card, rating = self._collection.store, result.asked.card, Rating(result.rating or 0)
        duration_ms = min(round(result.seconds * 1000), LONGEST_MS)
        points = dict.fromkeys(result.covered, True) | dict.fromkeys(result.missed, False)
        with transaction(self._collection.connection):
            if self._schedule:
                policy = self._collection.policy(card.deck)
                review = store.rate(card.id, rating, policy, now_ms, duration_ms)
            else:
                review = store.cram(card.id, rating, now_ms, duration_ms)
            add_ticks(self._collection.connection, review.id, points.items())
            self._mocks.put(self.mock_id, self._make_row(result))

    def record_note(self, result: Result) -> None:
        """Store the note on the last question."""
        with transaction(self._collection.connection):
            self._mocks.note(self.mock_id, result.number, result.note)

    def finish(self) -> None:
        """Mark the interview as finished."""
        with transaction(self._collection.connection):
            self._mocks.finish(self.mock_id)

    def _make_row(self, result: Result) -> MockAnswer:
        return MockAnswer(
            result.number,
            result.asked.card.id,
            " ".join(render_sides(result.asked.entry.note, result.asked.card.slot)[0].split()),
            result.skills,
            result.seconds,
            self._budget,
            result.answer,
            result.note,
            int(result.rating or 0),
            result.covered,
            result.missed,
        )
