"""Render Markdown as text for the terminal."""
