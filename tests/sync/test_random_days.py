"""Random days with two phones and the terminal in turn: both sides come to the same, and nothing is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sync.phones import ANKIDROID

needs_ankidroid = pytest.mark.skipif(not ANKIDROID.exists(), reason="another version of Anki's core is not installed")
FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


def live(folder: Path, seed: int, days: int, python: str = sys.executable) -> None:
    environment = dict(os.environ)
    if FAKETIME:  # else all of it happens on one day
        clock = folder / "clock"
        clock.write_text("@2026-11-29 12:00:00", encoding="utf-8")
        environment |= {"LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1"}
    world = folder / "world"
    world.mkdir()
    command = [sys.executable, "-m", "tests.sync.random_days", str(world), str(seed), str(days), python]
    done = subprocess.run(
        command, env=environment, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.startswith(f"lived {days} days")


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_a_week_with_two_phones_and_the_terminal_ends_with_all_sides_equal(tmp_path: Path, seed: int) -> None:
    live(tmp_path, seed, 7)


@needs_ankidroid
@pytest.mark.parametrize("days", [7, pytest.param(200, marks=pytest.mark.slow)])
def test_after_days_with_the_terminal_and_two_phones_all_sides_are_equal(tmp_path: Path, days: int) -> None:
    live(tmp_path, days, days, str(ANKIDROID))
