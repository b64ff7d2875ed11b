"""What the decks said at the last scan; a scan finds what changed and links it with what was there."""
