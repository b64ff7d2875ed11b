"""`flashcards mock`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flashcards.cli import common, complete
from flashcards.cli.together import Apart, Needs, Ruled
from flashcards.cli.types import Number

if TYPE_CHECKING:
    from flashcards.catalog.mocks import Mock
    from flashcards.collection import Collection


_DAY = 1440  # minutes
_OF_HOLDING = ("--questions", "--per-question", "--minutes", "--seed", "--no-schedule", "--report")


@click.command("mock", cls=common.QueryCommand)
@click.argument("query", nargs=-1, shell_complete=complete.query)
@click.option("--questions", type=click.IntRange(1, 100), default=5, metavar="N", help="How many; 5.")
@click.option("--per-question", type=Number(0, _DAY, min_open=True), default=4.0, metavar="M", help="Minutes each; 4.")
@click.option(
    "--minutes",
    type=Number(0, _DAY, min_open=True),
    metavar="M",
    help="Minutes in all. Default: those of the questions.",
)
@click.option("--seed", type=int, metavar="N", help="Draw the same questions again.")
@click.option("--no-schedule", is_flag=True, help="Let the ratings not count as reviews.")
@click.option("--report", type=click.Path(path_type=Path), metavar="FILE.md", help="Write the report as Markdown.")
@click.option("--history", is_flag=True, help="Show earlier mocks, and hold none.")
@click.option("--json", "as_json", is_flag=True, help="With --history: print JSON Lines, one mock a line.")
@click.option("--plain", is_flag=True, help="No clearing and no clock that moves: for screen readers.")
@Ruled(
    Needs("--json", ("--history",), "a mock is held in a terminal"),
    Apart("--history", ("QUERY", *_OF_HOLDING), "it shows every earlier mock and holds none"),
)
def command(
    query: tuple[str, ...],
    questions: int,
    per_question: float,
    minutes: float | None,
    seed: int | None,
    no_schedule: bool,
    report: Path | None,
    history: bool,
    as_json: bool,
    plain: bool,
) -> None:
    """Hold a mock interview: questions across skills, a clock, the model answer and its points to tick.

    Draws what is weak or not seen for long first, the skills (`skill:` tags) in turns, rubric cards where there are
    any. Speak your answers aloud, jot them down, or write them in your editor (Ctrl-E). Every question is saved as it
    is rated.

    \b
    flashcards mock
    flashcards mock tag:scenario --questions 8 --minutes 30
    flashcards mock tpm --seed 7 --report mock.md
    flashcards mock --history
    """
    from flashcards.errors import UsageError

    if history:
        _show_history(as_json)
        return
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("A mock interview needs a terminal. `flashcards mock --history` works without one.")
    if report:
        _check_report(report)
    whole = minutes if minutes is not None else questions * per_question
    with common.opened() as collection:
        held = _held(collection, query, questions, per_question, whole, seed, schedule=not no_schedule, plain=plain)
        if held is None:
            return
        mock, interrupted = held
        _report(collection, mock, report)
    if interrupted:
        raise KeyboardInterrupt


def _held(
    collection: Collection,
    query: tuple[str, ...],
    questions: int,
    per_question: float,
    minutes: float,
    seed: int | None,
    *,
    schedule: bool,
    plain: bool,
) -> tuple[int, bool] | None:
    """Hold it; returns its id and whether it was interrupted, or None where there is nothing to ask."""
    from flashcards.catalog.mocks import Mock
    from flashcards.collection import now_ms
    from flashcards.mock.draw import drawn
    from flashcards.mock.hall import Hall, candidates
    from flashcards.mock.session import MockSession, Timing
    from flashcards.mock.terminal import TerminalMock

    at = now_ms()
    only = common.chosen(collection, query)
    every = only if only is not None else {row[0] for row in collection.connection.execute("SELECT id FROM cards")}
    able = candidates(collection, sorted(every), collection.clock.day(at))
    if not able:
        click.echo("There is no card to ask. `flashcards list` shows all cards.")
        return None
    chosen_seed = at % 100_000 if seed is None else seed
    cards = drawn(able, questions, chosen_seed)
    planned = Mock(at, " ".join(query), chosen_seed, len(cards), round(minutes * 60), finished=False)
    hall = Hall(collection, planned, round(per_question * 60), at, schedule=schedule)
    timing = Timing(round(minutes * 60_000), round(per_question * 60_000))
    asked = [hall.read(card) for card in cards]
    session = MockSession(asked, timing, hall, now_ms(), collection.settings.rubric_thresholds)
    try:
        over, interrupted = TerminalMock(collection, session, now_ms, plain=plain).run(), False
        click.echo(f"\n{over.reason}" if over.reason else "")
    except KeyboardInterrupt:
        interrupted = True
        click.echo("\n")
    return hall.mock, interrupted


def _report(collection: Collection, mock: int, path: Path | None) -> None:
    from flashcards.catalog.mocks import Mocks
    from flashcards.mock import report

    mocks = Mocks(collection.connection)
    held = mocks.all()
    this = next(each for each in held if each.id == mock)
    earlier = [(each, mocks.answers(each.id)) for each in held if each.id < mock]
    answers = mocks.answers(mock)
    for line in report.lines(this, answers, earlier):
        click.echo(common.visible(line))
    click.echo(f"\nThe same questions again: --seed {this.seed}")
    if path:
        from flashcards.files import replacing

        with replacing(path) as file:
            file.write(report.markdown(this, answers, earlier, collection.clock).encode())
        click.echo(f"{path} is written.")


def _check_report(path: Path) -> None:
    """Refuse to take the place of a file that is no report."""
    from flashcards.errors import UsageError
    from flashcards.mock.report import MARK

    if path.suffix.lower() != ".md":
        raise UsageError(f"{path} cannot be the report: its name must end with .md.")
    if not path.parent.is_dir():
        raise UsageError(f"{path} cannot be the report: the folder {path.parent} is not there.")
    if path.exists() and not (path.is_file() and path.read_bytes().startswith(MARK.encode())):
        raise UsageError(f"{path} exists and is no report of a mock. Name another file, or remove it first.")


def _show_history(as_json: bool) -> None:
    from flashcards.catalog.mocks import Mocks
    from flashcards.mock import report

    with common.opened() as collection:
        mocks = Mocks(collection.connection)
        held = [(mock, mocks.answers(mock.id)) for mock in mocks.all()]
        if as_json:
            common.print_json_lines(report.record(mock, answers, collection.clock) for mock, answers in held)
            return
        if not held:
            click.echo("No mock was held yet. `flashcards mock` holds one.")
            return
        click.echo(f"{'when':18}{'answered':>9}{'points':>10}{'time':>8}  drawn from")
        for mock, answers in held:
            click.echo(
                _history_line(
                    collection, mock, len(answers), report.coverage(answers).share, sum(a.seconds for a in answers)
                )
            )
        if gone := report.missed([answers for _, answers in held]):
            click.echo("\nMissed most:")
            for point, count in gone:
                click.echo(f"  {count:>3}  {common.visible(point)}")


def _history_line(collection: Collection, mock: Mock, answered: int, share: float, seconds: float) -> str:
    from flashcards.mock.report import span

    when = collection.clock.iso(mock.id)[:16].replace("T", " ")
    left = "" if mock.finished else ", left early"
    drawn_from = common.visible(mock.query) or "all cards"
    return f"{when:18}{answered:>4} of {mock.questions:<2}{share:>9.0%}{span(seconds):>9}  {drawn_from}{left}"
