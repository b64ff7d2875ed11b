"""The texts of deck files: a new one, and one with notes added and changed."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from flashcards.deck import attributes, front_matter
from flashcards.deck.model import Deck, Kind, Note
from flashcards.deck.parse import parse
from flashcards.deck.source import normalized
from flashcards.importing.draft import Draft, sound
from flashcards.importing.layout import heading_lines, names_deck, normal_name

_LINE: Final = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_BULLET: Final = re.compile(r"[ \t]*(?:(?:[-+*]|[0-9]{1,9}[.)])[ \t]+)*")
_BETWEEN: Final = "\n\n"
_PLAIN_TAG: Final = re.compile(r"[A-Za-z_][\w/.-]*")
_PLAIN_NAME: Final = re.compile(r"[A-Za-z][\w /.-]*(?:::[A-Za-z][\w /.-]*)*")


@dataclass(slots=True)
class FileText:
    """What a file is to say, and which of its notes are which.

    Attributes:
        path: within the collection.
        text: the whole file.
        deck: what it is read as.
        drafts: the drafts it holds, by the index of their note in `deck`.
        refused: drafts that could not be put into it.
    """

    path: str
    text: str
    deck: Deck
    drafts: dict[int, Draft] = field(default_factory=dict)
    refused: list[Draft] = field(default_factory=list)


def new_file(path: str, drafts: Sequence[Draft]) -> FileText:
    """A file with these notes, in order."""
    shared = _shared_tags(drafts)
    for separator in (_BETWEEN, "\n\n---\n\n"):
        text = _front_matter(path, drafts[0].deck, shared) + _body(drafts, (), shared, separator)
        deck = parse(text, path)
        if len(deck.notes) == len(drafts) and all(map(Draft.is_said_by, drafts, deck.notes)):
            return FileText(path, text, deck, dict(enumerate(drafts)))
    whole = [draft for draft in map(sound, drafts) if draft.is_read_back()]
    if len(whole) == len(drafts) and whole == list(drafts):  # each alone is read back, but not all together
        return FileText(path, "", Deck(""), refused=list(drafts))
    found = new_file(path, whole) if whole else FileText(path, "", Deck(""))
    kept = {(draft.source, draft.part) for draft in whole}
    found.refused += [draft for draft in drafts if (draft.source, draft.part) not in kept]
    return found


def changed_file(path: str, before: str, changes: Sequence[tuple[int, Draft]], added: Sequence[Draft]) -> FileText:
    """A file whose notes at some lines are replaced, and that has more notes at its end.

    What cannot be done without changing another note is refused: first the changes, then the additions.
    """
    old = parse(before, path)
    for some_changes, some_added in ((changes, added), (changes, ()), ((), added)):
        if not some_changes and not some_added:
            continue
        found = _changed(path, before, old, some_changes, some_added)
        if found is not None:
            done = {id(draft) for draft in found.drafts.values()}
            wanted = [*(draft for _, draft in changes), *added]
            found.refused = [draft for draft in wanted if id(draft) not in done]
            return found
    return FileText(path, before, old, refused=[*(draft for _, draft in changes), *added])


def _changed(
    path: str, before: str, old: Deck, changes: Sequence[tuple[int, Draft]], added: Sequence[Draft]
) -> FileText | None:
    tags = file_tags(before)
    by_line = {note.line: index for index, note in enumerate(old.notes)}
    lines = [line for line in _LINE.findall(before) if line]
    ending = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    drafts: dict[int, Draft] = {}
    for line, draft in sorted(changes, key=lambda change: -change[0]):
        index = by_line.get(line)
        if index is None:
            return None
        _replace(lines, old.notes[index], draft.block(tags), ending)
        drafts[index] = draft
    text = "".join(lines)
    if added:
        crumbs = old.notes[-1].breadcrumb if old.notes else ()
        text = f"{text.rstrip()}\n\n{_body(added, crumbs, tags, _BETWEEN)}".replace("\r\n", "\n").replace("\n", ending)
    after = parse(text, path)
    if len(after.notes) != len(old.notes) + len(added):
        return None
    for index, note in enumerate(after.notes):
        if index >= len(old.notes):
            drafts[index] = added[index - len(old.notes)]
        if index in drafts:
            if not drafts[index].is_said_by(note):
                return None
        elif _essence(note) != _essence(old.notes[index]):
            return None
    return FileText(path, text, after, drafts)


def _replace(lines: list[str], note: Note, block: str, ending: str) -> None:
    first, last = note.line - 1, note.end_line - 1
    tail = lines[last][len(lines[last].rstrip("\r\n")) :]
    bullet = _BULLET.match(lines[first]) if note.kind is Kind.PAIR else None
    prefix = bullet[0] if bullet else ""
    lines[first : last + 1] = [(prefix + block).replace("\n", ending) + tail]


def _essence(note: Note) -> tuple[object, ...]:
    return note.kind, note.fields, note.slots, note.pin, note.tags, note.typed


def file_tags(text: str) -> tuple[str, ...]:
    """The tags that a file gives all its notes."""
    value = front_matter.read(normalized(text)).values.get("tags")
    return () if value is None else attributes.split_tags(value)[0]


def _shared_tags(drafts: Sequence[Draft]) -> tuple[str, ...]:
    if len(drafts) < 2:
        return ()
    shared = set(drafts[0].tags).intersection(*(draft.tags for draft in drafts))
    return tuple(tag for tag in drafts[0].tags if tag in shared)


def _front_matter(path: str, deck: str, tags: tuple[str, ...]) -> str:
    lines = []
    if not names_deck(path, deck):
        name = normal_name(deck)
        plain = _PLAIN_NAME.fullmatch(name) and name.lower() not in ("true", "false", "yes", "no", "null", "on", "off")
        lines.append(f"deck: {name if plain else json.dumps(name, ensure_ascii=False)}")
    if tags:
        written = (tag if _PLAIN_TAG.fullmatch(tag) else json.dumps(tag, ensure_ascii=False) for tag in tags)
        lines.append(f"tags: [{', '.join(written)}]")
    return "".join(f"{line}\n" for line in ("---", *lines, "---", "")) if lines else ""


def _body(drafts: Sequence[Draft], crumbs: tuple[str, ...], tags: tuple[str, ...], separator: str) -> str:
    out = []
    for draft in drafts:
        headings: list[str] = []
        if draft.breadcrumb and draft.breadcrumb != crumbs:
            headings = [f"{line}\n\n" for line in heading_lines(crumbs, draft.breadcrumb)]
            crumbs = draft.breadcrumb
        out.append("".join((*headings, draft.block(tags))))
    return separator.join(out) + "\n"
