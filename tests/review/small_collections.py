"""Small real collections, and a clock that tests set."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flashcards.collection import Collection
from scheduler import Rating

DECK = """---
deck: Neuro::Synapses
tags: [exam]
---
# Synapses

Q: What do vesicles store?
A: Neurotransmitters

T: agonist
D: A ligand that activates a receptor.

C: Speech is produced in [Broca's] area.
"""


@contextmanager
def collection_in(folder: Path, **files: str) -> Iterator[Collection]:
    """A collection of these files (name without ending -> text), read."""
    write(folder, **files)
    with Collection(folder) as collection:
        collection.scan()
        yield collection


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def questions(count: int, word: str = "Question") -> str:
    return "".join(f"Q: {word} {number}?\nA: Answer {number}.\n\n" for number in range(1, count + 1))


def ratings(folder: Path) -> list[Rating | None]:
    """All ratings in the database, oldest first."""
    with Collection(folder) as collection:
        cards = [row[0] for row in collection.connection.execute("SELECT id FROM cards")]
        log = sorted(review for card in cards for review in collection.store.log(card))
        return [review.rating for review in log]
