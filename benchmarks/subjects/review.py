"""How soon the first question of a review is on the screen."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

from benchmarks import hashcards, peers
from benchmarks.bench import OURS, Bench, flashcards
from benchmarks.make_decks import QUESTION_WORD
from benchmarks.rows import Row, seconds_at_most
from benchmarks.screen import until_served, until_shown

TITLE = "Review: from the start to the first question in sight"

_LEAVE = b"q"


def measure(bench: Bench) -> Iterator[Row]:
    """Our review in a terminal, nothing changed since the last scan; hashcards' first page."""
    ours = _ours(bench, 10_000, 100)
    yield ours.with_targets(seconds_at_most(ours, 0.200))
    yield _hashcards(bench, 10_000, 100).compared_with(ours)
    if not bench.quick:
        yield _ours(bench, 100_000, 1_000)


def _ours(bench: Bench, notes: int, files: int) -> Row:
    # A copy, since leaving a review may write to the state.
    command = flashcards(bench.copy_of(bench.collection(notes, files), f"review-{notes}"), "review")
    return bench.time_view(
        f"{notes:,} cards in {files:,} files, in a terminal",
        OURS,
        lambda: until_shown(command, bench.folder, QUESTION_WORD, _LEAVE),
    )


def _hashcards(bench: Bench, notes: int, files: int) -> Row:
    what = f"{notes:,} cards in {files:,} files, as a page served"
    found = peers.hashcards()
    if found is None:
        return Row(what, "hashcards", None, peers.missing("hashcards"))
    port = _free_port()
    folder = hashcards.collection(bench, found, notes, files)
    command: list[str | Path] = [found, "drill", "--open-browser", "false", "--port", str(port), folder]
    return bench.time_view(what, "hashcards", lambda: until_served(command, bench.folder, port, QUESTION_WORD))


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
