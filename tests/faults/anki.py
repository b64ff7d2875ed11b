"""A sync with a running Anki, whose folder lies beside that of the collection: the real core, without its add-on."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from flashcards.errors import FlashcardsError
from flashcards.sync.anki_connect import AnkiConnect
from flashcards.sync.live_anki import LiveAnki

ACTED = "Anki acted"
_KEPT = "kept"


def find_anki(root: Path) -> Path:
    """Return the folder of the Anki of a collection."""
    return root.with_name(f"{root.name}-anki")


def copy_anki(source: Path, target: Path) -> None:
    """Copy the Anki of one collection for another one, if there is one."""
    if find_anki(source).is_dir():
        shutil.rmtree(find_anki(target), ignore_errors=True)
        shutil.copytree(find_anki(source), find_anki(target))


def keep_steps(root: Path) -> None:
    """Let the Anki of a collection keep a copy of itself after each of its acts."""
    if find_anki(root).is_dir():
        (find_anki(root) / _KEPT).mkdir()


def take_step(root: Path, said: str, target: Path) -> None:
    """Copy the Anki that kept its steps, as it was after the acts reported in `said`, for another collection."""
    kept = find_anki(root).with_name(f"{_KEPT}-{said.count(ACTED)}")
    if kept.is_dir():
        shutil.rmtree(find_anki(target), ignore_errors=True)
        shutil.copytree(kept, find_anki(target))


def read_anki(root: Path) -> list[tuple[Any, ...]]:
    """Read what the Anki of a collection holds: each card with its note, its state and its reviews."""
    path = find_anki(root) / "collection.anki2"
    if not path.is_file():
        return []
    query = (
        "SELECT n.flds, trim(n.tags), c.ord, c.type, c.queue, c.reps,"
        " (SELECT group_concat(id) FROM revlog WHERE cid = c.id)"
        " FROM cards c JOIN notes n ON n.id = c.nid ORDER BY 1, 3"
    )
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


class AnkiHere(AnkiConnect):
    """An Anki in this process."""

    def __init__(self, folder: Path) -> None:
        from tests.sync.anki_connect_standin import Actions

        super().__init__()
        self._folder = folder
        self._count = 0
        self._anki = Actions(self._open())
        self._keep()

    def close(self) -> None:
        self._anki.col.close()

    def _open(self) -> Any:
        from anki.collection import Collection

        return Collection(str(self._folder / "collection.anki2"))

    def _send(self, action: str, params: dict[str, Any], seconds: float) -> Any:  # noqa: ARG002 - it answers at once
        answer = self._anki.answer({"action": action, "params": params})
        if action in ("multi", "importPackage", "updateNote", "deleteNotes", "insertReviews", "storeMediaFile"):
            self._count += 1
            self._keep()
            os.write(1, f"{ACTED}\n".encode())
        return self._read(action, answer)

    def _keep(self) -> None:
        if (self._folder / _KEPT).is_dir():
            self._anki.col.close()
            shutil.copytree(self._folder, self._folder.with_name(f"{_KEPT}-{self._count}"))
            shutil.rmtree(self._folder.with_name(f"{_KEPT}-{self._count}") / _KEPT)
            self._anki.col = self._open()


def sync_with_anki(root: Path) -> int:
    """Sync with the Anki of a collection."""
    anki = AnkiHere(find_anki(root))
    try:
        with closing(LiveAnki(root, anki, lambda _sentence: None)) as live:
            live.sync()
    except FlashcardsError as error:
        os.write(2, str(error).encode())
        return 1
    finally:
        anki.close()
    os.write(1, b"synced\n")
    return 0


def make_anki(root: Path) -> None:
    """Make an Anki that was synced once; then both sides change."""
    from flashcards.cli import run
    from tests.sync.phones import Phone

    phone = Phone(find_anki(root))
    phone.do("config", name="fsrs", value=True)
    phone.do("add", kind="Basic", fields=["theirs", "yes"], deck="Theirs::Deep")
    address = phone.do("connect")
    with closing(LiveAnki(root, AnkiConnect(address), lambda _sentence: None)) as live:
        live.sync()
    phone.do("edit", note=phone.note("one"), field=1, text="edited in Anki")
    phone.do("answer", cards=[phone.card("two"), phone.card("theirs")], rating=3)
    name = phone.do("add_media", name="new.png", text="pixels")
    phone.do("add", kind="Basic", fields=["more", f'<img src="{name}">'], deck="Theirs::Deep")
    phone.close()
    assert run(["-C", str(root), "answer", "sub/b.md:1", "good"]) == 0
    (root / "sub" / "b.md").write_text("Q: five\nA: 5\n\nQ: six\nA: sechs\n")
