"""The decks as of the last scan. A scan finds the changes and links changed notes to known ones."""
