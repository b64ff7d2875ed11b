"""Read deck files: from Markdown to notes and cards."""
