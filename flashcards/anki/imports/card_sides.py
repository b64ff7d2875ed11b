"""Render the two sides of a package's card: the question, and what the answer adds to it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Container, Mapping
from typing import TYPE_CHECKING, Final

from flashcards.anki.imports.templates import UNSEEN, Rendered, SideTemplate, is_empty, is_shown, strip_tags
from flashcards.anki.package.style_sheet import HIDEABLE

if TYPE_CHECKING:
    from flashcards.anki.package.decoding import RenderBudget

_LINE: Final = re.compile(r"<hr\b[^<>]*>", re.IGNORECASE)
_IS_ANSWER: Final = re.compile(r"\bid\s*=\s*[\"']?answer\b", re.IGNORECASE)
_START: Final = re.compile(r"(?:\s|<br\s*/?>|<hr\b[^<>]*>|</[a-z]+\s*>)*+", re.IGNORECASE)
_END: Final = re.compile(r"(?:\s|<br\s*/?>|<hr\b[^<>]*>)++", re.IGNORECASE)
_ELEMENT: Final = re.compile(rf"""<(/?)({HIDEABLE})\b((?:[^<>"']|"[^"<>]*"|'[^'<>]*')*+)>""", re.IGNORECASE)
_BUTTON: Final = "\ue005"  # around the text of a button
_LABEL: Final = re.compile(f"{_BUTTON}([^{_BUTTON}]*){_BUTTON}")
_LABELLED: Final = re.compile(
    r"(?:<(?P<tag>a|button)\b(?=[^<>]*+>)(?=[^<>]*?\bonclick\b)[^<>]*+>(?P<text>[^<>]{1,80})</(?P=tag)\s*>\s*)++"
    r"""(?:<(?P<element>(?:div|span|p)\b(?P<more>(?:[^<>"']|"[^"<>]*"|'[^'<>]*')*+))>)?+""",
    re.IGNORECASE,
)
_HIDES: Final = re.compile(
    r"""(?:[^"']|"[^"]*"|'[^']*')*?\s(?:"""
    r"""style\s*=\s*(?:"[^"]*?|'[^']*?)(?<![\w-])(?:display\s*:\s*none|visibility\s*:\s*hidden)\b|"""
    r"""class\s*=\s*(?:"(?:[^"]*\s)?hidden[\s"]|'(?:[^']*\s)?hidden[\s'])|hidden(?=[\s=]|\Z))""",
    re.IGNORECASE,
)
_COMPARED: Final = 20_000  # characters of a side that each hidden text is looked for in
_SWITCH: Final = re.compile(r"(?:y|yes|true|on|x|[0-9])?", re.IGNORECASE)
_CARD: Final = re.compile(r"\s*c[0-9]+\s*")
_EMPTY_ELEMENT: Final = re.compile(r"<(div|span|p|table)\b[^<>]*>\s*</\1\s*>", re.IGNORECASE)
_MEDIA: Final = re.compile(r"<(?:img|audio|video)\b[^<>]*>|\[sound:[^\]]{0,1000}\]")
_SPACES: Final = re.compile(r"(?:\s|&nbsp;)+")

CardSides = tuple[Rendered, Rendered]
"""Question and answer of a card."""


def render_card(front: SideTemplate, back: SideTemplate, values: Mapping[str, str], budget: RenderBudget) -> CardSides:
    """Render the question of a card and what its answer adds; `back` is without the repeated front."""
    question = front.render(values, back=False, budget=budget)
    answer = back.render(values, back=True, budget=budget)
    divider = next((line for line in _LINE.finditer(answer.html) if _IS_ANSWER.search(line[0])), None)
    if divider:
        above, below = answer.html[: divider.start()], answer.html[divider.end() :]
        answer.html = f"{above}<br>{below}" if is_shown(above) and not _same_text(above, question.html) else below
    else:
        answer.html = _drop_question(answer.html, question.html)
    switches = {values.get(name, "").strip() for name in front.conditions}
    if not question.to_type and not is_shown(answer.html):
        question.html, answer.html = _move_hidden(question.html, answer.html)
    question.html = strip_edges(open_hidden(question.html, switches))
    answer.html = strip_edges(open_hidden(answer.html, switches))
    wanted = values.get(question.to_type, "")
    if question.to_type not in answer.shown and not is_empty(wanted):
        # On the back, Anki shows the typed text next to the expected one.
        answer.html = f"<div>{wanted}</div>{answer.html}"
        answer.shown.add(question.to_type)
    return question, answer


def _drop_question(answer: str, question: str) -> str:
    """Return an answer without the question, if another field repeats it at its beginning."""
    line = _LINE.search(answer)
    if line and _same_text(answer[: line.start()], question) and is_shown(answer[line.end() :]):
        return answer[line.end() :]
    visible = strip_edges(drop_empty(_replace_hidden(question, lambda _inner: "")))
    whole = drop_empty(answer).lstrip()
    rest = whole.removeprefix(visible)
    is_repeated = is_shown(visible) and len(rest) < len(whole) and rest.lstrip().startswith("<")
    return rest if is_repeated and is_shown(rest) else answer


def _move_hidden(question: str, answer: str) -> tuple[str, str]:
    """Move what a question hides to an answer that shows nothing else, unless it hides everything."""
    hidden: list[str] = []

    def take(inner: str) -> str:
        hidden.append(inner)
        return ""

    visible = _replace_hidden(question, take)
    is_answer = is_shown(visible) and is_shown("".join(hidden))
    return (visible, "<br>".join(hidden)) if is_answer else (question, answer)


def open_hidden(html: str, switches: Container[str] = ()) -> str:
    """Convert hidden elements of a side to expandable ones, unless nothing else is visible.

    Hidden values of fields in conditions of the template, the `switches`, are for scripts. So are the number of a card,
    and a text with gaps that is also visible. A button before the element says what is in it.
    """
    visible = _replace_hidden(html, lambda _inner: "")
    if visible == html or not is_shown(visible):
        return html
    words = _SPACES.sub("", strip_tags(visible))[:_COMPARED]

    def one(inner: str) -> str:
        is_switch = _SWITCH.fullmatch(inner.strip()) and inner.strip() in switches
        is_repeated = "{{c" in inner and _SPACES.sub("", strip_tags(inner)) in words
        if is_switch or is_repeated or _CARD.fullmatch(inner) or not is_shown(inner):
            return ""
        label = _LABEL.match(inner)
        inner = inner[label.end() :] if label else inner
        return f"<details><summary>{label[1] if label else '…'}</summary>{inner}</details>"

    return _replace_hidden(_LABELLED.sub(_move_label, html), one)


def _move_label(found: re.Match[str]) -> str:
    """Move the text of a button into the hidden element after it, which the button opens."""
    opens = found["more"] and _HIDES.match(found["more"])
    return f"<{found['element']}>{_BUTTON}{found['text']}{_BUTTON}" if opens else found[0]


def _replace_hidden(html: str, make: Callable[[str], str]) -> str:
    """Replace each hidden element, the outermost of several, by what `make` returns for its content."""
    if "none" not in html and "hidden" not in html:
        return html
    left: list[tuple[str, re.Match[str]]] = []  # the open elements
    counts: Counter[str] = Counter()  # of those, by name
    hidden: list[tuple[re.Match[str], re.Match[str]]] = []
    for tag in _ELEMENT.finditer(html):
        name = tag[2].lower()
        if not tag[1]:
            left.append((name, tag))
            counts[name] += 1
        elif counts[name]:
            closed = ""
            while closed != name:
                closed, opening = left.pop()
                counts[closed] -= 1
            if _HIDES.match(opening[3]):
                while hidden and hidden[-1][0].start() > opening.start():
                    hidden.pop()
                hidden.append((opening, tag))
    out, at = [], 0
    for opening, closing in hidden:
        inner, name = html[opening.end() : closing.start()], opening[2]
        whole = f"<{name}>{inner}</{name}>" if name.lower() in ("ul", "ol", "table") else inner
        out += [html[at : opening.start()], make(whole)]
        at = closing.end()
    return "".join((*out, html[at:]))


def drop_empty(html: str) -> str:
    """Remove empty elements."""
    return _EMPTY_ELEMENT.sub("", html)


def strip_edges(html: str) -> str:
    """Remove spaces, line breaks and lines around a side, and closing tags without an opening."""
    start = _START.match(html)
    html = html[start.end() :] if start else html
    if not html.endswith(">") and not html[-1:].isspace():
        return html
    end = next((end.start() for end in _END.finditer(html) if end.end() == len(html)), len(html))
    return html[:end]


def drop_answer_lines(html: str) -> str:
    """Drop the lines below which a back repeats the front."""
    return _LINE.sub(lambda line: "" if _IS_ANSWER.search(line[0]) else line[0], html)


def is_mirror(all_faces: Mapping[int, CardSides], one: int, other: int) -> bool:
    """Return whether one card asks the other's answer and answers its question."""
    if other not in all_faces:
        return False
    (front, back), (other_front, other_back) = all_faces[one], all_faces[other]
    return (
        _same(front.html, other_back.html)
        and _same(back.html, other_front.html)
        and front.is_typed == other_front.is_typed
    )


def _same_text(above: str, question: str) -> bool:
    """Return whether a back shows the question's text above its line, regardless of elements."""
    left, right = (UNSEEN.sub("", html) for html in (above, question))
    seen = [_MEDIA.findall(html) for html in (left, right)]
    return seen[0] == seen[1] and have_same_words(left, right)


def have_same_words(one: str, other: str) -> bool:
    """Return whether two pieces of HTML show the same text, regardless of elements."""
    return _same(strip_tags(one), strip_tags(other))


def _same(one: str, other: str) -> bool:
    return _SPACES.sub("", one) == _SPACES.sub("", other)
