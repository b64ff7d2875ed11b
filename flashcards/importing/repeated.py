"""What a back adds to the front that its template repeats."""

from __future__ import annotations

from collections.abc import Sequence

from flashcards.importing.template_parts import Field, Part, Section, asks_to_type
from flashcards.importing.visible import SEEN, UNSEEN, is_shown, plain_text


def after(parts: Sequence[Part], front: Sequence[Part]) -> list[Part] | None:
    """What follows the parts of a front, whatever elements they stand in; None where they are not all there."""
    if any(map(asks_to_type, front)):
        return None
    left = list(parts)
    wanted = [part for part in front if _is_seen(part)]
    for number, expected in enumerate(wanted, start=1):
        while left and not _is_seen(left[0]):
            left.pop(0)
        if not left:
            return None
        found = left.pop(0)
        if not _is_same(found, expected):
            tail = _tail(found, expected) if number == len(wanted) else None
            if tail is None:
                return None
            left.insert(0, tail)
    return left if wanted else None


def _is_seen(part: Part) -> bool:
    """Whether a part of a side is more than tags; `{{FrontSide}}` is not, since it only repeats."""
    return is_shown(part) if isinstance(part, str) else part != Field("FrontSide", ())


def _is_same(one: Part, other: Part) -> bool:
    """Whether two parts show the same."""
    if isinstance(one, str) and isinstance(other, str):
        return one == other or (_words(one) == _words(other) and not SEEN.search(one + other))
    if isinstance(one, Section) and isinstance(other, Section):
        left, right = ([part for part in each.parts if _is_seen(part)] for each in (one, other))
        alike = (one.name, one.inverted, len(left)) == (other.name, other.inverted, len(right))
        return alike and all(map(_is_same, left, right))
    return one == other


def _words(html: str) -> str:
    return " ".join(plain_text(UNSEEN.sub("", html)).split())


def _tail(found: Part, expected: Part) -> str | None:
    """What follows the text that a front ends with, where it does not go on within a word."""
    if not isinstance(found, str) or not isinstance(expected, str):
        return None
    text, begin = found.lstrip(), expected.strip()
    if not text.startswith(begin):
        return None
    tail = text[len(begin) :]
    return tail if begin.endswith(">") or tail.startswith("<") or tail[:1].isspace() else None
