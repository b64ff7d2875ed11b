"""Markdown to what is seen: HTML for Anki, text for the terminal."""
