from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.scheduler.world import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scheduler import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path)
    yield opened
    opened.connection.close()
