"""What of a piece of HTML is to be seen or heard."""

from __future__ import annotations

import re
from html import unescape
from typing import Final

UNSEEN: Final = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|\Z)|<!--.*?(?:-->|\Z)", re.DOTALL | re.IGNORECASE)
"""What of HTML is never shown; what is left open goes on to the end."""
SEEN: Final = re.compile(r"<(?:img|audio|video|svg|table|iframe)\b|\[sound:", re.IGNORECASE)
"""What of HTML is seen or heard and no text."""

_TAG: Final = re.compile(r"<[^<>]*>")
_EMPTY: Final = re.compile(r"(?:\s|&nbsp;|</?(?:br|div)\s*/?>)*", re.IGNORECASE)


def is_empty(value: str) -> bool:
    """Whether Anki takes a field for empty."""
    return _EMPTY.fullmatch(value) is not None


def plain_text(html: str) -> str:
    """HTML without its tags."""
    return unescape(_TAG.sub("", html))


def is_shown(html: str) -> bool:
    """Whether anything is to be seen or heard."""
    html = UNSEEN.sub("", html)
    return bool(SEEN.search(html)) or bool(plain_text(html).replace("\xa0", " ").strip())
