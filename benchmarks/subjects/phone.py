"""Anki's own core syncing with our server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from benchmarks.bench import OURS, Bench, flashcards, program
from benchmarks.measure import CommandFailed, answer_of, run, summary
from benchmarks.rows import Row, Target, seconds_at_most

TITLE = "Phone: what an app waits for when it syncs; the app is Anki's own core, the server another process"

_REVIEWS_EACH = 10
_KINDS = (
    ("download", "first download", 0.5, None),
    ("nothing", "nothing to do", 0.05, None),
    ("from the phone", "1,000 cards reviewed on the phone", 0.5, 15),
    ("to the phone", "1,000 cards rated here", 0.5, 14),
)
"""The syncs: their names in the program, in words, the seconds and the requests aimed at.

An app sends 250 rows a request, and an empty one after 2,000 rows.
"""


def measure(bench: Bench) -> Iterator[Row]:
    """Every kind of sync with 10,000 cards; the first download of 100,000 cards with a million reviews."""
    if find_spec("anki") is None:
        yield Row("syncs", OURS, None, "the anki wheel is not installed")
        return
    yield from _synced(bench, bench.copy_of(bench.collection(10_000, 100), "phone"), bench.runs)
    if not bench.quick:
        cards = 100_000
        root = bench.copy_of(bench.decks(cards, cards // 100), "phone")
        run(flashcards(root, "scan"), bench.folder)
        run(program("add_history", root, cards, _REVIEWS_EACH), bench.folder)
        download = next(_synced(bench, root, bench.few_runs, f"{cards:,} cards, {cards * _REVIEWS_EACH:,} reviews"))
        yield replace(download, targets=()).with_targets(seconds_at_most(download, 6.0))


def _synced(bench: Bench, root: Path, rounds: int, what: str = "10,000 cards") -> Iterator[Row]:
    folder = bench.folder / f"{root.name}-devices-{rounds}"
    try:
        found, _ = answer_of(program("sync_phone", root, folder, rounds), bench.folder)
    except CommandFailed as error:
        yield Row(what, OURS, None, f"failed: {error}")
        return
    for kind, words, seconds, most in _KINDS:
        if kind not in found:
            continue
        times, cpu, requests = zip(*found[kind], strict=True)
        row = Row(f"{what}, {words}", OURS, replace(summary(times), cpu=median(cpu)), f"{max(requests)} requests")
        aim = Target(f"at most {most} requests", str(max(requests)), max(requests) <= most) if most else None
        yield row.with_targets(seconds_at_most(row, seconds), aim)
