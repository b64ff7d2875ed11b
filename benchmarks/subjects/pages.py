"""How soon a page of the browser is there, from a server that is running."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.bench import OURS, Bench, program
from benchmarks.measure import CommandFailed, answer_of, summary
from benchmarks.rows import Row, seconds_at_most

TITLE = "Pages: from the request to the whole page, of a server that is running"

_VISITS = 20


def measure(bench: Bench) -> Iterator[Row]:
    """Return each page at 100,000 cards; at 10,000 when quick."""
    cards = 10_000 if bench.quick else 100_000
    folder = bench.copy_of(bench.collection(cards, cards // 100), "pages")
    try:
        seconds, _ = answer_of(program("visit_pages", folder, _VISITS), bench.folder)
    except CommandFailed as error:
        yield Row("pages", OURS, None, f"failed: {error}")
        return
    for name, times in seconds.items():
        row = Row(f"{name}, {cards:,} cards", OURS, summary(times))
        yield row.with_targets(seconds_at_most(row, 0.100))
