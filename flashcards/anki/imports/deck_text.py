"""Compose the text of new and changed deck files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from flashcards.anki.imports.incoming_notes import (
    IncomingNote,
    implies_deck,
    make_readable,
    write_headings,
)
from flashcards.deck import attributes, front_matter
from flashcards.deck.attributes import insert_comment
from flashcards.deck.model import Deck, Kind, Note
from flashcards.deck.parse import clean_deck_name, parse
from flashcards.deck.source import normalize, split_lines

SEPARATORS: Final = ("\n\n", "\n\n---\n\n")
"""The separators of two notes; the first one is preferred."""

Step = tuple[int, IncomingNote]
"""A note to write: the line of the note that it replaces, or `END`."""

END: Final = 0


@dataclass(slots=True)
class FileText:
    """The new content of a file, and which draft each of its notes comes from."""

    path: str  # within the collection
    text: str  # the whole file
    deck: Deck  # the parsed text
    # the drafts written into it, by the index of their note in `deck`
    drafts: dict[int, IncomingNote] = field(default_factory=dict)
    said: list[IncomingNote] = field(default_factory=list)  # drafts that it already contained
    # drafts without tags that it sets for all its notes: the draft and those tags
    stuck: list[tuple[IncomingNote, tuple[str, ...]]] = field(default_factory=list)
    refused: list[IncomingNote] = field(default_factory=list)  # drafts that could not be written into it

    def refuse_others(self, wanted: Iterable[IncomingNote]) -> None:
        """Record the drafts that are missing from the file."""
        done = {draft.key for draft in self.drafts.values()}
        self.refused = [draft for draft in wanted if draft.key not in done]


def make_file(path: str, drafts: Sequence[IncomingNote], prose: str = "", *, names_format: bool = False) -> FileText:
    """Write a file with these notes below the prose, and its format if `names_format`; refuse unwritable notes."""
    found = _compose_file(path, drafts, prose, names_format=names_format) if prose else None
    found = found or _compose_file(path, drafts, names_format=names_format)
    if found is None:
        whole = [(END, draft) for draft in map(make_readable, drafts) if draft.is_read_back()]
        chosen = choose_most([], whole, lambda steps: _compose_file(path, [draft for _, draft in steps]) is not None)
        found = _compose_file(path, [draft for _, draft in chosen], names_format=names_format)
    found = found or FileText(path, "", Deck(""))
    found.refuse_others(drafts)
    return found


def _compose_file(
    path: str, drafts: Sequence[IncomingNote], prose: str = "", *, names_format: bool = False
) -> FileText | None:
    if not drafts:
        return None
    shared = _find_shared_tags(drafts)
    for separator in SEPARATORS:
        deck_name = "" if implies_deck(path, drafts[0].deck) else clean_deck_name(drafts[0].deck)
        head = front_matter.write_front_matter(deck_name, shared, names_format=names_format)
        head += f"{prose}\n\n" if prose else ""
        text = head + write_body(drafts, (), shared, separator)
        deck = parse(text, path)
        if len(deck.notes) == len(drafts) and all(map(IncomingNote.is_written_as, drafts, deck.notes)):
            return FileText(path, text, deck, dict(enumerate(drafts)))
    return None


def choose_most(chosen: list[Step], more: list[Step], fit: Callable[[list[Step]], bool]) -> list[Step]:
    """Add as many of `more` to the chosen steps as fit, with few attempts if few do not."""
    if not more or fit([*chosen, *more]):
        return [*chosen, *more]
    if len(more) == 1:
        return chosen
    half = len(more) // 2
    return choose_most(choose_most(chosen, more[:half], fit), more[half:], fit)


def read_file_tags(text: str) -> tuple[str, ...]:
    """Read the tags that a file sets for all its notes."""
    value = _read_head(text).get("tags")
    return () if value is None else attributes.split_tags(value)[0]


def _read_head(text: str) -> Mapping[str, Any]:
    return front_matter.read_front_matter(normalize(text)).values


def _find_shared_tags(drafts: Sequence[IncomingNote]) -> tuple[str, ...]:
    if len(drafts) < 2:
        return ()
    shared = set(drafts[0].tags).intersection(*(draft.tags for draft in drafts))
    return tuple(tag for tag in drafts[0].tags if tag in shared)


def write_body(drafts: Sequence[IncomingNote], crumbs: tuple[str, ...], tags: tuple[str, ...], separator: str) -> str:
    """Write notes with the headings above them; `crumbs` are the headings above their place."""
    out = []
    for draft in drafts:
        headings: list[str] = []
        if draft.breadcrumb and draft.breadcrumb != crumbs:
            headings = [f"{line}\n\n" for line in write_headings(crumbs, draft.breadcrumb)]
            crumbs = draft.breadcrumb
        out.append("".join((*headings, draft.write(tags))))
    return separator.join(out) + "\n"


_BULLET: Final = re.compile(r"[ \t]*(?:(?:[-+*]|[0-9]{1,9}[.)])[ \t]+)*")
_BREAK: Final = re.compile(r"\\\n")
_TAGS_SETTING: Final = re.compile(r"^tags[ \t]*:[^\n]*\n(?:[ \t]*-[ \t][^\n]*\n)*", re.MULTILINE)
_EMPTY_FRONT_MATTER: Final = re.compile(r"\A---\r?\n---\r?\n(?:\r?\n)?")
_SOME_NOTE: Final = "Q: x\nA: y\n"


def change_file(path: str, before: str, changes: Sequence[Step], added: Sequence[IncomingNote]) -> FileText:
    """Replace notes at some lines and add others at the end; refuse each change that affects another note."""
    file = _File(path, before)
    if lowered := file.push_tags_down(added):
        # An added note must not get tags of the file that it never had.
        pairs = zip(file.deck.notes, lowered.deck.notes, strict=True)
        lines = {note.line: after.line for note, after in pairs}
        changes = [(lines[line], draft) for line, draft in changes]
        file, before = lowered, lowered.text
    said, steps = [], []
    for line, draft in changes:
        if file.holds(line, draft):
            said.append(draft)
        else:
            steps.append((line, draft))
    steps += [(END, draft) for draft in added]
    found = file.apply(steps) or file.apply(file.choose_steps(steps)) or FileText(path, before, file.deck)
    tags = ((draft, tuple(tag for tag in file.tags if tag not in draft.tags)) for _, draft in changes)
    found.said, found.stuck = said, [each for each in tags if each[1]]
    found.refuse_others(draft for _, draft in steps)
    return found


def remove_notes(path: str, before: str, lines: Iterable[int]) -> str | None:
    """Remove the notes at some lines of a file; return nothing if the others would not be parsed as before."""
    deck = parse(before, path)
    gone = set(lines)
    left = split_lines(before)
    removed = [note for note in deck.notes if note.line in gone]
    if len(removed) != len(gone):
        return None
    for note in sorted(removed, key=lambda note: -note.line):
        end = note.end_line
        while end < len(left) and not left[end].strip() and (note.line == 1 or not left[note.line - 2].strip()):
            end += 1  # one of the two separators around it
        del left[note.line - 1 : end]
    text = "".join(left)
    expected = [_summarize(note) for note in deck.notes if note.line not in gone]
    return text if [_summarize(note) for note in parse(text, path).notes] == expected else None


class _File:
    """The current and the new content of a file."""

    def __init__(self, path: str, before: str) -> None:
        self.deck = parse(before, path)
        self.text = before
        self._path = path
        self._lines = split_lines(before)
        self.tags = read_file_tags(before)
        self._say = attributes.split_languages(_read_head(before).get("say") or ())[0]
        self._index = {note.line: index for index, note in enumerate(self.deck.notes)}

    def push_tags_down(self, added: Sequence[IncomingNote]) -> _File | None:
        """Move the file's tags that an added note lacks to its other notes; return nothing if there are none."""
        shared = set(self.tags).intersection(*(draft.tags for draft in added))
        lacking = [tag for tag in self.tags if tag not in shared]
        if not lacking:
            return None
        comment = f"<!-- tags: {', '.join(map(attributes.write_tag, lacking))} -->"
        lines = list(self._lines)
        for note in sorted(self.deck.notes, key=lambda note: -note.line):
            insert_comment(lines, note, comment)
        kept = [tag for tag in self.tags if tag in shared]
        line = f"{front_matter.write_tags(kept)}\n" if kept else ""
        first = self.deck.notes[0].line - 1 if self.deck.notes else len(lines)
        head, rest = "".join(lines[:first]), "".join(lines[first:])
        text = _TAGS_SETTING.sub(lambda _: line, head, count=1) + rest
        lowered = _File(self._path, _EMPTY_FRONT_MATTER.sub("", text))
        before = [_summarize(note._replace(tags=())) for note in self.deck.notes]
        same_notes = [_summarize(note._replace(tags=())) for note in lowered.deck.notes] == before
        same_tags = [set(note.tags) for note in lowered.deck.notes] == [set(note.tags) for note in self.deck.notes]
        return lowered if same_notes and same_tags and set(lowered.tags) == set(kept) else None

    def holds(self, line: int, draft: IncomingNote) -> bool:
        """Return whether the note at a line contains everything of a draft; tags of the file count, too."""
        note = self._find_note(line)
        read = parse(f"{draft.write(self.tags)}\n", "x.md").notes
        if note is None or len(read) != 1 or {*self.tags, *draft.tags} != set(note.tags):
            return False
        return _summarize(read[0]._replace(tags=note.tags, say=note.say)) == _summarize(note)

    def choose_steps(self, steps: Sequence[Step]) -> list[Step]:
        """Choose the steps that are possible together, some in a different form."""
        # A file that ends in unclosed code can contain no more notes.
        longer = parse(f"{self.text.rstrip()}\n\n{_SOME_NOTE}", self._path)
        more = len(longer.notes) == len(self.deck.notes) + 1
        whole = [
            (line, make_readable(draft))
            for line, draft in steps
            if (more if line == END else self._has_room(line, draft))
        ]
        chosen = choose_most([], [step for step in whole if step[1].is_read_back()], self._fits)
        done = {line for line, _ in chosen}
        pairs = [(line, _make_pair(draft)) for line, draft in steps if line not in done and self._is_pair(line)]
        return choose_most(chosen, [step for step in pairs if step[1].is_read_back()], self._fits)

    def apply(self, steps: Sequence[Step]) -> FileText | None:
        """Apply some steps; return nothing if they are impossible or would change another note."""
        drafts: dict[int, IncomingNote] = {}
        lines = list(self._lines)
        ending = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
        for line, draft in sorted((step for step in steps if step[0] != END), key=lambda step: -step[0]):
            note = self._find_note(line)
            if note is None:
                return None
            draft = draft._replace(say=note.say if note.say != self._say else ())
            _replace(lines, note, draft.write(self.tags), ending)
            drafts[self._index[line]] = draft
        text = "".join(lines)
        added = [draft for line, draft in steps if line == END]
        if not added:
            return self._check_text(text, drafts) if steps else None
        crumbs = self.deck.notes[-1].breadcrumb if self.deck.notes else ()
        drafts |= dict(enumerate(added, start=len(self.deck.notes)))
        texts = (f"{text.rstrip()}\n\n{write_body(added, crumbs, self.tags, separator)}" for separator in SEPARATORS)
        tried = (self._check_text(each.replace("\r\n", "\n").replace("\n", ending), drafts) for each in texts)
        return next((found for found in tried if found), None)

    def _check_text(self, text: str, drafts: dict[int, IncomingNote]) -> FileText | None:
        """Return the text if it contains these drafts, by index, and leaves all other notes unchanged; else None."""
        after = parse(text, self._path)
        if len(after.notes) != len({*range(len(self.deck.notes)), *drafts}):
            return None
        for index, note in enumerate(after.notes):
            if index in drafts:
                if not drafts[index].is_written_as(note):
                    return None
            elif _summarize(note) != _summarize(self.deck.notes[index]):
                return None
        return FileText(self._path, text, after, drafts)

    def _fits(self, steps: Sequence[Step]) -> bool:
        return self.apply(steps) is not None

    def _find_note(self, line: int) -> Note | None:
        index = self._index.get(line)
        return None if index is None else self.deck.notes[index]

    def _has_room(self, line: int, draft: IncomingNote) -> bool:
        """Return whether a draft may replace a note in its place; a list can only contain pairs."""
        return draft.kind is Kind.PAIR or not self._is_pair(line) or not _find_bullet(self._lines[line - 1])

    def _is_pair(self, line: int) -> bool:
        note = self._find_note(line)
        return note is not None and note.kind is Kind.PAIR


def _make_pair(draft: IncomingNote) -> IncomingNote:
    """Convert a draft to one line, the only form for lists."""
    return draft._replace(kind=Kind.PAIR, fields=tuple(_BREAK.sub("<br>", text) for text in draft.fields))


def _replace(lines: list[str], note: Note, block: str, ending: str) -> None:
    first, last = note.line - 1, note.end_line - 1
    tail = lines[last][len(lines[last].rstrip("\r\n")) :]
    prefix = _find_bullet(lines[first]) if note.kind is Kind.PAIR else ""
    lines[first : last + 1] = [(prefix + block).replace("\n", ending) + tail]


def _find_bullet(line: str) -> str:
    found = _BULLET.match(line)
    return found[0] if found else ""


def _summarize(note: Note) -> tuple[object, ...]:
    return note.kind, note.fields, note.slots, note.pin, note.tags, note.typed, note.say
