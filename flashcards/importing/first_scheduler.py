"""What Anki's first scheduler (until 2.1 "schedVer" 1) wrote otherwise than those that came after it.

It had three buttons while a card goes through steps, and none for Hard: 2 was Good and 3 Easy. A card that was
forgotten kept the type of a review card. Anki's core turns the one into the other as it imports a package.
"""

from __future__ import annotations

from typing import Final

from flashcards.importing.history import LEARNING, RELEARNING
from flashcards.importing.model import AnkiCard, LogRow, Package

_STEPS: Final = (LEARNING, RELEARNING)
_BUTTONS: Final = 3
_REVIEW_CARD, _RELEARNING_CARD = 2, 3  # types of cards
_QUEUES_OF_STEPS: Final = (1, 3)


def convert(package: Package) -> None:
    """Say what cards and log of a package are in the words of the later schedulers.

    A log in which steps have a fourth button was never written by the first one, whatever the package says.
    """
    if any(row.ease > _BUTTONS and row.type in _STEPS for rows in package.log.values() for row in rows):
        return
    for card, rows in package.log.items():
        package.log[card] = [_row(row) for row in rows]
    for note, cards in package.cards.items():
        package.cards[note] = [_card(card) for card in cards]


def _row(row: LogRow) -> LogRow:
    return row._replace(ease=row.ease + 1) if row.type in _STEPS and row.ease in (2, 3) else row


def _card(card: AnkiCard) -> AnkiCard:
    if card.type == _REVIEW_CARD and card.queue in _QUEUES_OF_STEPS:
        return card._replace(type=_RELEARNING_CARD)
    return card
