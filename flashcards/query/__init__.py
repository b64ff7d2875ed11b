"""Search cards with Anki's search language."""

from flashcards.query.find import QueryInvalid, find_card_ids

__all__ = ["QueryInvalid", "find_card_ids"]
