"""Rewrite files of other dialects in the native format; every card keeps its history."""

from __future__ import annotations

import json
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from flashcards.catalog.encoding import encode
from flashcards.catalog.imports import write_together
from flashcards.catalog.store import Entry
from flashcards.deck.attributes import split_tags, write_note
from flashcards.deck.cloze import move_gap, replace_gaps
from flashcards.deck.front_matter import is_toml, read_front_matter
from flashcards.deck.model import REVERSE, Deck, Gap, Kind, Note
from flashcards.deck.parse import get_deck_name, parse
from flashcards.deck.source import normalize
from flashcards.dialects import NATIVE
from flashcards.dialects.read import find_rest
from flashcards.disk.atomic import FileChanged, digest, write_file
from flashcards.disk.journal import Journal
from flashcards.errors import FlashcardsError
from flashcards.identity.notes import fingerprint
from scheduler.connection import make_folders

if TYPE_CHECKING:
    from flashcards.collection import Collection

_FORMAT_LINE: Final = re.compile(r"^[\"']?format[\"']?[ \t]*[:=][^\n]*\n", re.MULTILINE)
_BULLET: Final = re.compile(r"(?:[-*+]|\d{1,9}[.)])[ \t]+(?:\[.\][ \t]+)?(?=\S)")
_MARKED: Final = re.compile(r"[QTC]:")
_END: Final = "<!-- end -->"
_HEADING: Final = re.compile(r"^ {0,3}#{1,6}[ \t]", re.MULTILINE)
_HEADINGS: Final = re.compile(r"(?: {0,3}#{1,6}[ \t][^\n]*\n+)+(?=[ \t]*\S)")
_RULE: Final = re.compile(r"^---[ \t]*$", re.MULTILINE)
_STOPS: Final = re.compile(r"#{1,6}[ \t]|---[ \t]*\Z|<!--[ \t]*end[ \t]*-->")


class ConversionImpossible(FlashcardsError):
    """A file that the native format cannot represent, and the reason."""

    def __init__(self, path: str, line: int, reason: str) -> None:
        super().__init__(f"{path}:{line}: {reason} The file is left as it is.")


@dataclass(frozen=True, slots=True)
class Conversion:
    """One file before and after the conversion."""

    path: str  # within the collection
    # before, after: its bytes
    before: bytes
    after: bytes
    entries: tuple[Entry, ...]  # its notes, in order
    notes: tuple[Note, ...]  # the parsed notes after the conversion
    deck: str  # the deck of all its notes afterwards
    moved: int  # how many of them are in other decks now


def plan_conversion(collection: Collection, path: str) -> Conversion:
    """Plan the conversion of a file to the native format; raise FileChanged or ConversionImpossible."""
    before = (collection.root / path).read_bytes()
    row = collection.catalog.files()[path]
    if row.hash != digest(before):
        raise FileChanged(collection.root / path)
    entries = _list_entries(collection, path)
    text = before.decode()
    decks = Counter(entry.deck for entry in entries)
    deck = decks.most_common(1)[0][0] if decks else get_deck_name(path)
    names_format = collection.chooser().choose(path).name != NATIVE
    given = ["format: native"] if names_format else []
    rest = find_rest(text, row.dialect, collection.chooser().choose(path))
    if deck != get_deck_name(path):
        given.append(f"deck: {json.dumps(deck, ensure_ascii=False)}")
    after, read = _rewrite(path, normalize(text), entries, given, rest)
    after = _restore_ends(text, after)
    moved = sum(decks.values()) - decks[deck]
    return Conversion(path, before, after.encode(), entries, read.notes, deck, moved)


