"""A collection of a million cards and ten million reviews: half an hour, 8 GB of disk. Only if it is named."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.bench import OURS, Bench, attempt, flashcards
from benchmarks.measure import Command, repeated, run
from benchmarks.rows import Row
from benchmarks.subjects.statistics import make_collection

TITLE = "Scale: ten reviews a card, a hundred cards a file"

_SIZES = (100_000, 1_000_000)
_JOBS = (
    ("scan",),
    ("due",),
    ("list", "--json"),
    ("stats", "--json"),
    ("forecast", "--json"),
    ("readiness", "--json", "--on", "+60"),
    ("doctor", "--rebuild"),
)


def measure(bench: Bench) -> Iterator[Row]:
    """Each job at two sizes; only the smaller one when quick."""
    for cards in _SIZES[: 1 if bench.quick else None]:
        yield _scan_first(bench, cards)
        folder = make_collection(bench, cards)
        for job in _JOBS:
            yield _time(bench, f"{' '.join(job)}, {cards:,} cards", flashcards(folder, *job))
        package = bench.folder / f"scale-{cards}.apkg"
        command = flashcards(folder, "export", "-o", package)
        yield _time(bench, f"export with the whole log, {cards:,} cards", command)


def _scan_first(bench: Bench, cards: int) -> Row:
    decks, command = bench.decks(cards, cards // 100), flashcards(bench.folder / "copy", "scan")
    return attempt(
        f"first scan, {cards:,} cards",
        OURS,
        lambda: repeated(lambda: run(command, bench.folder), 1, lambda: bench.copy_of(decks)),
    )


def _time(bench: Bench, what: str, command: Command) -> Row:
    return attempt(what, OURS, lambda: repeated(lambda: run(command, bench.folder), 1))
