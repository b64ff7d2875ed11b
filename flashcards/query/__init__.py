"""Anki's search language over the cards of a collection."""

from flashcards.query.find import find_card_ids
from flashcards.query.parser import QueryInvalid

__all__ = ["QueryInvalid", "find_card_ids"]
