"""The texts of new deck files."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from flashcards.deck import attributes, front_matter
from flashcards.deck.model import Deck
from flashcards.deck.parse import parse
from flashcards.deck.source import normalized
from flashcards.importing.draft import Draft, sound
from flashcards.importing.layout import heading_lines, names_deck, normal_name

SEPARATORS: Final = ("\n\n", "\n\n---\n\n")
"""What stands between two notes: the first where it keeps them apart."""

Step = tuple[int, Draft]
"""A note that is to be written: the line of the note that it replaces, or `END`."""

END: Final = 0

_PLAIN_TAG: Final = re.compile(r"[A-Za-z_][\w/.-]*")
_PLAIN_NAME: Final = re.compile(r"[A-Za-z][\w /.-]*(?:::[A-Za-z][\w /.-]*)*")


@dataclass(slots=True)
class FileText:
    """What a file is to say, and which of its notes are which.

    Attributes:
        path: within the collection.
        text: the whole file.
        deck: what it is read as.
        drafts: the drafts that are put into it, by the index of their note in `deck`.
        said: drafts that it said already.
        stuck: drafts without tags that it gives all its notes: the draft and those tags.
        refused: drafts that could not be put into it.
    """

    path: str
    text: str
    deck: Deck
    drafts: dict[int, Draft] = field(default_factory=dict)
    said: list[Draft] = field(default_factory=list)
    stuck: list[tuple[Draft, tuple[str, ...]]] = field(default_factory=list)
    refused: list[Draft] = field(default_factory=list)

    def refuse_others(self, wanted: Iterable[Draft]) -> None:
        """Note down which of the drafts that were to be put into it are not in it."""
        done = {key(draft) for draft in self.drafts.values()}
        self.refused = [draft for draft in wanted if key(draft) not in done]


def key(draft: Draft) -> tuple[str, int]:
    """What tells a draft from every other one, whatever became of its text."""
    return draft.source, draft.part


def new_file(path: str, drafts: Sequence[Draft], prose: str = "") -> FileText:
    """A file with these notes, in order, below some prose; those that cannot be written are refused, and prose, too."""
    found = (_written(path, drafts, prose) if prose else None) or _written(path, drafts)
    if found is None:
        whole = [(END, draft) for draft in map(sound, drafts) if draft.is_read_back()]
        chosen = most([], whole, lambda steps: _written(path, [draft for _, draft in steps]) is not None)
        found = _written(path, [draft for _, draft in chosen])
    found = found or FileText(path, "", Deck(""))
    found.refuse_others(drafts)
    return found


def _written(path: str, drafts: Sequence[Draft], prose: str = "") -> FileText | None:
    if not drafts:
        return None
    shared = _shared_tags(drafts)
    for separator in SEPARATORS:
        head = _front_matter(path, drafts[0].deck, shared) + (f"{prose}\n\n" if prose else "")
        text = head + body(drafts, (), shared, separator)
        deck = parse(text, path)
        if len(deck.notes) == len(drafts) and all(map(Draft.is_said_by, drafts, deck.notes)):
            return FileText(path, text, deck, dict(enumerate(drafts)))
    return None


def most(chosen: list[Step], more: list[Step], fit: Callable[[list[Step]], bool]) -> list[Step]:
    """What is chosen, and as much of `more` as fits along with it; few attempts where little does not."""
    if not more or fit([*chosen, *more]):
        return [*chosen, *more]
    if len(more) == 1:
        return chosen
    half = len(more) // 2
    return most(most(chosen, more[:half], fit), more[half:], fit)


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


def body(drafts: Sequence[Draft], crumbs: tuple[str, ...], tags: tuple[str, ...], separator: str) -> str:
    """Notes with the headings they stand under.

    Args:
        drafts: the notes.
        crumbs: the headings that hold where they are to stand.
        tags: those that the file gives all its notes.
        separator: one of `SEPARATORS`.
    """
    out = []
    for draft in drafts:
        headings: list[str] = []
        if draft.breadcrumb and draft.breadcrumb != crumbs:
            headings = [f"{line}\n\n" for line in heading_lines(crumbs, draft.breadcrumb)]
            crumbs = draft.breadcrumb
        out.append("".join((*headings, draft.block(tags))))
    return separator.join(out) + "\n"
