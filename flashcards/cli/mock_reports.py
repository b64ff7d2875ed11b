"""Show earlier mock interviews: their history, and the report of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flashcards.cli import console
from flashcards.errors import UsageError
from flashcards.mock import report
from flashcards.mock.recorder import Mock, MockAnswer, Mocks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from flashcards.collection import Collection

_TABLE = 60  # width of the history

LAST = "last"
"""The name of the most recent mock interview."""


_NONE = "There is no mock interview yet. `flashcards mock` starts one."


class NoMock(UsageError):
    """There is no mock interview yet."""

    def __init__(self) -> None:
        super().__init__(_NONE)


class MockUnknown(UsageError):
    """No mock interview took place at that time."""

    def __init__(self, when: str) -> None:
        super().__init__(f"There is no mock interview at `{when}`. `flashcards mock --history` lists them.")


class MockAmbiguous(UsageError):
    """Several mock interviews match."""

    def __init__(self, when: str, times: Sequence[str]) -> None:
        shown = ", ".join(f'"{time}"' for time in times[:5]) + (", …" if len(times) > 5 else "")
        super().__init__(f"`{when}` is ambiguous: {shown}. Write more of the time.")


def show_history(collection: Collection, as_json: bool) -> None:
    """Print a line for each mock interview, and the points missed most."""
    mocks = Mocks(collection.connection)
    held = [(mock, mocks.answers(mock.id)) for mock in mocks.all()]
    if as_json:
        console.print_json_lines(report.to_json(mock, answers, collection.clock) for mock, answers in held)
        return
    if not held:
        console.print_text(_NONE)
        return
    narrow = console.get_width() < _TABLE
    if not narrow:
        console.echo(f"{'when':18}{'answered':>9}{'points':>10}{'time':>11}  drawn from")
    for mock, answers in held:
        console.print_text(_history_line(collection, mock, answers, narrow=narrow), 2)
    if gone := report.count_missed([answers for _, answers in held]):
        console.print_text("\nMissed most:")
        for point, count in gone:
            console.print_text(f"  {count:>3}  {console.make_visible(point)}")


def show(collection: Collection, when: str, path: Path | None, as_json: bool) -> None:
    """Show the report of an earlier mock interview.

    Raises:
        NoMock, MockUnknown, MockAmbiguous: as their names say.
    """
    mock = _find_mock(collection, when)
    if as_json:
        answers = Mocks(collection.connection).answers(mock.id)
        console.print_json(
            report.to_json(mock, answers, collection.clock) | {"answers": report.answers_to_json(answers)}
        )
    else:
        print_report(collection, mock.id, in_full=True)
    write_report(collection, mock.id, path)


def print_report(collection: Collection, mock: int, *, in_full: bool) -> None:
    """Print the report of a mock interview; `in_full` adds the written answers."""
    this, answers, earlier = _read_mock(collection, mock)
    if in_full:
        console.print_text(
            f"{_format_time(collection, this)[:16]}, drawn from {console.make_visible(this.query) or 'all cards'}."
        )
    for line in report.format_lines(this, answers, earlier):
        console.print_text(console.make_visible(line))
    for line in report.format_written(answers) if in_full else ():
        console.print_text(console.make_visible(line))
    console.print_text()
    console.print_text(f"To repeat these questions: --seed {this.seed}")


def write_report(collection: Collection, mock: int, path: Path | None) -> None:
    """Write the report as Markdown to `path`, if given."""
    if path is None:
        return
    from flashcards.disk.atomic import replace_file

    with replace_file(path) as file:
        file.write(report.format_markdown(*_read_mock(collection, mock), collection.clock).encode())
    console.print_text(f"Wrote {path}.", err=True)


def _read_mock(
    collection: Collection, mock: int
) -> tuple[Mock, list[MockAnswer], list[tuple[Mock, Sequence[MockAnswer]]]]:
    """Read a mock interview, its answers, and the earlier ones with theirs."""
    mocks = Mocks(collection.connection)
    held = mocks.all()
    this = next(each for each in held if each.id == mock)
    return this, mocks.answers(mock), [(each, mocks.answers(each.id)) for each in held if each.id < mock]


def _find_mock(collection: Collection, when: str) -> Mock:
    """Find the mock interview that `when` names: the last one, or the one whose time begins so."""
    held = Mocks(collection.connection).all()
    if not held:
        raise NoMock
    if when.lower() == LAST:
        wanted = held[-1:]
    else:
        wanted = [mock for mock in held if _format_time(collection, mock).startswith(when.replace("T", " "))]
    if not wanted:
        raise MockUnknown(when)
    if len(wanted) > 1:
        raise MockAmbiguous(when, [_format_time(collection, mock) for mock in wanted])
    return wanted[0]


def _format_time(collection: Collection, mock: Mock) -> str:
    """Format the local time: `2026-12-15 18:30:07`."""
    return collection.clock.iso(mock.id)[:19].replace("T", " ")


def _history_line(collection: Collection, mock: Mock, answers: Sequence[MockAnswer], *, narrow: bool) -> str:
    left = "" if mock.finished else ", left early"
    drawn_from = console.make_visible(mock.query) or "all cards"
    answered, share = len(report.select_rated(answers)), report.measure_coverage(answers).share
    time = report.format_seconds(sum(answer.seconds for answer in answers))
    when = _format_time(collection, mock)[:16]
    if narrow:
        return f"{when}: {answered} of {mock.questions} answered, {share:.0%} of points, {time}, {drawn_from}{left}"
    return f"{when:18}{answered:>4} of {mock.questions:<2}{share:>9.0%}{time:>12}  {drawn_from}{left}"
