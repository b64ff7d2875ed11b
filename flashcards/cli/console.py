"""What several commands share: opening the collection, progress, JSON."""

from __future__ import annotations

import json
import math
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from flashcards.text import is_unicode, wrap_line
from flashcards.text import plural as plural

if TYPE_CHECKING:
    from flashcards.catalog.files import Unreadable
    from flashcards.catalog.report import Ambiguity, ScanReport
    from flashcards.catalog.store import Entry
    from flashcards.collection import Collection

_DANGEROUS = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_PATIENCE = 1.0  # seconds before a progress bar appears


class QueryCommand(click.Command):
    """A command that takes a query, in which `-tag:x` is no option: it negates."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the words of the query behind `--`, in their order, where nothing is taken for an option."""
        takes_value = {
            name: not parameter.is_flag
            for parameter in self.get_params(ctx)
            if isinstance(parameter, click.Option)
            for name in (*parameter.opts, *parameter.secondary_opts)
        }
        options: list[str] = []
        words: list[str] = []
        rest = iter(args)
        for word in rest:
            if word == "--":
                words += rest
            elif word in takes_value:
                options += [word, *([next(rest, "")] if takes_value[word] else [])]
            elif word.startswith("--") or (word.startswith("-") and len(word) == 2):
                options.append(word)
            else:
                words.append(word)
        return super().parse_args(ctx, [*options, "--", *words])


@contextmanager
def opened() -> Iterator[Collection]:
    """The collection that the command line names, open, with the decks read as they are now."""
    with unscanned() as collection:
        scan(collection)
        yield collection


@contextmanager
def unscanned() -> Iterator[Collection]:
    """The same without a look at the decks."""
    import sqlite3

    from flashcards.collection import Collection, find_collection
    from scheduler.errors import translate_error

    with Collection(find_collection(click.get_current_context().find_root().obj)) as collection:
        try:
            yield collection
        except sqlite3.Error as error:  # of a reading; what writes translates its errors itself
            named = translate_error(error, collection.database)
            if named is None:
                raise
            raise named from error


def scan(collection: Collection, *, warn: bool = True) -> tuple[ScanReport, list[Unreadable]]:
    """Scan, with a progress bar where it takes long; says on standard error what could not be looked at."""
    with progress("Reading the decks") as step:
        report, unreadable = collection.scan(step)
    for place in unreadable if warn else ():
        flow(f"Warning: {visible(place.path) or collection.root} cannot be read: {place.reason}.", err=True)
    for unclear in report.ambiguous if warn else ():
        flow(_unclear(unclear), err=True)
    if recomputed := collection.follow_parameters():
        flow(
            f"The parameters of FSRS changed: {plural(recomputed, 'memory state')} computed anew. Due days stay.",
            err=True,
        )
    return report, unreadable


def _unclear(unclear: Ambiguity) -> str:
    added = unclear.added
    names = " or ".join(change.key for change, _ in unclear.candidates[:3])
    return (
        f"Unclear: {visible(added.path)}:{added.line} may be the note {names}, edited. It was taken for a new one;"
        f" `flashcards link OLD {added.key}` says which it is."
    )


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
    """One line of JSON on standard output; in ASCII where that cannot show every character."""
    click.echo(json.dumps(value, ensure_ascii=not is_unicode(getattr(sys.stdout, "encoding", None))))


def print_json_lines(values: Iterable[Any]) -> None:
    """JSON Lines on standard output."""
    for value in values:
        print_json(value)


def joined(query: tuple[str, ...], decks: Iterable[str] = ()) -> str:
    """The words of a query as one; a word that the shell kept together, as one word, stays so.

    With the names of the `decks`, a word that is one, or `deck:` and one, means that deck, blanks and all.
    """
    names = {name.casefold() for name in decks}
    return " ".join(_whole(word, names) if " " in word else word for word in query)


def _whole(word: str, decks: set[str]) -> str:
    """A shell word that holds blanks, quoted where it is not a query of several words."""
    sign, field, name = re.fullmatch(r"(-?)(deck:)?(.*)", word, re.DOTALL).groups()  # type: ignore[union-attr]  # matches anything
    if name.casefold() in decks:
        return f'{sign}deck:"{_escaped(name)}"'
    return word if field or _is_query(word) else f'"{_escaped(word)}"'


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"")


def _is_query(word: str) -> bool:
    """Whether a shell word with blanks is a query of several words rather than words to be found together."""
    return any(sign in word for sign in (":", "(", '"')) or word.startswith("-") or " or " in word


def visible(text: str) -> str:
    """`text` with a sign in the place of control characters, which could drive the terminal, and of lone surrogates."""
    return text if text.isprintable() else _DANGEROUS.sub("\N{REPLACEMENT CHARACTER}", text)


def shortened(text: str, width: int = 60) -> str:
    """The beginning of a card's text in one line of a table, without what could drive the terminal."""
    line = visible(" ".join(text.split()))
    return line if len(line) <= width else f"{line[: width - 1]}…"


def flow(text: str = "", hang: int = 0, *, err: bool = False) -> None:
    """Print lines; on a terminal that is too narrow for one, it is broken between words, `hang` as for `wrapped`."""
    for line in text.split("\n"):
        for part in fitted(line, hang, err=err):
            click.echo(part, err=err)


def room() -> float:
    """The columns of the terminal; no end of them where there is none."""
    return shutil.get_terminal_size().columns if sys.stdout is not None and sys.stdout.isatty() else math.inf


def fitted(line: str, hang: int = 0, *, err: bool = False) -> list[str]:
    """A line as the lines that a terminal shows; as it is where there is none."""
    stream = sys.stderr if err else sys.stdout
    if stream is None or not stream.isatty():
        return [line]
    return wrap_line(line, shutil.get_terminal_size().columns, hang)


def chosen(collection: Collection, query: tuple[str, ...]) -> frozenset[int] | None:
    """The cards that a query finds; None, all of them, without a query."""
    if not query:
        return None
    from flashcards.query import find_card_ids

    return frozenset(find_card_ids(collection, joined(query, collection.catalog.decks())))


def named_cards(collection: Collection, words: tuple[str, ...]) -> list[int]:
    """The cards that a query finds, or that one card's or note's name (an id or `path:line`) means."""
    from flashcards.cards import CardNotFound, find_cards
    from flashcards.query import find_card_ids

    if len(words) == 1 and words[0] not in collection.catalog.decks() and _may_name_a_card(words[0]):
        try:
            return find_cards(collection, words[0])
        except CardNotFound:
            pass
    return find_card_ids(collection, joined(words, collection.catalog.decks()))


def named_note(collection: Collection, name: str) -> Entry:
    """The note that one of its cards' names, or `path:line`, means; orphans have names too."""
    from flashcards.cards import find_cards

    return collection.note_of(collection.store.card(find_cards(collection, name)[0]))


def _may_name_a_card(word: str) -> bool:
    """Whether a word has the form of a card's name: part of a key, `key.slot`, or `path:line`."""
    return bool(re.fullmatch(r"[a-z2-7]{5,12}(\.\w+)?|\S+\.(forward|reverse|c\d+)|.+\.md:\d+", word))
