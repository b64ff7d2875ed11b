"""Mock interviews that were held: one row each, and one for each question answered."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import sqlite3

_ANSWERS = """
    SELECT number, card, front, skills, seconds, budget, answer, note, rating, covered, missed
    FROM mock_answers WHERE mock = ? ORDER BY number
"""


class Mock(NamedTuple):
    """A mock interview.

    Attributes:
        id: when it began, in epoch milliseconds; unique.
        query: what it was drawn from.
        seed: of the drawing.
        questions: how many were drawn.
        seconds: the time it was to take at the most.
        finished: False for one that was left, or killed.
    """

    id: int
    query: str
    seed: int
    questions: int
    seconds: int
    finished: bool


class MockAnswer(NamedTuple):
    """A question of a mock and how it went.

    `covered` and `missed` are points, `budget` and `seconds` are seconds; `rating` is 0 if the person gave no rating.
    """

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
        """Add an interview; return its id, moved on until it is unique."""
        number = mock.id
        while self._connection.execute("SELECT 1 FROM mocks WHERE id = ?", (number,)).fetchone():
            number += 1
        self._connection.execute("INSERT INTO mocks VALUES (?, ?, ?, ?, ?, ?)", (number, *mock[1:]))
        return number

    def put(self, mock: int, answer: MockAnswer) -> None:
        """Store a question that was answered in part or in full; it replaces the earlier row."""
        row = (*answer[:3], json.dumps(answer.skills), *answer[4:9])
        points = (json.dumps(answer.covered), json.dumps(answer.missed))
        self._connection.execute(
            "INSERT OR REPLACE INTO mock_answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (mock, *row, *points)
        )

    def note(self, mock: int, number: int, text: str) -> None:
        """Store a note to a question."""
        self._connection.execute("UPDATE mock_answers SET note = ? WHERE mock = ? AND number = ?", (text, mock, number))

    def finish(self, mock: int) -> None:
        """Store that an interview came to its end."""
        self._connection.execute("UPDATE mocks SET finished = 1 WHERE id = ?", (mock,))

    def all(self) -> list[Mock]:
        """List every interview, oldest first."""
        rows = self._connection.execute("SELECT id, query, seed, questions, seconds, finished FROM mocks ORDER BY id")
        return [Mock._make((*row[:5], bool(row[5]))) for row in rows]

    def answers(self, mock: int) -> list[MockAnswer]:
        """List the questions of an interview, in order."""
        found = []
        for row in self._connection.execute(_ANSWERS, (mock,)):
            skills, covered, gone = (tuple(json.loads(row[at])) for at in (3, 9, 10))
            found.append(MockAnswer._make((*row[:3], skills, *row[4:9], covered, gone)))
        return found