def convert(collection: Collection, conversions: Iterable[Conversion], at_ms: int) -> Path | None:
    """Write the files and the new texts, or nothing (FileChanged); return the folder of the old files."""
    kept: Path | None = None
    journal = Journal(collection.root, collection.import_folder)
    with write_together(collection.connection, journal, "convert", at_ms):
        for conversion in conversions:
            kept = kept or collection.backups / time.strftime("converted-%Y%m%d-%H%M%S", time.localtime(at_ms / 1000))
            make_folders((kept / conversion.path).parent)
            write_file(kept / conversion.path, conversion.before)
            for entry, note in zip(conversion.entries, conversion.notes, strict=True):
                text = fingerprint(note)
                if text != entry.fingerprint:
                    collection.connection.execute(
                        "INSERT OR REPLACE INTO texts(fingerprint, note, body, until_ms) VALUES (?, ?, ?, ?)",
                        (text, entry.id, encode(note), at_ms),
                    )
            journal.stage_edit(conversion.path, conversion.after, conversion.before)
    return kept


def plan_mark(collection: Collection, path: str, dialect: str) -> Conversion:
    """Plan to add the name of a file's dialect to its front matter, without writing."""
    before = (collection.root / path).read_bytes()
    text = before.decode()
    plain = normalize(text)
    count = plain.count("\n", 0, read_front_matter(plain, is_native=False).end)
    before_body = "".join(f"{line}\n" for line in plain.split("\n")[:count])
    head = _set_front_matter(before_body, "", [f"format: {dialect}"])
    body = "\n".join(text.removeprefix("\ufeff").split("\n")[count:])
    after = (_restore_ends(text, head) + body).encode()
    entries = _list_entries(collection, path)
    deck = entries[0].deck if entries else ""
    return Conversion(path, before, after, entries, tuple(entry.note for entry in entries), deck, 0)


def _restore_ends(before: str, after: str) -> str:
    """Return a text with the line ends, and the byte order mark, of what it was before."""
    ends = after.replace("\n", "\r\n") if "\r\n" in before else after
    return f"\ufeff{ends}" if before.startswith("\ufeff") else ends


def _list_entries(collection: Collection, path: str) -> tuple[Entry, ...]:
    rows = collection.connection.execute(
        "SELECT n.id FROM notes n JOIN files f ON f.id = n.file WHERE f.path = ? AND n.active = 1", (path,)
    )
    found = collection.catalog.entries([note for (note,) in rows])
    return tuple(sorted(found, key=lambda entry: (entry.note.line, entry.note.end_line)))


def _rewrite(
    path: str, text: str, entries: Sequence[Entry], given: Sequence[str], rest: Sequence[str]
) -> tuple[str, Deck]:
    """Return a file in the native format, parsed, too; cards lose bullets and `#` if that helps.

    `rest` are its lines without the notes, if notes can be parts of lines.
    """
    plain = [entry.note for entry in entries]
    simple = [_drop_lead(note) for note in plain]
    try:
        return _try_notes(path, text, plain, simple, given, rest)
    except ConversionImpossible:
        if simple == plain:
            raise
        with suppress(ConversionImpossible):
            return _try_notes(path, text, plain, plain, given, rest)
        raise


def _try_notes(
    path: str, text: str, plain: Sequence[Note], notes: Sequence[Note], given: Sequence[str], rest: Sequence[str]
) -> tuple[str, Deck]:
    after = _write_file(path, text, list(zip(plain, notes, strict=True)), given, rest)
    read = parse(after, path)
    _compare(path, notes, read)
    return after, read


def _drop_lead(note: Note) -> Note:
    """Return a card without its bullet, the `#` of its heading, or the headings above it, which become text."""
    front = note.fields[0]
    if above := _find_headings(note):
        cut = len(above)
        gaps = tuple(move_gap(gap, lambda offset: offset - cut) for gap in note.gaps)
        return note._replace(fields=(front[cut:], *note.fields[1:]), gaps=gaps)
    if note.kind is Kind.QUESTION and "\n" not in front and (match := _HEADING.match(front)):
        return note._replace(fields=(front[match.end() :].strip(), *note.fields[1:]))
    match = _BULLET.match(front) if note.kind is Kind.PAIR else None
    if match is None:
        return note
    item = note._replace(fields=(front[match.end() :], *note.fields[1:]))
    return item if _is_pair(item.fields, item) else note


