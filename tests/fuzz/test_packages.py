"""Any package is imported or refused in a sentence; refused, it changes nothing.

Run for longer with `make fuzz`.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import sqlite3
import zipfile
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from flashcards.collection import Collection
from flashcards.errors import FlashcardsError
from flashcards.import_file import run
from scheduler.backup_files import find_damage
from tests.anki.imports.packages import CLOZE, REVERSED, Made, studied, write_package, write_zip
from tests.fuzz.inputs import INPUTS, MARKDOWN, SEED, bounded
from tests.fuzz.test_logs import ODD, damage, tables

COUNT = max(15, min(10_000, INPUTS // 30))
NOTES = [
    studied(),
    Made(['<img src="a.png">', "d"], deck=2, tags="x y::z"),
    Made(["is {{c1::here::hint}} and {{c2::there}}", "more"], type=CLOZE, cards={0: {}, 1: {}}),
    Made(["left", "right [sound:b.mp3]"], type=REVERSED, deck=3, cards={0: {}, 1: {"queue": -1}}),
]


def write_base(path: Path) -> None:
    write_package(
        path,
        NOTES,
        decks={1: "One", 2: "Two::Deep", 3: "Three"},
        media={"a.png": b"x" * 99, "b.mp3": b"y"},
        presets={1: {"name": "X", "desiredRetention": 0.8, "new": {"delays": [1, 10], "perDay": 20}}},
    )


def change_json(text: str, source: random.Random) -> str:
    """Replace one value somewhere in JSON by an odd one."""
    value = json.loads(text)
    at = value
    while isinstance(at, (dict, list)) and at:
        key: Any = source.choice(list(at)) if isinstance(at, dict) else source.randrange(len(at))
        if not isinstance(at[key], (dict, list)) or not at[key] or source.random() < 0.3:
            odd = source.choice(ODD)
            at[key] = source.choice((source.choice(MARKDOWN), None if isinstance(odd, bytes) else odd, [], {}))
            break
        at = at[key]
    return json.dumps(value)


def mutate_package(base: Path, path: Path, source: random.Random) -> None:
    """Write the package with some of its values odd, with other members, or with damaged bytes."""
    with zipfile.ZipFile(base) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    kind = source.randrange(4)
    if kind < 3:
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.deserialize(members["collection.anki2"])
            for _ in range(source.randrange(1, 4)):
                table = source.choice(("col", "notes", "cards", "revlog"))
                column = source.choice([row[1] for row in connection.execute(f"PRAGMA table_info({table})")])
                with suppress(sqlite3.Error, ValueError):
                    (old,) = connection.execute(f"SELECT {column} FROM {table} LIMIT 1").fetchone()
                    new = source.choice((source.choice(ODD), "".join(source.choices(MARKDOWN, k=9))))
                    if isinstance(old, str) and old.startswith(("{", "[")) and source.random() < 0.8:
                        new = change_json(old, source)
                    connection.execute(f"UPDATE {table} SET {column} = ? WHERE random() % 2", (new,))
            members["collection.anki2"] = connection.serialize()
    if kind == 2:
        members["media"] = change_json(members["media"].decode(), source).encode()
    write_zip(path, members)
    if kind == 3:
        damage(path, source)


def files(root: Path) -> dict[str, str]:
    found = (path for path in sorted(root.rglob("*")) if path.is_file() and ".flashcards" not in path.parts)
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def test_any_package_is_imported_or_refused(tmp_path: Path) -> None:
    template, root, base, path = (tmp_path / name for name in ("template", "home", "base.apkg", "x.apkg"))
    template.mkdir()
    (template / "a.md").write_text("Q: mine\nA: yes\n")
    with Collection(template) as collection:
        collection.scan()
    before = tables(template), files(template)
    write_base(base)
    imported = 0
    for number in bounded(range(COUNT)):
        source = random.Random(f"{SEED}/package/{number}")
        shutil.copytree(template, root)
        mutate_package(base, path, source)
        try:
            with Collection(root) as collection:
                collection.scan()
                run(collection, path)
                collection.scan()
                assert not find_damage(collection.connection), number
                assert collection.store.find_differences(lambda deck: collection.policy(deck).parameters) == [], number
            imported += 1
        except FlashcardsError as error:
            assert "\n" not in str(error), number
            assert str(error).isprintable(), number
            assert (tables(root), files(root)) == before, number
        assert not (root / ".flashcards" / "import").exists(), number
        shutil.rmtree(root)
        path.unlink()
    assert 0 < imported < COUNT
