"""From an Anki package or collection to decks, cards and reviews here."""
