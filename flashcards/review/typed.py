"""A typed answer against the right one, character by character. Pure."""

from __future__ import annotations

import unicodedata
from enum import StrEnum

_ALIKE = 0.5  # share of common characters below which chance matches would only confuse
_BY_CHARACTER = 250_000  # pairs of characters; longer texts are compared word by word, which takes less time


class PieceKind(StrEnum):
    """What a piece of the difference is."""

    RIGHT = "right"
    WRONG = "wrong"  # typed, but not part of the answer
    MISSING = "missing"  # part of the answer, but not typed


Piece = tuple[str, PieceKind]


def is_same_text(given: str, expected: str) -> bool:
    """Whether the two are the same, apart from blanks and the spelling of accents in Unicode."""
    return _tidy(given) == _tidy(expected)


def find_difference(given: str, expected: str) -> list[Piece]:
    """What was right, wrong and missing, in order of the text.

    The right and the wrong pieces together are what was typed, the right and the missing ones the answer.
    """
    from difflib import SequenceMatcher

    typed, answer = _tidy(given), _tidy(expected)
    by_word = len(typed) * len(answer) > _BY_CHARACTER
    left, right = (_words(typed), _words(answer)) if by_word else (list(typed), list(answer))
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    codes = matcher.get_opcodes() if matcher.ratio() >= _ALIKE else [("replace", 0, len(left), 0, len(right))]
    pieces: list[Piece] = []
    for kind, start, end, other_start, other_end in codes:
        if kind == "equal":
            pieces.append(("".join(left[start:end]), PieceKind.RIGHT))
            continue
        if end > start:
            pieces.append(("".join(left[start:end]), PieceKind.WRONG))
        if other_end > other_start:
            pieces.append(("".join(right[other_start:other_end]), PieceKind.MISSING))
    return pieces


def _tidy(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _words(text: str) -> list[str]:
    """The words of a text, each with the blank before it."""
    return [word if index == 0 else f" {word}" for index, word in enumerate(text.split())]
