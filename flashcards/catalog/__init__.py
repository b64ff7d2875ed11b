"""What the decks said at the last scan, what changed since, and which note is which."""
