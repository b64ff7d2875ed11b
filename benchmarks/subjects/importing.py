"""Bringing a package of Anki in, its history included."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.bench import OURS, Bench, flashcards
from benchmarks.make_package import make_package
from benchmarks.rows import Row, seconds_at_most

TITLE = "Import: a package with ten reviews a card, into an empty collection"

_REVIEWS_EACH = 10


def measure(bench: Bench) -> Iterator[Row]:
    """At two sizes, and once more what is there already."""
    yield from _at(bench, 10_000)
    if not bench.quick:
        large, again = _at(bench, 100_000)
        yield large.with_targets(seconds_at_most(large, 60.0))
        yield again


def _at(bench: Bench, cards: int) -> tuple[Row, Row]:
    package = bench.folder / f"anki-{cards}.apkg"
    make_package(package, cards, _REVIEWS_EACH)
    folder = bench.folder / "imported"
    command = flashcards(folder, "import", package)
    what = f"{cards:,} cards, {cards * _REVIEWS_EACH:,} reviews"
    first = _checked(bench.time_few(what, OURS, command, lambda: _emptied(folder)), folder, cards)
    return first, bench.time_few(f"{what}, again", OURS, command)


def _emptied(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()


def _checked(row: Row, folder: Path, cards: int) -> Row:
    """Return the row, unless something was lost on the way."""
    if not row.measured:
        return row
    found = sum(text.count("\nQ: ") + text.count("\nC: ") for text in _texts(folder))
    return row if found == cards else replace(row, measured=None, note=f"failed: wrote {found:,} notes")


def _texts(folder: Path) -> Iterator[str]:
    for path in folder.rglob("*.md"):
        yield "\n" + path.read_text(encoding="utf-8")
