"""Find text that will probably not look as its author meant; `parse.py` and `check.py` word the messages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final, NamedTuple

import pyromark

from flashcards.deck.markdown import OPTIONS, escape_money, outline, prepare_source
from flashcards.deck.model import Kind, Note
from flashcards.deck.source import Span, Spans

_TOKEN: Final = re.compile(r"\\(?:begin|end)\s*\{([^{}]*)\}|\\(left|right)(?![A-Za-z])|\\.|[{}]", re.DOTALL)
_MATH_OPENING: Final = re.compile(
    # `\[text]` is a bracket that is no link, as imports write it.
    r"(?<!\\)(?:\\\\)*(\\\(|\\\[(?!(?:\\\[)*\^?[^\[\]\\\n^_=+{}]*\])|\$\$|\$(?![\s$])(?=[^$\n]*\\[A-Za-z]))"
)

_CONFLICT: Final = re.compile(r"(?:<{7}|>{7}|\|{7})(?: .*)?|={7}")
_FENCE: Final = re.compile(r"[ \t>]*(?:[QATDC][:：][ \t]*)?(?:[-+*][ \t]+)?(`{3,}|~{3,})([^`\n]*)")
_MARKER: Final = re.compile(r" {0,3}[QATDC][:：]")

# The word for a question and for an answer in other languages.
_ASKED: Final = (
    "question|frage|pregunta|pergunta|domanda|vraag|fråga|pytanie|otázka|soru|вопрос|питання|问题?|問題?|質問|질문"
)
_REPLIED: Final = (
    "answer|antwort|réponse|respuesta|resposta|risposta|antwoord|svar|odpowiedź|odpověď|cevap|ответ|відповідь"
    "|答案?|回答|答え|답변?|대답"
)
_EMPHASISED: Final = re.compile(
    r"^[ \t>]*(?:[-+*][ \t]+)?([*_]{1,3}|==)(?:"
    rf"(?:Q|T|Term|C|Cloze|Front|{_ASKED})[ \t]*[0-9]*(?:[:：.][ \t]*\1|\1[ \t]*[:：])"
    rf"|(?:Q|{_ASKED})[ \t]*[0-9]*[:：][ \t][^\n]*\1)",
    re.MULTILINE | re.IGNORECASE,
)
# Each is a variant of writing a question, and the matching one for its answer; compiled when needed.
_STYLES: Final = (
    (r"^#{1,6}[ \t]+Q[0-9]*[:：.]", r"^(?:#{1,6}[ \t]+)?A[0-9]*[:：.]"),
    (r"^[ \t]*(?:[-+*]|[0-9]{1,3}[.)])[ \t]+Q[:：]", r"^[ \t]*(?:(?:[-+*]|[0-9]{1,3}[.)])[ \t]+)?A[:：]"),
    (r"^[ \t]*>[ \t]*Q[:：]", r"^[ \t]*>[ \t]*A[:：]"),
    (r"^ {0,3}q[:：][ \t]", r"^ {0,3}a[:：][ \t]"),
    (r"^ {0,3}Q[0-9]+[:：.)]", r"^ {0,3}A[0-9]+[:：.)]"),
    (r"^ {0,3}Q[.)][ \t]", r"^ {0,3}A[.)][ \t]"),
    (rf"^ {{0,3}}(?i:{_ASKED})\s?[0-9]*\s?[:：]", rf"^ {{0,3}}(?i:{_REPLIED})\s?[0-9]*\s?[:：]"),
    (r"^ {0,3}Ｑ[0-9]*[:：.．]", r"^ {0,3}Ａ[0-9]*[:：.．]"),
    (r"^ {0,3}(?i:front)[ \t]*[:：]", r"^ {0,3}(?i:back)[ \t]*[:：]"),
    (r"^ {0,3}(?i:term)[ \t]*[:：]", r"^ {0,3}(?i:definition)[ \t]*[:：]"),
    (r"^ {0,3}Q[ \t]+[:：–—-]", r"^ {0,3}A[ \t]+[:：–—-]"),
    (r"^ {0,3}[\[(]Q[\])]", r"^ {0,3}[\[(]A[\])]"),
    (r"^ {0,3}`Q[:：]`[ \t]", r"^ {0,3}`A[:：]`[ \t]"),
    (r"^ {0,3}<(?:b|strong|i|em|u)>Q[ \t]*(?:[:：]|</)", r"^ {0,3}<(?:b|strong|i|em|u)>A[ \t]*(?:[:：]|</)"),
)
# All matches of the patterns above begin so. A preceding line break is found much faster than `^`.
_QUESTION_HINT: Final = re.compile(
    r"\n(?! {0,3}[QATDC]:)[ \t>]*(?:#{1,6}[ \t]+|(?:[-+*]|[0-9]{1,3}[.)])[ \t]+)?"
    rf"(?:(?:[*_]{{1,3}}|==)(?:[QqTtCcＱ]|(?i:front|{_ASKED}))|Ｑ|[Qq](?:[0-9:：.)]|[ \t]+[:：–—-])"
    r"|[\[(`]Q[\])：:]|<\w+>Q"
    rf"|(?=[QqFfTtPpDdVvOoSs]|[^\x00-\x7f])(?i:{_ASKED}|front|term)[ \t\u00a0\u202f0-9]*[:：])"
)

# A sign of a note of another tool, the note, and its format.
_OTHER_FORMATS: Final = (
    ("START", r"^START\n(?:[^\n]*\n){2,40}?END$", "obsidian-to-anki"),
    ("#card", r"^[ \t#]*+[^\n]*?[ \t]#card(?:[-/]reverse)?[ \t]*\n[^\n]*\S", "flashcards-obsidian"),
    ("[!sr", r"^>[ \t]*\[!sr(?:-bi)?\]", "mdsr"),
    ("\n?", r"^[^\S\n]*+[^\n]++\n\?{1,2}\n[^\n]*\S", "obsidian"),
    ("Deck:", r"^---\n+Deck:[^\n]*\n(?:[^\n]*\n){0,3}?\d+\.[ \t]", "inka"),
)
# A paragraph of one line, or a list item, that would be a note outside an answer.
_PAIR: Final = re.compile(
    r"\n(?:[ \t]*\n {0,3}|[ \t]*(?:[-+*]|[0-9]{1,3}[.)])[ \t]+)(?=\w)([^\n]*?[^\n:][ \t]:{2,3}[ \t]+[^\s:][^\n]*)"
)


_SEPARATOR: Final = re.compile(r"(?:(?<=\s)|(?<=\A)):{2,3}(?=\s|\Z)")
_WIDTHS: Final = (72, 79, 80, 88, 90, 99, 100, 120)  # characters at which formatters wrap lines
_SHORT_LINE: Final = 60  # characters; shorter lines with two separators may be intended
_QUESTION_MARKER: Final = r"[ \t]Q[:：][ \t]"
_TERM_MARKER: Final = r"[ \t]T[:：][ \t]"
# By field: two patterns that follow each other if the note has absorbed another one.
_JOINED: Final = {
    Kind.QUESTION: ((r"[ \t]A[:：][ \t]", _QUESTION_MARKER), (_QUESTION_MARKER, r"\sA[:：][ \t]")),
    Kind.TERM: ((r"[ \t]D[:：][ \t]", _TERM_MARKER), (_TERM_MARKER, r"\sD[:：][ \t]")),
    Kind.CLOZE: ((r"(?<!.)[^]\n]*(\])[^\n]*?[ \t]C[:：][ \t]", r"\["),),
}


class LostCells(NamedTuple):
    """A table row with more cells than the head, which are not shown; `line` counts from 0 in the text."""

    line: int
    cells: int
    columns: int


def find_conflict(text: str) -> int:
    """Return the line of the first conflict marker of a version control system outside code, or 0."""
    if not any(sign in text for sign in ("<<<<<<<", ">>>>>>>", "|||||||", "\n=======\n")):
        return 0
    fence = before = ""
    for number, line in enumerate(text.split("\n"), start=1):
        match = _FENCE.match(line)
        if fence:
            if match and match[1].startswith(fence) and not match[2].strip():
                fence = ""
        elif match:
            fence = match[1]
        elif _CONFLICT.fullmatch(line) and (line != "=======" or not before.strip() or _MARKER.match(before)):
            return number
        before = line
    return 0


def may_hold_unread_questions(text: str) -> bool:
    """Return whether `find_unread_questions` could find anything in the text of a deck."""
    return _QUESTION_HINT.search(f"\n{text}") is not None


def find_unread_questions(text: str, opaque: Spans, notes: Spans) -> Iterator[int]:
    """Find questions without a card: a marker emphasized or, outside `notes`, not at the start of a line."""
    for match in _EMPHASISED.finditer(text):
        if match.start(1) not in opaque:
            yield match.start(1)
            return
    for question, answer in _STYLES:
        for match in re.finditer(question, text, re.MULTILINE):
            at = match.end() - 1
            if at in opaque or at in notes:
                continue
            if re.compile(answer, re.MULTILINE).search(text, at):
                yield at
                return
            break  # no later question has an answer either


def find_other_format(text: str, opaque: Spans) -> tuple[int, str] | None:
    """Find a note of another tool in a native file without notes: its offset, and the format that reads it."""
    for sign, pattern, name in _OTHER_FORMATS:
        if sign in text and (match := re.search(pattern, text, re.MULTILINE)) and match.start() not in opaque:
            return match.start(), name
    return None


def find_lost_cells(text: str) -> LostCells | None:
    """Find the first table row with more cells than the head of its table."""
    if "|" not in text:
        return None
    columns = 0
    parsed, at = prepare_source(text)
    for event, place in pyromark.events_with_range(parsed, options=OPTIONS):
        start = event.get("Start") if isinstance(event, dict) else None
        if isinstance(start, dict) and "Table" in start:
            columns = len(start["Table"])
        elif start == "TableRow":
            row = text[at(place["start"]) : at(place["end"])].strip().replace("\\|", "")
            cells = row.removeprefix("|").removesuffix("|").count("|") + 1
            if cells > columns:
                return LostCells(text.count("\n", 0, at(place["start"])), cells, columns)
    return None


def find_pair(answer: str) -> str | None:
    """Find the first line of an answer that looks like a separate note: `front :: back`."""
    if " :: " not in answer and " ::: " not in answer:
        return None
    opaque = Spans(outline(answer).opaque)
    pairs = (match for match in _PAIR.finditer(answer) if match.start(1) not in opaque)
    return next((match[1].strip() for match in pairs if answer.find("::", match.start(1)) not in opaque), None)


def find_reflowed_pairs(text: str, paragraphs: Iterable[Span], opaque: Spans) -> Iterator[int]:
    """Find the paragraphs whose pairs seem to be wrapped or joined by a formatter."""
    for start, end in paragraphs:
        if text.find("::", start, end) >= 0 and _is_reflowed(text[start:end].rstrip(), start, opaque):
            yield start


def _is_reflowed(paragraph: str, start: int, opaque: Spans) -> bool:
    lines = paragraph.split("\n")
    counts: list[int] = []
    is_at_edge = False
    at = start
    for number, line in enumerate(lines):
        found = [match for match in _SEPARATOR.finditer(line) if at + match.start() not in opaque]
        if found:
            is_at_edge |= number > 0 and not line[: found[0].start()].strip()
            is_at_edge |= number + 1 < len(lines) and found[-1].end() == len(line)
        counts.append(max(Counter(len(match[0]) for match in found).values(), default=0))
        at += len(line) + 1
    if len(lines) > 1 and not _is_wrapped(lines):
        return False
    if max(counts) > 1:
        return len(paragraph) > _SHORT_LINE
    return is_at_edge or (max(counts) == 1 and min(counts) == 0)


def _is_wrapped(lines: list[str]) -> bool:
    """Return whether every line is as full as a formatter would make it."""
    longest = max(map(len, lines))
    with_next = min(len(line) + 1 + len(after.lstrip().partition(" ")[0]) for line, after in pairwise(lines))
    return any(longest <= width < with_next for width in _WIDTHS)


def find_joined_note(note: Note) -> str | None:
    """Find the marker of a note that seems to be joined to this one by a formatter."""
    for text, (first, second) in zip(note.fields, _JOINED.get(note.kind, ()), strict=False):
        # Only the first place of the first pattern matters, so the search takes linear time.
        found = re.compile(first).search(text)
        if found and re.compile(second).search(text, found.end()):
            marker = re.compile(r"[ \t]([QTC])[:：][ \t]").search(text, found.start(found.lastindex or 0))
            if marker and marker.start(1) not in Spans(outline(text).opaque):
                return marker[1]
    return None


def find_unbalanced_math(text: str, *, is_cloze: bool = False) -> str | None:
    r"""Describe the first unbalanced formula, or return nothing; in a cloze, `\[` is a bracket."""
    if "$" not in text and "\\" not in text:
        return None
    parts = outline(text, has_display_math=not is_cloze)
    for start, end in parts.math:
        if problem := _find_unbalanced(text[start:end].strip("$")):
            return problem
    opaque = Spans(parts.opaque)
    for match in _MATH_OPENING.finditer(text):
        if match.start(1) not in opaque and not (is_cloze and match[1] == "\\["):
            return f"`{match[1]}` is left open"
    return None


def find_math_problems(note: Note) -> Iterator[tuple[str, str]]:
    """Yield the first unbalanced formula of each field as a problem, with advice."""
    for text in note.fields:
        if problem := find_unbalanced_math(text, is_cloze=note.kind is Kind.CLOZE):
            opening = next((each for each in ("\\[", "\\(") if f"`{each}`" in problem), "")
            hint = f"Close it, or write `\\{opening}` if it is text." if opening else "Close it, or write `\\$`."
            yield f"{problem[:1].upper()}{problem[1:]}.", hint


def find_dead_links(text: str, definitions: str = "") -> list[str]:
    """Find the targets of links with a scheme that Anki does not open."""
    if ":" not in text and ":" not in definitions:
        return []
    from flashcards.deck.markdown_extensions import keep_link_definitions
    from flashcards.deck.media_references import LINK_SCHEMES, scheme

    found: dict[str, None] = {}
    definitions = keep_link_definitions(definitions)
    source = f"{text}\n\n{definitions}" if definitions else text
    for event in pyromark.events(escape_money(source), options=OPTIONS):
        start = event.get("Start") if isinstance(event, dict) else None
        if isinstance(start, dict) and "Link" in start:
            url = start["Link"]["dest_url"]
            if scheme(url) and scheme(url) not in LINK_SCHEMES | {"//"}:
                found[url] = None
    return list(found)


def _find_unbalanced(formula: str) -> str | None:
    braces, sides = 0, 0
    environments: list[str] = []
    for match in _TOKEN.finditer(formula):
        token = match[0]
        if token == "{":
            braces += 1
        elif token == "}":
            braces -= 1
            if braces < 0:
                return "a `}` in the math has no `{`"
        elif token.startswith("\\begin"):
            environments.append(match[1])
        elif token.startswith("\\end"):
            if not environments or environments.pop() != match[1]:
                return f"`\\end{{{match[1]}}}` has no `\\begin{{{match[1]}}}`"
        elif match[2]:
            sides += 1 if match[2] == "left" else -1
    if braces:
        return "a `{` in the math is left open"
    if environments:
        return f"`\\begin{{{environments[-1]}}}` has no `\\end{{{environments[-1]}}}`"
    return "`\\left` and `\\right` do not pair up" if sides else None
