"""How even the days are, with load balancing and without."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from benchmarks.bench import OURS, Bench, attempt, program
from benchmarks.measure import Run, answer_of, repeated
from benchmarks.rows import Row, Target

TITLE = "Load: 200 reviews a day, simulated for two years; the time is that of the simulation"

_MOST_CHANGE = 8.5
_SAME = 0.005  # of the part recalled


def measure(bench: Bench) -> Iterator[Row]:
    """With load balancing, and with fuzz alone."""
    fuzz, without = _lived(bench, "fuzz")
    balanced, found = _lived(bench, "balanced")
    yield replace(fuzz, note=_words(without))
    yield replace(balanced, note=_words(found)).with_targets(
        Target(
            f"from a day to the next at most {_MOST_CHANGE} reviews more or fewer",
            f"{found['change']:.1f}",
            found["change"] <= _MOST_CHANGE,
        ),
        Target(
            "the part recalled is that without",
            f"{found['retention']:.1%}, without {without['retention']:.1%}",
            abs(found["retention"] - without["retention"]) <= _SAME,
        ),
    )


def _lived(bench: Bench, how: str) -> tuple[Row, dict[str, float]]:
    answers: list[dict[str, float]] = []

    def once() -> Run:
        answer, peak_bytes = answer_of(program("balance_load", how, 1), bench.folder)
        answers.append(answer["figures"])
        return Run(answer["seconds"], None, peak_bytes)

    row = attempt(f"intervals {how}", OURS, lambda: repeated(once, 1))
    return row, answers[-1]


def _words(found: dict[str, float]) -> str:
    return f"{found['reviews_a_day']:.0f} a day, change {found['change']:.1f}, {found['retention']:.1%} recalled"
