"""Read HTML that a person or another program wrote, tag by tag."""

from __future__ import annotations

from html.parser import HTMLParser


class TagReader(HTMLParser):
    """A reader of the opening tags in pieces of HTML; a tag may begin in one piece and end in a later one."""

    def __init__(self) -> None:
        super().__init__()
        self._tags: list[tuple[str, dict[str, str]]] = []

    def read(self, html: str) -> list[tuple[str, dict[str, str]]]:
        """Return the name and the attributes of each tag that ends in `html`."""
        self._tags = []
        self.feed(html)
        return self._tags

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep one opening tag."""
        self._tags.append((tag, {name: value or "" for name, value in attrs}))
