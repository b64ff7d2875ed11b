"""What an Anki package holds, read and written side by side."""
