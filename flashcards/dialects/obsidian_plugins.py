"""Read the dialects of two plugins that send cards from Obsidian to Anki: Obsidian_to_Anki and flashcards-obsidian.

In Obsidian_to_Anki, a note is between `START` and `END`, or in a line between `STARTI` and `ENDI`; the ids are those of
notes in Anki. Its custom regular expressions are not read.
In flashcards-obsidian, `#card` follows a question, `::` splits a line, and gaps are in braces or highlights. An answer
ends at a blank line or at `^1234567890123`, the id of the note in Anki. Its fork, version 2, writes that id as
`<!-- ankiID: 1234567890123 -->`; there an answer after `::` continues in the lines below.
"""

from __future__ import annotations

import re
from collections.abc import Container
from textwrap import dedent
from typing import Final, NamedTuple

from flashcards.deck.model import Deck
from flashcards.deck.parse import clean_deck_name
from flashcards.dialects.builder import (
    Breadcrumbs,
    DeckBuilder,
    Fence,
    find_brace_gaps,
    find_opaque,
    list_prose,
    read_lines,
)

_ANKI_ID: Final = re.compile(r"(?:<!--)?ID: (\d+).*")
_INLINE: Final = re.compile(r"STARTI[ \t]*\[([^\[\]\n]*)\]((?:(?!STARTI|ENDI).)*)ENDI")
_INLINE_ID: Final = re.compile(r"(?:<!--)?ID: (\d+)(?:-->)?")
_INLINE_TAGS: Final = re.compile(r"Tags: (.*)")
_FROZEN: Final = re.compile(r"FROZEN - (.+?):[ \t]*")
_VALUE: Final = re.compile(r"(TARGET DECK|FILE TAGS)(?:: (.*))?")
_FIELD: Final = re.compile(r"([A-Z][\w()-]*(?: [\w()-]+){0,3}):(?:[ \t]+|\Z)")
_BRACE_GAP: Final = re.compile(
    r"\{\{c(?P<anki>\d{1,9})::(?P<whole>(?:(?!\}\}|\{\{).)+)\}\}|(?<!\{)\{(?:c?(?P<short>\d{1,9})[:|])?(?P<part>[^{}]+)\}(?!\})"
    r"|==(?P<mark>[^=\n](?:(?!==).)*)==",
    re.DOTALL,
)
_LONGEST_FROZEN: Final = 4096  # characters, since every note of the type gets them
_FIELDS: Final = {"Basic": ("Front", "Back", "Add Reverse"), "Cloze": ("Text", "Extra", "Back Extra")}


class _Block(NamedTuple):
    """The text of one note: its type, its fields in order, its tags and its id."""

    kind: str
    fields: list[tuple[str, str]]
    tags: tuple[str, ...]
    pin: str


def read_obsidian_to_anki(text: str, path: str) -> Deck:
    """Read a file with notes of Obsidian_to_Anki."""
    file = read_lines(text, path)
    builder = DeckBuilder(file)
    lines = dict(list_prose(file.lines))
    builder.name, tags = _find_values(file.lines, lines)
    file.tags = tuple(dict.fromkeys((*file.tags, *tags)))
    frozen = _find_frozen(builder, lines)
    after = 0
    for number, line in enumerate(file.lines):
        if number < after:
            continue
        if line.rstrip() == "START":
            is_code = number not in lines
            end, is_found = _find_end(file.lines, number, lines if is_code else {})
            after = end + 1
            block = _read_block(file.lines[number + 1 : end]) if is_found else None
            if not is_found and not is_code:
                hint = "Write `END` on a line of its own below it."
                builder.report(number, "open-note", "This `START` has no `END`.", hint)
            elif not is_code or (block and block.pin):  # in a code block, a note is one that is in Anki already
                _add_block(builder, (number, end), block, frozen)
        elif number in lines:
            for match in _INLINE.finditer(line):
                _add_block(builder, (number, number), _read_inline(match), frozen)
    return builder.build()


def _find_end(lines: list[str], start: int, others: Container[int]) -> tuple[int, bool]:
    """Return the line of the `END` of a note, outside of code in it, or the last line looked at; and which it is.

    Lines of `others` are behind the note.
    """
    fence = Fence()
    at = start
    for at in range(start + 1, len(lines)):
        if at in others:
            return at - 1, False
        if not fence.takes(lines[at]) and lines[at].rstrip() == "END":
            return at, True
    return at, False


def _find_values(lines: list[str], prose: dict[int, str]) -> tuple[str, tuple[str, ...]]:
    """Return the deck and the tags of the file, which follow their names or are on the next line."""
    values = {"TARGET DECK": "", "FILE TAGS": ""}
    for number, line in prose.items():
        if match := _VALUE.fullmatch(line.rstrip()):
            following = lines[number + 1] if number + 1 < len(lines) else ""
            values[match[1]] = values[match[1]] or (following if match[2] is None else match[2]).strip()
    return values["TARGET DECK"], tuple(values["FILE TAGS"].split())


