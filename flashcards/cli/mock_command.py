"""The command `mock`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flashcards.cli import complete, console
from flashcards.cli.params import Excludes, Number, OptionRules, Requires, WholeNumber
from flashcards.settings import MockPreset
from flashcards.settings.values import MOST_MINUTES, MOST_QUESTIONS
from flashcards.text import plural

if TYPE_CHECKING:
    from flashcards.collection import Collection
    from flashcards.mock.plan import MockPlan

_OF_HOLDING = ("--preset", "--questions", "--per-question", "--minutes", "--seed", "--no-schedule")


@click.command("mock", cls=console.QueryCommand)
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
    from flashcards.errors import UsageError

    if report:
        _check_report(report)
    if presets or history or show is not None:
        _show_earlier(show, report, presets=presets, as_json=as_json)
        return
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("A mock interview needs a terminal. `flashcards mock --history` works without one.")
    from flashcards.cli.mock_reports import print_report, write_report
    from flashcards.mock.plan import find_preset, plan_interview

    with console.open_collection() as collection:
        chosen = find_preset(collection, preset) if preset is not None else MockPreset()
        words = (chosen.query,) if chosen.query else query
        plan = plan_interview(chosen, MockPreset("", questions, minutes, per_question))
        held = _hold_interview(collection, plan, words, seed, schedule=not no_schedule, plain=plain)
        if held is None:
            return
        mock, interrupted = held
        print_report(collection, mock, in_full=False)
        write_report(collection, mock, report)
    if interrupted:
        from flashcards.review.terminal import ALL_SAVED

        raise KeyboardInterrupt(ALL_SAVED)


def _show_earlier(show: str | None, report: Path | None, *, presets: bool, as_json: bool) -> None:
    """List the presets, show the report of an earlier mock interview, or list them all."""
    from flashcards.cli import mock_reports

    with console.read_collection() as collection:
        if presets:
            _list_presets(collection)
        elif show is not None:
            mock_reports.show(collection, show, report, as_json)
        else:
            mock_reports.show_history(collection, as_json)


def _list_presets(collection: Collection) -> None:
    """Print the mock interviews of `flashcards.toml`, one a line."""
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
    """Run the interview; return its id and whether it was interrupted, or nothing without a card to ask."""
    from flashcards.collection import now_ms
    from flashcards.mock.plan import NoCardToAsk, begin_interview, draw_questions
    from flashcards.mock.terminal import TerminalMock

    try:
        drawn = draw_questions(collection, console.select_cards(collection, query), plan.questions, now_ms(), seed)
    except NoCardToAsk as error:
        console.print_text(str(error))
        return None
    console.keep_state(collection)
    mock, session = begin_interview(collection, plan, " ".join(query), drawn, now_ms(), schedule=schedule)
    try:
        over, interrupted = TerminalMock(collection, session, now_ms, plain=plain).run(), False
        console.print_text(f"\n{over.reason}" if over.reason else "")
    except KeyboardInterrupt:
        interrupted = True
        console.print_text("\n")
    return mock, interrupted


def _check_report(path: Path) -> None:
    """Raise an error if writing the report would overwrite another file."""
    from flashcards.errors import UsageError
    from flashcards.mock.report import MARK

    if path.suffix.lower() != ".md":
        raise UsageError(f"{path} cannot be the report: choose a name that ends in .md.")
    if not path.parent.is_dir():
        raise UsageError(f"{path} cannot be the report: the folder {path.parent} does not exist. Create it first.")
    if path.exists() and not (path.is_file() and path.read_bytes().startswith(MARK.encode())):
        raise UsageError(f"{path} exists and is not a mock interview report; not overwriting it. Name another file.")
