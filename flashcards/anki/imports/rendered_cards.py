"""The two sides of a card of a package, rendered: what it asks, and what it adds when it answers."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from typing import Final

from flashcards.anki.imports.templates import UNSEEN, Rendered, SideTemplate, is_empty, is_shown, strip_tags

ANSWER: Final = re.compile(r"<hr\b[^>]*\bid\s*=\s*[\"']?answer[\"']?[^>]*>", re.IGNORECASE)
"""The line above which a back repeats the front."""
EDGES: Final = re.compile(
    r"\A(?:\s|<br\s*/?>|<hr\b[^>]*>|</[a-z]+\s*>)+|(?:\s|<br\s*/?>|<hr\b[^>]*>)+\Z", re.IGNORECASE
)
"""Blanks, line breaks and lines around a side, and what ends before it begins."""
_HIDDEN: Final = re.compile(
    r"""<(div|span|p)\b(?:[^>"']|"[^"]*"|'[^']*')*?\s(?:"""
    r"""style\s*=\s*(?:"[^"]*?|'[^']*?)\bdisplay\s*:\s*none\b[^>]*|"""
    r"""class\s*=\s*(?:"(?:[^"]*\s)?hidden[\s"]|'(?:[^']*\s)?hidden[\s'])[^>]*|"""
    r"""hidden(?=[\s>=])[^>]*"""
    r""")>(.*?)</\1\s*>""",
    re.DOTALL | re.IGNORECASE,
)
_SWITCH: Final = re.compile(r"\s*(?:y|yes|true|on|x|[0-9])?\s*", re.IGNORECASE)
_EMPTY_ELEMENT: Final = re.compile(r"<(div|span|p|table)\b[^>]*>\s*</\1\s*>", re.IGNORECASE)
_LINE: Final = re.compile(r"<hr\b[^>]*>", re.IGNORECASE)
_BLANKS: Final = re.compile(r"(?:\s|&nbsp;)+")

CardSides = tuple[Rendered, Rendered]
"""Question and answer of a card."""


def render_card(front: SideTemplate, back: SideTemplate, values: Mapping[str, str]) -> CardSides:
    """Render what a card asks, and what it adds when it answers.

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
        answer.html = f"{above}<br>{below}" if is_shown(above) and not _same_text(above, question.html) else below
    else:
        answer.html = _drop_question(answer.html, question.html)
    switches = {values.get(name, "").strip() for name in front.conditions}
    question.html = EDGES.sub("", open_hidden(question.html, switches))
    answer.html = EDGES.sub("", answer.html)
    wanted = values.get(question.to_type, "")
    if question.to_type not in answer.shown and not is_empty(wanted):
        # On the back Anki shows what was typed beside what it should have been.
        answer.html = f"<div>{wanted}</div>{answer.html}"
        answer.shown.add(question.to_type)
    return question, answer


def _drop_question(answer: str, question: str) -> str:
    """Return an answer without the question, if it repeats it at its beginning by another field."""
    line = _LINE.search(answer)
    if line and _same_text(answer[: line.start()], question) and is_shown(answer[line.end() :]):
        return answer[line.end() :]
    visible = EDGES.sub("", _EMPTY_ELEMENT.sub("", _HIDDEN.sub("", question)))
    whole = _EMPTY_ELEMENT.sub("", answer).lstrip()
    rest = whole.removeprefix(visible)
    is_repeated = is_shown(visible) and len(rest) < len(whole) and rest.lstrip().startswith("<")
    return rest if is_repeated and is_shown(rest) else answer


def open_hidden(html: str, switches: Container[str] = ()) -> str:
    """Convert hidden elements of a question to ones that can be opened.

    Args:
        html: the question.
        switches: values of fields that conditions of the template look at; hidden, they are for scripts.
    """

    def one(match: re.Match[str]) -> str:
        if f"<{match[1]}" in match[2]:  # it ends later than here
            return match[0]
        is_switch = _SWITCH.fullmatch(match[2]) and match[2].strip() in switches
        if is_switch or not is_shown(match[2]):
            return ""
        return f"<details><summary>…</summary>{match[2]}</details>"

    return _HIDDEN.sub(one, html) if "none" in html or "hidden" in html else html


def is_mirror(all_faces: Mapping[int, CardSides], one: int, other: int) -> bool:
    """Check whether one card asks the other's answer and answers its question."""
    if other not in all_faces:
        return False
    (front, back), (other_front, other_back) = all_faces[one], all_faces[other]
    return (
        _same(front.html, other_back.html)
        and _same(back.html, other_front.html)
        and front.is_typed == other_front.is_typed
    )


def _same_text(above: str, question: str) -> bool:
    """Check whether a back shows above its line what the question shows, whatever its elements."""
    left, right = (UNSEEN.sub("", html) for html in (above, question))
    seen = [re.findall(r"<(?:img|audio|video)\b[^>]*>|\[sound:[^\]]*\]", html) for html in (left, right)]
    return seen[0] == seen[1] and have_same_words(left, right)


def have_same_words(one: str, other: str) -> bool:
    """Check whether two pieces of HTML show the same text, whatever their elements."""
    return _same(strip_tags(one), strip_tags(other))


def _same(one: str, other: str) -> bool:
    return _BLANKS.sub("", one) == _BLANKS.sub("", other)
