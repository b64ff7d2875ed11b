"""Every problem of every file of a collection."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flashcards.deck.math import unbalanced_math
from flashcards.deck.media import references
from flashcards.media import MediaError, resolve
from flashcards.review.keys import DEFAULTS, KeyMap
from flashcards.settings import FILE_NAME, SettingInvalid, front_matter_problems, line_of_key, unknown_decks

if TYPE_CHECKING:
    from flashcards.catalog.store import Entry
    from flashcards.catalog.walk import Unreadable
    from flashcards.collection import Collection


@dataclass(frozen=True, slots=True, order=True)
class FileProblem:
    """A problem and its place; `file` is the path within the collection."""

    file: str
    line: int
    code: str
    message: str
    hint: str


def problems(collection: Collection, unreadable: Iterable[Unreadable] = ()) -> list[FileProblem]:
    """Every problem as of the last scan, and each place that it could not look at, in order of file and line."""
    found = [
        FileProblem(each.path or ".", 1, "unreadable", f"It cannot be read: {each.reason}.", "Mend it or remove it.")
        for each in unreadable
    ]
    found += [
        FileProblem(path, problem.line, problem.code, problem.message, problem.hint)
        for path, problem in collection.catalog.problems()
    ]
    found += _settings(collection)
    found += _decks_of_settings(collection)
    found += _keys(collection)
    found += _duplicates(collection)
    for entry in collection.catalog.entries():
        found += _math(entry)
        found += _media(collection, entry)
    return sorted(found)


def _settings(collection: Collection) -> Iterator[FileProblem]:
    rows = collection.connection.execute("SELECT path, settings FROM files WHERE present = 1 AND settings != '{}'")
    for path, text in rows:
        data = json.loads(text)
        for name, message, hint in front_matter_problems(data["values"]):
            yield FileProblem(path, data["lines"].get(name, 1), "setting", message, hint)


def _decks_of_settings(collection: Collection) -> Iterator[FileProblem]:
    for line, name, nearest in unknown_decks(collection.root, collection.settings, collection.catalog.decks()):
        hint = f"Did you mean `{nearest}`?" if nearest else "Remove its table, or name another deck."
        yield FileProblem(FILE_NAME, line, "setting", f"There is no deck `{name}`.", hint)


def _keys(collection: Collection) -> Iterator[FileProblem]:
    try:
        KeyMap(collection.settings.keys)
    except SettingInvalid as error:
        message = str(error).partition(": ")[2]
        unknown = next((name for name in collection.settings.keys if name not in DEFAULTS), "")
        line = line_of_key(collection.root, unknown)
        yield FileProblem(FILE_NAME, line, "setting", message, "Until then no review begins.")


def _duplicates(collection: Collection) -> Iterator[FileProblem]:
    for places in collection.catalog.duplicates():
        yield from _twice(places, "same-note", "The same note stands at {}.", "Remove one of them.")
    for places in collection.catalog.pins_twice():
        yield from _twice(places, "same-id", "The same id stands at {}.", "Give one of them another id, or none.")


def _twice(places: list[tuple[str, int]], code: str, message: str, hint: str) -> Iterator[FileProblem]:
    for path, line in places:
        others = " and ".join(f"{other}:{at}" for other, at in places if (other, at) != (path, line))
        yield FileProblem(path, line, code, message.format(others), hint)


def _math(entry: Entry) -> Iterator[FileProblem]:
    for text in entry.note.fields:
        if problem := unbalanced_math(text):
            message = f"{problem[:1].upper()}{problem[1:]}."
            yield FileProblem(entry.path, entry.note.line, "unbalanced-math", message, "Close it, or write `\\$`.")


def _media(collection: Collection, entry: Entry) -> Iterable[FileProblem]:
    for reference in references(entry.note):
        try:
            resolve(collection.root, entry.path, reference.url)
        except MediaError as error:
            yield FileProblem(entry.path, entry.note.line, error.code, error.message, error.hint)
