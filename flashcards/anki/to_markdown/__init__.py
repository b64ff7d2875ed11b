"""Convert the HTML of Anki's fields to the Markdown of a deck."""