def _find_frozen(builder: DeckBuilder, prose: dict[int, str]) -> dict[str, list[tuple[str, str]]]:
    """Return the fields that are added to each note of a type: those below `FROZEN - type:`, up to a blank line."""
    frozen: dict[str, list[tuple[str, str]]] = {}
    lines = builder.file.lines
    end = 0
    for number, line in prose.items():
        if number < end or not line.startswith("FROZEN") or not (match := _FROZEN.fullmatch(line)):
            continue
        end = next((at for at in range(number + 1, len(lines)) if not lines[at].strip()), len(lines))
        if sum(map(len, lines[number + 1 : end])) > _LONGEST_FROZEN:
            message = f"These frozen fields have more than {_LONGEST_FROZEN:,} characters, so they are not read."
            builder.report(number, "frozen", message, "Shorten them, or end them with a blank line.")
        else:
            frozen.setdefault(match[1], _read_fields(match[1], lines[number + 1 : end]))
    return frozen


def _read_block(lines: list[str]) -> _Block | None:
    """Read the text between `START` and `END`; return nothing for a note to delete."""
    lines = list(lines)
    pin = ""
    tags: tuple[str, ...] = ()
    while lines and not lines[-1].strip():
        lines.pop()
    if lines and (match := _ANKI_ID.fullmatch(lines[-1].strip())):
        pin = match[1]
        lines.pop()
    if lines and lines[-1].strip() == "DELETE":
        return None
    if lines and lines[-1].startswith("Tags:"):
        tags = tuple(lines.pop()[5:].split())
    kind = lines[0].strip() if lines else ""
    return _Block(kind, _read_fields(kind, lines[1:]), tags, pin)


def _read_inline(match: re.Match[str]) -> _Block:
    kind, text = match[1].strip(), match[2]
    pin = ""
    tags: tuple[str, ...] = ()
    if found := _INLINE_ID.search(text):
        pin, text = found[1], text[: found.start()]
    if found := _INLINE_TAGS.search(text):
        tags, text = tuple(found[1].split()), text[: found.start()]
    names = _list_names(kind)
    pieces = re.split(rf"(?:(?<=\s)|\A)({'|'.join(map(re.escape, names))}):(?=\s|\Z)", text) if names else [text]
    fields = [(names[0] if names else "", pieces[0])]
    fields += list(zip(pieces[1::2], pieces[2::2], strict=True))
    return _Block(kind, fields, tags, pin)


def _read_fields(kind: str, lines: list[str]) -> list[tuple[str, str]]:
    names = _list_names(kind)
    fields: list[tuple[str, list[str]]] = [(names[0] if names else "", [])]
    prose = {number for number, _ in list_prose(lines)}
    for number, line in enumerate(lines):
        match = _FIELD.match(line) if number in prose else None
        if match and (match[1] in names or not names):
            fields.append((match[1], [line[match.end() :]]))
        else:
            fields[-1][1].append(line)
    return [(name, "\n".join(text).strip()) for name, text in fields]


def _list_names(kind: str) -> tuple[str, ...]:
    """Return the field names of one of Anki's note types; empty for other note types."""
    return next((names for name, names in _FIELDS.items() if kind == name or kind.startswith(f"{name} (")), ())


def _add_block(
    builder: DeckBuilder, lines: tuple[int, int], block: _Block | None, frozen: dict[str, list[tuple[str, str]]]
) -> None:
    if block is None:
        return
    fields: dict[str, str] = {}
    for name, text in [*block.fields, *frozen.get(block.kind, ())]:
        fields[name] = "\n".join(filter(None, [fields.get(name, ""), text.strip()]))
    texts = [text for text in fields.values() if text] or [""]
    if "Cloze" in block.kind or (not _list_names(block.kind) and _ANKI_GAP.search(texts[0])):
        whole = "\n\n".join(texts)
        gaps = find_brace_gaps(texts[0], _BRACE_GAP)
        builder.add_cloze(lines, whole, gaps, tags=block.tags, pin=block.pin)
        return
    reverse = "and reversed" in block.kind or bool(fields.pop("Add Reverse", ""))
    texts = [text for name, text in fields.items() if text and name != "Add Reverse"] or [""]
    builder.add_sides(
        lines,
        texts[0],
        "\n\n".join(texts[1:]),
        both_ways=reverse,
        tags=block.tags,
        pin=block.pin,
        typed="type in the answer" in block.kind,
    )


