"""Exchange with Anki: packages, exports to it, imports from it."""
