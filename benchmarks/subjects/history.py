"""Writing a package with schedules and the whole review log."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from benchmarks.bench import OURS, Bench, attempt, flashcards, program
from benchmarks.measure import Run, answer_of, repeated
from benchmarks.rows import Row, megabytes_at_most, seconds_at_most
from benchmarks.subjects.statistics import make_collection

TITLE = "Export with history: ten reviews a card"

_REVIEWS_EACH = 10


def measure(bench: Bench) -> Iterator[Row]:
    """At two sizes; Anki's own core, given the same cards, at the larger one measured."""
    yield _ours(bench, 10_000)
    if bench.quick:
        return
    ours = _ours(bench, 100_000)
    yield ours.with_targets(seconds_at_most(ours, 4.5), megabytes_at_most(ours, 400))
    yield _anki(bench, _package(bench, 100_000)).compared_with(ours)


def _ours(bench: Bench, cards: int) -> Row:
    folder = make_collection(bench, cards)
    what = f"{cards:,} cards, {cards * _REVIEWS_EACH:,} reviews"
    return bench.time_few(what, OURS, flashcards(folder, "export", "-o", _package(bench, cards)))


def _package(bench: Bench, cards: int) -> Path:
    return bench.folder / f"history-{cards}.apkg"


def _anki(bench: Bench, package: Path) -> Row:
    what = "the same cards, by Anki's own core"
    if find_spec("anki") is None:
        return Row(what, "anki", None, "the anki wheel is not installed")
    folder = bench.folder / "anki-export"

    def once() -> Run:
        shutil.rmtree(folder, ignore_errors=True)
        seconds, peak_bytes = answer_of(program("anki_export", package, folder), bench.folder)
        return Run(seconds, None, peak_bytes)

    return attempt(what, "anki", lambda: repeated(once, bench.few_runs))
