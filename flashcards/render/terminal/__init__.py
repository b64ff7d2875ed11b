"""Markdown to text in the terminal."""
