"""The tables as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from benchmarks.rows import Row, Target, duration, megabytes

_HEAD: Final = ("", "program", "median", "fastest-slowest", "cpu", "peak", "of ours")
_LEFT: Final = 2  # columns that are words; the others are numbers


def table(title: str, rows: Sequence[Row]) -> str:
    """One subject: a line a measurement, then what was aimed at."""
    cells = [_HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEAD))]
    lines = [title, *(_line(line, widths, row) for line, row in zip(cells, (None, *rows), strict=True))]
    lines += [_judged(row, target) for row in rows for target in row.targets]
    return "\n".join(lines)


def _judged(row: Row, target: Target) -> str:
    doubt = " (unsure: it waited much, for the disk or for other programs)" if _disturbed(row) else ""
    verdict = "met" if target.met else "MISSED"
    return f"  {verdict:6}  {row.what}, {row.program}: {target.text}; it is {target.reached}{doubt}"


def _disturbed(row: Row) -> bool:
    return row.measured is not None and row.measured.disturbed


def _line(cells: tuple[str, ...], widths: Sequence[int], row: Row | None) -> str:
    words = [f"{cell:{width}}" for cell, width in zip(cells[:_LEFT], widths[:_LEFT], strict=True)]
    if row and not row.measured:
        return f"  {'  '.join(words)}  {row.note}"
    numbers = [f"{cell:>{width}}" for cell, width in zip(cells[_LEFT:], widths[_LEFT:], strict=True)]
    return f"  {'  '.join([*words, *numbers])}".rstrip()


def _cells(row: Row) -> tuple[str, ...]:
    found = row.measured
    if not found:
        return (row.what, row.program, "", "", "", "", "")
    return (
        row.what,
        row.program,
        duration(found.median),
        f"{duration(found.fastest)}-{duration(found.slowest)}",
        duration(found.cpu) if found.cpu is not None else "",
        megabytes(found.peak_bytes) if found.peak_bytes else "",
        f"{row.ratio:.2f} x" if row.ratio else "",
    )
