"""Statistics of a whole log."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from benchmarks.bench import OURS, Bench, flashcards, program
from benchmarks.measure import run
from benchmarks.rows import Row, seconds_at_most

TITLE = "Statistics: every number of a year, as JSON"

_REVIEWS_EACH = 10


def measure(bench: Bench) -> Iterator[Row]:
    """At two sizes; only the smaller one when quick."""
    yield _at(bench, 10_000)
    if not bench.quick:
        large = _at(bench, 100_000)
        yield large.with_targets(seconds_at_most(large, 2.0))


def _at(bench: Bench, cards: int) -> Row:
    folder = bench.folder / f"stats-{cards}"
    shutil.copytree(bench.decks(cards, cards // 100), folder)
    run(flashcards(folder, "scan"), bench.folder)
    run(program("add_history", folder, cards, _REVIEWS_EACH), bench.folder)
    what = f"stats --json, {cards:,} cards, {cards * _REVIEWS_EACH:,} reviews"
    return bench.time_few(what, OURS, flashcards(folder, "stats", "--json"))
