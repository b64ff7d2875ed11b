"""What it costs to start at all."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from benchmarks import peers
from benchmarks.bench import OURS, Bench
from benchmarks.rows import Row

TITLE = "Start: say the version and leave"


def measure(bench: Bench) -> Iterator[Row]:
    """`--version`, beside Python doing nothing and the peers."""
    ours = bench.time("--version", OURS, [sys.executable, "-m", "flashcards", "--version"])
    yield ours
    yield bench.time("an empty program", "python", [sys.executable, "-c", ""]).compared_with(ours)
    for name, command in (("markdown-anki-decks", peers.markdown_anki_decks()), ("hashcards", peers.hashcards())):
        if command is None:
            yield Row("--version", name, None, peers.missing(name))
        else:
            yield bench.time("--version", name, [command, "--version"]).compared_with(ours)
