"""Reading the decks: all of them for the first time, and again when one file changed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from benchmarks import peers
from benchmarks.bench import OURS, Bench, flashcards
from benchmarks.make_decks import QUESTION_WORD, Form
from benchmarks.rows import Row, seconds_at_most, times_at_most

TITLE = "Scan: 10,000 notes in 100 files"


def measure(bench: Bench) -> Iterator[Row]:
    """Return a scan of decks without state, one after an edit; hashcards reads all its decks each time."""
    decks = bench.decks(10_000, 100)
    command = flashcards(bench.folder / "copy", "scan")
    ours = bench.time("every file for the first time", OURS, command, lambda: bench.copy_of(decks))
    yield ours.with_targets(seconds_at_most(ours, 0.230))
    vault = bench.decks(10_000, 100, Form.VAULT)
    row = bench.time("an Obsidian vault, 5,000 schedules", OURS, command, lambda: bench.copy_of(vault))
    yield row.with_targets(times_at_most(row, ours, 1.2))
    hashcards = peers.hashcards()
    if hashcards is None:
        yield Row("every file, `check`", "hashcards", None, peers.missing("hashcards"))
    else:
        folder = bench.copy_of(bench.decks(10_000, 100, Form.HASHCARDS), "hashcards-check")
        yield bench.time("every file, `check`", "hashcards", [hashcards, "check", folder]).compared_with(ours)
    yield _after_an_edit(bench)


def _after_an_edit(bench: Bench) -> Row:
    folder = bench.copy_of(bench.collection(10_000, 100), "edited")
    file = folder / "part-02" / "deck-0050.md"
    text = file.read_text(encoding="utf-8")
    versions = count(1)

    def edit() -> None:
        file.write_text(text.replace(QUESTION_WORD, f"{QUESTION_WORD}{next(versions)}-", 1), encoding="utf-8")

    return bench.time("one note of one file edited", OURS, flashcards(folder, "scan"), edit)
