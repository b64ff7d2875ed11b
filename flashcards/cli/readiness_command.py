"""The command `readiness`."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flashcards.cli import complete, console
from flashcards.cli.dates import read_date
from flashcards.cli.insight_commands import check_page, show_report
from flashcards.cli.params import Day

if TYPE_CHECKING:
    from flashcards.collection import Collection
    from flashcards.insight.readiness import Readiness

_EPOCH = date(1970, 1, 1).toordinal()
_FARTHEST = 3650  # days


@click.command("readiness", cls=console.QueryCommand)
@click.argument("query", nargs=-1, shell_complete=complete.query)
@click.option(
    "--on",
    "on",
    metavar="DATE",
    type=Day(),
    help="The day, like 2026-12-15. Default: the last `deadline` of the decks.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--html", "page", metavar="FILE", type=click.Path(path_type=Path), help="Write a page with plots.")
def command(query: tuple[str, ...], on: str | None, as_json: bool, page: Path | None) -> None:
    """Predict what you will know on a given day.

    Compares doing nothing with following the plan. Shows how many new cards and minutes a day the plan takes, whether
    your limits allow it, and which cards gain most from a review now. Cards never seen count as not known.

    \b
    flashcards readiness --on 2026-12-15
    flashcards readiness tpm --on 2026-12-15 --html ready.html
    """
    from flashcards.collection import now_ms
    from flashcards.errors import UsageError
    from flashcards.insight.readiness import build_empty, predict_readiness
    from flashcards.insight.readiness_report import build_readiness_report

    check_page(page)
    with console.read_collection() as collection, console.progress("Looking at the day") as step:
        at = now_ms()
        today = collection.clock.day(at)
        given = read_date(on, collection.clock.date(today)) if on else None
        day = given.toordinal() - _EPOCH if given else _last_deadline(collection)
        named = collection.clock.date(day)
        if on is None and day <= today:
            raise UsageError(f"The last `deadline` of the decks, {named}, has passed. Choose another day with --on.")
        if not today < day <= today + _FARTHEST:
            raise UsageError(f"{named} is not a day within the next ten years. Choose another day with --on.")
        only = console.select_cards(collection, query)
        if not collection.limits or only == frozenset():
            found, empty = build_empty(collection, at, day), "No card matches. `flashcards list` shows all cards."
        else:
            found, empty = predict_readiness(collection, at, day, only, step), ""
        names, questions = _name_gains(collection, found)
    show_report(build_readiness_report(found, names, questions), page, as_json=as_json, empty=empty)


def _last_deadline(collection: Collection) -> int:
    """Return the last deadline of the decks."""
    from flashcards.errors import UsageError
    from scheduler.limits import find_deadline_day

    days = [day for limit in collection.limits if (day := find_deadline_day(limit.policy)) is not None]
    if not days:
        raise UsageError("No deck has a `deadline`. Choose a day: `flashcards readiness --on 2026-12-15`.")
    return max(days)


def _name_gains(collection: Collection, found: Readiness) -> tuple[dict[int, str], dict[int, str]]:
    """Return the ids of the cards to begin with, and their questions as plain text."""
    from flashcards.cards import format_card_id
    from flashcards.insight.overview import read_question

    names, questions = {}, {}
    for gain in found.gains:
        card = collection.store.card(gain.card)
        entry = collection.note_of(card)
        names[gain.card] = format_card_id(entry, card.slot)
        questions[gain.card] = read_question(entry, card.slot)[1]
    return names, questions
