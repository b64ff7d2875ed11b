"""What `flashcards mock` shows of mocks that were held: their history, and the report of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from flashcards.cli import console
from flashcards.errors import UsageError
from flashcards.mock import report
from flashcards.mock.store import Mock, MockAnswer, Mocks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from flashcards.collection import Collection

_TABLE = 60  # columns that the history takes

LAST = "last"
"""Names the mock that was held last."""


_NONE = "No mock was held yet. `flashcards mock` holds one."


class NoMock(UsageError):
    """No mock was held at all."""

    def __init__(self) -> None:
        super().__init__(_NONE)


class MockUnknown(UsageError):
    """No mock was held then."""

    def __init__(self, when: str) -> None:
        super().__init__(f"No mock was held at `{when}`. `flashcards mock --history` lists them.")


class MockAmbiguous(UsageError):
    """Several mocks were held then."""

    def __init__(self, when: str, times: Sequence[str]) -> None:
        shown = ", ".join(f'"{time}"' for time in times[:5]) + (", …" if len(times) > 5 else "")
        super().__init__(f"`{when}` may be any of {shown}. Write more of the time.")


def show_history(collection: Collection, as_json: bool) -> None:
    """A line a mock, and what was missed most."""
    mocks = Mocks(collection.connection)
    held = [(mock, mocks.answers(mock.id)) for mock in mocks.all()]
    if as_json:
        console.print_json_lines(report.to_json(mock, answers, collection.clock) for mock, answers in held)
        return
    if not held:
        console.flow(_NONE)
        return
    narrow = console.room() < _TABLE
    if not narrow:
        click.echo(f"{'when':18}{'answered':>9}{'points':>10}{'time':>8}  drawn from")
    for mock, answers in held:
        console.flow(_history_line(collection, mock, answers, narrow=narrow), 2)
    if gone := report.count_missed([answers for _, answers in held]):
        console.flow("\nMissed most:")
        for point, count in gone:
            console.flow(f"  {count:>3}  {console.visible(point)}")


def show(collection: Collection, when: str, path: Path | None, as_json: bool) -> None:
    """The report of an earlier mock.

    Raises:
        NoMock, MockUnknown, MockAmbiguous: as their names say.
    """
    mock = _named(collection, when)
    if as_json:
        answers = Mocks(collection.connection).answers(mock.id)
        console.print_json(
            report.to_json(mock, answers, collection.clock) | {"answers": report.answers_to_json(answers)}
        )
    else:
        print_report(collection, mock.id, in_full=True)
    write_report(collection, mock.id, path)


def print_report(collection: Collection, mock: int, *, in_full: bool) -> None:
    """The report of a mock, on a terminal broken between words; in full with what was written."""
    this, answers, earlier = _found(collection, mock)
    if in_full:
        console.flow(f"{_time(collection, this)[:16]}, drawn from {console.visible(this.query) or 'all cards'}.")
    for line in report.format_lines(this, answers, earlier):
        console.flow(console.visible(line))
    for line in report.format_written(answers) if in_full else ():
        console.flow(console.visible(line))
    console.flow()
    console.flow(f"The same questions again: --seed {this.seed}")


def write_report(collection: Collection, mock: int, path: Path | None) -> None:
    """The same as Markdown in a file, where there is to be one."""
    if path is None:
        return
    from flashcards.disk.atomic import replace_file

    with replace_file(path) as file:
        file.write(report.format_markdown(*_found(collection, mock), collection.clock).encode())
    console.flow(f"{path} is written.", err=True)


def _found(collection: Collection, mock: int) -> tuple[Mock, list[MockAnswer], list[tuple[Mock, Sequence[MockAnswer]]]]:
    """A mock, its answers, and the earlier mocks with theirs."""
    mocks = Mocks(collection.connection)
    held = mocks.all()
    this = next(each for each in held if each.id == mock)
    return this, mocks.answers(mock), [(each, mocks.answers(each.id)) for each in held if each.id < mock]


def _named(collection: Collection, when: str) -> Mock:
    """The mock that a person means: the last one, or the one that was held at a time that begins so."""
    held = Mocks(collection.connection).all()
    if not held:
        raise NoMock
    if when.lower() == LAST:
        wanted = held[-1:]
    else:
        wanted = [mock for mock in held if _time(collection, mock).startswith(when.replace("T", " "))]
    if not wanted:
        raise MockUnknown(when)
    if len(wanted) > 1:
        raise MockAmbiguous(when, [_time(collection, mock) for mock in wanted])
    return wanted[0]


def _time(collection: Collection, mock: Mock) -> str:
    """`2026-12-15 18:30:07`, local time."""
    return collection.clock.iso(mock.id)[:19].replace("T", " ")


def _history_line(collection: Collection, mock: Mock, answers: Sequence[MockAnswer], *, narrow: bool) -> str:
    left = "" if mock.finished else ", left early"
    drawn_from = console.visible(mock.query) or "all cards"
    answered, share = len(report.select_rated(answers)), report.measure_coverage(answers).share
    span = report.format_span(sum(answer.seconds for answer in answers))
    when = _time(collection, mock)[:16]
    if narrow:
        return f"{when}: {answered} of {mock.questions} answered, {share:.0%} of points, {span}, {drawn_from}{left}"
    return f"{when:18}{answered:>4} of {mock.questions:<2}{share:>9.0%}{span:>9}  {drawn_from}{left}"
