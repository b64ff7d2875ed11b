"""A sync server for Anki's apps: the phone reviews and edits offline, and the Markdown stays the source."""
