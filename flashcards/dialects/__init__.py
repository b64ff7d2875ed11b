"""Dialects: the note syntaxes of other tools, each read into the notes of the native format."""

NATIVE = "native"

NAMES = (
    *(NATIVE, "obsidian", "headings", "inka", "obsidian-to-anki"),
    *("flashcards-obsidian", "flashcards-obsidian-v2", "mdsr"),
)
"""The formats that a file can be read in, as `format:` and `flashcards.toml` name them."""
