"""The tables as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from benchmarks.rows import Row, duration, megabytes

_HEAD: Final = ("", "program", "median", "fastest-slowest", "peak", "of ours")
_LEFT: Final = 2  # columns that are words; the others are numbers


def table(title: str, rows: Sequence[Row]) -> str:
    """One subject: a line a measurement, then what was aimed at."""
    cells = [_HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEAD))]
    lines = [title, *(_line(line, widths, row) for line, row in zip(cells, (None, *rows), strict=True))]
    lines += [
        f"  {'met' if target.met else 'MISSED':6}  {row.what}, {row.program}: {target.text}; it is {target.reached}"
        for row in rows
        for target in row.targets
    ]
    return "\n".join(lines)


def _line(cells: tuple[str, ...], widths: Sequence[int], row: Row | None) -> str:
    words = [f"{cell:{width}}" for cell, width in zip(cells[:_LEFT], widths[:_LEFT], strict=True)]
    if row and not row.measured:
        return f"  {'  '.join(words)}  {row.note}"
    numbers = [f"{cell:>{width}}" for cell, width in zip(cells[_LEFT:], widths[_LEFT:], strict=True)]
    return f"  {'  '.join([*words, *numbers])}".rstrip()


def _cells(row: Row) -> tuple[str, ...]:
    found = row.measured
    if not found:
        return (row.what, row.program, "", "", "", "")
    spread = f"{duration(found.fastest)}-{duration(found.slowest)}"
    peak = megabytes(found.peak_bytes) if found.peak_bytes else ""
    return (row.what, row.program, duration(found.median), spread, peak, f"{row.ratio:.2f} x" if row.ratio else "")
