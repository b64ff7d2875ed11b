"""Search cards with Anki's search language."""

from flashcards.query.find import QueryInvalid, describe_no_match, find_card_ids

__all__ = ["QueryInvalid", "describe_no_match", "find_card_ids"]
