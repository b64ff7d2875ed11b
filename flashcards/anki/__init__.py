"""Everything that is Anki's: packages, exports to it, imports from it."""
