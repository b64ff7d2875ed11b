"""Anki's search language over the cards of a collection."""

from flashcards.query.find import card_ids
from flashcards.query.parser import QueryInvalid

__all__ = ["QueryInvalid", "card_ids"]
