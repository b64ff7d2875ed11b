"""One rating, committed, inside a running process."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.bench import OURS, Bench, attempt, program
from benchmarks.measure import CommandFailed, answer_of, summary
from benchmarks.rows import Row, seconds_at_most

TITLE = "Rating: read the card, commit log and card, inside the process"

_COUNT = 1_000


def measure(bench: Bench) -> Iterator[Row]:
    """Return a thousand ratings at 10,000 cards, and what of their time is the disk's."""
    folder = bench.copy_of(bench.collection(10_000, 100), "rating")
    try:
        seconds, _ = answer_of(program("rate_cards", folder, _COUNT), bench.folder)
    except CommandFailed as error:
        yield Row("one rating", OURS, None, f"failed: {error}")
        return
    committed = attempt("one rating", OURS, lambda: summary(seconds["ratings"]))
    yield committed.with_targets(seconds_at_most(committed, 0.001))
    yield attempt("one rating, not waiting for the disk", OURS, lambda: summary(seconds["unsynced"]))
    yield attempt("one page of 4 KiB made durable", "this disk", lambda: summary(seconds["syncs"]))
