from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.runner import Runner

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Runner:
    """Commands in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return Runner(tmp_path, capsys)
