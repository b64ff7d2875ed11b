"""Looking at whole collections: their cards, their statistics, and the days ahead."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from benchmarks.bench import OURS, Bench, flashcards, program
from benchmarks.measure import run
from benchmarks.rows import Row, megabytes_at_most, seconds_at_most

TITLE = "Whole collections: every card, every number of a year, and the days ahead, as JSON"

_REVIEWS_EACH = 10
_LIMITS = {"list": 1.5, "stats": 0.8, "forecast": 1.0, "readiness": 5.0}
_MEGABYTES = {"stats": 200}
_DAYS = 60


def measure(bench: Bench) -> Iterator[Row]:
    """Each command at two sizes, only at the smaller one when quick; `readiness` with new cards alone, too."""
    yield from measure_commands(bench, 10_000)
    new = bench.folder / "new-10000"
    shutil.copytree(bench.decks(10_000, 100), new)
    run(flashcards(new, "scan"), bench.folder)
    row = _time(bench, new, "readiness", "10,000 new cards")
    yield row.with_targets(seconds_at_most(row, 3.0))
    if bench.quick:
        return
    for name, row in zip(_LIMITS, measure_commands(bench, 100_000), strict=True):
        most = megabytes_at_most(row, _MEGABYTES[name]) if name in _MEGABYTES else None
        yield row.with_targets(seconds_at_most(row, _LIMITS[name]), most)


def measure_commands(bench: Bench, cards: int) -> Iterator[Row]:
    """Return a row for each command, on a collection of `cards` cards."""
    folder = make_collection(bench, cards)
    for name in _LIMITS:
        yield _time(bench, folder, name, f"{cards:,} cards, {cards * _REVIEWS_EACH:,} reviews")


def make_collection(bench: Bench, cards: int) -> Path:
    """Make a collection, a hundred cards a file and ten reviews a card, if it is not there yet."""
    folder = bench.folder / f"stats-{cards}"
    if not folder.exists():
        shutil.copytree(bench.decks(cards, cards // 100), folder)
        run(flashcards(folder, "scan"), bench.folder)
        run(program("add_history", folder, cards, _REVIEWS_EACH), bench.folder)
    return folder


def _time(bench: Bench, folder: Path, name: str, what: str) -> Row:
    options = ["--on", f"+{_DAYS}"] if name == "readiness" else []
    return bench.time_few(f"{name} --json, {what}", OURS, flashcards(folder, name, "--json", *options))
