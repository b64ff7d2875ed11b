"""Read the dialect of flashcards-obsidian: `#card` after a question, `::` within a line, gaps in braces or highlights.

An answer ends at a blank line or at `^1234567890123`, the id of the note in Anki.
"""

from __future__ import annotations

import re
from typing import Final

from flashcards.deck.model import Deck
from flashcards.dialects.builder import Breadcrumbs, DeckBuilder, find_brace_gaps, find_opaque, list_prose, read_lines

_CARD: Final = re.compile(
    r"(?<!\S)#card(?P<kind>[/-](?:reverse|spaced))?(?![\w/-])(?P<tags>(?:[ \t]*#[\w/-]+)*)[ \t]*", re.I
)
_ID: Final = re.compile(r"\^(\d{13})[ \t]*")
_ID_AT_END: Final = re.compile(r"(?<=\s)\^(\d{13})\Z")
_TAG: Final = re.compile(r"#[\w/-]+")
_LEAD: Final = re.compile(r"[ \t]*(?:\d+[.)][ \t]+|[-+*][ \t]+|#{1,6}[ \t]+)?")
_SPACING: Final = re.compile(r"[\s,]+")
_SEPARATOR: Final = re.compile(r":{2,3}")
_GAP: Final = re.compile(r"(?<!\{)\{(?:(?P<short>\d):)?(?P<part>[^{}\n]+)\}(?!\})|==(?P<mark>[^=\n](?:(?!==).)*)==")


def read_flashcards_obsidian(text: str, path: str) -> Deck:
    """Read a file with cards of flashcards-obsidian."""
    file = read_lines(text, path)
    builder = DeckBuilder(file, str(file.values.get("cards-deck") or ""))
    reader = _Reader(builder)
    file.tags = tuple(dict.fromkeys((*file.tags, *reader.find_tags())))
    reader.run()
    return builder.build()


class _Reader:
    def __init__(self, builder: DeckBuilder) -> None:
        self._builder = builder
        self._lines = builder.file.lines
        self._prose = dict(list_prose(self._lines))
        self._crumbs = Breadcrumbs(self._lines, lambda heading: _CARD.sub("", heading).strip())

    def find_tags(self) -> list[str]:
        """Return the tags for all notes from the first line such as `tags: one, #two [[three]]`."""
        line = next((line for line in self._prose.values() if line[:5].lower() == "tags:"), "")
        return [tag for word in _SPACING.split(line[5:]) if (tag := word.strip("#[]"))]

    def run(self) -> None:
        at = 0
        while at < len(self._lines):
            line = self._prose.get(at)
            match = _CARD.search(line) if line and "#card" in line.lower() else None
            if line is None or not line.strip():
                at += 1
            elif match and not line[match.end() :].strip():
                at = self._read_tagged(at, match)
            else:
                at = self._inline(at, line)

    def _read_tagged(self, at: int, match: re.Match[str]) -> int:
        """Read a question that ends in a tag, and the answer beneath it; returns the line behind them."""
        lines = self._lines
        first = self._find_question(at, has_text=bool(lines[at][: match.start()].strip()))
        question = "\n".join([*lines[first:at], lines[at][: match.start()]])
        question = re.sub(r"\A {0,3}#+[ \t]*", "", question).strip()
        end = at + 1
        while end < len(lines) and not lines[end].strip():
            end += 1
        start = end
        while end < len(lines) and (lines[end].strip() or end not in self._prose) and not _ID.fullmatch(lines[end]):
            end += 1
        pin = _ID.fullmatch(lines[end]) if end < len(lines) else None
        last = end if pin else end - 1
        tags = [tag.lstrip("#") for tag in match["tags"].split()]
        if match["kind"] and match["kind"][1:].lower() == "spaced":
            message = "A spaced card has a question only, so it is not read here."
            self._builder.report(first, "empty-side", message, "Use `#card` and write an answer beneath it.")
            return at + 1
        self._builder.add_sides(
            (first, max(last, at)),
            question,
            "\n".join(lines[start:end]),
            both_ways=bool(match["kind"]),
            tags=tags,
            pin=pin[1] if pin else "",
            breadcrumb=self._crumbs.above(first),
        )
        return max(last + 1, at + 1)

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
        """Read a line with a separator or with gaps; returns the line behind it and its id."""
        opaque = find_opaque(line) if _SEPARATOR.search(line) else None
        separator = (
            next((each for each in _SEPARATOR.finditer(line) if each.start() not in opaque), None) if opaque else None
        )
        body, tags, pin = self._cut_end(line)
        following = _ID.fullmatch(self._lines[at + 1]) if at + 1 < len(self._lines) else None
        last = at + 1 if following and not pin else at
        pin = pin or (following[1] if following else "")
        more = {"tags": tags, "pin": pin, "breadcrumb": self._crumbs.above(at)}
        if separator and separator.end() < len(body):
            front = _LEAD.sub("", body[: separator.start()], count=1)
            both = len(separator[0]) == 3
            self._builder.add_sides((at, last), front, body[separator.end() :], both_ways=both, **more)
            return last + 1
        if "==" in body or "{" in body:
            text = _LEAD.sub("", body, count=1).strip()
            gaps = find_brace_gaps(text, _GAP, _group_names, lambda given, _before, unnumbered: given or unnumbered + 1)
            if gaps:
                self._builder.add_cloze((at, last), text, gaps, **more)
                return last + 1
        return at + 1

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
            tags.append(word[1:])
            body = rest.rstrip()


def _group_names(match: re.Match[str]) -> tuple[str, str | None]:
    """Return the group that holds what a gap hides, and its number."""
    return ("mark", None) if match["mark"] is not None else ("part", match["short"])
