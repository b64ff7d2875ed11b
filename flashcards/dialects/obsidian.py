"""Read the notes of Obsidian's spaced repetition plugin (1.15) as the plugin does.

The output of the plugin (schedules, block ids) and the tag before a card are not part of a note's text.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from operator import attrgetter
from types import MappingProxyType
from typing import Final, NamedTuple

from flashcards.deck.compose import escape_first_character
from flashcards.deck.model import FORWARD, REVERSE, Deck, Gap, Kind, Note, Problem
from flashcards.deck.parse import get_deck_name
from flashcards.dialects.builder import Breadcrumbs, complete_notes, list_prose, read_lines
from flashcards.dialects.obsidian_blocks import (
    SCHEDULE_CALLOUT,
    SCHEDULE_COMMENT,
    Block,
    BlockKind,
    find_blocks,
    split_schedules,
)
from flashcards.dialects.obsidian_clozes import find_clozes, has_cloze
from flashcards.dialects.obsidian_data import (
    ObsidianSettings,
    Schedules,
    choose_later,
    find_stored,
    is_in_tags,
    read_schedules,
)

_TAG: Final = re.compile(r"(?<!\S)#[^\s!\"#$%&'()*+,.:;<=>?@\[\\\]^`{|}~\u2000-\u206f\u2e00-\u2e7f]+")
_BLOCK_ID: Final = re.compile(r"(?:^|\s)\^[A-Za-z0-9-]+\s*\Z")
_INLINE_CODE: Final = re.compile(r"`[^`\n]+`")
_NATIVE: Final = re.compile(r"^Q[:：][^\n]*\n(?:(?!A[:：])[^\n]*\n)?A[:：]", re.MULTILINE)


_LINE: Final = attrgetter("line")
_LAST: Final = attrgetter("last")


class _TagLine(NamedTuple):
    """The tags on one line, with `#`; `line` counts from 0."""

    line: int
    tags: tuple[str, ...]


def read_obsidian(
    text: str,
    path: str,
    settings: ObsidianSettings,
    *,
    only_tagged: bool = True,
    stored: Mapping[str, Schedules] = MappingProxyType({}),
) -> Deck:
    """Read a note of a vault; `path` is within the vault.

    With `only_tagged`, a note without a flashcard tag has no cards, as in the plugin. `stored` are the schedules that
    the vault stores outside its notes.
    """
    name = get_deck_name(path.rpartition("/")[0] or path) if settings.folders_are_decks else get_deck_name(path)
    if settings.is_ignored(path):
        return Deck(name)
    file = read_lines(text, path)
    lines, body = file.lines, "\n".join(file.lines)
    file_tags = [f"#{tag}" for tag in file.tags]
    tag_lines = _tag_lines(lines)
    all_tags = [*file_tags, *(tag for line in tag_lines for tag in line.tags)]
    if _find_ignored(all_tags, settings):
        return Deck(name)
    if only_tagged and not _has_deck(path, all_tags, settings):
        return Deck(name, problems=_native_notes(body))
    reader = _ObsidianReader(lines, name, settings, file_tags, tag_lines, stored)
    reader.run()
    return Deck(
        reader.main_deck,
        tuple(complete_notes(reader.notes, body)),
        tuple(sorted(reader.problems, key=lambda each: each.line)),
    )


def explain_no_cards(text: str, path: str, settings: ObsidianSettings) -> str:
    """Return why a note of a vault has no cards, as the end of a sentence; empty if nothing in it is a card."""
    if settings.is_ignored(path):
        return "`noteFoldersToIgnore` leaves it out"
    file = read_lines(text, path)
    tags = [*(f"#{tag}" for tag in file.tags), *(tag for line in _tag_lines(file.lines) for tag in line.tags)]
    if ignored := _find_ignored(tags, settings):
        return f"its tag {ignored} is in `flashcardTagsToIgnore`"
    if _has_deck(path, tags, settings):
        return ""
    if settings.folders_are_decks:
        return "decks are folders, and it is in no folder"
    return f"it has no flashcard tag ({', '.join(settings.tags)})"


def _find_ignored(tags: Sequence[str], settings: ObsidianSettings) -> str:
    return next((tag for tag in tags if is_in_tags(tag, settings.ignored_tags)), "")


def _has_deck(path: str, tags: Sequence[str], settings: ObsidianSettings) -> bool:
    return (settings.folders_are_decks and "/" in path) or any(map(settings.is_flashcard_tag, tags))


def _native_notes(body: str) -> tuple[Problem, ...]:
    """Report a file that seems to be written in the native format, which is not read in a vault."""
    match = _NATIVE.search(body)
    if not match:
        return ()
    hint = (
        "Write `format: native` into its front matter to read it, or tag it as flashcards to read it as Obsidian does."
    )
    message = "This file is read as an Obsidian note without a flashcard tag, so its `Q:` and `A:` make no cards."
    return (Problem(body.count("\n", 0, match.start()) + 1, "dialect", message, hint),)


def _tag_lines(lines: Sequence[str]) -> list[_TagLine]:
    """Find the lines with tags, outside of code."""
    found = []
    for number, line in list_prose(lines):
        if "#" in line:
            found_tags = dict.fromkeys(_TAG.findall(_INLINE_CODE.sub(" ", line)))
            tags = tuple(tag for tag in found_tags if not tag[1:].isdigit())
            if tags:
                found.append(_TagLine(number, tags))
    return found


class _Text(NamedTuple):
    """The text of a card without the plugin's output, the tags before it, and its schedules."""

    text: str
    own_tags: tuple[str, ...]
    comments: list[str]


