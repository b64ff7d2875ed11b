"""The HTML of Anki's fields, converted to the Markdown of a deck."""
