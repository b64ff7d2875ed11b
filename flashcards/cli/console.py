"""Code shared by the commands: opening the collection, printing text and JSON, progress bars, queries."""

from __future__ import annotations

import math
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from flashcards.text import fold_details, is_unicode, wrap_line
from flashcards.text import gate as gate
from flashcards.text import make_visible as make_visible
from flashcards.text import plural as plural

if TYPE_CHECKING:
    from pathlib import Path

    from flashcards.catalog.changes import AmbiguousChange, ScanReport
    from flashcards.catalog.files import Unreadable
    from flashcards.catalog.store import Entry
    from flashcards.collection import Collection

_CARD = r"[a-z2-7]{5,12}(\.\w+)?|\S+\.(forward|reverse|c\d+)|.+\.md:\d+"  # part of a key, `key.slot`, `path:line`
_ENDLESS_WORD = r"(?<!\S)(\S{200})\S{2000,}?([^\w\s]{0,3})(?!\S)"  # includes the characters that end the word
_LONGEST_WORD = 2_200  # characters; a shorter text has no endless word
_UPPER_CONTROLS = "[\x7f-\x9f\u202d\u202e]"
_HOLD = "flashcards.hold"  # in click's context: a function that holds a line back, and returns whether it did
_LINES_AT_ONCE = 500
_LONG_LINE = 100_000  # characters
_OTHER_TABLES = "no such (?:column|table)|duplicate column|.* already exists"
_PATIENCE = 1.0  # seconds before a progress bar appears


@contextmanager
def open_collection(prepare: Callable[[Collection], object] | None = None) -> Iterator[Collection]:
    """Open the collection to change its state, `prepare` it, and scan its decks.

    If the folder has no state and something other than the decks changed, the state is created at the end. Output that
    follows such a change is held back until then: nothing is reported as done before it is on disk.
    """
    with open_without_scan() as collection:
        if prepare:
            prepare(collection)
        scan_decks(collection)
        before = collection.connection.total_changes

        def has_unsaved_changes() -> bool:
            return not collection.is_kept and collection.connection.total_changes != before

        held: list[tuple[str, bool, bool]] = []
        meta = click.get_current_context().meta

        def keep_back(text: str, err: bool, nl: bool) -> bool:
            if has_unsaved_changes():
                held.append((text, err, nl))
            return bool(held)

        meta[_HOLD] = keep_back
        try:
            yield collection
        finally:
            del meta[_HOLD]
        if has_unsaved_changes():
            keep_state(collection)
        for text, err, nl in held:
            echo(text, err=err, nl=nl)


@contextmanager
def read_collection() -> Iterator[Collection]:
    """Open the collection to read it, and scan its decks in memory. Nothing is written to its folder."""
    with open_without_scan(reading=True) as collection:
        scan_decks(collection)
        yield collection


def find_root() -> Path:
    """Return the collection's folder, as chosen on the command line."""
    from flashcards.collection import find_collection

    return find_collection(click.get_current_context().find_root().obj)


@contextmanager
def open_without_scan(*, reading: bool = False) -> Iterator[Collection]:
    """Open the collection chosen on the command line, without scanning its decks."""
    from flashcards.collection import DATABASE, STATE_FOLDER, Access, Collection

    root = find_root()
    with (
        _blame_damage(root / STATE_FOLDER / DATABASE),
        Collection(root, Access.READ if reading else Access.ACT) as collection,
    ):
        yield collection


@contextmanager
def _blame_damage(database: Path) -> Iterator[None]:
    """Report an unexpected error as damage, if the database is damaged: any value in it may then cause an error."""
    import sqlite3

    from flashcards.errors import FlashcardsError
    from scheduler.errors import DatabaseCorrupt, SchedulerError, translate_error

    try:
        yield
    except (FlashcardsError, SchedulerError, click.exceptions.Exit, click.ClickException, click.Abort, OSError):
        raise
    except Exception as error:
        named = translate_error(error, database) if isinstance(error, sqlite3.Error) else None
        if named is not None:
            raise named from error
        import json

        from scheduler.backups import is_damaged

        is_cut = isinstance(error, json.JSONDecodeError)  # only the state is read as JSON without error handling
        has_other_tables = isinstance(error, sqlite3.OperationalError) and re.match(_OTHER_TABLES, str(error))
        if database.is_file() and (is_cut or has_other_tables or is_damaged(database)):
            raise DatabaseCorrupt(database) from error
        raise


def keep_state(collection: Collection) -> None:
    """Create the state on disk if the folder has none, and print where it is kept."""
    if collection.is_kept:
        return
    collection.keep()
    tell_where_kept(collection)


def tell_where_kept(collection: Collection) -> None:
    """Print where a new state is kept."""
    place = make_visible(str(collection.root))
    print_text(f"The review state of {place} is now kept in .flashcards.", err=True)
    warn_of_splits(collection)