def _find_headings(note: Note) -> str:
    """Return the headings with which a note of several lines begins, with the line ends after them."""
    if note.kind is Kind.PAIR or not (match := _HEADINGS.match(note.fields[0])):
        return ""
    return "" if any(gap.start < match.end() for gap in note.gaps) else match[0]


def _write_file(
    path: str, text: str, notes: Sequence[tuple[Note, Note]], given: Sequence[str], rest: Sequence[str]
) -> str:
    """Return a file with these lines in its front matter, and each first note of a pair replaced by the second.

    The text beside a note in its lines goes below it.
    """
    head = read_front_matter(text, is_native=False)
    value = head.values.get("tags")
    file_tags = () if value is None else split_tags(value)[0]
    lines = text.split("\n")
    by_line: dict[int, list[Note]] = defaultdict(list)
    texts: dict[int, list[str]] = defaultdict(list)
    headings: dict[int, list[str]] = defaultdict(list)
    for note, native in notes:
        lead = "" if native is note or native.kind is not Kind.PAIR else _read_lead(lines[note.line - 1], note)
        by_line[note.line].append(note)
        above = _find_headings(note) if native is not note and native.fields[0] != note.fields[0] else ""
        headings[note.line] += [above.rstrip(), ""] if above else []
        texts[note.line].append(lead + _write_note(path, native, file_tags))
    out: list[str] = []
    at = 1
    for line, same in sorted(by_line.items()):
        out += lines[at - 1 : line - 1]
        if out and out[-1].strip() and (headings[line] or not _is_one_line(texts[line])):
            out.append("")
        out += headings[line]
        at = max(note.end_line for note in same) + 1
        beside = [text.strip() for text in rest[line - 1 : at - 1] if text.strip()]
        out.append("\n\n".join(texts[line]))
        if not _is_one_line(texts[line]):
            out += _separate(beside or lines[at - 1 :], {} if beside else texts, at)
        if beside:
            out += ["", "\n\n".join(beside), ""]
    out += lines[at - 1 :]
    return _set_front_matter(text[: head.end], "\n".join(out)[head.end :], given)


def _read_lead(line: str, note: Note) -> str:
    """Return the text before that of a list item: its spaces and its bullet."""
    bullet = _BULLET.match(note.fields[0])
    return line[: len(line) - len(line.lstrip())] + (bullet[0] if bullet else "")


def _is_one_line(texts: Sequence[str]) -> bool:
    """Return whether notes are a single pair, which ends at the end of its line."""
    return len(texts) == 1 and not _MARKED.match(texts[0])


def _separate(rest: Sequence[str], texts: Mapping[int, list[str]], line: int) -> Iterator[str]:
    """Yield the lines to add after a note so that the text from this line on does not belong to it."""
    blank = next((number for number, text in enumerate(rest) if text.strip()), len(rest))
    if blank == len(rest):
        return
    following = texts.get(line + blank)
    if (following is None and not _STOPS.match(rest[blank])) or (following and not _MARKED.match(following[0])):
        yield ""
        yield _END
    if not blank:
        yield ""


def _write_note(path: str, note: Note, file_tags: Sequence[str]) -> str:
    kind, fields = note.kind, note.fields
    if kind is Kind.CLOZE:
        if any(gap.hidden for gap in note.gaps):
            reason = "The native format cannot represent gaps that other cards hide."
            raise ConversionImpossible(path, note.line, reason)
        fields = (replace_gaps(fields[0], note.gaps, _write_gap),)
    elif kind is Kind.PAIR and not _is_pair(fields, note):
        kind = Kind.QUESTION
    return write_note(
        kind,
        fields,
        tags=[tag for tag in note.tags if tag not in file_tags],
        reverse=REVERSE in note.slots,
        typed=note.typed,
        pin=note.pin,
    )


