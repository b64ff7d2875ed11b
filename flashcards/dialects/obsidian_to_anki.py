"""Read the dialect of Obsidian_to_Anki: notes between `START` and `END`, or `STARTI […] … ENDI` within a line.

Its custom regular expressions are not read. The ids are those of Anki's notes.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from flashcards.deck.model import Deck
from flashcards.dialects.builder import DeckBuilder, find_brace_gaps, list_prose, read_lines

_ID: Final = re.compile(r"(?:<!--)?ID: (\d+).*")
_INLINE: Final = re.compile(r"STARTI[ \t]*\[([^\[\]\n]*)\]((?:(?!STARTI|ENDI).)*)ENDI")
_INLINE_ID: Final = re.compile(r"(?:<!--)?ID: (\d+)(?:-->)?")
_INLINE_TAGS: Final = re.compile(r"Tags: (.*)")
_FROZEN: Final = re.compile(r"FROZEN - (.+?):[ \t]*")
_VALUE: Final = re.compile(r"(TARGET DECK|FILE TAGS)(?:: (.*))?")
_FIELD: Final = re.compile(r"([A-Z][\w()-]*(?: [\w()-]+){0,3}):(?:[ \t]+|\Z)")
_GAP: Final = re.compile(
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
    start = -1
    for number, line in lines.items():
        if start < 0:
            if line.rstrip() == "START":
                start = number
            else:
                for match in _INLINE.finditer(line):
                    _add(builder, (number, number), _read_inline(match), frozen)
        elif line.rstrip() == "END":
            _add(builder, (start, number), _read_block(file.lines[start + 1 : number]), frozen)
            start = -1
    if start >= 0:
        builder.report(start, "open-note", "This `START` has no `END`.", "Write `END` on a line of its own below it.")
    return builder.build()


def _find_values(lines: list[str], prose: dict[int, str]) -> tuple[str, tuple[str, ...]]:
    """Return the deck and the tags of the file, which stand behind their names or on the next line."""
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
            frozen.setdefault(match[1], _read_fields(match[1], lines[number + 1 : end], "\n"))
    return frozen


def _read_block(lines: list[str]) -> _Block | None:
    """Read what stands between `START` and `END`; nothing for a note that is to be deleted."""
    lines = list(lines)
    pin = ""
    tags: tuple[str, ...] = ()
    while lines and not lines[-1].strip():
        lines.pop()
    if lines and (match := _ID.fullmatch(lines[-1].strip())):
        pin = match[1]
        lines.pop()
    if lines and lines[-1].strip() == "DELETE":
        return None
    if lines and lines[-1].startswith("Tags:"):
        tags = tuple(lines.pop()[5:].split())
    kind = lines[0].strip() if lines else ""
    return _Block(kind, _read_fields(kind, lines[1:], "\n"), tags, pin)


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


def _read_fields(kind: str, lines: list[str], separator: str) -> list[tuple[str, str]]:
    names = _list_names(kind)
    fields: list[tuple[str, list[str]]] = [(names[0] if names else "", [])]
    prose = {number for number, _ in list_prose(lines)}
    for number, line in enumerate(lines):
        match = _FIELD.match(line) if number in prose else None
        if match and (match[1] in names or not names):
            fields.append((match[1], [line[match.end() :]]))
        else:
            fields[-1][1].append(line)
    return [(name, separator.join(text).strip()) for name, text in fields]


def _list_names(kind: str) -> tuple[str, ...]:
    """Return the names of the fields of a note type of Anki; empty for one that a person made."""
    return next((names for name, names in _FIELDS.items() if kind == name or kind.startswith(f"{name} (")), ())


def _add(
    builder: DeckBuilder, lines: tuple[int, int], block: _Block | None, frozen: dict[str, list[tuple[str, str]]]
) -> None:
    if block is None:
        return
    fields: dict[str, str] = {}
    for name, text in [*block.fields, *frozen.get(block.kind, ())]:
        fields[name] = "\n".join(filter(None, [fields.get(name, ""), text.strip()]))
    texts = [text for text in fields.values() if text] or [""]
    if "Cloze" in block.kind:
        whole = "\n\n".join(texts)
        gaps = find_brace_gaps(texts[0], _GAP, _group_names, lambda given, _before, unnumbered: given or unnumbered + 1)
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


def _group_names(match: re.Match[str]) -> tuple[str, str | None]:
    """Return the group that holds what a gap hides, and its number."""
    if match["whole"] is not None:
        return "whole", match["anki"]
    return ("mark", None) if match["mark"] is not None else ("part", match["short"])
