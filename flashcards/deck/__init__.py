"""Read deck files: from Markdown to notes and cards."""

FORMAT_VERSION = 12
"""Increase this if the same text may now yield other notes: all files are then read again."""
