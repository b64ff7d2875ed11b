"""One sync of one client: the rows that go out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flashcards.sync.mirror import CHUNK_ROWS, Mirror
from flashcards.sync.session import SyncSession


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    found = Mirror(tmp_path / "mirror.anki2")
    yield found
    found.close()


@pytest.mark.parametrize(
    ("rows", "chunks"),
    [(0, [0]), (1, [1]), (CHUNK_ROWS, [CHUNK_ROWS]), (2 * CHUNK_ROWS + 1, [CHUNK_ROWS, CHUNK_ROWS, 1])],
)
def test_the_last_rows_say_that_they_are_the_last(mirror: Mirror, rows: int, chunks: list[int]) -> None:
    mirror.connection.executemany(
        "INSERT INTO revlog VALUES (?, 1, 5, 3, 1, 1, 0, 1000, 1)", [(1000 + number,) for number in range(rows)]
    )
    session = SyncSession(mirror, "s", 5, client_is_newer=False)
    found = [session.take_chunk() for _ in chunks]
    assert [len(each.get("revlog", [])) for each in found] == chunks
    assert [each["done"] for each in found] == [False] * (len(chunks) - 1) + [True]
    assert [row[0] for each in found for row in each.get("revlog", [])] == [1000 + number for number in range(rows)]
    assert session.sent == rows
    session.close()
