"""Which `<…>` of a text is HTML, and which is a word of it: `Vec<T>`, `<your name>`, "what does <em> do?"."""

from __future__ import annotations

import re
from typing import Final

from flashcards.render.sanitise import TAGS

_TAG: Final = re.compile(r"<!--.*?(?:-->|\Z)|<(/?)([A-Za-z][^\s/>]*)([^>]*)>|<[!?]", re.DOTALL)
_OPENING: Final = re.compile(r"<([A-Za-z][^\s/>]*)")
_CLOSING: Final = re.compile(r"</([A-Za-z][^\s/>]*)")

_OTHER_NAMES: Final = """
acronym address area article aside base big body button canvas center data datalist dialog dir div embed fieldset footer
form frame frameset head header hgroup html iframe input label legend link main map math menu meta meter nav nobr
noembed noframes noscript object optgroup option output param picture plaintext progress rb rtc script search section
select slot style svg template textarea time title track xmp
"""
_HTML: Final = TAGS | frozenset(_OTHER_NAMES.split())
_OFTEN_OPEN: Final = frozenset(
    {"br", "caption", "col", "colgroup", "dd", "dt", "hr", "img", "li", "p", "rp", "rt", "source", "tbody", "td"}
    | {"tfoot", "th", "thead", "tr", "wbr"}
)
# What follows these is theirs, up to their end.
_SWALLOWING: Final = frozenset(
    {"iframe", "noembed", "noframes", "plaintext", "script", "style", "textarea", "title", "xmp"}
)
_FOREIGN: Final = frozenset(("math", "svg"))  # whose inner names are other ones


class Tags:
    """The tags of one text.

    Args:
        html: all HTML of the text; other text may stand between.
    """

    def __init__(self, html: str) -> None:
        self._opened = {name.lower() for name in _OPENING.findall(html)}
        self._closed = {name.lower() for name in _CLOSING.findall(html)}

    def is_word(self, tag: str) -> bool:
        """Whether `tag` is to be shown as it is written.

        HTML knows no such name; or it is one without attributes that nothing closes, or closes what nothing opened.
        """
        match = _TAG.match(tag)
        if not match or not match[2]:
            return not tag.startswith("<!--")
        name = match[2].lower()
        if name not in _HTML:
            return not (self._closed & self._opened & _FOREIGN)
        if match[1]:
            return name not in self._opened
        return name not in self._closed and name not in _OFTEN_OPEN and ("=" not in match[3] or name in _SWALLOWING)


def words_escaped(html: str, tags: Tags | None = None) -> str:
    """`html` with every tag that is a word of its text escaped; `tags` are those of the whole text."""
    known = tags or Tags(html)
    return _TAG.sub(lambda match: match[0].replace("<", "&lt;") if known.is_word(match[0]) else match[0], html)
