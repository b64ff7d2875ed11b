"""Server and phone killed at random points of syncs: the next sync ends with both sides equal."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("count", [4, pytest.param(200, marks=pytest.mark.slow)])
def test_after_any_kill_the_next_sync_ends_with_both_sides_equal(tmp_path: Path, count: int) -> None:
    command = [sys.executable, "-m", "tests.sync.kills", str(tmp_path), "1", str(count)]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.startswith(f"survived {count} kills")
