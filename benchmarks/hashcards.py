"""Decks with the state that hashcards keeps beside them."""

from __future__ import annotations

from pathlib import Path

from benchmarks.bench import Bench, program
from benchmarks.make_decks import Form
from benchmarks.measure import run


def collection(bench: Bench, command: Path, notes: int, files: int) -> Path:
    """Return a copy of the decks whose cards hashcards knows, none of them reviewed; made once."""
    folder = bench.folder / f"hashcards-{notes}-{files}"
    if not folder.exists():
        bench.copy_of(bench.decks(notes, files, Form.HASHCARDS), folder.name)
        run(program("hashcards_state", command, folder), bench.folder)
    return folder
