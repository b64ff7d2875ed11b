"""HTML as Anki keeps it in a field -> clean Markdown of a deck."""
