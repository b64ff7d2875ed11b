"""Store the decks as of the last scan. A scan finds what changed and links changed notes to known ones."""
