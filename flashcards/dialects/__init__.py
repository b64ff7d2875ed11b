"""Dialects: the note syntaxes of other tools, each read into the notes of the native format."""

NATIVE = "native"

NAMES = (NATIVE, "obsidian")
"""The formats that a file can be read in, as `format:` and `flashcards.toml` name them."""
