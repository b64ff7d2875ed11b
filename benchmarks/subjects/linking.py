"""Linking edited notes with what they were."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.bench import OURS, Bench, attempt, flashcards, program
from benchmarks.measure import CommandFailed, answer_of, summary
from benchmarks.rows import Row, Target, seconds_at_most

TITLE = "Linking: edited notes and what they were, inside the process; and a whole scan"

_CASES: tuple[tuple[int, int, int, float | None], ...] = (
    (1_000, 10, 1, None),
    (10_000, 100, 1, 3.0),
    (10_000, 1, 1, 3.0),
    (20_000, 200, 1, None),
    (100_000, 1_000, 100, 2.0),
)
"""How many notes, in how many files, every how many-th one edited, and the seconds aimed at."""


def measure(bench: Bench) -> Iterator[Row]:
    """Growth with the number of notes, and what a person waits for when every note was edited."""
    for notes, files, every, limit in _CASES:
        if bench.quick and notes > 10_000:
            continue
        yield _linked(bench, notes, files, every, limit)
    yield _scanned(bench)


def _linked(bench: Bench, notes: int, files: int, every: int, limit: float | None) -> Row:
    what = f"{notes:,} notes in {files:,} files, {notes // every:,} edited"
    try:
        found, _ = answer_of(program("link_notes", notes, files, every, bench.few_runs), bench.folder)
    except CommandFailed as error:
        return Row(what, OURS, None, f"failed: {error}")
    # Equal texts are found in any scan; what an edit costs comes on top.
    row = attempt(what, OURS, lambda: summary(found["similar"]))
    kept, wrong, edited = found["kept"], found["wrong"], found["edited"]
    right = Target("every edited note kept, none taken for another", f"{kept:,} of {edited:,} kept, {wrong} wrong",
                   kept == edited and not wrong)  # fmt: skip
    return row.with_targets(right, seconds_at_most(row, limit) if limit else None)


def _scanned(bench: Bench) -> Row:
    folder = bench.folder / "every-note-edited"
    scanned = bench.collection(10_000, 100)

    def edit() -> None:
        bench.copy_of(scanned, folder.name)
        for file in folder.rglob("*.md"):
            text = file.read_text(encoding="utf-8")
            file.write_text(text.replace("It says", "It sayz"), encoding="utf-8")

    return bench.time_few("scan: 10,000 notes, all edited", OURS, flashcards(folder, "scan"), edit)
