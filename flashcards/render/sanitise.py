"""What HTML may leave for Anki, and the cleaning of HTML that a person wrote."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

from flashcards.deck.media_kinds import scheme

if TYPE_CHECKING:
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
    "ol": frozenset({"start", "reversed", "type"}),
    "source": frozenset({"src", "type"}),
    "span": frozenset({"class"}),
    "td": frozenset({"align", "colspan", "rowspan"}),
    "th": frozenset({"align", "colspan", "rowspan", "scope"}),
    "video": frozenset({"src", "controls", "width", "height"}),
}
LIST_CLASSES: Final = frozenset({"rubric"})  # the only classes of `ul`
LINK_SCHEMES: Final = frozenset({"http", "https", "mailto"})

_PICTURE: Final = re.compile(r"data:image/[a-z0-9.+-]+;base64,[A-Za-z0-9+/=\s]+", re.IGNORECASE)


def is_picture(url: str) -> bool:
    """Whether `url` is itself a picture, which an `img` may show: nothing in one is run or fetched."""
    return _PICTURE.fullmatch(url) is not None


def clean(html: str) -> str:
    """`html` with every tag, attribute and URL scheme outside the lists above removed, comments too, and balanced."""
    return _cleaner().clean(html)


@cache
def _cleaner() -> nh3.Cleaner:
    import nh3

    return nh3.Cleaner(
        tags=TAGS,
        attributes=ATTRIBUTES,
        allowed_classes={"ul": LIST_CLASSES},
        link_rel=None,
        url_schemes=LINK_SCHEMES | {"data"},
        attribute_filter=_allowed,
    )


def _allowed(tag: str, attribute: str, value: str) -> str | None:
    if attribute in ("src", "href") and scheme(value) == "data" and not (tag == "img" and is_picture(value)):
        return None
    return value