class _ObsidianReader:
    """Converts the blocks of one file to notes."""

    def __init__(
        self,
        lines: list[str],
        name: str,
        settings: ObsidianSettings,
        file_tags: list[str],
        tag_lines: list[_TagLine],
        stored: Mapping[str, Schedules],
    ) -> None:
        self.notes: list[Note] = []
        self.problems: list[Problem] = []
        self.main_deck = name
        self._lines = lines
        self._settings = settings
        self._stored = stored
        self._name_deck = cache(get_deck_name)
        found = find_blocks(lines, settings, lambda line: has_cloze(line, settings.cloze_patterns))
        self._blocks, self._hidden, self._cut = found
        self._tag_lines = tag_lines
        flashcard_tags = tuple(filter(settings.is_flashcard_tag, file_tags))
        self._file_decks = flashcard_tags
        self._file_tags = tuple(tag[1:] for tag in file_tags if tag not in flashcard_tags)
        everywhere = (*flashcard_tags, *(tag for line in tag_lines for tag in self._flashcard_tags(line)))
        self._any_deck = everywhere[:1]
        self._read_comments = 0  # the number of schedule comments in cards

    def run(self) -> None:
        """Read all blocks into `notes` and `problems`."""
        decks = iter(self._deck_lines())
        crumbs = Breadcrumbs(self._lines)
        next_deck = next(decks, None)
        current = self._file_decks
        for block in self._blocks:
            while next_deck and next_deck.line < block.first:
                current, next_deck = self._flashcard_tags(next_deck), next(decks, None)
            self._read(block, current or self._any_deck, crumbs.above(block.first))
        self._report_cut_cards()
        if self._read_comments != "\n".join(self._lines).count(SCHEDULE_COMMENT):
            self._report_lost_schedules()
        decks_of_notes = [note.deck for note in self.notes if note.deck]
        if decks_of_notes:
            self.main_deck = decks_of_notes[0]

    def _flashcard_tags(self, line: _TagLine) -> tuple[str, ...]:
        return tuple(filter(self._settings.is_flashcard_tag, line.tags))

    def _deck_lines(self) -> Iterator[_TagLine]:
        """Yield the lines whose flashcard tags apply to later cards, because they are not part of a card."""
        blocks = iter(self._blocks)
        block = next(blocks, None)
        for line in self._tag_lines:
            while block and block.last < line.line:
                block = next(blocks, None)
            if not (block and block.first <= line.line) and self._flashcard_tags(line):
                yield line

    def _read(self, block: Block, decks: tuple[str, ...], breadcrumb: tuple[str, ...]) -> None:
        """Convert one block to a note or a problem."""
        content = self._text(block)
        decks = content.own_tags or decks
        note = self._cloze(content.text) if block.kind is BlockKind.CLOZE else self._sides(block, content.text)
        if note is None:
            message = "This card has an empty side."
            self._problem(block, "empty-side", message, "Write it, or remove the separator.")
            return
        kind, fields, slots, gaps = note
        tags = [*self._file_tags, *self._tags_in(block, content.text)]
        name = ""
        if not self._settings.folders_are_decks and decks:
            name = self._name_deck(decks[0][1:])
            tags += [tag[1:] for tag in decks[1:]]
        every_tag = tuple(dict.fromkeys(tags)) if tags else ()
        schedules = self._schedules(block, content, slots)
        head = kind, block.first + 1, block.last + 1  # positional, because keyword arguments take twice the time
        self.notes.append(Note(*head, fields, slots, gaps, breadcrumb, every_tag, deck=name, schedules=schedules))
        self._warn(block, fields, gaps)

    def _text(self, block: Block) -> _Text:
        """Remove the plugin's output from a card, and the flashcard tags before it."""
        text, comments = split_schedules(block.lines)
        self._read_comments += len(comments)
        own: list[str] = []
        rest = text.lstrip()
        while rest.startswith("#") and (match := _TAG.match(rest)) and self._settings.is_flashcard_tag(match[0]):
            own.append(match[0])
            rest = text = rest[match.end() :].lstrip()
        text = text.rstrip()
        if "^" in text:
            text = _BLOCK_ID.sub("", text).rstrip()
        return _Text(text, tuple(own), comments)

    def _tags_in(self, block: Block, text: str) -> list[str]:
        if "#" not in text:
            return []
        first = bisect_left(self._tag_lines, block.first, key=_LINE)
        last = bisect_right(self._tag_lines, block.last, key=_LINE)
        inside = (tag for line in self._tag_lines[first:last] for tag in line.tags)
        return [tag[1:] for tag in inside if not self._settings.is_flashcard_tag(tag)]

    def _sides(self, block: Block, text: str) -> _Content | None:
        settings = self._settings
        is_inline = block.kind in (BlockKind.INLINE, BlockKind.INLINE_REVERSED)
        both = block.kind in (BlockKind.INLINE_REVERSED, BlockKind.LINES_REVERSED)
        if is_inline:
            separator = settings.inline_reversed if both else settings.inline
            front, _, back = text.partition(separator)
            # In the file, a sign after the separator is text: `pulse::> 100 bpm`.
            front, back = front.strip(), escape_first_character(back.strip(), is_cloze=False)
        else:
            separator = settings.lines_reversed if both else settings.lines
            lines = text.split("\n")
            at = next((at for at, line in enumerate(lines) if line.strip() == separator), len(lines))
            front, back = _outdent(lines[:at]), _outdent(lines[at + 1 :])
        if not front or not back:
            return None
        slots = (FORWARD, REVERSE) if both else (FORWARD,)
        return _Content(Kind.PAIR if is_inline else Kind.QUESTION, (front, back), slots, ())

    def _cloze(self, text: str) -> _Content | None:
        text = _outdent(text.split("\n"))
        gaps = find_clozes(text, self._settings.cloze_patterns)
        numbers = sorted({number for gap in gaps for number in gap.numbers})
        if not numbers:
            return None
        return _Content(Kind.CLOZE, (text,), tuple(f"c{number}" for number in numbers), gaps)

    def _schedules(self, block: Block, content: _Text, slots: tuple[str, ...]) -> Schedules:
        """Read the first schedule comment of a card and its stored schedules; gaps are ordered by number."""
        found: Schedules = ()
        if content.comments:
            found, is_readable = read_schedules(content.comments[0])
            if not is_readable:
                hint = "Let the plugin write it again; until then the card keeps the schedule that it has here."
                self._problem(block, "schedule", "The schedule `<!--SR:…-->` of this card cannot be read.", hint)
        if self._stored:
            lines = [line for line in block.lines if not line.startswith(SCHEDULE_CALLOUT)]
            texts = (_BLOCK_ID.sub("", "\n".join(lines).rstrip()), content.text)
            found = choose_later(found, find_stored(self._stored, texts))
        if not found and not content.comments:
            return ()
        if block.kind is not BlockKind.CLOZE:
            return (*found, None, None)[: len(slots)]
        places = [int(slot[1:]) - 1 for slot in slots]
        return tuple(found[place] if place < len(found) else None for place in places)

    def _warn(self, block: Block, fields: tuple[str, ...], gaps: tuple[Gap, ...]) -> None:
        """Report a probably unintended separator or gap; the plugin makes the card anyway."""
        if block.kind in (BlockKind.INLINE, BlockKind.INLINE_REVERSED):
            if place := _doubtful_place(*fields):
                message = f"The separator of this card is inside {place}; Obsidian makes a card of it, too."
                hint = "Change the text if no card is meant, for example with a space between the colons."
                self._problem(block, "doubtful-card", message, hint)
        elif gaps and any(_is_in_code(fields[0], gap.start) for gap in gaps):
            message = "A gap of this card begins inside code; Obsidian makes a card of it, too."
            self._problem(block, "doubtful-card", message, "Change the text if no card is meant.")
        elif "<!--" in fields[0] and any(_is_in_comment(fields[0], gap) for gap in gaps):
            message = "A gap of this card is in an HTML comment, which Obsidian does not show."
            self._problem(block, "doubtful-card", message, "Take the gap out of the comment, or remove its `==`.")
        elif any(_is_cut_short(fields[0], gap) for gap in gaps):
            message = "A gap of this card ends at the first `}}`, inside its formula, as in Obsidian."
            self._problem(block, "doubtful-card", message, "Write a space in front of the last two braces: `} }}`.")

    def _report_cut_cards(self) -> None:
        for first, line in self._cut:
            message = f"The card in line {line + 1} cuts off this one, which is not read, not even in Obsidian."
            hint = f"Write a blank line in front of line {line + 1}."
            self.problems.append(Problem(first + 1, "cut-card", message, hint))

    def _report_lost_schedules(self) -> None:
        found = [number for number, line in enumerate(self._lines) if SCHEDULE_COMMENT in line]
        lost = {number for number in found if number not in self._hidden and not self._is_in_block(number)}
        for number, line in list_prose(self._lines) if lost else ():
            if number in lost and SCHEDULE_COMMENT in _INLINE_CODE.sub(" ", line):
                message = "This schedule belongs to no card, not even in Obsidian."
                hint = "Fix the card above it, or remove the comment."
                self.problems.append(Problem(number + 1, "schedule", message, hint))

    def _is_in_block(self, line: int) -> bool:
        at = bisect_left(self._blocks, line, key=_LAST)
        return at < len(self._blocks) and self._blocks[at].first <= line

    def _problem(self, block: Block, code: str, message: str, hint: str) -> None:
        self.problems.append(Problem(block.first + 1, code, message, hint))


