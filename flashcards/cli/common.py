"""What several commands share: opening the collection, progress, JSON."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from flashcards.catalog.scan import ScanReport
    from flashcards.catalog.walk import Unreadable
    from flashcards.collection import Collection

_PATIENCE = 1.0  # seconds before a progress bar appears


@contextmanager
def opened() -> Iterator[Collection]:
    """The collection that the command line names, open, with the decks read as they are now."""
    with unscanned() as collection:
        scan(collection)
        yield collection


@contextmanager
def unscanned() -> Iterator[Collection]:
    """The same without a look at the decks."""
    from flashcards.collection import Collection, find

    with Collection(find(click.get_current_context().find_root().obj)) as collection:
        yield collection


def scan(collection: Collection) -> tuple[ScanReport, list[Unreadable]]:
    """Scan, with a progress bar where it takes long; says on standard error what could not be looked at."""
    with progress("Reading the decks") as step:
        report, unreadable = collection.scan(step)
    for place in unreadable:
        click.echo(f"Warning: {place.path or collection.root} cannot be read: {place.reason}.", err=True)
    return report, unreadable


@contextmanager
def progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """A function to call with (done, total); after a second it draws a bar on standard error, on a terminal only."""
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    started = time.monotonic()
    bar: Any = None

    def step(done: int, total: int) -> None:
        nonlocal bar
        if bar is None:
            if time.monotonic() - started < _PATIENCE:
                return
            bar = click.progressbar(length=total, label=label, file=sys.stderr)
            bar.__enter__()
        bar.update(done - bar.pos)

    try:
        yield step
    finally:
        if bar is not None:
            bar.finish()
            bar.__exit__(None, None, None)


def print_json(value: Any) -> None:
    """One line of JSON on standard output."""
    click.echo(json.dumps(value, ensure_ascii=False))


def print_json_lines(values: Iterable[Any]) -> None:
    """JSON Lines on standard output."""
    for value in values:
        print_json(value)


def plural(number: int, word: str) -> str:
    """`1 card`, `2 cards`."""
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


def joined(query: tuple[str, ...]) -> str:
    """The words of a query as one; a word that the shell kept together, as one word, stays so."""
    return " ".join(f'"{word}"' if " " in word and not _is_query(word) else word for word in query)


def _is_query(word: str) -> bool:
    """Whether a shell word with blanks is a query of several words rather than words to be found together."""
    return any(sign in word for sign in (":", "(", '"')) or word.startswith("-") or " or " in word


def visible(text: str) -> str:
    """`text` without control characters, which could drive the terminal."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def named_cards(collection: Collection, words: tuple[str, ...]) -> list[int]:
    """The cards that a query finds, or that one card's or note's name (an id or `path:line`) means."""
    from flashcards.cards import CardNotFound, find_cards
    from flashcards.query import card_ids

    if len(words) == 1 and words[0] not in collection.catalog.decks() and _may_name_a_card(words[0]):
        try:
            return find_cards(collection, words[0])
        except CardNotFound:
            pass
    return card_ids(collection, joined(words))


def _may_name_a_card(word: str) -> bool:
    """Whether a word has the form of a card's name: part of a key, `key.slot`, or `path:line`."""
    return bool(re.fullmatch(r"[a-z2-7]{5,12}(\.\w+)?|\S+\.(forward|reverse|c\d+)|.+\.md:\d+", word))


def interval(seconds: int) -> str:
    """An interval as a button shows it: `10m`, `4d`, `2.5mo`, `1.2y`; `soon` for none."""
    if seconds <= 0:
        return "soon"
    if seconds < 3600:
        return f"{max(1, round(seconds / 60))}m"
    if seconds < 86_400:
        return f"{_rounded(seconds / 3600)}h"
    days = seconds / 86_400
    if days < 30:
        return f"{round(days)}d"
    return f"{_rounded(days / 30.4375)}mo" if days < 365 else f"{_rounded(days / 365.25)}y"


def _rounded(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
