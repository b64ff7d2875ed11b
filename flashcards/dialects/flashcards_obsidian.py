"""Read the dialect of flashcards-obsidian, a plugin that sends cards from Obsidian to Anki.

`#card` follows a question, `::` splits a line, and gaps are in braces or highlights. An answer ends at a blank line or
at `^1234567890123`, the id of the note in Anki. The fork of the plugin, version 2, writes that id as
`<!-- ankiID: 1234567890123 -->`; there an answer after `::` continues in the lines below.
"""

from __future__ import annotations

import re
from functools import lru_cache
from textwrap import dedent
from typing import Final

from flashcards.deck.model import Deck
from flashcards.deck.parse import clean_deck_name
from flashcards.dialects.builder import (
    ANKI_GAP,
    Breadcrumbs,
    DeckBuilder,
    find_brace_gaps,
    find_opaque,
    list_prose,
    read_lines,
)
from flashcards.dialects.plugin_settings import FlashcardsSettings

_ID: Final = re.compile(r"[ \t]*(?:\^(?=\d{13}[ \t]*\Z)|<!--[ \t]*ankiID:[ \t]*)(\d{1,19})(?:[ \t]*-->)?[ \t]*", re.I)
_SECOND: Final = re.compile(r"^[ \t]*<!--[ \t]*ankiID:[ \t]*\d+[ \t]*-->", re.MULTILINE | re.I)
_SPACED: Final = re.compile(r"\s#spaced\s*\Z")
_QUOTE: Final = re.compile(r"(?:>[ \t]?)+")
_ID_AT_END: Final = re.compile(r"(?<=\s)\^(\d{13})\Z")
_TAG: Final = re.compile(r"#[\w/-]+")
_LEAD: Final = re.compile(r"[ \t]*(?:\d+[.)][ \t]+|[-+*][ \t]+|#{1,6}[ \t]+)?")
_SPACING: Final = re.compile(r"[\s,]+")
_GAP: Final = re.compile(
    r"\{\{c(?P<anki>\d{1,9})::(?P<whole>(?:(?!\}\}|\{\{|::).)+)(?:::(?P<hint>[^{}\n]*))?\}\}"
    r"|(?<!\{)\{(?:c?(?P<short>\d{1,3}):)?(?P<part>[^{}\n]+)\}(?!\})|==(?P<mark>[^=\n](?:(?!==).)*)=="
)


def read_flashcards_obsidian(text: str, path: str, settings: FlashcardsSettings | None, folder: str) -> Deck:
    """Read a file with cards of flashcards-obsidian; an id of version 2 selects that version."""
    return _read(text, path, settings, folder, is_second=_SECOND.search(text) is not None)


def read_flashcards_obsidian_v2(text: str, path: str, settings: FlashcardsSettings | None, folder: str) -> Deck:
    """Read a file with cards of flashcards-obsidian 2."""
    return _read(text, path, settings, folder, is_second=True)


def _read(text: str, path: str, settings: FlashcardsSettings | None, folder: str, *, is_second: bool) -> Deck:
    """Read a file; `folder` is its folder within the vault."""
    settings = settings or FlashcardsSettings()
    file = read_lines(text, path)
    above = folder.replace("/", "::") if settings.folders_are_decks else ""
    builder = DeckBuilder(file, str(file.values.get("cards-deck") or above))
    reader = _FlashcardsObsidianReader(builder, settings, is_second=is_second)
    file.tags = tuple(dict.fromkeys((*file.tags, *reader.find_tags())))
    reader.run()
    return builder.build()


