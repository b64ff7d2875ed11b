"""What of the notes of a package has no place here, counted by note type."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Set
from typing import Final

from flashcards.importing.model import NoteType
from flashcards.importing.report import Remark
from flashcards.importing.visible import is_empty, plain_text
from flashcards.words import plural

_SWITCH: Final = re.compile(r"\s*\S{0,8}\s*")


class NotShown:
    """Counts what is left out, and says it."""

    def __init__(self) -> None:
        self._fields: dict[str, Counter[str]] = defaultdict(Counter)
        self._cards: dict[str, Counter[str]] = defaultdict(Counter)

    def count_fields(self, kind: NoteType, values: Mapping[str, str], shown: Set[str], asked: Set[str]) -> None:
        """Count the fields that no card of a note shows.

        Args:
            kind: its note type.
            values: its fields.
            shown: the names of those that its cards show.
            asked: the names of those that conditions look at, where a short word is a switch and no text.
        """
        for name, value in values.items():
            if name in shown or is_empty(value):
                continue
            if name in asked and "<" not in value and _SWITCH.fullmatch(plain_text(value)):
                continue
            self._fields[kind.name][name] += 1

    def count_cards(self, kind: NoteType, cards: int, reviews: int, *, all_of_note: bool) -> None:
        """Count cards of a note that no template of its type makes, with their reviews."""
        self._cards[kind.name].update(cards=cards, reviews=reviews, notes=int(all_of_note))

    def remarks(self) -> Iterator[Remark]:
        """What a person should know of it."""
        for kind, fields in self._fields.items():
            for name, count in fields.items():
                notes = "1 note that fills it in" if count == 1 else f"{count:,} notes that fill it in"
                yield Remark(kind, f"The field `{name}` is shown on no card of {notes}, and is left out there.")
        for kind, counts in self._cards.items():
            message = (
                f"{plural(counts['cards'], 'card')} of no template left out, with {plural(counts['reviews'], 'review')}"
            )
            if counts["notes"]:
                message += f"; {plural(counts['notes'], 'note')} without any other card left out"
            yield Remark(kind, f"{message}.")
