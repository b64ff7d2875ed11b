"""The lines of the tables: what was measured, of which program, and what was aimed at."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from benchmarks.measure import Measured


@dataclass(frozen=True, slots=True)
class Target:
    """Something to be reached, in words, what was reached, and whether that is enough."""

    text: str
    reached: str
    met: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement. `measured` is None where there is none; `note` then says why.

    `ratio` is how many times as long as ours it took.
    """

    what: str
    program: str
    measured: Measured | None
    note: str = ""
    ratio: float | None = None
    targets: tuple[Target, ...] = ()

    def with_targets(self, *targets: Target | None) -> Row:
        """Return the same row with what was aimed at; None stands for a target that could not be judged."""
        return replace(self, targets=self.targets + tuple(target for target in targets if target))

    def compared_with(self, ours: Row) -> Row:
        """Return the same row, of another program, beside our own of the same work."""
        if not self.measured or not ours.measured:
            return self
        return replace(self, ratio=self.measured.median / ours.measured.median)

    def as_json(self) -> dict[str, Any]:
        """Return the row for programs: seconds and bytes."""
        found = self.measured
        return {
            "what": self.what,
            "program": self.program,
            "median": found.median if found else None,
            "fastest": found.fastest if found else None,
            "slowest": found.slowest if found else None,
            "cpu": found.cpu if found else None,
            "runs": found.runs if found else 0,
            "peak_bytes": found.peak_bytes if found else None,
            "ratio": self.ratio,
            "note": self.note,
            "targets": [{"target": each.text, "reached": each.reached, "met": each.met} for each in self.targets],
        }


def seconds_at_most(row: Row, limit: float) -> Target | None:
    """Return a target: the median is at most `limit` seconds."""
    if not row.measured:
        return None
    return Target(f"at most {duration(limit)}", duration(row.measured.median), row.measured.median <= limit)


def megabytes_at_most(row: Row, limit: int) -> Target | None:
    """Return a target: the peak memory is at most `limit` megabytes (of 1,000,000 bytes)."""
    if not row.measured or row.measured.peak_bytes is None:
        return None
    return Target(
        f"at most {limit} MB", megabytes(row.measured.peak_bytes), row.measured.peak_bytes <= limit * 1_000_000
    )


def times_at_most(row: Row, other: Row, limit: float) -> Target | None:
    """Return a target: the median is at most `limit` times that of another row."""
    if not row.measured or not other.measured:
        return None
    ratio = row.measured.median / other.measured.median
    return Target(f"at most {limit:g} times the row “{other.what}”", f"{ratio:.2f} times", ratio <= limit)


def times_ours_at_least(row: Row, limit: float) -> Target | None:
    """We are to be at least `limit` times as fast as this row's program."""
    if row.ratio is None:
        return None
    return Target(f"at least {limit:g} times as long as ours", f"{row.ratio:.1f} times", row.ratio >= limit)


def duration(seconds: float) -> str:
    """`8.10 s`, `143 ms`, `0.21 ms`."""
    if seconds >= 1:
        return f"{seconds:.2f} s"
    milliseconds = seconds * 1000
    return f"{milliseconds:.0f} ms" if milliseconds >= 10 else f"{milliseconds:.2f} ms"


def megabytes(size: int) -> str:
    """`38 MB`."""
    return f"{size / 1_000_000:.0f} MB"