class _FlashcardsObsidianReader:
    def __init__(self, builder: DeckBuilder, settings: FlashcardsSettings, *, is_second: bool) -> None:
        self._builder = builder
        self._is_second = is_second
        self._tag = f"#{settings.tag.lower()}"
        self._card = _compile_tag(settings.tag)
        self._separator = _compile_separators(settings.inline, settings.inline_reversed)
        self._reversed = settings.inline_reversed
        self._lines = builder.file.lines
        self._prose = dict(list_prose(self._lines))
        self._crumbs = Breadcrumbs(self._lines, lambda heading: self._card.sub("", heading).strip())

    def find_tags(self) -> list[str]:
        """Return the tags for all notes from the first line such as `tags: one, #two [[three]]`."""
        line = next((line for line in self._prose.values() if line[:5].lower() == "tags:"), "")
        return [tag for word in _SPACING.split(line[5:]) if (tag := word.strip("#[]"))]

    def run(self) -> None:
        at = 0
        while at < len(self._lines):
            line = self._prose.get(at)
            match = self._card.search(line) if line and self._tag in line.lower() else None
            if line is None or not line.strip():
                at += 1
            elif match and not line[match.end() :].strip() and not ANKI_GAP.search(line):
                at = self._read_tagged(at, match)
            elif self._is_second and _SPACED.search(line):
                self._report_spaced(at)
                at += 1
            else:
                at = self._inline(at, line)

    def _read_tagged(self, at: int, match: re.Match[str]) -> int:
        """Read a question that ends in a tag and the answer below it; return the line after them.

        The plugin sometimes wrote the id above the answer. If there is no answer, a question with gaps is a cloze.
        """
        lines = self._lines
        first = self._find_question(at, has_text=bool(lines[at][: match.start()].strip()))
        question = "\n".join([*lines[first:at], lines[at][: match.start()]])
        question = re.sub(r"\A {0,3}#+[ \t]*", "", question).strip()
        if self._is_second:
            question = _LEAD.sub("", _QUOTE.sub("", question), count=1)
        end = at + 1
        while end < len(lines) and not lines[end].strip():
            end += 1
        above = _ID.fullmatch(lines[end]) if end < len(lines) else None
        start = end = end + 1 if above else end
        while end < len(lines) and (lines[end].strip() or end not in self._prose) and not _ID.fullmatch(lines[end]):
            end += 1
        below = _ID.fullmatch(lines[end]) if end < len(lines) and (end > start or not above) else None
        last = end if below else end - 1
        pin = below or above
        tags, deck = self._split_tags(match["tags"].split())
        if match["kind"] and match["kind"][1:].lower() == "spaced":
            self._report_spaced(first)
            return at + 1
        place = first, max(last, at)
        more = {"deck": deck, "tags": tags, "pin": pin[1] if pin else "", "breadcrumb": self._crumbs.above(first)}
        gaps = find_brace_gaps(question, _GAP) if start == end else []
        if gaps:
            self._builder.add_cloze(place, question, gaps, **more)
        else:
            answer = self._join_answer(lines[start:end])
            self._builder.add_sides(place, question, answer, both_ways=bool(match["kind"]), **more)
        return max(last + 1, at + 1)

    def _report_spaced(self, line: int) -> None:
        message = "A spaced card has a question but no answer, so it is not read here."
        self._builder.report(line, "empty-side", message, "Use `#card` and write an answer beneath it.")

    def _split_tags(self, written: list[str]) -> tuple[list[str], str]:
        """Return the tags after `#card`, and the deck of a `#deck:name` among them."""
        words = [word.lstrip("#") for word in written]
        decks = [word.removeprefix("deck:") for word in words if word.startswith("deck:")]
        tags = [word.removeprefix("tag:") for word in words if not word.startswith("deck:")]
        return tags, clean_deck_name(decks[0]) if decks else ""

    def _join_answer(self, lines: list[str]) -> str:
        """Join the lines of an answer, without the quotation marks or indents of version 2."""
        if not self._is_second:
            return "\n".join(lines)
        if all(line.startswith(">") for line in lines):
            lines = [_QUOTE.sub("", line, count=1) for line in lines]
        return dedent("\n".join(lines))

    def _find_question(self, at: int, *, has_text: bool) -> int:
        """Return the first line of the question that ends in the tag on line `at`."""
        first = at
        while first and self._lines[first - 1].strip() and first - 1 in self._prose:
            above = self._lines[first - 1]
            is_heading = above.startswith("#")
            if _ID.fullmatch(above) or self._is_taken(first - 1) or (is_heading and has_text):
                break
            first -= 1
            if is_heading:
                break
            has_text = True
        return first

    def _is_taken(self, line: int) -> bool:
        return bool(self._builder.notes) and self._builder.notes[-1].end_line > line

    def _inline(self, at: int, line: str) -> int:
        """Read a line with a separator or with gaps; return the line after it and its id."""
        opaque = find_opaque(line) if self._separator.search(line) and not ANKI_GAP.search(line) else None
        separator = (
            next((each for each in self._separator.finditer(line) if each.start() not in opaque), None)
            if opaque
            else None
        )
        body, tags, pin = self._cut_end(line)
        following = _ID.fullmatch(self._lines[at + 1]) if at + 1 < len(self._lines) else None
        last = at + 1 if following and not pin else at
        pin = pin or (following[1] if following else "")
        more = {"tags": tags, "pin": pin, "breadcrumb": self._crumbs.above(at)}
        if separator and self._is_second and not pin:
            back, last, pin = self._find_rest(at)
            body, more["pin"] = "\n".join([body, *back]), pin
        if separator and separator.end() < len(body):
            front = _LEAD.sub("", body[: separator.start()], count=1)
            both = separator[0] == self._reversed
            self._builder.add_sides((at, last), front, body[separator.end() :], both_ways=both, **more)
            return last + 1
        if "==" in body or "{" in body:
            text = _LEAD.sub("", body, count=1).strip()
            gaps = find_brace_gaps(text, _GAP)
            if gaps:
                self._builder.add_cloze((at, last), text, gaps, **more)
                return last + 1
        return at + 1

    def _find_rest(self, at: int) -> tuple[list[str], int, str]:
        """Return the lines that continue the answer after a separator, the last line, and the id below them."""
        end = at + 1
        while end < len(self._lines) and (end not in self._prose or self._goes_on(self._lines[end])):
            end += 1
        pin = _ID.fullmatch(self._lines[end]) if end < len(self._lines) else None
        rest = self._join_answer(self._lines[at + 1 : end])
        return [rest] if rest else [], end if pin else end - 1, pin[1] if pin else ""

    def _goes_on(self, line: str) -> bool:
        """Return whether a line below a separator is part of its answer: not blank, not an id, and not another card."""
        if not line.strip() or _ID.fullmatch(line) or line.startswith("#") or _SPACED.search(line):
            return False
        opaque = find_opaque(line)
        starts = (each.start() for pattern in (self._separator, self._card, _GAP) for each in pattern.finditer(line))
        return all(start in opaque for start in starts)

    def _cut_end(self, line: str) -> tuple[str, list[str], str]:
        """Return a line without the id and the tags at its end, the tags, and the id."""
        body = line.rstrip()
        pin = _ID_AT_END.search(body)
        body = body[: pin.start()].rstrip() if pin else body
        tags: list[str] = []
        while True:
            rest, _, word = body.rpartition(" ")
            if not rest or not _TAG.fullmatch(word):
                return body, tags[::-1], pin[1] if pin else ""
            if word.lower() != self._tag:
                tags.append(word[1:])
            body = rest.rstrip()


@lru_cache(16)
def _compile_tag(tag: str) -> re.Pattern[str]:
    """Return a pattern for the tag after a question, with its kind and further tags."""
    kind, tags = r"(?P<kind>[/-](?:reverse|spaced))?(?![\w/-])", r"(?P<tags>(?:[ \t]*#[\w:/-]+)*)[ \t]*"
    return re.compile(rf"(?<!\S)#{re.escape(tag)}{kind}{tags}", re.I)


@lru_cache(16)
def _compile_separators(*separators: str) -> re.Pattern[str]:
    """Return a pattern for the separators within a line, the longest first."""
    return re.compile("|".join(map(re.escape, sorted(separators, key=len, reverse=True))))
