"""The two sides of a card of a package, rendered: what it asks, and what it adds when it answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from flashcards.importing.templates import Rendered, SideTemplate, plain_text

ANSWER: Final = re.compile(r"<hr\b[^>]*\bid\s*=\s*[\"']?answer[\"']?[^>]*>", re.IGNORECASE)
"""The line above which a back repeats the front."""
EDGES: Final = re.compile(r"\A(?:\s|<br\s*/?>)+|(?:\s|<br\s*/?>)+\Z", re.IGNORECASE)
"""Blanks and line breaks around a side."""
UNSEEN: Final = re.compile(r"<(script|style)\b.*?</\1\s*>|<!--.*?-->", re.DOTALL | re.IGNORECASE)
"""What of HTML is never shown."""

_SEEN: Final = re.compile(r"<(?:img|audio|video|svg|table|iframe)\b|\[sound:", re.IGNORECASE)
_BLANKS: Final = re.compile(r"(?:\s|&nbsp;)+")

Faces = tuple[Rendered, Rendered]
"""Question and answer of a card."""


def faces(front: SideTemplate, back: SideTemplate, values: Mapping[str, str]) -> Faces:
    """What a card asks, and what it adds when it answers.

    Args:
        front: the template of its question.
        back: that of its answer, without what repeats the front.
        values: the fields of the note.
    """
    question = front.render(values, back=False)
    answer = back.render(values, back=True)
    divider = ANSWER.search(answer.html)
    if divider:
        above, below = answer.html[: divider.start()], answer.html[divider.end() :]
        answer.html = f"{above}<br>{below}" if is_shown(above) else below
    question.html, answer.html = EDGES.sub("", question.html), EDGES.sub("", answer.html)
    return question, answer


def is_shown(html: str) -> bool:
    """Whether anything is to be seen or heard."""
    html = UNSEEN.sub("", html)
    return bool(_SEEN.search(html)) or bool(plain_text(html).replace("\xa0", " ").strip())


def mirrors(all_faces: Mapping[int, Faces], one: int, other: int) -> bool:
    """Whether one card asks the other's answer and answers its question."""
    if other not in all_faces:
        return False
    (front, back), (other_front, other_back) = all_faces[one], all_faces[other]
    return (
        _same(front.html, other_back.html) and _same(back.html, other_front.html) and front.typed == other_front.typed
    )


def _same(one: str, other: str) -> bool:
    return _BLANKS.sub("", one) == _BLANKS.sub("", other)
