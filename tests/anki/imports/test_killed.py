"""An import whose process is killed."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from flashcards.collection import Collection
from tests.anki.imports.home import Home
from tests.anki.imports.packages import CREATED, Made, studied, write_package

_KILLED = """
import os, signal, sys
from pathlib import Path
from flashcards.collection import Collection
from flashcards.import_file import run
at = int(sys.argv[3])
count = 0
EVENTS = "open os.rename os.remove os.rmdir os.mkdir os.chmod shutil.rmtree sqlite3.connect".split()
def stop(event, arguments):
    global count
    if event in EVENTS:
        count += 1
        if count == at:
            os.kill(os.getpid(), signal.SIGKILL)
with Collection(Path(sys.argv[1])) as collection:
    collection.scan()
    sys.addaudithook(stop)
    run(collection, Path(sys.argv[2]))
print("done")
"""


@pytest.mark.slow
def test_an_import_killed_at_any_point_leaves_all_or_nothing(tmp_path: Path) -> None:
    media = {"a.png": b"x", "b.png": b"y"}
    package = write_package(
        tmp_path / "x.apkg",
        [studied(), Made(['<img src="a.png">', "d"], deck=2), Made(['<img src="b.png">', "f"], deck=3)],
        decks={1: "One", 2: "Two::Deep", 3: "Three"},
        media=media,
        presets={1: {"name": "X", "desiredRetention": 0.8}},
    )
    template = Home(tmp_path / "template")
    template.import_file(
        write_package(tmp_path / "old.apkg", [Made(["a", "older"], mod=CREATED - 9)], decks={1: "One"})
    )
    nothing = kept(template)
    whole = Home(tmp_path / "whole")
    copy(template.root, whole.root)
    whole.import_file(package)
    everything = kept(whole)
    outcomes = []
    for at in range(1, 500):
        home = Home(tmp_path / f"home{at}")
        copy(template.root, home.root)
        done = subprocess.run(
            [sys.executable, "-c", _KILLED, str(home.root), str(package), str(at)], capture_output=True, text=True
        )
        found = kept(home)
        assert found in (nothing, everything), f"killed at {at}"
        outcomes.append(found == everything)
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
    assert True in outcomes[:-1]
    assert False in outcomes


def copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, dirs_exist_ok=True)


def kept(home: Home) -> tuple[object, ...]:
    """What there is, once a collection was opened: without ids, which depend on the time."""
    with Collection(home.root) as collection:
        collection.scan()
        notes = [(entry.path, entry.note.fields, entry.note.tags) for entry in collection.catalog.entries()]
        cards = collection.connection.execute(
            "SELECT slot, state, due_day, interval, reps, stability FROM cards ORDER BY reps, id"
        ).fetchall()
        reviews = collection.connection.execute("SELECT id, rating, day FROM reviews ORDER BY id").fetchall()
        origins = collection.connection.execute("SELECT source, content FROM origins ORDER BY 1").fetchall()
    return home.files(), notes, cards, reviews, origins
