"""Read a file in the dialect chosen for it or named in its front matter."""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING, Final

from flashcards.deck import front_matter
from flashcards.deck.model import Deck, Problem
from flashcards.deck.parse import parse
from flashcards.deck.source import normalize
from flashcards.dialects import NAMES, NATIVE

if TYPE_CHECKING:
    from flashcards.dialects.choose import Choice

# The module and function for each format, imported when a file needs it.
_READERS: Final = {
    "headings": ("headings_inka_mdsr", "read_headings"),
    "inka": ("headings_inka_mdsr", "read_inka"),
    "mdsr": ("headings_inka_mdsr", "read_mdsr"),
    "obsidian-to-anki": ("obsidian_to_anki", "read_obsidian_to_anki"),
    "flashcards-obsidian": ("flashcards_obsidian", "read_flashcards_obsidian"),
    "flashcards-obsidian-v2": ("flashcards_obsidian", "read_flashcards_obsidian_v2"),
}
_FORMAT: Final = re.compile(r"format[\"']?[ \t]*[:=]")  # begins with a literal, because that is found fast


def read_deck(text: str, path: str, choice: Choice) -> tuple[Deck, str]:
    """Read a file; return its contents and the name of its dialect."""
    named, line = _named_format(text)
    if named is None:
        return _read(text, path, choice.name, choice, is_named=False), choice.name
    if named in NAMES:
        return _read(text, path, named, choice, is_named=True), named
    deck = _read(text, path, choice.name, choice, is_named=False)
    known = ", ".join(f"`{name}`" for name in NAMES)
    problem = Problem(line, "setting", f'The format "{named}" is not known.', f"Known are {known}.")
    return deck._replace(problems=(problem, *deck.problems)), choice.name


def find_rest(text: str, name: str, choice: Choice) -> list[str]:
    """Return the lines of a file without its notes, if notes of the dialect `name` can be parts of lines."""
    if name != "obsidian-to-anki":
        return []
    from flashcards.dialects.obsidian_to_anki import cut_notes

    return cut_notes(text, choice.find_settings(name).values)


def _named_format(text: str) -> tuple[str | None, int]:
    """Return the format named in the front matter, and its line."""
    if not text.startswith(("---", "\ufeff---")) or not _FORMAT.search(text):
        return None, 0
    head = front_matter.read_front_matter(normalize(text), is_native=False)
    value = head.values.get("format")
    return (None, 0) if value is None else (str(value).strip(), head.lines.get("format", 1))


def _read(text: str, path: str, name: str, choice: Choice, *, is_named: bool) -> Deck:
    """Read a file in the dialect `name`."""
    if name == NATIVE:
        return parse(text, path)
    if name in _READERS:
        module, function = _READERS[name]
        found = choice.find_settings(name)
        own = () if module == "headings_inka_mdsr" else (found.values, found.folder)
        deck: Deck = getattr(import_module(f"flashcards.dialects.{module}"), function)(text, path, *own)
        return deck
    from flashcards.dialects.obsidian import read_obsidian
    from flashcards.dialects.obsidian_data import ObsidianSettings

    vault = choice.vault
    return read_obsidian(
        text,
        vault.path_of(path) if vault else path,
        vault.settings if vault else ObsidianSettings(),
        only_tagged=not is_named,
        stored=vault.stored if vault else {},
    )
