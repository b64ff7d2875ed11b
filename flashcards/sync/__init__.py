"""A sync server for Anki's apps. Phones review and edit offline, and the Markdown remains the source."""
