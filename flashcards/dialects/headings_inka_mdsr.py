"""Read three small dialects: headings (mdanki, markdown-anki-decks, md2anki), inka and mdsr."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from flashcards.deck.attributes import split_tags
from flashcards.deck.cloze import GapError, find_gaps
from flashcards.deck.model import Deck
from flashcards.deck.source import normalize
from flashcards.dialects.builder import (
    Breadcrumbs,
    DeckBuilder,
    DialectText,
    find_brace_gaps,
    list_prose,
    read_heading,
    read_lines,
)

_TAG_LINE: Final = re.compile(r"\[#[^\]]+\].*")
_TAG: Final = re.compile(r"\[#([^\]]+)\]")
_SOUND: Final = re.compile(r"\[sound:([^\]\n]{1,1000})\]")


def read_headings(text: str, path: str) -> Deck:
    """Read a file of mdanki, markdown-anki-decks or md2anki: each second-level heading is a question.

    The first `#` names the deck. The text between two `##` is the answer; a line of `%` ends a longer question.
    """
    file = read_lines(text, path)
    builder = DeckBuilder(file)
    starts: list[int] = []
    for number, line in list_prose(file.lines):
        heading = read_heading(line)
        if heading and heading[0] == 1:
            builder.name = builder.name or heading[1]
            starts.append(number)
        elif heading and heading[0] == 2:
            starts.append(number)
    for start, end in zip(starts, [*starts[1:], len(file.lines)], strict=False):
        heading = read_heading(file.lines[start])
        if heading and heading[0] == 2:
            _add(builder, start, end, heading[1])
    return builder.build()


def _add(builder: DeckBuilder, start: int, end: int, question: str) -> None:
    lines = builder.file.lines[start + 1 : end]
    prose = {number for number, _ in list_prose(lines)}
    tags: list[str] = []
    kept: list[str] = []
    split = -1
    for number, line in enumerate(lines):
        if number in prose and _TAG_LINE.fullmatch(line):
            tags += ["_".join(tag.split()) for tag in _TAG.findall(line)]
        elif number in prose and line.strip() == "%" and split < 0:
            split = len(kept)
        else:
            kept.append(line)
    last = max((start + 1 + number for number, line in enumerate(lines) if line.strip()), default=start)
    front, back = question, "\n".join(kept)
    if split >= 0:
        front = "\n\n".join(filter(None, [question, "\n".join(kept[:split]).strip("\n")]))
        back = "\n".join(kept[split:])
    front, back = (_SOUND.sub(r"![](<\1>)", side.strip("\n")) for side in (front, back))
    if "{{c" not in question:
        builder.add_sides((start, last), front, back, tags=tags)
        return
    whole = f"{front}\n\n{back}".strip()
    try:
        gaps = [gap for gap in find_gaps(whole) if whole.startswith("{{c", gap.start)]
    except GapError as error:
        builder.report(start, error.code, error.message, error.hint)
    else:
        builder.add_cloze((start, last), whole, gaps, tags=tags)


_QUESTION: Final = re.compile(r"\d+\.[ \t]+(.*)")
_ID: Final = re.compile(r"[ \t]*<!--[ \t]*ID:[ \t]*(\d+)[ \t]*-->[ \t]*")
_NUMBERED_LINE: Final = re.compile(r"^\d+\.[ \t]", re.MULTILINE)
_GAP: Final = re.compile(
    r"\{\{c(?P<anki>\d{1,9})::(?P<whole>(?:(?!\}\}|\{\{).)+)\}\}|\{(?:c?(?P<short>\d{1,9})::)?(?P<part>[^{}\n]+)\}",
    re.DOTALL,
)


def read_inka(text: str, path: str) -> Deck:
    """Read a file of inka: sections between lines of `---`, with `1. question` and `> answer`."""
    file = _read_file(text, path)
    builder = DeckBuilder(file)
    for start, end in _list_sections(file.lines):
        _read_section(builder, start, end)
    decks = [note.deck for note in builder.notes if note.deck]
    builder.name = decks[0] if decks else ""
    return builder.build()


def _read_file(text: str, path: str) -> DialectText:
    """Split a file into front matter and lines; a section at its top, which looks like front matter, stays."""
    file = read_lines(text, path)
    plain = normalize(text).split("\n")
    blanked = next((at for at, line in enumerate(file.lines) if line), len(file.lines))
    if _NUMBERED_LINE.search("\n".join(plain[:blanked])):
        return DialectText(path, plain, {}, ())
    return file


def _list_sections(lines: list[str]) -> Iterator[tuple[int, int]]:
    """Yield the start of each section, after its first `---`, and its end."""
    start = -1
    for number, line in list_prose(lines):
        if line.rstrip() == "---":
            if start < 0:
                start = number + 1
            else:
                yield start, number
                start = -1


def _read_section(builder: DeckBuilder, start: int, end: int) -> None:
    lines = builder.file.lines
    prose = {number for number, _ in list_prose(lines[start:end])}
    deck, pin = "", ""
    tags: tuple[str, ...] = ()
    questions: list[tuple[int, int, str]] = []  # the first line, which may hold the id, and the line of the question
    first = -1
    for number in range(start, end):
        line = lines[number]
        if number - start not in prose:
            continue
        if line.startswith("Deck:") and not questions:
            deck = line[5:].strip()
        elif line.startswith("Tags:") and not questions:
            tags = split_tags(" ".join(line[5:].split()))[0]
        elif match := _ID.fullmatch(line):
            pin, first = match[1], number
        elif _QUESTION.match(line):
            questions.append((first if pin else number, number, pin))
            pin = ""
    ends = [*(first for first, _, _ in questions[1:]), end]
    for (first, number, pin), stop in zip(questions, ends, strict=False):
        _read_question(builder, first, number, stop, deck, tags, pin)


def _read_question(
    builder: DeckBuilder, first: int, start: int, end: int, deck: str, tags: tuple[str, ...], pin: str
) -> None:
    lines = builder.file.lines[start:end]
    match = _QUESTION.match(lines[0])
    lines[0] = match[1] if match else lines[0]
    lines = [line for line in lines if not _ID.fullmatch(line)]
    answer = next((at for at, line in enumerate(lines) if line.startswith(">") and at), len(lines))
    question = "\n".join(lines[:answer]).strip()
    answers = [line.removeprefix(">").removeprefix(" ") for line in lines[answer:] if line.startswith(">")]
    last = start + max((at for at, line in enumerate(builder.file.lines[start:end]) if line.strip()), default=0)
    if answers:
        builder.add_sides((first, last), question, "\n".join(answers), deck=deck, tags=tags, pin=pin)
        return
    gaps = find_brace_gaps(question, _GAP, counts_all=True)
    builder.add_cloze((first, last), question, gaps, deck=deck, tags=tags, pin=pin)


_HEAD: Final = re.compile(r" {0,3}>[ \t]*\[!(sr|sr-bi)\][+-]?[ \t]*(.*)", re.IGNORECASE)
_QUOTED: Final = re.compile(r" {0,3}> ?")


def read_mdsr(text: str, path: str) -> Deck:
    """Read a file of mdsr: callouts of the types `sr` and, for both ways, `sr-bi`."""
    file = read_lines(text, path)
    builder = DeckBuilder(file)
    crumbs = Breadcrumbs(file.lines)
    for number, line in list_prose(file.lines):
        match = _HEAD.fullmatch(line)
        if not match:
            continue
        end = number + 1
        while end < len(file.lines) and _QUOTED.match(file.lines[end]) and not _HEAD.fullmatch(file.lines[end]):
            end += 1
        answer = "\n".join(_QUOTED.sub("", each, count=1) for each in file.lines[number + 1 : end])
        both = match[1].lower() == "sr-bi"
        builder.add_sides((number, end - 1), match[2], answer, both_ways=both, breadcrumb=crumbs.above(number))
    return builder.build()
