"""Replaying the whole review log."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from benchmarks.bench import OURS, Bench, attempt, flashcards, program
from benchmarks.measure import Run, answer_of, repeated, run
from benchmarks.rows import Row, seconds_at_most

TITLE = "Rebuild: every card compared with what its log says, inside the process"

_REVIEWS_EACH = 10


def measure(bench: Bench) -> Iterator[Row]:
    """Return a million reviews of 100,000 cards; a tenth of it when quick."""
    cards = 10_000 if bench.quick else 100_000
    folder = bench.folder / "rebuild"
    shutil.copytree(bench.decks(cards, cards // 100), folder)
    run(flashcards(folder, "scan"), bench.folder)
    run(program("add_history", folder, cards, _REVIEWS_EACH), bench.folder)

    def once() -> Run:
        seconds, peak_bytes = answer_of(program("rebuild_log", folder), bench.folder)
        return Run(seconds, None, peak_bytes)

    row = attempt(f"{cards * _REVIEWS_EACH:,} reviews", OURS, lambda: repeated(once, bench.few_runs))
    yield row if bench.quick else row.with_targets(seconds_at_most(row, 2.0))
