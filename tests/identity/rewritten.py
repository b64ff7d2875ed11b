"""Pairs of notes written by hand: the same card in other words, and another card of the same making.

A file holds blocks between lines of `====`, each two notes with `=>` between them.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from flashcards.deck.model import Note
from flashcards.deck.parse import parse
from tests.identity.material import Item
from tests.identity.trials import Files, Trial

Pair = tuple[Note, Note]

FOLDER = Path(__file__).parent / "rewritten"


def pairs(name: str) -> list[Pair]:
    """The pairs of `same` or of `different`."""
    found = []
    for block in (FOLDER / f"{name}.txt").read_text(encoding="utf-8").split("====\n"):
        (before,), (after,) = (parse(text, "x.md").notes for text in block.split("=>\n"))
        found.append((before, after))
    return found


def _item(note: Note, number: int) -> Item:
    return Item(frozenset({number}), note.kind, note.fields, (), len(note.slots) == 2)


def all_at_once(found: Sequence[Pair], *, reordered: bool = False) -> Trial:
    """Every note of a file changed in one go."""
    before = [_item(old, number) for number, (old, _) in enumerate(found)]
    after = [_item(new, number) for number, (_, new) in enumerate(found)]
    if reordered:
        after = random.Random(1).sample(after, len(after))
    return Trial({"deck": before}, {"deck": after})


def one_by_one(found: Sequence[Pair], *, moved: bool = False) -> list[Trial]:
    """For each pair a file in which that one alone changed, where it stood or on its way to another file."""
    before = [_item(old, number) for number, (old, _) in enumerate(found)]
    trials = []
    for number, (_, new) in enumerate(found):
        after: Files = {"deck": [item for item in before if item.truth != {number}], "inbox": [_item(new, number)]}
        if not moved:
            after = {"deck": [_item(new, number) if item.truth == {number} else item for item in before]}
        trials.append(Trial({"deck": before}, after))
    return trials
