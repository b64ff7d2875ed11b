"""The command `mock`: mock interviews, their history and their reports."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flashcards.cli import complete, console
from flashcards.cli.params import Excludes, Number, OptionRules, QueryCommand, Requires, WholeNumber
from flashcards.errors import UsageError
from flashcards.mock import report
from flashcards.mock.recorder import Mock, MockAnswer, Mocks
from flashcards.settings import MockPreset
from flashcards.settings.values import MOST_MINUTES, MOST_QUESTIONS
from flashcards.text import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flashcards.collection import Collection
    from flashcards.mock.plan import MockPlan


_OF_HOLDING = ("--preset", "--questions", "--per-question", "--minutes", "--seed", "--no-schedule")


@click.command("mock", cls=QueryCommand)
@click.argument("query", nargs=-1, shell_complete=complete.query)
@click.option("--preset", metavar="NAME", help="Run the mock interview [mocks.NAME] of flashcards.toml.")
@click.option("--questions", type=WholeNumber(1, MOST_QUESTIONS), metavar="N", help="Number of questions; default 5.")
@click.option(
    "--per-question",
    type=Number(0, MOST_MINUTES, min_open=True),
    metavar="M",
    help="Minutes for each question; default 4.",
)
@click.option(
    "--minutes",
    type=Number(0, MOST_MINUTES, min_open=True),
    metavar="M",
    help="Total minutes. Default: the sum over the questions.",
)
@click.option("--seed", type=int, metavar="N", help="Draw the questions of an earlier mock interview again.")
@click.option("--no-schedule", is_flag=True, help="Do not count the ratings as reviews.")
@click.option("--report", type=click.Path(path_type=Path), metavar="FILE.md", help="Write the report as Markdown.")
@click.option("--presets", is_flag=True, help="List the mock interviews of flashcards.toml.")
@click.option("--history", is_flag=True, help="List earlier mock interviews.")
@click.option(
    "--show", metavar="WHEN", help="Show the report of an earlier mock interview: its time in --history, or `last`."
)
@click.option(
    "--json", "as_json", is_flag=True, help="With --history or --show: print JSON, one mock interview a line."
)
@click.option("--plain", is_flag=True, help="For screen readers: no clearing, no moving clock.")
@OptionRules(
    Requires("--json", ("--history", "--show"), "a mock interview runs in a terminal"),
    Excludes("--history", ("QUERY", *_OF_HOLDING, "--report", "--show"), "it only lists earlier mock interviews"),
    Excludes("--show", ("QUERY", *_OF_HOLDING), "it only shows an earlier mock interview"),
    Excludes(
        "--presets",
        ("QUERY", *_OF_HOLDING, "--report", "--show", "--history"),
        "it only lists the mock interviews of flashcards.toml",
    ),
    Excludes("--preset", ("QUERY",), "the preset says which cards are asked"),
)
def command(
    query: tuple[str, ...],
    preset: str | None,
    questions: int | None,
    per_question: float | None,
    minutes: float | None,
    seed: int | None,
    no_schedule: bool,
    report: Path | None,
    presets: bool,
    history: bool,
    show: str | None,
    as_json: bool,
    plain: bool,
) -> None:
    """Rehearse an interview against the clock.

    Draws weak and long unseen cards first, alternating between skills (`skill:` tags), and rubric cards if there are
    any. Speak your answers aloud, take notes, or write them in your editor (Ctrl-E); then compare with the model answer
    and tick its points. Everything is saved at once.

    \b
    flashcards mock
    flashcards mock tag:scenario --questions 8 --minutes 30
    flashcards mock --preset final-loop
    flashcards mock tpm --seed 7 --report mock.md
    flashcards mock --history
    flashcards mock --show last
    """
    if report:
        _check_report(report)
    if presets or history or show is not None:
        _show_earlier(show, report, presets=presets, as_json=as_json)
        return
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("A mock interview needs a terminal. `flashcards mock --history` works without one.")
    from flashcards.mock.plan import find_preset, plan_interview

    with console.open_collection() as collection:
        chosen = find_preset(collection, preset) if preset is not None else MockPreset()
        words = (chosen.query,) if chosen.query else query
        plan = plan_interview(chosen, MockPreset("", questions, minutes, per_question))
        held = _hold_interview(collection, plan, words, seed, schedule=not no_schedule, plain=plain)
        if held is None:
            return
        mock, interrupted = held
        _print_report(collection, mock, in_full=False)
        _write_report(collection, mock, report)
    if interrupted:
        from flashcards.review.terminal_review import ALL_SAVED

        raise KeyboardInterrupt(ALL_SAVED)


def _show_earlier(show: str | None, report: Path | None, *, presets: bool, as_json: bool) -> None:
    """List the presets, show the report of an earlier mock interview, or list them all."""
    with console.read_collection() as collection:
        if presets:
            _list_presets(collection)
        elif show is not None:
            _show_one(collection, show, report, as_json)
        else:
            _show_history(collection, as_json)


def _list_presets(collection: Collection) -> None:
    """Print the mock interviews of `flashcards.toml`, one per line."""
    from flashcards.mock.plan import plan_interview

    if not collection.settings.mocks:
        console.print_text('flashcards.toml defines no mock interview. Add a table such as [mocks."phone screen"].')
    for name, preset in collection.settings.mocks.items():
        plan = plan_interview(preset, MockPreset())
        times = f"{plural(plan.questions, 'question')} in {plan.minutes:g} minutes"
        console.print_text(f"{name}: {times}, {preset.query or 'all cards'}", 2)


def _hold_interview(
    collection: Collection, plan: MockPlan, query: tuple[str, ...], seed: int | None, *, schedule: bool, plain: bool
) -> tuple[int, bool] | None:
    """Run the interview; return its id and whether it was interrupted, or nothing if there is no card to ask."""
    from flashcards.collection import now_ms
    from flashcards.mock.plan import NoCardToAsk, begin_interview, sample_questions
    from flashcards.mock.terminal_mock import TerminalMock

    try:
        sample = sample_questions(collection, console.select_cards(collection, query), plan.questions, now_ms(), seed)
    except NoCardToAsk as error:
        console.print_text(str(error))
        return None
    console.keep_state(collection)
    mock, session = begin_interview(collection, plan, " ".join(query), sample, now_ms(), schedule=schedule)
    try:
        over, interrupted = TerminalMock(collection, session, now_ms, plain=plain).run(), False
        console.print_text(f"\n{over.reason}" if over.reason else "")
    except KeyboardInterrupt:
        interrupted = True
        console.print_text("\n")
    return mock, interrupted


def _check_report(path: Path) -> None:
    """Raise an error if writing the report would overwrite another file."""
    if path.suffix.lower() != ".md":
        raise UsageError(f"{path} cannot be the report: choose a name that ends in .md.")
    if not path.parent.is_dir():
        raise UsageError(f"{path} cannot be the report: the folder {path.parent} does not exist. Create it first.")
    if path.exists() and not (path.is_file() and path.read_bytes().startswith(report.MARK.encode())):
        raise UsageError(f"{path} exists and is not a mock interview report; not overwriting it. Name another file.")


_TABLE = 60  # width of the history

LAST = "last"
"""The name of the most recent mock interview."""


_NONE = "There is no mock interview yet. `flashcards mock` starts one."


def _show_history(collection: Collection, as_json: bool) -> None:
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
        console.print_text(_format_history_line(collection, mock, answers, narrow=narrow), 2)
    if gone := report.count_missed([answers for _, answers in held]):
        console.print_text("\nMissed most:")
        for point, count in gone:
            console.print_text(f"  {count:>3}  {console.make_visible(point)}")


def _show_one(collection: Collection, when: str, path: Path | None, as_json: bool) -> None:
    """Show the report of an earlier mock interview."""
    mock = _find_mock(collection, when)
    if as_json:
        answers = Mocks(collection.connection).answers(mock.id)
        console.print_json(
            report.to_json(mock, answers, collection.clock) | {"answers": report.answers_to_json(answers)}
        )
    else:
        _print_report(collection, mock.id, in_full=True)
    _write_report(collection, mock.id, path)


def _print_report(collection: Collection, mock: int, *, in_full: bool) -> None:
    """Print the report of a mock interview; `in_full` adds the written answers."""
    this, answers, earlier = Mocks(collection.connection).read(mock)
    if in_full:
        console.print_text(
            f"{collection.clock.minute(this.id)}, drawn from {console.make_visible(this.query) or 'all cards'}."
        )
    for line in report.format_lines(this, answers, earlier):
        console.print_text(console.make_visible(line))
    for line in report.format_written(answers) if in_full else ():
        console.print_text(console.make_visible(line))
    console.print_text()
    console.print_text(f"To repeat these questions: --seed {this.seed}")


def _write_report(collection: Collection, mock: int, path: Path | None) -> None:
    """Write the report as Markdown to `path`, if given."""
    if path is None:
        return
    from flashcards.disk.atomic import write_file

    held = Mocks(collection.connection).read(mock)
    write_file(path, report.format_markdown(*held, collection.clock).encode())
    console.print_text(f"Wrote {path}.", err=True)


def _find_mock(collection: Collection, when: str) -> Mock:
    """Find the mock interview that `when` names: the last one, or the one whose time begins so."""
    held = Mocks(collection.connection).all()
    if not held:
        raise UsageError(_NONE)
    if when.lower() == LAST:
        wanted = held[-1:]
    else:
        wanted = [mock for mock in held if _format_time(collection, mock).startswith(when.replace("T", " "))]
    if not wanted:
        raise UsageError(f"There is no mock interview at `{when}`. `flashcards mock --history` lists them.")
    if len(wanted) > 1:
        times = ", ".join(f'"{_format_time(collection, mock)}"' for mock in wanted[:5])
        raise UsageError(f"`{when}` is ambiguous: {times}{', …' if len(wanted) > 5 else ''}. Write more of the time.")
    return wanted[0]


def _format_time(collection: Collection, mock: Mock) -> str:
    """Format the local time: `2026-12-15 18:30:07`."""
    return collection.clock.iso(mock.id)[:19].replace("T", " ")


def _format_history_line(collection: Collection, mock: Mock, answers: Sequence[MockAnswer], *, narrow: bool) -> str:
    left = "" if mock.finished else ", left early"
    drawn_from = console.make_visible(mock.query) or "all cards"
    answered, share = len(report.select_rated(answers)), report.measure_coverage(answers).share
    time = report.format_seconds(sum(answer.seconds for answer in answers))
    when = collection.clock.minute(mock.id)
    if narrow:
        return f"{when}: {answered} of {mock.questions} answered, {share:.0%} of points, {time}, {drawn_from}{left}"
    return f"{when:18}{answered:>4} of {mock.questions:<2}{share:>9.0%}{time:>12}  {drawn_from}{left}"
