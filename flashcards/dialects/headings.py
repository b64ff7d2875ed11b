"""The dialect of mdanki, markdown-anki-decks and md2anki: each second-level heading is a question.

The first `#` names the deck. What stands between two `##` is the answer; a line of `%` ends a longer question.
"""

from __future__ import annotations

import re
from typing import Final

from flashcards.deck.cloze import GapError, find_gaps
from flashcards.deck.model import Deck
from flashcards.dialects.building import DeckBuilder, list_prose, read_heading, read_lines

_TAG_LINE: Final = re.compile(r"\[#[^\]]+\].*")
_TAG: Final = re.compile(r"\[#([^\]]+)\]")
_SOUND: Final = re.compile(r"\[sound:([^\]\n]+)\]")


def read_headings(text: str, path: str) -> Deck:
    """Read a file whose second-level headings are questions."""
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
