"""`flashcards mock`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flashcards.cli import complete, console
from flashcards.cli.params import Apart, Needs, Number, Ruled

if TYPE_CHECKING:
    from flashcards.collection import Collection

_DAY = 1440  # minutes
_OF_HOLDING = ("--questions", "--per-question", "--minutes", "--seed", "--no-schedule")


@click.command("mock", cls=console.QueryCommand)
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
@click.option("--show", metavar="WHEN", help="Show the report of an earlier mock: its time in --history, or `last`.")
@click.option("--json", "as_json", is_flag=True, help="With --history and --show: print JSON, one mock a line.")
@click.option("--plain", is_flag=True, help="No clearing and no clock that moves: for screen readers.")
@Ruled(
    Needs("--json", ("--history", "--show"), "a mock is held in a terminal"),
    Apart("--history", ("QUERY", *_OF_HOLDING, "--report", "--show"), "it lists every earlier mock and holds none"),
    Apart("--show", ("QUERY", *_OF_HOLDING), "it shows an earlier mock and holds none"),
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
    show: str | None,
    as_json: bool,
    plain: bool,
) -> None:
    """Hold a mock interview: questions across skills, a clock, the model answer and its points to tick.

    Draws what is weak or not seen for long first, the skills (`skill:` tags) in turns, rubric cards where there are
    any. Speak your answers aloud, jot them down, or write them in your editor (Ctrl-E). Whatever you do is saved at
    once.

    \b
    flashcards mock
    flashcards mock tag:scenario --questions 8 --minutes 30
    flashcards mock tpm --seed 7 --report mock.md
    flashcards mock --history
    flashcards mock --show last
    """
    from flashcards.errors import UsageError

    if report:
        _check_report(report)
    if history or show is not None:
        from flashcards.cli import mock_reports

        with console.opened() as collection:
            if show is not None:
                mock_reports.show(collection, show, report, as_json)
            else:
                mock_reports.show_history(collection, as_json)
        return
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("A mock interview needs a terminal. `flashcards mock --history` works without one.")
    from flashcards.cli.mock_reports import print_report, write_report

    whole = minutes if minutes is not None else questions * per_question
    with console.opened() as collection:
        held = _held(collection, query, questions, per_question, whole, seed, schedule=not no_schedule, plain=plain)
        if held is None:
            return
        mock, interrupted = held
        print_report(collection, mock, in_full=False)
        write_report(collection, mock, report)
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
    from flashcards.collection import now_ms
    from flashcards.mock.draw import draw_cards
    from flashcards.mock.recorder import MockRecorder, list_candidates
    from flashcards.mock.session import MockSession, Timing
    from flashcards.mock.store import Mock
    from flashcards.mock.terminal import TerminalMock

    at = now_ms()
    only = console.chosen(collection, query)
    every = only if only is not None else {row[0] for row in collection.connection.execute("SELECT id FROM cards")}
    able = list_candidates(collection, sorted(every), collection.clock.day(at))
    if not able:
        console.flow("There is no card to ask. `flashcards list` shows all cards.")
        return None
    chosen_seed = at % 100_000 if seed is None else seed
    cards = draw_cards(able, questions, chosen_seed)
    planned = Mock(at, " ".join(query), chosen_seed, len(cards), round(minutes * 60), finished=False)
    hall = MockRecorder(collection, planned, round(per_question * 60), at, schedule=schedule)
    timing = Timing(round(minutes * 60_000), round(per_question * 60_000))
    asked = [hall.read(card) for card in cards]
    session = MockSession(asked, timing, hall, now_ms(), collection.settings.rubric_thresholds)
    try:
        over, interrupted = TerminalMock(collection, session, now_ms, plain=plain).run(), False
        console.flow(f"\n{over.reason}" if over.reason else "")
    except KeyboardInterrupt:
        interrupted = True
        console.flow("\n")
    return hall.mock, interrupted


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
