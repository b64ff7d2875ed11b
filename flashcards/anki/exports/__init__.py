"""Export a collection to files for Anki and other programs."""
