"""Decks with the state that hashcards keeps beside them."""

from __future__ import annotations

import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.measure import answer_of, environment


def collection(bench: Bench, command: Path, notes: int, files: int) -> Path:
    """A copy of the decks whose cards hashcards knows, none of them reviewed; made once.

    hashcards itself adds cards only when they are drilled, one commit each, which takes minutes for 10,000.
    """
    folder = bench.folder / f"hashcards-{notes}-{files}"
    if not folder.exists():
        bench.copy_of(bench.decks(notes, files), folder.name)
        subprocess.run(
            [command, "due", folder], env=environment(), stdout=subprocess.DEVNULL, check=True
        )  # makes the tables
        exported, _ = answer_of([command, "export", folder], bench.folder)
        rows = [(card["hash"], "2026-01-01T00:00:00.000", 0) for card in exported["cards"]]
        with closing(sqlite3.connect(folder / "hashcards.db")) as connection, connection:
            connection.executemany(
                "INSERT OR IGNORE INTO cards (card_hash, added_at, review_count) VALUES (?, ?, ?)", rows
            )
    return folder
