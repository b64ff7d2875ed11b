"""Markdown to the HTML of an Anki field."""
