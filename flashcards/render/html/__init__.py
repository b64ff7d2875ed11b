"""Render Markdown as the HTML of an Anki field."""
