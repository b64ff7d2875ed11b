"""Read deck files: from Markdown to notes and cards. Imports only `errors` from the rest of the project."""
