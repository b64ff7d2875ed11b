"""Keeps what the person who runs the tests has set up out of them."""

from __future__ import annotations

import os
import time

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is no reason to fail; and what is to land is judged by the same examples each time.
settings.register_profile(
    "unhurried",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("unhurried")

# The tests run at noon: a step of ten minutes never crosses into the next day.
os.environ["TZ"] = f"NOON{time.gmtime().tm_hour - 12:+d}"
time.tzset()


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FLASHCARDS_COLLECTION", "NO_COLOR", "FORCE_COLOR", "PAGER", "VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)
