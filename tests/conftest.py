"""Keeps what the person who runs the tests has set up out of them, and their files in memory."""

from __future__ import annotations

import gc
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

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

_MEMORY = Path("/dev/shm")
_ROOM = 4 << 30


def pytest_configure(config: pytest.Config) -> None:
    """Let the processes of the tests share their bytecode, and keep temporary files in memory."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # each process would compile the whole project
    sys.dont_write_bytecode = False
    _keep_files_in_memory(config)


def _keep_files_in_memory(config: pytest.Config) -> None:
    """Keep temporary files in memory, if there is room: each of many commits would wait for the disk."""
    if hasattr(config, "workerinput") or "TMPDIR" in os.environ or not _has_room():
        return
    folder = Path(tempfile.mkdtemp(prefix="flashcards-tests-", dir=_MEMORY))
    os.environ["TMPDIR"] = str(folder)
    tempfile.tempdir = None
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


def _has_room() -> bool:
    """Tell whether the file system in memory is large, and runs programs."""
    if not os.access(_MEMORY, os.W_OK):
        return False
    status = os.statvfs(_MEMORY)
    return status.f_bavail * status.f_frsize >= _ROOM and not status.f_flag & os.ST_NOEXEC


def pytest_collection() -> None:
    """Collect the tests without garbage collection, which takes a third of the time and frees next to nothing."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Resume garbage collection, except of the collected tests."""
    gc.freeze()
    gc.enable()


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FLASHCARDS_COLLECTION", "NO_COLOR", "FORCE_COLOR", "PAGER", "VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)
