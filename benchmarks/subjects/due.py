"""Saying what is due when no deck changed since the last time."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import hashcards, peers
from benchmarks.bench import OURS, Bench, flashcards
from benchmarks.rows import Row, seconds_at_most

TITLE = "Due: how many cards are due today, nothing changed"


def measure(bench: Bench) -> Iterator[Row]:
    """`due` at 10,000 and at 100,000 cards; two thirds of them were reviewed before."""
    ours = bench.time("10,000 cards in 100 files", OURS, flashcards(bench.collection(10_000, 100), "due"))
    yield ours.with_targets(seconds_at_most(ours, 0.150))
    yield _hashcards(bench, 10_000, 100).compared_with(ours)
    if not bench.quick:
        large = bench.time("100,000 cards in 1,000 files", OURS, flashcards(bench.collection(100_000, 1_000), "due"))
        yield large.with_targets(seconds_at_most(large, 0.300))
        yield _hashcards(bench, 100_000, 1_000).compared_with(large)


def _hashcards(bench: Bench, notes: int, files: int) -> Row:
    what = f"{notes:,} cards in {files:,} files"
    command = peers.hashcards()
    if command is None:
        return Row(what, "hashcards", None, peers.missing("hashcards"))
    return bench.time(what, "hashcards", [command, "due", hashcards.collection(bench, command, notes, files)])
