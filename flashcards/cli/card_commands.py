"""Commands that change cards: `answer`, `undo`, and those that act on a query, such as `suspend`."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable
from datetime import MAXYEAR, date, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from flashcards.cli import complete, console
from flashcards.cli.params import Number, QueryCommand, WholeNumber, read_date
from flashcards.errors import UsageError
from flashcards.text import format_interval

if TYPE_CHECKING:
    from flashcards.catalog.store import Entry
    from flashcards.collection import Collection
    from scheduler import Card
    from scheduler.acts import Act


_ASK_ABOVE = 20  # larger changes need a confirmation
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
    """Build a command that applies `act` to the cards of a query, and asks first if there are many."""

    def callback(query: tuple[str, ...], yes: bool, as_json: bool, **values: Any) -> None:
        _run(name, query, yes, as_json, partial(act, **values), done)

    options = [
        *extra,
        click.Argument(["query"], nargs=-1, required=True, shell_complete=complete.query),
        click.Option(["--yes", "-y"], is_flag=True, help="Skip the confirmation."),
        click.Option(["--json", "as_json"], is_flag=True, help="Print one JSON object."),
    ]
    return QueryCommand(name, callback=callback, params=options, help=text)


def _run(name: str, query: tuple[str, ...], yes: bool, as_json: bool, act: _Act, done: str) -> None:
    from flashcards.collection import now_ms
    from flashcards.query import describe_no_match

    with console.open_collection() as collection:
        cards = console.find_cards_of(collection, query)
        question = f"This changes {console.plural(len(cards), 'card')}. Continue?"
        console.ask_or_stop(question, yes=yes or len(cards) <= _ASK_ABOVE)
        at = now_ms()
        with collection.store.acts.record(name, cards, at) as summary:
            changed = act(collection, cards, at)
            if changed:
                summary.append(f"{console.plural(changed, 'card')} {done}")
        if as_json:
            console.print_json({"found": len(cards), "changed": changed})
        elif not cards:
            console.print_text(describe_no_match(collection, query), err=True)
        else:
            rest = "" if changed == len(cards) else f" of {len(cards):,} found"
            console.print_text(f"{console.plural(changed, 'card')}{rest} {done}.")


def _set_due(collection: Collection, cards: list[int], now: int, when: str) -> int:
    import random

    today = collection.clock.day(now)
    first, last = parse_days(when, today, collection.clock.date(today))
    if first == last:
        return collection.store.set_due(cards, first, now)
    spread: dict[int, list[int]] = {}
    for card in cards:
        # A repeated command gives each card the same day.
        spread.setdefault(first + random.Random(card).randrange(last - first + 1), []).append(card)  # noqa: S311
    return sum(collection.store.set_due(group, day, now) for day, group in spread.items())


def parse_days(when: str, today: int, date_today: date) -> tuple[int, int]:
    """Parse a date, a number of days from today, or a range of such numbers. Raises DueDateInvalid."""
    match = re.fullmatch(r"(\d{1,5})(?:-(\d{1,5}))?", when)
    if match:
        first, last = int(match[1]), int(match[2] or match[1])
        if first <= last <= _FARTHEST:
            return today + first, today + last
    found = read_date(when, date_today, days_of_month=False)
    if found is None:
        raise DueDateInvalid(when)
    away = (found - date_today).days
    if abs(away) > _FARTHEST:
        raise DueDateInvalid(when)
    return today + away, today + away


suspend_command = _query_command(
    "suspend",
    lambda collection, cards, _now: collection.store.suspend(cards),
    "suspended",
    "Stop asking cards until they are unsuspended.\n\n\b\nflashcards suspend tag:later\nflashcards suspend k7f3q2m.c1",
)
unsuspend_command = _query_command(
    "unsuspend",
    lambda collection, cards, _now: collection.store.unsuspend(cards),
    "unsuspended",
    "Ask suspended cards again.\n\n\b\nflashcards unsuspend tag:later",
)
bury_command = _query_command(
    "bury",
    lambda collection, cards, now: collection.store.bury(cards, collection.clock.day(now)),
    "buried until tomorrow",
    "Hide cards until tomorrow.\n\n\b\nflashcards bury deck:tpm::tools",
)
unbury_command = _query_command(
    "unbury",
    lambda collection, cards, now: collection.store.unbury(cards, collection.clock.day(now)),
    "unburied",
    "Ask buried cards again today.\n\n\b\nflashcards unbury is:buried",
)
forget_command = _query_command(
    "forget",
    lambda collection, cards, now: collection.store.forget(cards, now),
    "made new again",
    "Make cards new again; the log keeps their reviews.\n\n\b\nflashcards forget deck:tpm is:leech",
)
flag_command = _query_command(
    "flag",
    lambda collection, cards, _now, number: collection.store.flag(cards, number),
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


_FIRST_YEAR = 1971
_FARTHEST_DAYS = 3653
_RATINGS = {"1": 1, "2": 2, "3": 3, "4": 4, "again": 1, "hard": 2, "good": 3, "easy": 4}


class TimeInvalid(UsageError):
    """Text that is not a time."""

    def __init__(self, text: str) -> None:
        super().__init__(f"`{text}` is not a time. Write it like 2026-12-15T18:30 or 2026-12-15T18:30:00+01:00.")


@click.command("answer")
@click.argument("card", shell_complete=complete.card)
@click.argument("rating", metavar="RATING", type=click.Choice(list(_RATINGS), case_sensitive=False))
@click.option(
    "--at", metavar="TIME", help="Time of the answer in ISO 8601, local unless it has an offset. Default: now."
)
@click.option("--duration", metavar="SECONDS", type=Number(0, 86_400), default=0.0, help="Time taken to answer.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print the card as `list --json` does, and its next intervals in seconds."
)
def answer_command(card: str, rating: str, at: str | None, duration: float, as_json: bool) -> None:
    """Rate one card from a script.

    RATING is again, hard, good or easy, or 1 to 4.

    \b
    flashcards answer k7f3q2m.c1 good
    flashcards answer k7f3q2m.c1 3 --at 2026-12-15T18:30 --json
    """
    from flashcards.cards import TextGone, build_record, find_card, format_card_id
    from flashcards.collection import now_ms
    from scheduler import Rating

    if math.isnan(duration):
        raise click.BadParameter("nan is not in the range 0<=x<=86400.", param_hint="'--duration'")
    with console.open_collection() as collection:
        found = collection.store.card(find_card(collection, card))
        entry = collection.note_of(found)
        if not found.active:
            raise TextGone(format_card_id(entry, found.slot))
        when = now_ms() if at is None else _parse_time(at, now_ms())
        if at is not None and found.last_ms is not None and when < found.last_ms:
            last = collection.clock.iso(found.last_ms)
            raise UsageError(f"The card was last reviewed at {last}, after {at}. Give a later time.")
        policy = collection.policy(found.deck)
        collection.store.rate(found.id, Rating(_RATINGS[rating.lower()]), policy, when, round(duration * 1000))
        after = collection.store.card(found.id)
        if as_json:
            outcomes = collection.store.outcomes(after, policy, when)
            intervals = {name.name.lower(): outcomes.of(name).interval_seconds for name in Rating}
            console.print_json(build_record(collection, after.id, when) | {"intervals": intervals})
        else:
            console.print_text(
                f"{format_card_id(entry, found.slot)} is due again in {format_interval(after.interval)}."
            )


def _parse_time(text: str, now_ms: int) -> int:
    try:
        when = datetime.fromisoformat(text)
        if when.year < _FIRST_YEAR:  # earlier days have no number
            raise TimeInvalid(text)
        # The last year is too far ahead anyway, and in some time zones its end has no timestamp.
        at_ms = int(when.timestamp() * 1000) if when.year < MAXYEAR else sys.maxsize
    except (ValueError, OverflowError, OSError):
        raise TimeInvalid(text) from None
    if at_ms > now_ms + _FARTHEST_DAYS * 86_400_000:
        raise UsageError(f"{text} is more than ten years ahead. Give an earlier time.")
    return at_ms


@click.command("undo")
@click.option("--list", "listed", is_flag=True, help="List what can be undone, newest first.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: the card of an undone rating, or the undone act.")
def undo_command(listed: bool, as_json: bool) -> None:
    """Undo the last thing that you did; repeat to go back.

    Undoes ratings, forget, set-due, suspend, bury, flag, link, unlink, optimize and import, from any process, newest
    first. A card returns to its previous state, and siblings buried by a rating are unburied. The log keeps the rating
    and records its undo.

    \b
    flashcards undo
    flashcards undo --list
    """
    from flashcards.undo import undo

    with console.open_collection() as collection:
        if listed:
            _list_acts(collection, as_json)
            return
        act = undo(collection)
        if act.kind == "rating":
            _report_rating(collection, act, as_json)
        elif as_json:
            console.print_json(_act_record(collection, act))
        else:
            console.scan_decks(collection)
            console.print_text(f"Undid `{act.kind}`: {console.make_visible(act.summary)}.")


def _list_acts(collection: Collection, as_json: bool) -> None:
    acts = collection.store.acts.read()
    if as_json:
        console.print_json_lines(_act_record(collection, act) for act in acts)
        return
    for act in acts:
        when = collection.clock.minute(act.at_ms)
        what = _name_card(collection, act) if act.kind == "rating" else ""
        console.print_text(f"{when}  {act.kind}: {console.make_visible(act.summary)}{what}", 2)
    if not acts:
        console.print_text("There is nothing to undo.", err=True)


def _act_record(collection: Collection, act: Act) -> dict[str, Any]:
    return {"at": collection.clock.iso(act.at_ms), "kind": act.kind, "summary": act.summary}


def _name_card(collection: Collection, act: Act) -> str:
    from flashcards.cards import format_card_id

    card, entry = _find_rated(collection, act)
    return f" on {format_card_id(entry, card.slot)} ({console.make_visible(entry.place)})"


def _find_rated(collection: Collection, act: Act) -> tuple[Card, Entry]:
    (number,) = collection.connection.execute(
        "SELECT card FROM reviews WHERE id = ?", (act.before["reviews"][0],)
    ).fetchone()
    card = collection.store.card(number)
    return card, collection.note_of(card)


def _report_rating(collection: Collection, act: Act, as_json: bool) -> None:
    from flashcards.cards import build_record
    from flashcards.collection import now_ms

    card, _ = _find_rated(collection, act)
    if as_json:
        console.print_json(build_record(collection, card.id, now_ms()))
    else:
        console.print_text(f"Took back {act.summary}{_name_card(collection, act)}.")
