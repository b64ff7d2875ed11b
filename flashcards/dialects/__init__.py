"""Dialects: the note syntaxes of other tools, each parsed into native notes."""

NATIVE = "native"

NAMES = (
    *(NATIVE, "obsidian", "headings", "inka", "obsidian-to-anki"),
    *("flashcards-obsidian", "flashcards-obsidian-v2", "mdsr"),
)
"""The names of the formats in `format:` and `flashcards.toml`."""
