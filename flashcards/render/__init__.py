"""Render Markdown: as HTML for Anki, as text for the terminal."""
