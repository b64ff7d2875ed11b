"""Dialects: the note syntaxes of other tools, each read into the notes of the native format."""