_CARD: Final = re.compile(
    r"(?<!\S)#card(?P<kind>[/-](?:reverse|spaced))?(?![\w/-])(?P<tags>(?:[ \t]*#[\w:/-]+)*)[ \t]*", re.I
)
_ID: Final = re.compile(r"[ \t]*(?:\^(?=\d{13}[ \t]*\Z)|<!--[ \t]*ankiID:[ \t]*)(\d{1,19})(?:[ \t]*-->)?[ \t]*", re.I)
_SECOND: Final = re.compile(r"^[ \t]*<!--[ \t]*ankiID:[ \t]*\d+[ \t]*-->", re.MULTILINE | re.I)
_SPACED: Final = re.compile(r"\s#spaced\s*\Z")
_ANKI_GAP: Final = re.compile(r"\{\{c\d{1,9}::")
_QUOTE: Final = re.compile(r"(?:>[ \t]?)+")
_ID_AT_END: Final = re.compile(r"(?<=\s)\^(\d{13})\Z")
_TAG: Final = re.compile(r"#[\w/-]+")
_LEAD: Final = re.compile(r"[ \t]*(?:\d+[.)][ \t]+|[-+*][ \t]+|#{1,6}[ \t]+)?")
_SPACING: Final = re.compile(r"[\s,]+")
_SEPARATOR: Final = re.compile(r":{2,3}")
_GAP: Final = re.compile(
    r"\{\{c(?P<anki>\d{1,9})::(?P<whole>(?:(?!\}\}|\{\{|::).)+)(?:::(?P<hint>[^{}\n]*))?\}\}"
    r"|(?<!\{)\{(?:c?(?P<short>\d{1,3}):)?(?P<part>[^{}\n]+)\}(?!\})|==(?P<mark>[^=\n](?:(?!==).)*)=="
)


def read_flashcards_obsidian(text: str, path: str) -> Deck:
    """Read a file with cards of flashcards-obsidian; an id of version 2 selects that version."""
    return _read(text, path, is_second=_SECOND.search(text) is not None)


def read_flashcards_obsidian_v2(text: str, path: str) -> Deck:
    """Read a file with cards of flashcards-obsidian 2."""
    return _read(text, path, is_second=True)


def _read(text: str, path: str, *, is_second: bool) -> Deck:
    file = read_lines(text, path)
    builder = DeckBuilder(file, str(file.values.get("cards-deck") or ""))
    reader = _Reader(builder, is_second=is_second)
    file.tags = tuple(dict.fromkeys((*file.tags, *reader.find_tags())))
    reader.run()
    return builder.build()


class _Reader:
    def __init__(self, builder: DeckBuilder, *, is_second: bool) -> None:
        self._builder = builder
        self._is_second = is_second
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
            elif match and not line[match.end() :].strip() and not _ANKI_GAP.search(line):
                at = self._read_tagged(at, match)
            elif self._is_second and _SPACED.search(line):
                self._report_spaced(at)
                at += 1
            else:
                at = self._inline(at, line)

    def _read_tagged(self, at: int, match: re.Match[str]) -> int:
        """Read a question that ends in a tag and the answer below it; return the line after them."""
        lines = self._lines
        first = self._find_question(at, has_text=bool(lines[at][: match.start()].strip()))
        question = "\n".join([*lines[first:at], lines[at][: match.start()]])
        question = re.sub(r"\A {0,3}#+[ \t]*", "", question).strip()
        if self._is_second:
            question = _LEAD.sub("", _QUOTE.sub("", question), count=1)
        end = at + 1
        while end < len(lines) and not lines[end].strip():
            end += 1
        start = end
        while end < len(lines) and (lines[end].strip() or end not in self._prose) and not _ID.fullmatch(lines[end]):
            end += 1
        pin = _ID.fullmatch(lines[end]) if end < len(lines) else None
        last = end if pin else end - 1
        tags, deck = self._split_tags(match["tags"].split())
        if match["kind"] and match["kind"][1:].lower() == "spaced":
            self._report_spaced(first)
            return at + 1
        self._builder.add_sides(
            (first, max(last, at)),
            question,
            self._join_answer(lines[start:end]),
            deck=deck,
            both_ways=bool(match["kind"]),
            tags=tags,
            pin=pin[1] if pin else "",
            breadcrumb=self._crumbs.above(first),
        )
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
        opaque = find_opaque(line) if _SEPARATOR.search(line) and not _ANKI_GAP.search(line) else None
        separator = (
            next((each for each in _SEPARATOR.finditer(line) if each.start() not in opaque), None) if opaque else None
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
            both = len(separator[0]) == 3
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
        starts = (each.start() for pattern in (_SEPARATOR, _CARD, _GAP) for each in pattern.finditer(line))
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
            if word.lower() != "#card":
                tags.append(word[1:])
            body = rest.rstrip()
