"""Spaced repetition for people who keep their knowledge as Markdown."""

__version__ = "0.1.0"
