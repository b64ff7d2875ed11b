"""Mark the elements of templates that the style sheet of a note type always hides."""

from __future__ import annotations

import re
from collections.abc import Set
from typing import Final

from flashcards.anki.package.model import Template

_COMMENT: Final = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_SELECTOR: Final = re.compile(r"(?:\.card\s+)?(?:div|span|p)?([.#][\w-]+)")
_DISPLAY: Final = re.compile(r"(?<![\w-])(?:display|visibility)\s*:\s*(none|hidden)?", re.IGNORECASE)
_TAG: Final = re.compile(r"""<(div|span|p)\b((?:[^<>"']|"[^"<>]*"|'[^'<>]*')*+)>""", re.IGNORECASE)
_NAME: Final = re.compile(r"""\s(class|id)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)


def mark_hidden(template: Template, css: str) -> Template:
    """Return a template whose elements have the attribute `hidden` if the style sheet hides them."""
    hidden = find_hidden_names(css)
    if not hidden:
        return template
    return template._replace(front=_mark(template.front, hidden), back=_mark(template.back, hidden))


def find_hidden_names(css: str) -> set[str]:
    """Find the classes and ids that are always hidden, such as `.solution` and `#hint`.

    The last rule of each counts. Rules for some screens or inside other elements may not apply, so they are ignored.
    """
    if not re.search("none|hidden", css, re.IGNORECASE):
        return set()
    hidden: dict[str, bool] = {}
    is_nested = False
    for rule in _COMMENT.sub("", css).split("}"):
        selectors, *bodies = rule.split("{")
        is_nested = len(bodies) > 1 or (is_nested and len(bodies) == 1)
        displays = _DISPLAY.findall(bodies[0]) if bodies and not is_nested else []
        for selector in selectors.rpartition(";")[2].split(",") if displays else ():
            if name := _SELECTOR.fullmatch(selector.strip()):
                hidden[name[1]] = any(displays)
    return {name for name, is_hidden in hidden.items() if is_hidden}


def _mark(html: str, hidden: Set[str]) -> str:
    def mark_tag(tag: re.Match[str]) -> str:
        names: set[str] = set()
        for kind, *values in _NAME.findall(tag[2]):
            sign = "." if kind.lower() == "class" else "#"
            names |= {f"{sign}{name}" for name in "".join(values).split()}
        return f"<{tag[1]} hidden{tag[2]}>" if hidden & names else tag[0]

    return _TAG.sub(mark_tag, html)