class _Content(NamedTuple):
    """The content of a note: its kind, its sides, its cards and its gaps."""

    kind: Kind
    fields: tuple[str, ...]
    slots: tuple[str, ...]
    gaps: tuple[Gap, ...]


def _outdent(lines: Sequence[str]) -> str:
    """Join lines without their common indent and without surrounding blank lines."""
    width = 0
    if len(lines) == 1:
        return lines[0].strip()
    if not lines or not lines[0] or lines[0][0].isspace():
        width = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return "\n".join([line[width:] for line in lines] if width else lines).strip("\n").rstrip()


def _doubtful_place(front: str, back: str) -> str:
    """Return the suspicious context of a separator between these sides, or ""."""
    if front.startswith("|") and back.endswith("|"):
        return "a table"
    if "[[" not in front and "$" not in front and "`" not in front:
        return ""
    front = front.rpartition("\n")[2]
    back = back.partition("\n")[0]
    if front.rfind("[[") > front.rfind("]]") and 0 <= back.find("]]") < (
        back.find("[[") if "[[" in back else len(back)
    ):
        return "a link"
    if front.count("$") % 2 and "$" in back:
        opening, closing = front.rfind("$") + 1, back.find("$")
        is_math = not front[opening : opening + 1].isspace() and not back[closing + 1 : closing + 2].isdigit()
        if is_math and not (closing and back[closing - 1].isspace()):
            return "a formula"
    if "`" in front and "`" in back and front.count("``") % 2:
        return "code"
    return ""


def _is_in_comment(text: str, gap: Gap) -> bool:
    """Return whether a gap is in an HTML comment."""
    return text.rfind("<!--", 0, gap.start) > text.rfind("-->", 0, gap.start) and "-->" in text[gap.end :]


def _is_cut_short(text: str, gap: Gap) -> bool:
    """Return whether the braces around a gap end before a brace inside it is closed."""
    inner = text[gap.inner_start : gap.inner_end]
    return text.startswith("}", gap.end) and text.endswith("}", 0, gap.end) and inner.count("{") > inner.count("}")


def _is_in_code(text: str, offset: int) -> bool:
    """Return whether the numbers of backticks before and after an offset on its line are odd."""
    start, end = text.rfind("\n", 0, offset) + 1, text.find("\n", offset)
    end = len(text) if end < 0 else end
    return text.count("`", start, offset) % 2 == 1 and text.count("`", offset, end) % 2 == 1