def _write_gap(gap: Gap, inner: str) -> str:
    numbers = ",".join(map(str, gap.numbers))
    return f"{{{{c{numbers}::{inner}{'::' + gap.hint if gap.hint else ''}}}}}"


def _is_pair(fields: Sequence[str], note: Note) -> bool:
    """Return whether a note fits on one line with a separator."""
    if any("\n" in field for field in fields) or note.typed:
        return False
    reverse = REVERSE in note.slots
    read = parse(write_note(Kind.PAIR, fields, reverse=reverse), "x.md").notes
    return len(read) == 1 and (read[0].fields, read[0].slots) == (tuple(fields), note.slots)


def _compare(path: str, notes: Sequence[Note], read: Deck) -> None:
    """Raise ConversionImpossible unless a converted file contains the same notes."""
    for number, note in enumerate(notes):
        found = read.notes[number] if number < len(read.notes) else None
        if found is None or _list_asked(found) != _list_asked(note) or not set(note.tags) <= set(found.tags):
            raise ConversionImpossible(path, note.line, _explain_difference(note))
    if len(read.notes) > len(notes):
        line = read.notes[len(notes)].line
        raise ConversionImpossible(path, line, "Text outside of the cards would become a card.")


def _explain_difference(note: Note) -> str:
    """Return the reason why a note is parsed as a different one in the native format."""
    if any(_HEADING.search(field) for field in note.fields):
        return "In the native format a heading ends a note, and this note contains one."
    if any(_RULE.search(field) for field in note.fields):
        return "In the native format a line of `---` ends a note, and this note contains one."
    if note.kind is Kind.CLOZE and "==" in note.fields[0]:
        return "In the native format every `==highlight==` of a cloze is a gap, and here one is not."
    return "This note would be parsed differently."


def _list_asked(note: Note) -> tuple[object, ...]:
    """Return the content that a note asks for: its cards, and its text with the hidden text of each gap."""
    if note.kind is not Kind.CLOZE:
        return note.slots, note.fields
    hidden = tuple((gap.numbers, note.fields[0][gap.inner_start : gap.inner_end], gap.hint) for gap in note.gaps)
    return note.slots, replace_gaps(note.fields[0], note.gaps, lambda _, inner: inner), hidden


def _set_front_matter(old: str, body: str, given: Sequence[str]) -> str:
    """Return a text with these lines in its front matter `old`, and without any other `format:`."""
    inner = "\n".join(old.split("\n")[1:-2]) + "\n" if old.count("\n") > 2 else ""
    if inner.lstrip().startswith("{"):
        return f"---\n{_add_to_json(inner, given)}---\n{body}"
    names = {line.partition(":")[0] for line in given}
    fence = old[:3] or "---"
    if is_toml(old):
        given = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in _split_lines(given)]
    inner = _FORMAT_LINE.sub("", inner)
    if "deck" in names:
        inner = re.sub(r"^[\"']?deck[\"']?[ \t]*[:=][^\n]*\n", "", inner, flags=re.MULTILINE)
    lines = "".join(f"{line}\n" for line in given) + inner
    return f"{fence}\n{lines}{fence}\n{body}" if lines.strip() else body


def _split_lines(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the name and the value of each setting in YAML."""
    for line in lines:
        name, _, value = line.partition(":")
        yield name, value.strip(' "')


def _add_to_json(inner: str, given: Sequence[str]) -> str:
    """Return JSON front matter with these settings at its beginning."""
    added = dict(_split_lines(given))
    try:
        known = json.loads(inner)
    except (ValueError, RecursionError):  # YAML in braces
        known = {"": ""}
    if known and known.keys().isdisjoint(added):
        return inner.replace("{", json.dumps(added, ensure_ascii=False)[:-1] + ", ", 1)
    return json.dumps(known | added, ensure_ascii=False) + "\n"
