"""Write a field as plain text, with all punctuation as entities: ugly, and always right."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from flashcards.anki.to_markdown.elements import encode_url
from flashcards.anki.to_markdown.escape import escape_everything
from flashcards.anki.to_markdown.placeholders import PLACEHOLDER, CutField, cut_out_media
from flashcards.anki.to_markdown.tree import UNSEEN, Element, get_text, parse_html

if TYPE_CHECKING:
    from flashcards.anki.to_markdown.elements import Media

_LINES: Final = frozenset({"div", "p", "li", "tr", "td", "th", "dt", "dd", "pre", "blockquote", "summary"})
_TOKEN: Final = re.compile(r"\\.|(?P<open>\{\{c[0-9]+(?:,[0-9]+)*::)|(?P<close>\}\})|(?P<hint>::)|[{}]", re.DOTALL)


def write_plain(tree: Element, cut: CutField, media: Media) -> str:
    """Write the text of a field with its gaps, formulas, pictures and sounds."""

    def one(match: re.Match[str]) -> str:
        found = cut.placeholders[int(match[1])]
        if found.kind == "sound":
            return f"![]({encode_url(media(found.value))})"
        if found.kind in ("inline", "display"):
            return f"\\({found.value}\\)" if found.kind == "inline" else f"\\[{found.value}\\]"
        return found.value

    lines = []
    for line in _write_text(tree, cut, media).split("\n"):
        out, at = [], 0
        for sign in PLACEHOLDER.finditer(line):
            out += [escape_everything(line[at : sign.start()]), one(sign)]
            at = sign.end()
        out.append(escape_everything(line[at:]))
        lines.append(" ".join("".join(out).split(" ")).strip())
    return "\\\n".join(line for line in lines if line)


def flatten_markdown(markdown: str, *, cloze: bool) -> str:
    """Reduce Markdown to the text that it shows, and to the gaps of a `cloze`."""
    from flashcards.render.html.renderer import HtmlRenderer

    cut = CutField("")
    source = _cut_out_gaps(markdown, cut) if cloze else markdown
    cut.html = HtmlRenderer({}, lambda name: name).render(source)
    cut_out_media(cut)
    return write_plain(parse_html(cut.html), cut, lambda name: name)


def _cut_out_gaps(markdown: str, cut: CutField) -> str:
    """Replace the delimiters of all gaps by placeholders."""
    found: list[tuple[int, int, str]] = []
    gaps: list[
        tuple[list[tuple[int, int, str]], int]
    ] = []  # for each open gap: its delimiters, the depth of plain braces
    at = 0
    while token := _TOKEN.search(markdown, at):
        at = token.end()
        what, sign = token.lastgroup or "", (token.start(), token.end(), token.lastgroup or "")
        if what == "open":
            gaps.append(([sign], 0))
        elif gaps:
            signs, depth = gaps[-1]
            if what == "hint" and len(signs) == 1 and not depth:
                signs.append(sign)
            elif what == "close" and not depth:
                found += [*signs, sign]
                gaps.pop()
            elif token[0][0] in "{}":
                gaps[-1] = (signs, depth + (1 if token[0] == "{" else -1 if depth else 0))
                at = token.start() + 1
    out, at = [], 0
    for start, end, what in sorted(found):
        out += [markdown[at:start], cut.add(what, markdown[start:end], markdown[start:end])]
        at = end
    return "".join((*out, markdown[at:]))


def _write_text(node: Element | str, cut: CutField, media: Media) -> str:
    if isinstance(node, str):
        return node
    if node.tag == "img" and node.attributes.get("src"):
        return cut.add("sound", node.attributes["src"], "")
    if not node.children or node.tag in UNSEEN:
        return get_text(node)
    inner = "".join(_write_text(child, cut, media) for child in node.children)
    return f"\n{inner}\n" if node.tag in _LINES else inner
