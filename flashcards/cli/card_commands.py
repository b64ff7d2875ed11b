"""Commands that change the cards of a query: suspend, unsuspend, bury, unbury, forget, flag, set-due."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from flashcards.cli import complete, console
from flashcards.cli.params import WholeNumber, read_date
from flashcards.errors import UsageError

if TYPE_CHECKING:
    from flashcards.collection import Collection

_ASK_ABOVE = 20  # more cards than this need a confirmation
_FARTHEST = 36_500  # days

_Act = Callable[..., int]  # collection, cards, now in epoch ms, and what `extra` declares -> cards changed


class DueDateInvalid(UsageError):
    """Text that is not a due date."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f"`{text}` is not a day within {_FARTHEST:,} days of today. Write a date such as 2026-12-15, `tomorrow` or"
            " fri, or days from today: 0, 3, or 3-7."
        )


def _query_command(name: str, act: _Act, done: str, text: str, *extra: click.Parameter) -> click.Command:
    """Build a command that applies `act` to the cards of a query, after a confirmation if they are many."""

    def callback(query: tuple[str, ...], yes: bool, as_json: bool, **values: Any) -> None:
        _run(name, query, yes, as_json, partial(act, **values), done)

    options = [
        *extra,
        click.Argument(["query"], nargs=-1, required=True, shell_complete=complete.query),
        click.Option(["--yes", "-y"], is_flag=True, help="Skip the confirmation."),
        click.Option(["--json", "as_json"], is_flag=True, help="Print one JSON object."),
    ]
    return console.QueryCommand(name, callback=callback, params=options, help=text)


def _run(name: str, query: tuple[str, ...], yes: bool, as_json: bool, act: _Act, done: str) -> None:
    from flashcards.collection import now_ms

    with console.open_collection() as collection:
        cards = console.find_cards_of(collection, query)
        if len(cards) > _ASK_ABOVE and not yes and not _confirm(len(cards)):
            console.print_text("Cancelled; nothing was changed.", err=True)
            raise click.exceptions.Exit(1)
        at = now_ms()
        with collection.store.acts.record(name, cards, at) as summary:
            changed = act(collection, cards, at)
            if changed:
                summary.append(f"{console.plural(changed, 'card')} {done}")
        if as_json:
            console.print_json({"found": len(cards), "changed": changed})
        elif not cards:
            console.print_text("No card matches.", err=True)
        else:
            rest = "" if changed == len(cards) else f" of {len(cards):,} found"
            console.print_text(f"{console.plural(changed, 'card')}{rest} {done}.")


def _confirm(cards: int) -> bool:
    return console.ask(f"This changes {console.plural(cards, 'card')}. Continue?")


def _suspend(collection: Collection, cards: list[int], _now: int) -> int:
    return collection.store.suspend(cards)


def _unsuspend(collection: Collection, cards: list[int], _now: int) -> int:
    return collection.store.unsuspend(cards)


def _bury(collection: Collection, cards: list[int], now: int) -> int:
    return collection.store.bury(cards, collection.clock.day(now))


def _unbury(collection: Collection, cards: list[int], now: int) -> int:
    return collection.store.unbury(cards, collection.clock.day(now))


def _forget(collection: Collection, cards: list[int], now: int) -> int:
    return collection.store.forget(cards, now)


def _flag(collection: Collection, cards: list[int], _now: int, number: int) -> int:
    return collection.store.flag(cards, number)


def _set_due(collection: Collection, cards: list[int], now: int, when: str) -> int:
    import random

    today = collection.clock.day(now)
    first, last = parse_days(when, today, collection.clock.date(today))
    if first == last:
        return collection.store.set_due(cards, first, now)
    spread: dict[int, list[int]] = {}
    for card in cards:
        # The same card gets the same day when the command is repeated.
        spread.setdefault(first + random.Random(card).randrange(last - first + 1), []).append(card)  # noqa: S311
    return sum(collection.store.set_due(group, day, now) for day, group in spread.items())


def parse_days(when: str, today: int, date: datetime.date) -> tuple[int, int]:
    """Parse a date, a number of days from today, or a range of them into the first and last day.

    Raises:
        DueDateInvalid: `when` has another form.
    """
    match = re.fullmatch(r"(\d{1,5})(?:-(\d{1,5}))?", when)
    if match:
        first, last = int(match[1]), int(match[2] or match[1])
        if first <= last <= _FARTHEST:
            return today + first, today + last
    found = read_date(when, date, days_of_month=False)
    if found is None:
        raise DueDateInvalid(when)
    away = (found - date).days
    if abs(away) > _FARTHEST:
        raise DueDateInvalid(when)
    return today + away, today + away


suspend_command = _query_command(
    "suspend",
    _suspend,
    "suspended",
    "Stop asking cards until they are unsuspended.\n\n\b\nflashcards suspend tag:later\nflashcards suspend k7f3q2m.c1",
)
unsuspend_command = _query_command(
    "unsuspend",
    _unsuspend,
    "unsuspended",
    "Ask suspended cards again.\n\n\b\nflashcards unsuspend tag:later",
)
bury_command = _query_command(
    "bury",
    _bury,
    "buried until tomorrow",
    "Hide cards until tomorrow.\n\n\b\nflashcards bury deck:tpm::tools",
)
unbury_command = _query_command(
    "unbury", _unbury, "unburied", "Ask buried cards again today.\n\n\b\nflashcards unbury is:buried"
)
forget_command = _query_command(
    "forget",
    _forget,
    "made new again",
    "Make cards new again; the log keeps their history.\n\n\b\nflashcards forget deck:tpm is:leech",
)
flag_command = _query_command(
    "flag",
    _flag,
    "flagged",
    "Flag cards with a number from 1 to 7; 0 removes the flag.\n\n\b\nflashcards flag 1 rated:1:1",
    click.Argument(["number"], type=WholeNumber(0, 7)),
)
set_due_command = _query_command(
    "set-due",
    _set_due,
    "rescheduled",
    "Make cards due on a day.\n\nWHEN is a date (or `fri`, `dec 15`), days from today, or a range of days.\n\n\b\n"
    "flashcards set-due 0 tag:exam\nflashcards set-due 3-7 deck:tpm is:review\n"
    "flashcards set-due 2026-12-15 k7f3q2m",
    click.Argument(["when"]),
)
