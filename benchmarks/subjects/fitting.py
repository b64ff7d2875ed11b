"""Fitting FSRS to a log."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.bench import OURS, Bench, attempt, flashcards, program
from benchmarks.measure import Run, answer_of, repeated, run
from benchmarks.rows import Row, Target, megabytes_at_most, seconds_at_most
from tests.scheduler.learners import JOSH

TITLE = "Fit: parameters of FSRS from a whole log, and how good they are; inside the process, and the whole command"

_REVIEWS_EACH = 10

# The best that other ways gave on the real log, see docs/fitting.md, to the digits in which they are known.
_LOG_LOSS = 0.4488
_RMSE_BINS = 0.060


def measure(bench: Bench) -> Iterator[Row]:
    """Return a million reviews of 100,000 cards, a tenth of it when quick; and the real log, where it is at hand."""
    cards = 10_000 if bench.quick else 100_000
    folder = bench.folder / "fit"
    shutil.copytree(bench.decks(cards, cards // 100), folder)
    run(flashcards(folder, "scan"), bench.folder)
    run(program("add_history", folder, cards, _REVIEWS_EACH), bench.folder)
    what = f"{cards * _REVIEWS_EACH:,} reviews"

    def once() -> Run:
        seconds, peak_bytes = answer_of(program("fit_log", folder), bench.folder)
        return Run(seconds, None, peak_bytes)

    row = attempt(what, OURS, lambda: repeated(once, bench.few_runs))
    yield row if bench.quick else row.with_targets(seconds_at_most(row, 4.0), megabytes_at_most(row, 700))
    yield bench.time_few(f"optimize --dry-run, {what}", OURS, flashcards(folder, "optimize", "--dry-run"))
    yield _judged(bench, JOSH)


def _judged(bench: Bench, log: Path) -> Row:
    what = "12,580 reviews of a real learner"
    if not log.is_file():
        return Row(what, OURS, None, "the real log is not at hand")
    answers: list[dict[str, Any]] = []

    def once() -> Run:
        answer, peak_bytes = answer_of(program("judge_fit", log), bench.folder)
        answers.append(answer["figures"])
        return Run(answer["seconds"], None, peak_bytes)

    row = attempt(what, OURS, lambda: repeated(once, bench.few_runs))
    if not answers:
        return row
    defaults, fitted = answers[-1]["defaults"], answers[-1]["fitted"]
    return replace(row, note=f"log loss {fitted['log_loss']:.4f}, RMSE(bins) {fitted['rmse_bins']:.4f}").with_targets(
        _at_most("log loss", _LOG_LOSS, 4, fitted["log_loss"], defaults["log_loss"]),
        _at_most("RMSE(bins)", _RMSE_BINS, 3, fitted["rmse_bins"], defaults["rmse_bins"]),
    )


def _at_most(name: str, limit: float, digits: int, fitted: float, defaults: float) -> Target:
    """Of the newest fifth, predicted by parameters fitted to the others."""
    text = f"{name} of the newest fifth at most {limit:.{digits}f}, and less than with the defaults"
    met = round(fitted, digits) <= limit and fitted < defaults
    return Target(text, f"{fitted:.4f}, with the defaults {defaults:.4f}", met)
