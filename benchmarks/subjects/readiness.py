"""Whether predictions for a day come true, and whether working towards a day is worth it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.bench import OURS, Bench, attempt, program
from benchmarks.measure import Run, answer_of, repeated
from benchmarks.rows import Row, Target
from tests.scheduler.learners import JOSH

TITLE = "Readiness: predicted against recalled, and a deadline against plain scheduling; the times are the simulations'"

_CASES = (("300", "20", "0"), ("300", "20", "0.5"), ("1000", "60", "0"), ("1000", "60", "0.5"))
_POINTS = 0.02
_BUSIEST = 2.0


def measure(bench: Bench) -> Iterator[Row]:
    """Return the real log, where it is at hand, and simulated learners."""
    yield _foreseen(bench, JOSH)
    seeds = "2" if bench.quick else "5"
    for cards, days, learned in _CASES[: 2 if bench.quick else None]:
        what = f"{cards} cards, {days} days, {learned} learned"
        row, found = _answered(bench, what, "work_towards", cards, days, learned, seeds)
        if found is None:
            yield row
            continue
        words = (
            f"{found['deadline']:.1%} recalled in {found['deadline_reviews']:,.0f} answers; plain {found['plain']:.1%}"
            f" in {found['plain_reviews']:,.0f}"
        )
        gain = f"{100 * found['gain']:.1f} points, spread {100 * found['gain_spread']:.1f}"
        yield replace(row, note=words).with_targets(
            Target("more recalled on the day in no more answers", gain, found["gain"] > 0),
            Target(
                f"no day of the last 14 above {_BUSIEST:g} times their average",
                f"{found['worst_busiest']:.2f}",
                found["worst_busiest"] <= _BUSIEST,
            ),
        )


def _foreseen(bench: Bench, log: Path) -> Row:
    if not log.is_file():
        return Row("predicted and recalled, a real log", OURS, None, "the real log is not at hand")
    row, found = _answered(bench, "predicted and recalled, a real log", "foresee", log)
    if found is None:
        return row
    targets = []
    for name, each in found.items():
        apart = abs(each["predicted"] - each["recalled"])
        text = f"{name}: predicted within 2 points of recalled, {each['reviews']:,} reviews"
        targets.append(Target(text, f"{each['predicted']:.1%}, {each['recalled']:.1%}", apart <= _POINTS))
    return row.with_targets(*targets)


def _answered(bench: Bench, what: str, name: str, *arguments: object) -> tuple[Row, dict[str, Any] | None]:
    answers: list[dict[str, Any]] = []

    def once() -> Run:
        started = time.perf_counter()
        answer, peak_bytes = answer_of(program(name, *arguments), bench.folder)
        answers.append(answer)
        return Run(time.perf_counter() - started, None, peak_bytes)

    row = attempt(what, OURS, lambda: repeated(once, 1))
    return row, answers[-1] if answers else None
