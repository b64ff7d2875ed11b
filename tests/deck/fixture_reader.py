"""Reads the golden fixtures: what a deck says, and beside it what the parser is to make of that.

A fixture file is Markdown. Each case is a heading `## what it shows` and two fenced blocks: the first holds the deck's
text (without a line ending at its end), the second what `describe` says of it. In the first block these symbols stand
for characters that an editor hides or changes: ␍ carriage return, ␉ tab, ␠ blank, ␀ NUL, ⌘ byte order mark.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from flashcards.deck.model import Deck, Note, Problem, StatedSchedule

FIXTURES = Path(__file__).parent / "fixtures"
PATH = "folder/deck.md"  # of every fixture within its collection
_SYMBOLS = str.maketrans({"␍": "\r", "␉": "\t", "␠": " ", "␀": "\0", "⌘": "\ufeff"})
_FENCE = re.compile(r"(`{3,}|~{3,})[a-z]*")


@dataclass(frozen=True, slots=True)
class Case:
    """One fixture: where it stands, what it shows, a deck's text, and the expected description."""

    file: str
    line: int
    name: str
    text: str
    expected: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.name}"


def cases() -> list[Case]:
    """All fixtures, in order of file and line."""
    return [case for path in sorted(FIXTURES.glob("*.md")) for case in read(path)]


def read(path: Path) -> Iterator[Case]:
    """The cases of one fixture file.

    Raises:
        ValueError: a case has not exactly two blocks.
    """
    name, line, blocks = "", 0, list[str]()
    fence, block = "", list[str]()
    for number, text in enumerate([*path.read_text("utf-8").split("\n"), "## "], start=1):
        opening = _FENCE.fullmatch(text)
        if fence:
            if text == fence:
                blocks.append("\n".join(block))
                fence = ""
            else:
                block.append(text)
        elif opening:
            fence, block = opening[1], []
        elif text.startswith("## "):
            if name:
                if len(blocks) != 2:
                    raise ValueError(f"{path.name}:{line}: a fixture has two blocks, this one {len(blocks)}")
                yield Case(path.name, line, name, blocks[0].translate(_SYMBOLS), blocks[1])
            name, line, blocks = text[3:], number, []


def describe(deck: Deck) -> str:
    """What a deck holds, in lines that are easy to read and to compare."""
    lines = [] if deck.name == "folder::deck" else [f"deck: {deck.name}"]
    lines += [f"setting, line {deck.setting_lines[name]}: {name} = {value!r}" for name, value in deck.settings.items()]
    for note in deck.notes:
        lines += _described(note)
    lines += [_reported(problem) for problem in deck.problems]
    return "\n".join(lines).replace("\0", "␀")


def _reported(problem: Problem) -> str:
    # What is wrong with YAML or TOML is told in the words of the library that reads it.
    said = "" if "cannot be read" in problem.message else f": {problem.message}"
    return f"problem, line {problem.line}: {problem.code}{said}"


def _described(note: Note) -> Iterator[str]:
    where = f"line {note.line}" if note.line == note.end_line else f"lines {note.line}-{note.end_line}"
    yield f"{note.kind}, {where}: {' '.join(note.slots)}"
    for index, source in enumerate(note.fields):
        yield from ("  ---",) * (index > 0)
        yield from (f"  | {line}".rstrip(" ") for line in source.split("\n"))
    for gap in note.gaps:
        numbers = ",".join(str(number) for number in gap.numbers)
        hint = f"  hint: {gap.hint}" if gap.hint else ""
        hidden = f"  hidden: {','.join(map(str, gap.hidden))}" if gap.hidden else ""
        yield f"  c{numbers}: {note.fields[0][gap.inner_start : gap.inner_end]!r}{hint}{hidden}"
    if note.breadcrumb:
        yield f"  under: {' > '.join(note.breadcrumb)}"
    if note.tags:
        yield f"  tags: {', '.join(note.tags)}"
    if note.pin:
        yield f"  id: {note.pin}"
    if note.typed:
        yield "  typed"
    yield from (f"  point: {point}" for point in note.points)
    if note.definitions:
        yield f"  definitions: {note.definitions!r}"
    if note.deck:
        yield f"  deck: {note.deck}"
    for schedule in note.schedules:
        yield f"  stated: {_stated(schedule) if schedule else 'new'}"


def _stated(schedule: StatedSchedule) -> str:
    memory = f"stability {schedule.stability:g}, difficulty {schedule.difficulty:.4g}"
    counts = f"state {schedule.state}, reps {schedule.reps}, lapses {schedule.lapses}"
    return f"due {schedule.due}, last {schedule.last}, interval {schedule.interval}, {memory}, {counts}"