def warn_of_splits(collection: Collection) -> None:
    """Warn about other collections that share some of these decks, because the histories diverge."""
    from flashcards.nested import find_splits

    for split in find_splits(collection):
        print_text(f"Warning: {make_visible(split.message)} {make_visible(split.hint)}", err=True)


def scan_decks(collection: Collection) -> ScanReport:
    """Scan the decks, and warn on standard error about unreadable files and notes that may be edited ones."""
    report, unreadable = scan_without_warnings(collection)
    for place in unreadable:
        print_text(f"Warning: {make_visible(place.path) or collection.root} cannot be read: {place.reason}.", err=True)
    for ambiguous in report.ambiguous:
        print_text(_describe_ambiguous(ambiguous), err=True)
    for hint in _describe_replaced(report):
        print_text(hint, err=True)
    update_memory_states(collection)
    return report


def scan_without_warnings(collection: Collection) -> tuple[ScanReport, list[Unreadable]]:
    """Scan the decks, with a progress bar if it takes long. Return the changes, and what could not be read."""
    with progress("Reading the decks") as step:
        return collection.scan(step)


def update_memory_states(collection: Collection) -> None:
    """Recompute memory states if the parameters in the settings changed, and say so."""
    recomputed = collection.update_memory_states()
    if recomputed and collection.is_kept:
        print_text(
            f"The FSRS parameters changed: {plural(recomputed, 'memory state')} recomputed. Due days are unchanged.",
            err=True,
        )


def mention_problems(collection: Collection) -> None:
    """Print how many problems the decks have, if any."""
    problems = sum(1 for _ in collection.catalog.problems())
    if problems:
        print_text(f"{plural(problems, 'problem')} in the decks: `flashcards check` lists them.", err=True)


def _describe_ambiguous(ambiguous: AmbiguousChange) -> str:
    added = ambiguous.added
    names = " or ".join(change.key for change, _ in ambiguous.candidates[:3])
    return (
        f"{make_visible(added.path)}:{added.line} looks like an edited {names} but was added as new. If it is the same"
        f" note, run `flashcards link {ambiguous.candidates[0][0].key} {added.key}`."
    )


def _describe_replaced(report: ScanReport) -> Iterator[str]:
    """Describe, for each file, the reviewed notes that were replaced by new ones and not reported as ambiguous."""
    ambiguous = {each.added.note for each in report.ambiguous}
    by_file: dict[str, list[int]] = {}
    for _, new in report.replaced:
        if new.note not in ambiguous:
            by_file.setdefault(new.path, []).append(new.line)
    for path, lines in by_file.items():
        import shlex

        place = f"{make_visible(path)}:{lines[0]}"
        what, same = "a new note replaced a reviewed one", "it is the same card"
        if len(lines) > 1:
            what = f"{len(lines):,} new notes replaced reviewed ones"
            same = "they are the same cards"
        command = f"flashcards link --in-place {make_visible(shlex.quote(path))}"
        yield f"{place}: {what}. If {same}, but rewritten or translated, run `{command}`."


@contextmanager
def progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """Yield a function to call with (done, total); on a terminal, it draws a bar on standard error after a second."""
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
            bar = click.progressbar(length=total, label=gate(label), file=sys.stderr)
            bar.__enter__()
        bar.update(done - bar.pos)

    try:
        yield step
    finally:
        if bar is not None:
            bar.finish()
            bar.__exit__(None, None, None)


def print_json(value: Any) -> None:
    """Print one line of JSON, in ASCII if standard output is not Unicode."""
    print_json_lines([value])


def print_json_lines(values: Iterable[Any]) -> None:
    """Print each value as a line of JSON, in batches."""
    import json

    encode = json.JSONEncoder(ensure_ascii=not is_unicode(getattr(sys.stdout, "encoding", None))).encode
    # The JSON encoder escapes only control characters below a space. Most lines are ASCII, which is quick to check.
    lines = (
        line
        if (line.isascii() and "\x7f" not in line) or line.isprintable()
        else gate(re.sub(_UPPER_CONTROLS, lambda match: f"\\u{ord(match[0]):04x}", line))
        for line in map(encode, values)
    )
    some: list[str] = []
    for line in lines:
        some.append(line)
        if len(some) == _LINES_AT_ONCE or len(line) > _LONG_LINE:
            _write("\n".join(some))
            some.clear()
    if some:
        _write("\n".join(some))


def join_query(query: tuple[str, ...], decks: Iterable[str] = ()) -> str:
    """Join the words of a query, quoting those that contain spaces.

    A word that names one of `decks`, with or without `deck:`, means that deck, spaces included.
    """
    names = {name.casefold() for name in decks}
    return " ".join(_quote_word(word, names) if " " in word else word for word in query)


