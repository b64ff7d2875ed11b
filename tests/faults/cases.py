"""Commands that change something, each with the folder that it starts in."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from flashcards.cli import run
from flashcards.collection import Collection
from scheduler import Rating
from scheduler.errors import DatabaseCorrupt
from tests.anki.imports.packages import Made, studied, write_package
from tests.cli.test_convert import VAULT
from tests.faults.anki import make_anki, read_anki
from tests.faults.inside import make_media, make_mirror, make_upload
from tests.importers import test_hashcards, test_repeater

NOTES = "Q: one\nA: eins\n\nQ: two\nA: zwei\n\nC: [three] and [four]\n"
STARTED = 1_750_000_000_000


class Case(NamedTuple):
    """A command: its words, how its folder is prepared.

    Attributes:
        begins_empty: whether the folder has no state before.
        says_first: whether what it prints says what it will do, not what it did.
        has_steps: whether it writes several files one after the other; running it again completes them.
    """

    name: str
    words: list[str]
    prepare: Callable[[Path], None] = lambda root: None  # noqa: ARG005
    begins_empty: bool = False
    says_first: bool = False
    has_steps: bool = False


def command(root: Path, *words: str) -> None:
    assert run(["-C", str(root), *words]) == 0, words


def make_folder(root: Path) -> None:
    """Make a collection with some reviews and a backup."""
    root.mkdir()
    (root / "a.md").write_text(NOTES)
    (root / "sub").mkdir()
    (root / "sub" / "b.md").write_text("Q: five\nA: fünf\n")
    with Collection(root) as collection:
        collection.scan()
        rows = collection.connection.execute("SELECT id FROM cards ORDER BY id LIMIT 3").fetchall()
        for number, (card,) in enumerate(rows):
            collection.store.rate(card, Rating.GOOD, collection.policy(1), STARTED + number, 0)
    command(root, "backup")


def rate_once_more(root: Path) -> None:
    command(root, "answer", "a.md:1", "good")


def edit_files(root: Path) -> None:
    (root / "a.md").write_text(
        NOTES.replace("one", "one more").replace("Q: two\nA: zwei\n\n", "") + "\nQ: new\nA: neu\n"
    )
    (root / "sub" / "b.md").rename(root / "sub" / "c.md")


def add_package(root: Path) -> None:
    notes = [studied(), Made(['<img src="a.png">', "d"], deck=2), Made(["e", '<img src="b.png">'], deck=3)]
    presets: dict[int, dict[str, Any]] = {1: {"name": "X", "desiredRetention": 0.8}}
    write_package(
        root / "x.apkg",
        notes,
        decks={1: "One", 2: "Two::Deep", 3: "Three"},
        media={"a.png": b"x" * 999, "b.png": b"y"},
        presets=presets,
    )


def import_package(root: Path) -> None:
    add_package(root)
    command(root, "import", str(root / "x.apkg"))


def lose_a_text(root: Path) -> None:
    (root / "a.md").write_text(NOTES.replace("Q: one\nA: eins", "Q: something else with other words\nA: nothing alike"))
    command(root, "scan")
    with Collection(root) as collection:
        (key,) = [entry.key for entry in collection.catalog.entries(active=False)]
    (root / ".orphan").write_text(key)


def translate(root: Path) -> None:
    """Translate all notes of a file, too much for them to be recognised."""
    command(root, "scan")
    (root / "a.md").write_text("Q: uno\nA: primo\n\nQ: dos\nA: segundo\n\nC: [tres] y [cuatro]\n")
    command(root, "scan")


def link_a_text(root: Path) -> None:
    lose_a_text(root)
    command(root, "link", (root / ".orphan").read_text(), "a.md:1")


def damage_state(root: Path) -> None:
    path = root / ".flashcards" / "state.db"
    data = path.read_bytes()
    path.write_bytes(data[:4096] + b"\x01\xff\x00\x10" * 512 + data[6144:])


def add_vault(root: Path) -> None:
    (root / "notes" / ".obsidian/plugins/obsidian-spaced-repetition").mkdir(parents=True)
    (root / "notes" / ".obsidian/plugins/obsidian-spaced-repetition/data.json").write_text('{"settings": {}}')
    (root / "notes" / "v.md").write_text(VAULT)
    (root / "notes" / "w.md").write_text("#flashcards\n\nleft::right\n")
    command(root, "scan")


def make_wrong(root: Path) -> None:
    with closing(sqlite3.connect(root / ".flashcards" / "state.db")) as connection:
        connection.execute("UPDATE cards SET reps = 9 WHERE reps > 0")
        connection.commit()


def review_much(root: Path) -> None:
    (root / "flashcards.toml").write_text("new_per_day = 5\n")
    (root / "a.md").write_text("".join(f"Q: q{number}\nA: a\n\n" for number in range(60)))
    with Collection(root) as collection:
        collection.scan()
        rows = collection.connection.execute("SELECT id FROM cards WHERE active = 1 ORDER BY id").fetchall()
        for day in range(10):
            for number, (card,) in enumerate(rows):
                rating = Rating.AGAIN if (number * 7 + day * 13) % 20 == 0 else Rating.GOOD
                at = STARTED + day * 40 * 86_400_000 + number * 1000
                collection.store.rate(card, rating, collection.policy(1), at, 0)


def export_before(root: Path) -> None:
    command(root, "export", "-o", str(root / "out.apkg"))
    rate_once_more(root)


def add_rubrics(root: Path) -> None:
    (root / "r.md").write_text("".join(f"Q: Tell {name}.\nA:\n- [ ] when\n- [ ] why\n\n" for name in ("one", "two")))
    command(root, "scan")


def add_log(root: Path) -> None:
    command(root, "scan")
    with Collection(root) as collection:
        keys = [entry.key for entry in collection.catalog.entries() if len(entry.note.slots) == 1]
    rows = [f"{key},good,{STARTED + number * 86_400_000},900\n" for number, key in enumerate(keys * 2)]
    (root / "log.csv").write_text("card,rating,time,duration\n" + "".join(rows))


def add_hashcards(root: Path) -> None:
    test_hashcards.write_database(root, [NOTES])


def add_repeater(root: Path) -> None:
    test_repeater.write_database(root, {"q: five a: fünf": test_repeater.STUDIED})


def add_other_state(root: Path) -> None:
    """Add the state of another computer, on which one more card was rated and another one flagged."""
    other = root.parent / "other"
    shutil.copytree(root, other)
    command(other, "answer", "a.md:4", "hard")
    command(other, "flag", "3", "five")
    with closing(sqlite3.connect(other / ".flashcards" / "state.db")) as connection:
        connection.execute("VACUUM INTO ?", (str(root / "other.db"),))
    shutil.rmtree(other)


def empty_folder(root: Path) -> None:
    for each in root.iterdir():
        shutil.rmtree(each) if each.is_dir() else each.unlink()


def forget_state(root: Path) -> None:
    shutil.rmtree(root / ".flashcards")


CASES = [
    Case("rate", ["rate-all"]),
    Case("rate in the browser", ["rate-in-browser"]),
    Case("rate in a mock interview", ["hold-mock"], add_rubrics),
    Case("rating for a language model", ["answer-for-model"]),
    Case("note for a language model", ["add-for-model"]),
    Case("answer", ["answer", "a.md:1", "good"]),
    Case("first answer", ["answer", "a.md:1", "good"], forget_state, begins_empty=True),
    Case("init", ["init"], empty_folder, begins_empty=True, has_steps=True),
    Case("scan", ["scan"], edit_files),
    Case("edit", ["edit", "a.md:1"], edit_files),
    Case("set-due", ["set-due", "3", "-y", "deck:a"]),
    Case("forget", ["forget", "-y", "one"]),
    Case("suspend", ["suspend", "deck:a"]),
    Case("bury", ["bury", "deck:a"]),
    Case("flag", ["flag", "3", "deck:a"]),
    Case("undo of a rating", ["undo"], rate_once_more),
    Case("undo of a flag", ["undo"], lambda root: command(root, "flag", "2", "one")),
    Case("import", ["import", "x.apkg"], add_package),
    Case("import of a log", ["import", "log.csv"], add_log),
    Case("import of hashcards", ["import", "hashcards.db"], add_hashcards),
    Case("import of repeater", ["import", "cards.db"], add_repeater),
    Case("import of another state", ["import", "other.db"], add_other_state),
    Case("undo of an import", ["undo"], import_package),
    Case("link", ["link", "ORPHAN", "a.md:1"], lose_a_text),
    Case("link in place", ["link", "--in-place", "a.md", "--yes"], translate),
    Case("unlink", ["unlink", "a.md:1"], link_a_text),
    Case("undo of a link", ["undo"], link_a_text),
    Case("pin", ["pin", "deck:a"]),
    Case("add", ["add", "a", "What is new?", "This."]),
    Case("add to a new folder", ["add", "new::deep::deck", "What is new?", "This."]),
    Case("convert", ["convert", "--yes", "notes"], add_vault, says_first=True),
    Case("backup", ["backup"], rate_once_more),
    Case("restore", ["restore", "-y"], rate_once_more),
    Case("restore of a damaged state", ["restore", "-y"], damage_state),
    Case("doctor", ["doctor", "--rebuild"], make_wrong),
    Case("export", ["export", "-o", "out.apkg"], export_before),
    Case("export of a table", ["export", "-o", "out.csv"]),
    Case("export of each deck", ["export", "-o", "out/"], has_steps=True),
    Case("page of statistics", ["stats", "--html", "out.html"]),
    Case("start of a server", ["begin-serving"], has_steps=True),
    Case("media of a phone", ["take-media"], make_media, has_steps=True),
    Case("sync with a running Anki", ["sync-with-anki"], make_anki, has_steps=True),
    Case("sync of a phone", ["apply-sync"], make_mirror),
    Case("upload of a phone", ["take-upload"], make_upload),
    Case("optimize", ["optimize", "--yes"], review_much),
    Case("optimize and reschedule", ["optimize", "--reschedule", "--yes"], review_much),
]


class Snapshot(NamedTuple):
    """What a collection holds, without what depends on the time."""

    files: dict[str, str]
    notes: list[tuple[Any, ...]]
    cards: list[tuple[Any, ...]]
    reviews: list[tuple[Any, ...]]
    acts: list[tuple[Any, ...]]
    mocks: list[tuple[Any, ...]]
    anki: list[tuple[Any, ...]]
    backups: int

    def compare(self, other: Snapshot) -> str:
        """Name the parts in which two differ."""
        return ", ".join(name for name in self._fields if getattr(self, name) != getattr(other, name))


def take_snapshot(root: Path) -> Snapshot:
    """Open a collection, which finishes or takes back what was interrupted, and return what it holds.

    Raises:
        SchedulerError, FlashcardsError: it cannot be opened.
    """
    from scheduler.backup_files import find_damage, is_sound, list_backups

    with Collection(root) as collection:
        collection.scan()
        if find_damage(collection.connection):
            raise DatabaseCorrupt(collection.database)
        select = collection.connection.execute
        notes = select(
            "SELECT n.key, f.path, n.active, n.tags, n.body FROM notes n JOIN files f ON f.id = n.file ORDER BY 1, 2"
        ).fetchall()
        cards = select(
            "SELECT n.key, c.slot, c.state, c.reps, c.suspended, c.flag, c.active, c.buried_day IS NOT NULL"
            " FROM cards c JOIN notes n ON n.id = c.note ORDER BY 1, 2"
        ).fetchall()
        reviews = select(
            "SELECT n.key, c.slot, r.kind, r.rating, r.voids IS NULL FROM reviews r JOIN cards c ON c.id = r.card"
            " JOIN notes n ON n.id = c.note ORDER BY r.id"
        ).fetchall()
        acts = select("SELECT kind, undone_ms IS NULL FROM acts ORDER BY id").fetchall()
        mocks = select(
            "SELECT number, rating, answer, note, covered FROM mock_answers ORDER BY mock, number"
        ).fetchall()
        assert not select("PRAGMA foreign_key_check").fetchall()
        backups = list_backups(collection.backups, "state")
        assert all(map(is_sound, backups))
    files = {}
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if path.is_file() and not any(part.startswith(".") for part in parts):
            files["/".join(parts)] = describe_file(path)
    return Snapshot(files, notes, cards, reviews, acts, mocks, read_anki(root), len(backups))


def describe_file(path: Path) -> str:
    if path.suffix != ".apkg":
        return hashlib.sha256(path.read_bytes()).hexdigest()
    with zipfile.ZipFile(path) as archive:  # packages hold times
        assert archive.testzip() is None
        name = "collection.anki21" if "collection.anki21" in archive.namelist() else archive.namelist()[0]
        return f"package of {len(archive.namelist())} with {name}"
