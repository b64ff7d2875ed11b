"""Read deck files: from Markdown to notes and cards."""

FORMAT_VERSION = 11
"""Increase this if the same text may now yield other notes: all files are then read again."""
