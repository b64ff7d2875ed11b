"""Fitting FSRS to a log."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from benchmarks.bench import OURS, Bench, attempt, flashcards, program
from benchmarks.measure import Run, answer_of, repeated, run
from benchmarks.rows import Row, megabytes_at_most, seconds_at_most

TITLE = "Fit: parameters of FSRS from a whole log, and how good they are, inside the process"

_REVIEWS_EACH = 10


def measure(bench: Bench) -> Iterator[Row]:
    """A million reviews of 100,000 cards; a tenth of it when quick."""
    cards = 10_000 if bench.quick else 100_000
    folder = bench.folder / "fit"
    shutil.copytree(bench.decks(cards, cards // 100), folder)
    run(flashcards(folder, "scan"), bench.folder)
    run(program("add_history", folder, cards, _REVIEWS_EACH), bench.folder)

    def once() -> Run:
        seconds, peak_bytes = answer_of(program("fit_log", folder), bench.folder)
        return Run(seconds, None, peak_bytes)

    row = attempt(f"{cards * _REVIEWS_EACH:,} reviews", OURS, lambda: repeated(once, bench.few_runs))
    yield row if bench.quick else row.with_targets(seconds_at_most(row, 4.0), megabytes_at_most(row, 700))
