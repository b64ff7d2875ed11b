"""Split an Obsidian note into the lines of its cards, with the state machine of the spaced repetition plugin."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from enum import Enum, auto
from typing import Final, NamedTuple

from flashcards.dialects.obsidian_clozes import find_opening
from flashcards.dialects.obsidian_data import ObsidianSettings, cut_schedules

SCHEDULE_CALLOUT: Final = "> [!sr|card-metadata]"
SCHEDULE_COMMENT: Final = "<!--SR:"

_FENCE: Final = re.compile(r"`+|~+")


class BlockKind(Enum):
    """The kinds of cards."""

    INLINE = auto()
    INLINE_REVERSED = auto()
    LINES = auto()
    LINES_REVERSED = auto()
    CLOZE = auto()


class Block(NamedTuple):
    """The lines of one card: its kind, the first and last line counted from 0, and the text without comments."""

    kind: BlockKind
    first: int
    last: int
    lines: tuple[str, ...]


class FoundBlocks(NamedTuple):
    """The cards of a note, in order."""

    blocks: list[Block]
    hidden: set[int]  # the lines that HTML comments hide
    cut: list[tuple[int, int]]  # the first lines of cards that are lost, and the lines of the cards that cut them off


def find_blocks(lines: Sequence[str], settings: ObsidianSettings, has_cloze: Callable[[str], bool]) -> FoundBlocks:
    """Find the cards of a note; `has_cloze` finds gaps in a line."""
    machine = _Machine(lines, settings, has_cloze)
    machine.run()
    return FoundBlocks(machine.blocks, machine.hidden, machine.cut)


class _Machine:
    """Reads line by line. `_text` are the lines since the last blank line or card, `_kind` is their kind so far."""

    def __init__(self, lines: Sequence[str], settings: ObsidianSettings, has_cloze: Callable[[str], bool]) -> None:
        self.blocks: list[Block] = []
        self.hidden: set[int] = set()
        self.cut: list[tuple[int, int]] = []
        self._lines = lines
        self._settings = settings
        self._has_cloze = has_cloze
        separators = [
            (settings.inline, BlockKind.INLINE),
            (settings.inline_reversed, BlockKind.INLINE_REVERSED),
        ]
        # The longest separator counts first; of equally long ones, the plain one.
        self._separators = sorted((pair for pair in separators if pair[0]), key=lambda pair: -len(pair[0]))
        self._signs = tuple(each for each, _ in separators if each) + tuple(map(find_opening, settings.cloze_patterns))
        self._alone = {"", settings.lines, settings.lines_reversed, settings.end_marker}
        self._text: list[str] = []
        self._first = 0
        self._kind: BlockKind | None = None
        self._at = 0

    def run(self) -> None:
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if not line and not self._settings.end_marker:  # most blank lines
                self._close(self._at - 1)
            elif self._is_plain(line):  # most other lines
                if not self._text:
                    self._first = self._at
                self._text.append(line.rstrip())
            elif line.startswith("<!--") and not line.startswith(SCHEDULE_COMMENT):
                self._skip_comment()
            elif self._is_end(line.strip()):
                self._close(self._at - 1)
            else:
                self._take(line)
            self._at += 1
        self._close(len(self._lines) - 1)

    def _is_plain(self, line: str) -> bool:
        """Return whether a line just continues the text around it."""
        for sign in self._signs:
            if sign in line:
                return False
        return not (line.startswith(("<!--", "```", "~~~")) or line.strip() in self._alone)

    def _skip_comment(self) -> None:
        first = self._at
        while self._at < len(self._lines) and "-->" not in self._lines[self._at]:
            self._at += 1
        self.hidden.update(range(first, self._at + 1))

    def _is_end(self, trimmed: str) -> bool:
        marker = self._settings.end_marker
        if not marker:
            return not trimmed
        return trimmed == marker or (not trimmed and self._kind is None)

    def _close(self, last: int) -> None:
        if self._kind is not None:
            self.blocks.append(Block(self._kind, self._first, last, tuple(self._text)))
        self._kind = None
        self._text = []

    def _take(self, line: str) -> None:
        trimmed = line.strip()
        if not self._text:
            self._first = self._at
        self._text.append(line.rstrip())
        for separator, kind in self._separators:
            if is_separated(line, separator):
                self._take_inline(line, kind)
                return
        if trimmed and trimmed == self._settings.lines:
            self._turn(BlockKind.LINES)
        elif trimmed and trimmed == self._settings.lines_reversed:
            self._turn(BlockKind.LINES_REVERSED)
        elif line.startswith(("```", "~~~")):
            self._take_fence(line)
        elif self._kind is None and self._has_cloze(line):
            self._kind = BlockKind.CLOZE

    def _turn(self, kind: BlockKind) -> None:
        """Treat the lines as a card of several lines, unless they are a single character."""
        if len(self._text) > 1 or len(self._text[0]) > 1:
            self._kind = kind

    def _take_inline(self, line: str, kind: BlockKind) -> None:
        if self._kind is not None:
            self.cut.append((self._first, self._at))
        first = self._at
        text = [line]
        following = self._lines[first + 1] if first + 1 < len(self._lines) else ""
        if following.lstrip().startswith(SCHEDULE_COMMENT):
            self._at += 1
            text.append(following)
        elif following.startswith(SCHEDULE_CALLOUT):
            while self._at + 1 < len(self._lines) and self._lines[self._at + 1].startswith(">"):
                self._at += 1
                text.append(self._lines[self._at])
                if SCHEDULE_COMMENT in self._lines[self._at]:
                    break
        self.blocks.append(Block(kind, first, self._at, tuple(text)))
        self._kind = None
        self._text = []

    def _take_fence(self, line: str) -> None:
        """Read the lines of a code block up to its end; they do not end a card."""
        match = _FENCE.match(line)
        closing = match[0] if match else "```"
        while self._at + 1 < len(self._lines):
            self._at += 1
            self._text.append(self._lines[self._at])
            if self._lines[self._at].startswith(closing):
                return


def is_separated(line: str, separator: str) -> bool:
    """Return whether a line has a separator outside of code: odd numbers of backticks on both sides are code."""
    at = line.find(separator)
    if at < 0:
        return False
    before, after = line.count("`", 0, at), line.count("`", at + len(separator))
    return not (before % 2 == 1 and after % 2 == 1)


def split_schedules(lines: Sequence[str]) -> tuple[str, list[str]]:
    """Return the text of a card without its schedules, and the contents of each schedule comment."""
    comments: list[str] = []
    text = "\n".join(lines)
    if SCHEDULE_COMMENT in text or SCHEDULE_CALLOUT in text:
        text = "\n".join(_cut_comments(lines, comments))
    return text, comments


def _cut_comments(lines: Sequence[str], comments: list[str]) -> Iterator[str]:
    """Yield lines without their schedule comments, which go to `comments`; lines of nothing else are skipped."""
    for line in lines:
        if line.startswith(SCHEDULE_CALLOUT):
            continue
        if SCHEDULE_COMMENT not in line:
            yield line
            continue
        kept, found = cut_schedules(line)
        comments += found
        if not found:
            yield line
        elif kept.strip(" \t>"):
            yield kept.rstrip()
