"""Two processes that scan at once, and one that is killed while it does."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flashcards.collection import Collection
from scheduler import check
from tests.catalog.world import question

REPOSITORY = Path(__file__).parents[2]
FILES = 20
EACH = 100

SCAN = """
import sys
from pathlib import Path
from flashcards.collection import Collection
with Collection(Path(sys.argv[1])) as collection:
    collection.scan(lambda done, total: print(done, flush=True))
print("done")
"""


# Scans with one core or with all, and prints what the state then contains.
SCAN_WITH = """
import os, sys
from pathlib import Path
from flashcards.collection import Collection
if sys.argv[2] == "one core":
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
with Collection(Path(sys.argv[1])) as collection:
    steps = []
    report, unreadable = collection.scan(lambda done, total: steps.append((done, total)))
    (first,) = collection.connection.execute("SELECT min(id) FROM notes").fetchone()
    notes = "SELECT id - ?, key, pin, file, line, end_line, deck, fingerprint, top_gap, tags, body, active FROM notes"
    print(steps, len(report.added), [(change.path, change.line) for change in report.edited], unreadable)
    print(*collection.connection.execute(notes, (first,)), sep="\\n")
    print(*collection.connection.execute("SELECT note - ?, slot, deck, position FROM cards", (first,)), sep="\\n")
    print(*collection.connection.execute("SELECT id, path, hash, problems FROM files"), sep="\\n")
"""


def write(root: Path, word: str, files: int = FILES) -> None:
    for number in range(files):
        notes = (question(f"{word} {number} {place}") for place in range(EACH))
        (root / f"deck{number:02}.md").write_text("".join(notes), encoding="utf-8")


def start(root: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", SCAN, str(root)], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)


def words(collection: Collection) -> dict[str, int]:
    """The first words of all notes in use, and how many notes begin so."""
    found: dict[str, int] = {}
    for entry in collection.catalog.entries():
        word = entry.note.fields[0].split()[0]
        found[word] = found.get(word, 0) + 1
    return found


def cards(collection: Collection) -> int:
    (number,) = collection.connection.execute("SELECT count(*) FROM cards WHERE active = 1").fetchone()
    return int(number)


def test_processes_that_scan_at_once_add_every_note_once(tmp_path: Path) -> None:
    Collection(tmp_path).close()
    write(tmp_path, "first", 3)
    running = [start(tmp_path) for _ in range(3)]
    for process in running:
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        assert output.endswith("done\n")
    with Collection(tmp_path) as collection:
        assert not collection.scan()[0]
        assert words(collection) == {"first": 3 * EACH}
        assert cards(collection) == 3 * EACH
        assert check(collection.connection) == []


def write_much(root: Path, answer: str) -> None:
    """Write files of every sort, large enough for a second process."""
    for number in range(30):
        notes = [question(f"{number} {place}", answer * 20) for place in range(60)]
        notes += [question("the same everywhere"), question("pinned", comment="<!-- id: twice -->")]
        notes += [f"C: [one] and [two] of {number}\n\n", f"left :: right {number}\n\n", "A: stray\n\n"]
        (root / f"deck{number:02}.md").write_text("".join(notes), encoding="utf-8")
    (root / "deck10.md").write_bytes(b"Q: a\nA: \xff\n")
    (root / "deck20.md").write_text("<<<<<<< ours\nQ: a\n=======\n>>>>>>> theirs\n", encoding="utf-8")


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the number of cores cannot be set here")
def test_a_scan_with_a_second_process_stores_what_it_stores_without(tmp_path: Path) -> None:
    roots = {cores: tmp_path / cores for cores in ("one core", "all cores")}
    for root in roots.values():
        root.mkdir()
    for answer in ("long ", "edited "):  # a first scan, and one in which every file changed
        printed = []
        for cores, root in roots.items():
            write_much(root, answer)
            command = [sys.executable, "-c", SCAN_WITH, str(root), cores]
            printed.append(subprocess.check_output(command, cwd=REPOSITORY, text=True))
        assert printed[0] == printed[1]
        assert "edited" in printed[0] or answer == "long "


@pytest.mark.slow
def test_a_killed_scan_has_stored_everything_or_nothing(tmp_path: Path) -> None:
    dice = random.Random(11)
    with Collection(tmp_path) as collection:
        collection.scan()
    present: dict[str, int] = {}
    for attempt in range(14):
        word = f"round{attempt}"
        write(tmp_path, word)
        process = start(tmp_path)
        assert process.stdout
        for line in process.stdout:
            if line.strip() == str(FILES - 1):  # the last file is about to be read; then comes the writing
                break
        time.sleep(dice.uniform(0, 0.12))
        process.kill()
        process.wait()
        process.stdout.close()
        with Collection(tmp_path) as collection:
            found = words(collection)
            assert found in (present, {word: FILES * EACH})
            assert cards(collection) == sum(found.values())
            assert check(collection.connection) == []
            collection.scan()
            assert words(collection) == {word: FILES * EACH}
            present = {word: FILES * EACH}
