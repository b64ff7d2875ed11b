"""Clean HTML written by users, distinguish tags from words in angle brackets, and write texts to type."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

from flashcards.deck.media_references import LINK_SCHEMES, scheme

if TYPE_CHECKING:
    from collections.abc import Mapping

    import nh3


_TAG_NAMES: Final = """
a abbr audio b bdi bdo blockquote br caption center cite code col colgroup dd del details dfn div dl dt em figcaption
figure font h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q rp rt ruby s samp small source span strike strong sub
summary sup table tbody td tfoot th thead tr tt u ul var video wbr
"""
TAGS: Final = frozenset(_TAG_NAMES.split())
ATTRIBUTES: Final = {
    "*": frozenset({"dir", "lang", "title"}),
    "a": frozenset({"href"}),
    "audio": frozenset({"src", "controls"}),
    "code": frozenset({"class"}),
    "col": frozenset({"span"}),
    "colgroup": frozenset({"span"}),
    "details": frozenset({"open"}),
    "font": frozenset({"color"}),
    "img": frozenset({"src", "alt", "width", "height"}),
    "li": frozenset({"value"}),
    "ol": frozenset({"start", "reversed", "type"}),
    "source": frozenset({"src", "type"}),
    "span": frozenset({"class"}),
    "td": frozenset({"align", "colspan", "rowspan"}),
    "th": frozenset({"align", "colspan", "rowspan", "scope"}),
    "video": frozenset({"src", "controls", "width", "height"}),
}
LIST_CLASSES: Final = frozenset({"rubric"})  # the only classes of `ul`

_ANKI_MARKUP: Final = re.compile(r"\[(?=sound:|anki:|/?latex\]|/?\${1,2}\]|\[?type:)", re.IGNORECASE)
_PICTURE: Final = re.compile(r"data:image/[a-z0-9.+-]+;base64,[A-Za-z0-9+/=\s]+", re.IGNORECASE)


def escape_anki_markup(html: str) -> str:
    """Escape text in `html` that Anki would interpret as sound, speech, LaTeX or a field to type into."""
    return _ANKI_MARKUP.sub("&#91;", html) if "[" in html else html


def is_picture(url: str) -> bool:
    """Return whether `url` is an inline picture, which is safe because it runs and fetches nothing."""
    return _PICTURE.fullmatch(url) is not None


def clean(html: str) -> str:
    """Remove comments, and all tags, attributes and URL schemes that are not allowed; balance the rest."""
    return _get_cleaner().clean(html)


@cache
def _get_cleaner() -> nh3.Cleaner:
    import nh3

    return nh3.Cleaner(
        tags=TAGS,
        attributes=ATTRIBUTES,
        allowed_classes={"ul": LIST_CLASSES},
        link_rel=None,
        url_schemes=LINK_SCHEMES | {"data"},
        attribute_filter=_filter_attribute,
    )


def _filter_attribute(tag: str, attribute: str, value: str) -> str | None:
    if attribute in ("src", "href") and scheme(value) == "data" and not (tag == "img" and is_picture(value)):
        return None
    return value


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
# All text up to their end belongs to these.
_SWALLOWING: Final = frozenset(
    {"iframe", "noembed", "noframes", "plaintext", "script", "style", "textarea", "title", "xmp"}
)
_FOREIGN: Final = frozenset(("math", "svg"))  # with their own names inside


class Tags:
    """The tags of one text; there may be other text in between."""

    def __init__(self, html: str) -> None:
        self._opened = {name.lower() for name in _OPENING.findall(html)}
        self._closed = {name.lower() for name in _CLOSING.findall(html)}

    def is_word(self, tag: str) -> bool:
        """Return whether `tag` is a word to show as written: unknown to HTML, or without attributes and partner."""
        match = _TAG.match(tag)
        if not match or not match[2]:
            return not tag.startswith("<!--")
        name = match[2].lower()
        if name not in _HTML:
            return not (self._closed & self._opened & _FOREIGN)
        if match[1]:
            return name not in self._opened
        return name not in self._closed and name not in _OFTEN_OPEN and ("=" not in match[3] or name in _SWALLOWING)


def escape_words(html: str, tags: Tags | None = None) -> str:
    """Escape the words in angle brackets in `html`; `tags` are the tags of the whole text."""
    known = tags or Tags(html)
    return _TAG.sub(lambda match: match[0].replace("<", "&lt;") if known.is_word(match[0]) else match[0], html)


_ANY_TAG: Final = re.compile(r"<[^<>]*>")
_SOUND: Final = re.compile(r"\[sound:[^\]]*\]")
_MATH: Final = re.compile(r"\\\((.*?)\\\)|\\\[(.*?)\\\]", re.DOTALL)
_INLINE: Final = re.compile(
    r"</?(?:a|abbr|b|bdi|bdo|cite|code|del|dfn|em|font|i|ins|kbd|mark|q|s|samp|small|span|strike|strong|sub|sup|u|var|wbr)\b"
)


def make_typed_answer(html: str) -> str:
    """Return the text to type as HTML: one line, formulas as TeX, no media; "" for an answer without words."""
    from html import escape  # imported late, because it loads slowly

    return escape_anki_markup(escape(_write_text(html), quote=False)).replace("{{", "{&#123;")


def list_typed_answers(markdown: str, definitions: str = "", macros: Mapping[str, str] | None = None) -> list[str]:
    """List the texts that are right for an answer in Markdown: with formulas in TeX, and as the terminal shows them.

    `macros` are the bodies of the collection's macros by name.
    """
    from html import escape, unescape

    from flashcards.render.html.renderer import HtmlRenderer
    from flashcards.render.tex import tex_to_text

    def show(formula: re.Match[str]) -> str:
        return escape(tex_to_text(unescape(formula[1] or formula[2] or ""), macros or {}, inline=True))

    html = HtmlRenderer().render(markdown, definitions)
    return [_write_text(html), _write_text(_MATH.sub(show, html))]


def _write_text(html: str) -> str:
    from html import unescape

    text = _SOUND.sub(" ", html)
    text = _MATH.sub(lambda match: match[1] or match[2] or "", text)
    text = _ANY_TAG.sub(lambda tag: "" if _INLINE.match(tag[0]) else " ", text)
    return " ".join(unescape(text).split())
