"""Other sources of notes, cards and reviews, and what every importer shares."""