def _quote_word(word: str, decks: set[str]) -> str:
    """Quote a shell word that contains spaces, unless it is itself a query of several words."""
    sign, field, name = re.fullmatch(r"(-?)(deck:)?(.*)", word, re.DOTALL).groups()  # type: ignore[union-attr]  # matches anything
    is_deck = name.casefold() in decks
    escaped = (name if is_deck else word).replace("\\", r"\\").replace('"', r"\"")
    if is_deck:
        return f'{sign}deck:"{escaped}"'
    is_query = any(sign in word for sign in (":", "(", '"')) or word.startswith("-") or " or " in word
    return word if field or is_query else f'"{escaped}"'


def echo(text: str = "", *, err: bool = False, nl: bool = True) -> None:
    """Print text. All line-by-line output of the commands passes through here."""
    _write(gate(text), err=err, nl=nl)


def _write(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Write text that is already safe for the terminal, or hold it back."""
    context = click.get_current_context(silent=True)
    hold = context.meta.get(_HOLD) if context else None
    if not (hold and hold(text, err, nl)):
        click.echo(text, err=err, nl=nl)


def ask(question: str) -> bool:
    """Ask a yes-or-no question on standard error."""
    return click.confirm(make_visible(question), err=True)


def ask_password(name: str) -> str:
    """Ask for a password without showing it."""
    return str(click.prompt(make_visible(f"Password of {name}"), hide_input=True, err=True))


def ask_or_stop(question: str, *, yes: bool) -> None:
    """Ask whether to make a change, unless `yes`; end the command with 1 if the answer is no."""
    if not yes and not ask(question):
        print_text("Cancelled; nothing was changed.", err=True)
        raise click.exceptions.Exit(1)


def page(parts: Iterable[str]) -> None:
    """Print text, through a pager if standard output is a terminal."""
    click.echo_via_pager((gate(part) for part in parts), color=None)


def draw_qr_code(url: str) -> None:
    """Draw an address as a QR code, if standard output is a terminal."""
    if url and sys.stdout.isatty():
        import segno

        segno.make(url).terminal(out=sys.stdout, compact=True)


_FIRST_ESCAPE = re.compile(r"\A\\(?=[-*_#>+`~])")  # the parser adds it to a sign after a marker, as in `A: > 5`


def clip(text: str, width: int = 60) -> str:
    """Shorten a card's text to one line of at most `width` characters, safe for the terminal."""
    if "[!" in text:
        from flashcards.deck.markdown_extensions import rewrite_additions

        text = rewrite_additions(text)  # a foldable callout becomes `<details>`
    text = _FIRST_ESCAPE.sub("", text)
    line = make_visible(" ".join(fold_details(text, as_line=True).split(None, width)[:width])[: width + 1])
    return line if len(line) <= width else f"{line[: width - 1]}…"


def print_text(text: str = "", hang: int = 0, *, err: bool = False) -> None:
    """Print lines wrapped at the terminal's width, continued with an indent of `hang`. Endless words are cut."""
    if len(text) >= _LONGEST_WORD:
        text = re.sub(_ENDLESS_WORD, r"\1…\2", text)
    for line in text.split("\n"):
        for part in fit_line(line, hang, err=err):
            echo(make_visible(part.expandtabs()), err=err)


def get_width() -> float:
    """Return the width of the terminal in columns, or infinity if standard output is not a terminal."""
    return _get_columns() if sys.stdout is not None and sys.stdout.isatty() else math.inf


def _get_columns() -> int:
    import shutil  # imported late because it loads slowly

    return shutil.get_terminal_size().columns


def fit_line(line: str, hang: int = 0, *, err: bool = False) -> list[str]:
    """Wrap a line at the width of the terminal; return it whole if the stream is not a terminal."""
    stream = sys.stderr if err else sys.stdout
    if stream is None or not stream.isatty():
        return [line]
    return wrap_line(line, _get_columns(), hang)


def select_cards(collection: Collection, query: tuple[str, ...]) -> frozenset[int] | None:
    """Return the cards that a query finds, or nothing, which means all cards, for an empty query."""
    if not query:
        return None
    from flashcards.query import find_card_ids

    return frozenset(find_card_ids(collection, join_query(query, collection.catalog.decks())))


def find_cards_of(collection: Collection, words: tuple[str, ...]) -> list[int]:
    """Return the cards that a query finds, or those of an id or `path:line`."""
    from flashcards.cards import CardNotFound, find_cards
    from flashcards.query import find_card_ids

    if len(words) == 1 and words[0] not in collection.catalog.decks() and re.fullmatch(_CARD, words[0]):
        try:
            return find_cards(collection, words[0])
        except CardNotFound:
            pass
    return find_card_ids(collection, join_query(words, collection.catalog.decks()))


def find_note_of(collection: Collection, name: str) -> Entry:
    """Return the note named by the id of one of its cards or by `path:line`, even if it is an orphan."""
    from flashcards.cards import find_cards

    return collection.note_of(collection.store.card(find_cards(collection, name)[0]))
