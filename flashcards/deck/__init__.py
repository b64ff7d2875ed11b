"""Markdown -> decks, notes and cards. Imports nothing of ours but errors."""
