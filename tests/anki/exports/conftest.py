from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.anki.exports.core import Anki
from tests.anki.exports.folder import Folder


@pytest.fixture
def anki(tmp_path: Path) -> Iterator[Anki]:
    pytest.importorskip("anki.collection", reason="needs the anki wheel")
    opened = Anki(tmp_path / "anki")
    yield opened
    opened.col.close()


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "decks")


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return tmp_path / "out.apkg"
