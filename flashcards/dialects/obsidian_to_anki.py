"""Read the dialect of Obsidian_to_Anki, a plugin and a script that send notes from Obsidian to Anki.

A note is between `START` and `END`, or in a line between `STARTI` and `ENDI`; the ids are those of notes in Anki. The
settings can name other marks, and regular expressions for notes of one's own syntax.
"""

from __future__ import annotations

import re
import time
from bisect import bisect_right
from collections.abc import Container, Iterator
from functools import lru_cache
from itertools import accumulate
from typing import Any, Final, NamedTuple

from flashcards.deck.attributes import split_tags
from flashcards.deck.model import Deck
from flashcards.deck.source import Span, Spans
from flashcards.dialects.builder import (
    ANKI_GAP,
    DeckBuilder,
    find_brace_gaps,
    find_opaque,
    list_prose,
    mark_code,
    read_lines,
)
from flashcards.dialects.plugin_settings import SECONDS, ToAnkiSettings, read_syntax

_ANKI_ID: Final = re.compile(r"(?:<!--)?ID: (\d+).*")
_INLINE_ID: Final = re.compile(r"(?:<!--)?ID: (\d+)(?:-->)?")
_INLINE_TAGS: Final = re.compile(r"Tags: (.*)")
_FIELD: Final = re.compile(r"([A-Z][\w()-]*(?: [\w()-]+){0,3}):(?:[ \t]+|\Z)")
_ANKI: Final = r"\{\{c(?P<anki>\d{1,9})::(?P<whole>(?:(?!\}\}|\{\{).)+)\}\}"
_BRACES: Final = r"|(?<!\{)\{(?:c?(?P<short>\d{1,9})[:|])?(?P<part>[^{}]+)\}(?!\})"
_HIGHLIGHTS: Final = r"|==(?P<mark>[^=\n](?:(?!==).)*)=="
_ANKI_GAPS: Final = re.compile(_ANKI, re.DOTALL)
_BRACE_GAPS: Final = re.compile(_ANKI + _BRACES, re.DOTALL)
_ALL_GAPS: Final = re.compile(_ANKI + _BRACES + _HIGHLIGHTS, re.DOTALL)
_LONGEST_FROZEN: Final = 4096  # characters, since every note of the type gets them
_FIELDS: Final = {"Basic": ("Front", "Back", "Add Reverse"), "Cloze": ("Text", "Extra", "Back Extra")}
_ID_BELOW: Final = r"\n?(?:<!--)?(?:ID: (\d+).*)"
_TAGS_BELOW: Final = r"(Tags: .*)"
_BELOW: Final = (
    (_TAGS_BELOW + _ID_BELOW, True, True),
    (_ID_BELOW, False, True),
    (_TAGS_BELOW, True, False),
    ("", False, False),
)
"""What may follow a note of one's own syntax, in the order of the search; and whether it has tags and an id."""
_CODE_OR_MATH: Final = ("`", "~", "$", "\\", "<!--")


class _NoteBlock(NamedTuple):
    """The text of one note: its type, its fields in order, its tags and its id."""

    kind: str
    fields: list[tuple[str, str]]
    tags: tuple[str, ...]
    pin: str


def read_obsidian_to_anki(text: str, path: str, settings: ToAnkiSettings | None, folder: str) -> Deck:
    """Read a file with notes of Obsidian_to_Anki; `folder` is its folder within the vault."""
    reader = _ToAnkiReader(DeckBuilder(read_lines(text, path)), settings or ToAnkiSettings())
    reader.run(folder)
    return reader.builder.build()


def cut_notes(text: str, settings: ToAnkiSettings | None) -> list[str]:
    """Return the lines of a file without its notes, which can be parts of lines."""
    reader = _ToAnkiReader(DeckBuilder(read_lines(text, "")), settings or ToAnkiSettings())
    reader.run("")
    return reader.cut_notes()


