"""Decks to edit: those of this project, those of others where they are at hand, and those written for the purpose."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flashcards.deck.model import REVERSE, Kind, Note
from flashcards.deck.parse import parse

ROOT = Path(__file__).parents[2]
OWN = Path(__file__).parent / "decks"
SHIPPED = ROOT / "decks"
REAL = ROOT / "../shared/real"

HELD_OUT = frozenset({"biology", "history", "battles", "japanese-and-others"})
"""Decks that were not looked at when the thresholds were chosen."""


@dataclass(frozen=True, slots=True)
class Item:
    """A note as the yardstick edits it. `truth` holds the notes it was made from: one, none, or several when merged."""

    truth: frozenset[int]
    kind: Kind
    fields: tuple[str, ...]
    headings: tuple[str, ...] = ()
    both_ways: bool = False

    def markdown(self) -> str:
        if self.kind is Kind.CLOZE:
            return f"C: {self.fields[0]}\n"
        front, back = self.fields
        if self.kind is Kind.PAIR:
            return f"{front} {':::' if self.both_ways else '::'} {back}\n"
        first, second = ("Q", "A") if self.kind is Kind.QUESTION else ("T", "D")
        return f"{first}:{_side(front)}\n\n{second}:{_side(back)}\n"


def _side(markdown: str) -> str:
    return f"\n\n{markdown}" if "\n" in markdown else f" {markdown}"


@dataclass(frozen=True, slots=True)
class Material:
    """A deck: its name and its notes."""

    name: str
    items: tuple[Item, ...]


def text(items: list[Item]) -> str:
    """A deck file that holds these notes."""
    parts: list[str] = []
    headings: tuple[str, ...] = ()
    for item in items:
        if item.headings != headings:
            parts += [f"{'#' * level} {heading}\n\n" for level, heading in enumerate(item.headings, start=1)]
            headings = item.headings
        parts.append(f"{item.markdown()}\n---\n\n")
    return "".join(parts)


def readable(item: Item) -> bool:
    """Whether the note, written down before another one, is read as it is."""
    notes = parse(f"{item.markdown()}\n---\n\nQ: next\nA: next\n", "x.md").notes
    return len(notes) == 2 and notes[0].kind is item.kind and notes[0].fields == item.fields


def load(folder: Path) -> list[Material]:
    """The decks of a folder, in order of their paths; notes that cannot be written down alone are left out."""
    found: list[Material] = []
    for path in sorted(folder.rglob("*.md")):
        if ".flashcards" in path.parts:
            continue
        notes = parse(path.read_text(encoding="utf-8"), path.name).notes
        items = tuple(item for note in notes if readable(item := _item(note)))
        if items:
            found.append(Material(f"{folder.name}/{path.stem}", items))
    return found


def _item(note: Note) -> Item:
    headings = tuple(heading for heading in note.breadcrumb if heading.isprintable())
    return Item(frozenset(), note.kind, note.fields, headings, note.kind is Kind.PAIR and REVERSE in note.slots)


def numbered(decks: list[Material]) -> list[Material]:
    """The same decks with every note numbered."""
    number = 0
    found = []
    for deck in decks:
        items = []
        for item in deck.items:
            items.append(Item(frozenset({number}), item.kind, item.fields, item.headings, item.both_ways))
            number += 1
        found.append(Material(deck.name, tuple(items)))
    return found


def everything() -> list[Material]:
    """Every deck at hand, numbered."""
    decks = load(OWN) + load(SHIPPED)
    if REAL.is_dir():
        decks += load(REAL)
    return numbered(decks)
