"""A reader that holds HTML against the list of what may leave."""

from __future__ import annotations

from html.parser import HTMLParser

from flashcards.deck.media_references import LINK_SCHEMES, scheme
from flashcards.render.html.tags import ATTRIBUTES, LIST_CLASSES, TAGS, is_picture

VOID = frozenset({"br", "col", "hr", "img", "source", "wbr"})


class AllowedHtml(HTMLParser):
    """Collects what is wrong with a piece of HTML: tags, attributes and URLs not allowed, elements left open."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.wrong: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()
        self.wrong += [f"<{tag}> left open" for tag in self.open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            self.wrong.append(f"<{tag}>")
        allowed = ATTRIBUTES.get(tag, frozenset()) | ATTRIBUTES["*"]
        for name, value in attrs:
            if name == "class" and tag == "ul" and value in LIST_CLASSES:
                continue
            if name not in allowed:
                self.wrong.append(f"<{tag} {name}={value!r}>")
            if tag == "img" and name == "src" and is_picture(value or ""):
                continue
            if name in ("href", "src") and scheme(value or "") not in LINK_SCHEMES | {"", "//"}:
                self.wrong.append(f"<{tag} {name}={value!r}>")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}> out of place")

    def handle_comment(self, data: str) -> None:
        self.wrong.append(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self.wrong.append(f"<!{decl}>")

    def handle_pi(self, data: str) -> None:
        self.wrong.append(f"<?{data}>")

    def unknown_decl(self, data: str) -> None:
        self.wrong.append(f"<![{data}]>")
