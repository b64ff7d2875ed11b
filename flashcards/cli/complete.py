"""Complete decks, cards, files, backups and words of the query language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from flashcards.text import list_deck_path

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from click.shell_completion import CompletionItem

_FIELDS = (
    *("deck:", "tag:", "is:", "prop:", "rated:", "added:", "flag:", "kind:", "file:", "id:", "introduced:", "edited:"),
    *("resched:", "card:", "has:", "dupe:", "front:", "back:", "re:", "w:", "nc:"),
)
_STATES = ("due", "new", "learn", "review", "suspended", "buried", "leech")
_KINDS = ("question", "term", "pair", "cloze", "rubric")
_MOST = 100  # maximum number of ids offered


def decks(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Complete the name of a deck."""
    return _offer(_read_decks(ctx), incomplete)


def query(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Complete a word of a query: a deck, `deck:…`, `tag:…`, `is:…` or another key. `-` negates it."""
    minus = "-" if incomplete.startswith("-") else ""
    names = _read_decks(ctx)
    values = {
        "deck": names,
        "tag": sorted({tag for (tags,) in _read(ctx, _TAGS) for tag in tags.split()}),
        "is": _STATES,
        "kind": _KINDS,
        "flag": [str(number) for number in range(1, 8)],
        "file": [path for (path,) in _read(ctx, _FILES)],
    }
    words = [*names, *_FIELDS, *(f"{key}:{value}" for key, each in values.items() for value in each)]
    return [minus + word for word in _offer(words, incomplete.removeprefix("-"))]


def card(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Complete the name of a card: an id, or the file and line of a note."""
    files = [path for (path,) in _read(ctx, _FILES)]
    path, colon, _ = incomplete.rpartition(":")
    if colon and path in files:
        return _offer([f"{path}:{line}" for (line,) in _read(ctx, _LINES, path)], incomplete)
    ids = [f"{key}.{slot}" for key, slot in _read(ctx, _IDS, incomplete.partition(".")[0])] if incomplete else []
    return _offer([*ids, *(f"{path}:" for path in files)], incomplete)


def files(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a file."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def backups(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Complete the name of a backup, newest first."""
    from pathlib import Path

    from flashcards.collection import BACKUPS, DATABASE
    from scheduler.backup_files import list_backups

    state = _find_state(ctx)
    found = list_backups(state / BACKUPS, Path(DATABASE).stem) if state else []
    return _offer([str(path) for path in found], incomplete)


_DECKS = "SELECT name FROM decks ORDER BY name"
_TAGS = "SELECT DISTINCT tags FROM notes WHERE tags != ''"
_FILES = "SELECT path FROM files WHERE present = 1 ORDER BY path"
_LINES = "SELECT line FROM notes n JOIN files f ON f.id = n.file WHERE n.active = 1 AND f.path = ? ORDER BY line"
_IDS = (
    "SELECT key, slot FROM cards JOIN notes ON notes.id = cards.note"
    f" WHERE notes.key >= :typed AND notes.key < :typed || char(1114111) AND cards.active = 1 LIMIT {_MOST}"
)


def _offer(words: Iterable[str], incomplete: str) -> list[str]:
    return [word for word in words if word.startswith(incomplete) and word.isprintable()]


def _read_decks(ctx: click.Context) -> list[str]:
    """Return all decks and their parent decks."""
    names = [name for (name,) in _read(ctx, _DECKS)]
    return sorted({above for name in names for above in list_deck_path(name)})


def _find_state(ctx: click.Context) -> Path | None:
    from flashcards.collection import STATE_FOLDER, find_collection
    from flashcards.errors import FlashcardsError

    try:
        return find_collection(ctx.find_root().params.get("folder")) / STATE_FOLDER
    except FlashcardsError:
        return None


def _read(ctx: click.Context, sql: str, typed: str = "") -> list[Any]:
    """Return rows as of the last scan, or an empty list if there is no readable state."""
    import sqlite3
    from contextlib import closing

    from flashcards.collection import DATABASE, TABLE_SETS
    from scheduler import SchedulerError
    from scheduler.database import open_reading

    state = _find_state(ctx)
    try:
        if state is None:
            return []
        with closing(open_reading(state / DATABASE, TABLE_SETS)) as connection:
            values: Any = {"typed": typed} if ":typed" in sql else (typed,) if "?" in sql else ()
            return connection.execute(sql, values).fetchall()
    except (SchedulerError, sqlite3.Error, OSError):
        return []