class _ToAnkiReader:
    """Reads the notes of one file."""

    def __init__(self, builder: DeckBuilder, settings: ToAnkiSettings) -> None:
        self.builder = builder
        self._settings = settings
        self._names = dict(settings.fields)
        self._lines = builder.file.lines
        self._prose = dict(list_prose(self._lines))
        self._frozen: dict[str, list[tuple[str, str]]] = {}
        self._starts = [0, *accumulate(len(line) + 1 for line in self._lines)]
        self._gaps = _ALL_GAPS if settings.has_highlight_gaps else _BRACE_GAPS
        if not settings.has_brace_gaps:
            self._gaps = _ANKI_GAPS
        self._taken: list[Span] = []  # the places of the notes read so far

    def run(self, folder: str) -> None:
        """Read everything; `folder` is the folder of the file within the vault."""
        self._read_values(folder)
        self._read_frozen()
        self._read_notes()
        self._read_own_syntax()

    def cut_notes(self) -> list[str]:
        """Return the lines without the notes."""
        text = "\n".join(self._lines)
        pieces, at = [], 0
        for start, end in Spans(self._taken):
            pieces += [text[at:start], "\n" * text.count("\n", start, end)]
            at = end
        return "".join([*pieces, text[at:]]).split("\n")

    def _read_values(self, folder: str) -> None:
        """Read the deck and the tags of the file, which follow their names or are on the next line.

        They can be in the front matter.
        """
        settings, file = self._settings, self.builder.file
        names = settings.target_deck, settings.file_tags
        found = {name: str(file.values.get(name) or "").strip() for name in names}
        pattern = _compile_values(*found)
        for number, line in self._prose.items():
            if match := pattern.fullmatch(line.rstrip()):
                following = self._lines[number + 1] if number + 1 < len(self._lines) else ""
                found[match[1]] = found[match[1]] or (following if match[2] is None else match[2]).strip()
        deck, tags = found[settings.target_deck], found[settings.file_tags].split()
        self.builder.name = deck or next(_list_values(settings.folder_decks, folder), "")
        tags += " ".join(_list_values(settings.folder_tags, folder)).split()
        file.tags = tuple(dict.fromkeys((*file.tags, *split_tags(tags)[0])))

    def _read_frozen(self) -> None:
        """Read the fields that are added to each note of a type: those below `FROZEN - type:`, up to a blank line."""
        lines = self._lines
        start = f"{self._settings.frozen} - "
        end = 0
        for number, line in self._prose.items():
            kind = line.rstrip(" \t").removeprefix(start)
            if number < end or not line.startswith(start) or not kind.endswith(":") or kind == ":":
                continue
            end = next((at for at in range(number + 1, len(lines)) if not lines[at].strip()), len(lines))
            if sum(map(len, lines[number + 1 : end])) > _LONGEST_FROZEN:
                message = f"These frozen fields have more than {_LONGEST_FROZEN:,} characters, so they are not read."
                self.builder.report(number, "frozen", message, "Shorten them, or end them with a blank line.")
            else:
                self._frozen.setdefault(kind[:-1], self._read_fields(kind[:-1], lines[number + 1 : end]))

    def _read_notes(self) -> None:
        """Read the notes between the marks that the settings name."""
        settings = self._settings
        inline = _compile_inline(settings.begin_inline, settings.end_inline)
        after = 0
        for number, line in enumerate(self._lines):
            if number < after:
                continue
            if line.rstrip() == settings.begin:
                after = self._read_between(number)
            elif number in self._prose and settings.begin_inline in line:
                start = self._starts[number]
                for match in inline.finditer(line):
                    self._add((number, number), self._read_inline(match), (start + match.start(), start + match.end()))

    def _read_between(self, number: int) -> int:
        """Read the note that begins on a line; return the line after it."""
        is_code = number not in self._prose
        end, is_found = self._find_end(number, self._prose if is_code else {})
        block = self._read_block(self._lines[number + 1 : end]) if is_found else None
        if not is_found and not is_code:
            message = f"This `{self._settings.begin}` has no `{self._settings.end}`."
            hint = f"Write `{self._settings.end}` on a line of its own below it."
            self.builder.report(number, "open-note", message, hint)
        elif not is_code or (block and block.pin):  # in a code block, a note is one that is in Anki already
            self._add((number, end), block)
        return end + 1

    def _find_end(self, start: int, others: Container[int]) -> tuple[int, bool]:
        """Return the line of the end of a note, outside of code in it, or the last line looked at; and which it is.

        Lines of `others` are behind the note.
        """
        marks = mark_code(self._lines[at] for at in range(start + 1, len(self._lines)))
        at = start
        for at in range(start + 1, len(self._lines)):
            if at in others:
                return at - 1, False
            if not next(marks) and self._lines[at].rstrip() == self._settings.end:
                return at, True
        return at, False

    def _read_block(self, lines: list[str]) -> _NoteBlock | None:
        """Read the text between the marks of a note; return nothing for a note to delete."""
        lines = list(lines)
        pin = ""
        tags: tuple[str, ...] = ()
        _drop_blank(lines)
        if lines and (match := _ANKI_ID.fullmatch(lines[-1].strip())):
            pin = match[1]
            lines.pop()
            _drop_blank(lines)
        if lines and lines[-1].strip() == self._settings.delete:
            return None
        if lines and lines[-1].startswith("Tags:"):
            tags = tuple(lines.pop()[5:].split())
        kind = lines[0].strip() if lines else ""
        return _NoteBlock(kind, self._read_fields(kind, lines[1:]), tags, pin)

    def _read_inline(self, match: re.Match[str]) -> _NoteBlock:
        kind, text = match[1].strip(), match[2]
        pin = ""
        tags: tuple[str, ...] = ()
        if found := _INLINE_ID.search(text):
            pin, text = found[1], text[: found.start()]
        if found := _INLINE_TAGS.search(text):
            tags, text = tuple(found[1].split()), text[: found.start()]
        names = self._list_names(kind)
        pieces = re.split(rf"(?:(?<=\s)|\A)({'|'.join(map(re.escape, names))}):(?=\s|\Z)", text) if names else [text]
        fields = [(names[0] if names else "", pieces[0])]
        fields += list(zip(pieces[1::2], pieces[2::2], strict=True))
        return _NoteBlock(kind, fields, tags, pin)

    def _read_fields(self, kind: str, lines: list[str]) -> list[tuple[str, str]]:
        names = self._list_names(kind)
        fields: list[tuple[str, list[str]]] = [(names[0] if names else "", [])]
        prose = {number for number, _ in list_prose(lines)}
        for number, line in enumerate(lines):
            name, colon, rest = line.partition(":")
            match = _FIELD.match(line) if number in prose and not names else None
            if colon and number in prose and name in names:
                fields.append((name, [rest.lstrip(" \t")]))
            elif match:
                fields.append((match[1], [line[match.end() :]]))
            else:
                fields[-1][1].append(line)
        return [(name, "\n".join(text).strip()) for name, text in fields]

    def _list_names(self, kind: str) -> tuple[str, ...]:
        """Return the field names of a note type; empty if neither the settings nor Anki's own note types have it."""
        if kind in self._names:
            return self._names[kind]
        return next((names for name, names in _FIELDS.items() if kind == name or kind.startswith(f"{name} (")), ())

    def _read_own_syntax(self) -> None:
        """Read the notes that the regular expressions of the settings find outside of other notes, code and math."""
        if not self._settings.regexes:
            return
        text = "\n".join(self._lines)
        taken = [span for span in find_opaque(text) if text.startswith(_CODE_OR_MATH, span[0])] + self._taken
        until = time.monotonic() + SECONDS
        for kind, regex in self._settings.regexes:
            for match, block in self._find_own(kind, regex, text, taken, until):
                first, last = (bisect_right(self._starts, at) - 1 for at in (match.start(), match.end() - 1))
                self._add((first, last), block, match.span())

    def _find_own(
        self, kind: str, regex: str, text: str, taken: list[Span], until: float
    ) -> Iterator[tuple[Any, _NoteBlock]]:
        """Yield the notes that a regular expression finds outside of the spans `taken`, to which they are added.

        Raise `TimeoutError` if that is not done at the monotonic time `until`.
        """
        try:
            size = read_syntax(regex).groups
            patterns = [read_syntax(regex + below) for below, *_ in _BELOW]
        except ValueError:  # `check` reports it
            return
        names = self._list_names(kind) or tuple(map(str, range(size)))
        for pattern, (_, has_tags, has_id) in zip(patterns, _BELOW, strict=True):
            around = Spans([(max(start - 1, 0), end + 1) for start, end in taken])
            for match in pattern.find(text, max(0.0, until - time.monotonic())):
                span = around.around(match.start())
                if match.start() == match.end() or (span and match.end() <= span[1]):
                    continue
                taken.append(match.span())
                groups = [group or "" for group in match.groups()]
                tags = tuple(groups[size][len("Tags: ") :].split()) if has_tags else ()
                fields = [(name, group.strip()) for name, group in zip(names, groups[:size], strict=False)]
                yield match, _NoteBlock(kind, fields, tags, groups[-1] if has_id else "")

    def _add(self, lines: tuple[int, int], block: _NoteBlock | None, span: Span | None = None) -> None:
        """Add a note, whose `span` is its place if it can be a part of its lines."""
        self._taken.append(span or (self._starts[lines[0]], self._starts[lines[1]] + len(self._lines[lines[1]])))
        if block is None:
            return
        fields: dict[str, str] = {}
        for name, text in [*block.fields, *self._frozen.get(block.kind, ())]:
            fields[name] = "\n".join(filter(None, [fields.get(name, ""), text.strip()]))
        texts = [text for text in fields.values() if text] or [""]
        if "Cloze" in block.kind or (not self._list_names(block.kind) and ANKI_GAP.search(texts[0])):
            gaps = find_brace_gaps(texts[0], self._gaps)
            if gaps or span is None:  # a text of one's own syntax without a gap is no note
                self.builder.add_cloze(lines, "\n\n".join(texts), gaps, tags=block.tags, pin=block.pin)
            return
        reverse = "and reversed" in block.kind or bool(fields.pop("Add Reverse", ""))
        texts = [text for name, text in fields.items() if text and name != "Add Reverse"] or [""]
        self.builder.add_sides(
            lines,
            texts[0],
            "\n\n".join(texts[1:]),
            both_ways=reverse,
            tags=block.tags,
            pin=block.pin,
            typed="type in the answer" in block.kind,
        )


def _drop_blank(lines: list[str]) -> None:
    """Remove the blank lines at the end."""
    while lines and not lines[-1].strip():
        lines.pop()


@lru_cache(16)
def _compile_inline(begin: str, end: str) -> re.Pattern[str]:
    begin, end = re.escape(begin), re.escape(end)
    return re.compile(rf"{begin}[ \t]*\[([^\[\]\n]*)\]((?:(?!{begin}|{end}).)*){end}")


@lru_cache(16)
def _compile_values(*names: str) -> re.Pattern[str]:
    return re.compile(rf"({'|'.join(map(re.escape, names))})(?:: (.*))?")


def _list_values(values: tuple[tuple[str, str], ...], folder: str) -> Iterator[str]:
    """Yield the values of a folder and of those above it, the nearest first."""
    known = dict(values)
    while folder:
        if folder in known:
            yield known[folder].strip()
        folder = folder.rpartition("/")[0]
