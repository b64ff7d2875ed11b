"""Anki's search language over the cards of a collection."""

from flashcards.query.find import QueryInvalid, find_card_ids

__all__ = ["QueryInvalid", "find_card_ids"]
