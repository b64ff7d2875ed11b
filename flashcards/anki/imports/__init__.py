"""Import Anki packages and collections: decks, cards and reviews."""
