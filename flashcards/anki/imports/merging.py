"""Merge the changes here and in the package since both were last equal, field by field."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from flashcards.anki.exports.notes import clean_tags
from flashcards.anki.imports.cloze import find_gap_numbers
from flashcards.anki.imports.incoming_notes import IncomingNote, list_cards
from flashcards.catalog.imports import FLAG_CONFLICT, FLAG_REVERSE, FLAG_TYPED, NoteBase, digest_fields, split_digests
from flashcards.deck.cloze import GapError, find_gaps
from flashcards.deck.model import REVERSE, Kind, Note
from flashcards.render.html.renderer import HtmlRenderer

if TYPE_CHECKING:
    from flashcards.catalog.store import Entry


_OPENING: Final = re.compile(r"\{\{c([0-9]+(?:,[0-9]+)*)::")


class MergedNote(NamedTuple):
    """The result of a merge."""

    note: IncomingNote  # the note with the changes of both sides; fields that both changed stay as they are here
    conflicts: tuple[int, ...]  # the indexes of the fields that both sides changed
    base: NoteBase  # the values now equal on both sides
    changes: bool  # whether the note differs from the existing one


def merge_note(draft: IncomingNote, entry: Entry, base: NoteBase) -> MergedNote | None:
    """Merge an incoming note with the existing one; return nothing if their fields differ in number."""
    note = entry.note
    is_cloze = note.kind is Kind.CLOZE
    if (draft.kind is Kind.CLOZE) != is_cloze:
        return None
    sides = _pair_sides(draft, note, base)
    if sides is None:
        return None
    fields, conflicts, new_here, new_there = _merge_fields(sides, draft.changed_s, base, note.definitions)
    if is_cloze and len(fields) > 1:
        ending = _ask_all(fields[0], fields[1], sides)
        if ending != fields[1] and new_here[1:] == split_digests(digest_fields(fields[1:])):
            new_here[1:] = split_digests(digest_fields([ending]))
        fields = [f"{fields[0]}\n\n{ending}" if ending else fields[0]]
    gaps = find_gap_numbers(fields[0]) if is_cloze else ()
    tags = merge_tags(note.tags, draft.tags, base.tags.split())
    reverse = _merge_flag(REVERSE in note.slots, draft.reverse, bool(base.flags & FLAG_REVERSE))
    typed = _merge_flag(note.typed, draft.typed, bool(base.flags & FLAG_TYPED))
    merged = draft._replace(
        fields=tuple(fields),
        cards=tuple(card for card in draft.cards if int(card[1][1:]) in gaps) if is_cloze else list_cards(reverse),
        tags=tags,
        reverse=reverse,
        typed=typed,
    )
    changes = (merged.fields, tags, typed, reverse) != (note.fields, note.tags, note.typed, REVERSE in note.slots)
    has_all = new_there == split_digests(digest_fields(sides.raw))
    new_base = base._replace(
        confirmed=b"" if has_all else base.confirmed,
        given_s=0 if has_all else base.given_s,
        here=b"".join(new_here),
        there=b"".join(new_there),
        tags=" ".join(clean_tags(draft.tags)),
        flags=make_flags(draft.reverse, draft.typed) | (FLAG_CONFLICT if conflicts else 0),
        changed_s=draft.changed_s,
    )
    return MergedNote(merged, tuple(conflicts), new_base, changes)


class _ThreeSides(NamedTuple):
    """The fields of a note here, in the package as Markdown, and in the package as they are."""

    ours: Sequence[str]
    theirs: Sequence[str]
    raw: Sequence[str]


def _pair_sides(draft: IncomingNote, note: Note, base: NoteBase) -> _ThreeSides | None:
    """Pair the fields of both sides, if their number equals that of the base; a cloze has its text and its ending."""
    sides = _ThreeSides(note.fields, draft.fields, _list_raw(draft))
    count = len(split_digests(base.here))
    if note.kind is Kind.CLOZE and count > 1:
        ours, theirs = (note.fields[0], ""), (draft.fields[0], "")
        ours = ours if digest_fields(ours) == base.here else split_cloze(ours[0])
        theirs = split_cloze(theirs[0]) if len(sides.raw) > 1 else theirs
        sides = _ThreeSides(ours, theirs, "\x1f".join(sides.raw).split("\x1f"))
    elif len(sides.raw) > len(sides.theirs):  # an earlier version kept them as one
        sides = sides._replace(raw=["\x1f".join(sides.raw)])
    return sides if len(sides.ours) == len(sides.theirs) == len(sides.raw) == count else None


def split_cloze(text: str) -> tuple[str, str]:
    """Split a cloze into its text and the gap in its last paragraphs that contains the text of only the back."""
    try:
        gaps = find_gaps(text)
    except GapError:
        return text, ""
    start = min((gap.start for gap in gaps if gap.end == len(text)), default=0)
    return (text[: start - 2], text[start:]) if text[:start].endswith("\n\n") else (text, "")


def _ask_all(text: str, ending: str, sides: _ThreeSides) -> str:
    """Make every gap of a merged text ask the ending, if that is so on the side that it comes from."""
    origin = sides.ours if ending == sides.ours[1] else sides.theirs
    opening = _OPENING.match(ending)
    numbers = find_gap_numbers(text)
    if opening is None or not numbers or set(map(int, opening[1].split(","))) != find_gap_numbers(origin[0]):
        return ending
    return f"{{{{c{','.join(map(str, sorted(numbers)))}::{ending[opening.end() :]}"


def _merge_fields(
    sides: _ThreeSides, changed_s: int, base: NoteBase, definitions: str
) -> tuple[list[str], list[int], list[bytes], list[bytes]]:
    """Merge field by field; return the fields, those in conflict, and the current digests of both sides."""
    here, there = split_digests(base.here), split_digests(base.there)
    earlier, confirmed = split_digests(base.earlier), split_digests(base.confirmed)
    # An edit from before an export was made to Anki's text at that time, so what the export changed was changed on both
    # sides.
    is_older = len(confirmed) == len(there) and changed_s < base.given_s
    fields: list[str] = []
    conflicts: list[int] = []
    new_here, new_there = list(here), list(there)
    now_here, now_there = (split_digests(digest_fields(each)) for each in (sides.ours, sides.raw))
    for index, (ours, theirs) in enumerate(zip(sides.ours, sides.theirs, strict=True)):
        if now_there[index] == there[index] or now_there[index] in earlier:
            fields.append(ours)
        elif ours == theirs or HtmlRenderer().render(ours, definitions) == HtmlRenderer().render(theirs):
            fields.append(ours)
            new_here[index], new_there[index] = now_here[index], now_there[index]
        elif now_here[index] == here[index] and not (is_older and there[index] != confirmed[index]):
            fields.append(theirs)
            (new_here[index],) = split_digests(digest_fields([theirs]))
            new_there[index] = now_there[index]
        else:
            fields.append(ours)
            conflicts.append(index)
    return fields, conflicts, new_here, new_there


def make_base(draft: IncomingNote, note: int, fields: Sequence[str]) -> NoteBase:
    """Make the base of a note whose fields are the same here and in the package."""
    if draft.kind is Kind.CLOZE and len(draft.raw) > 1:
        fields = split_cloze(fields[0])
    return NoteBase(
        note,
        draft.form,
        digest_fields(fields),
        digest_fields(_list_raw(draft)),
        b"",
        " ".join(clean_tags(draft.tags)),
        make_flags(draft.reverse, draft.typed),
        draft.changed_s,
    )


def make_flags(reverse: bool, typed: bool) -> int:
    """Return the flags for a base."""
    return FLAG_REVERSE * reverse | FLAG_TYPED * typed


def merge_tags(here: Sequence[str], there: Iterable[str], base: Iterable[str]) -> tuple[str, ...]:
    """Add the tags that were added in Anki, and remove those that were removed there."""
    before = {_fold_one(tag) for tag in base}
    theirs = {_fold_one(tag): tag for tag in there}
    removed = before - theirs.keys()
    kept = [tag for tag in here if _fold_one(tag) not in removed]
    known = {_fold_one(tag) for tag in here} | before
    return (*kept, *[tag for folded, tag in theirs.items() if folded not in known])


_LONGEST: Final = 200  # characters of a displayed text


def show_difference(theirs: str, ours: str) -> str:
    """Return the differing part of a text, on one line."""
    text, other = " ".join(theirs.split()), " ".join(ours.split())
    if len(text) <= _LONGEST:
        return text
    pairs = enumerate(zip(text, other, strict=False))
    same = next((at for at, (one, two) in pairs if one != two), min(len(text), len(other)))
    first = max(0, min(same - _LONGEST // 4, len(text) - _LONGEST))
    shown = text[first : first + _LONGEST]
    return f"{'…' if first else ''}{shown}{'…' if first + _LONGEST < len(text) else ''}"


def _list_raw(draft: IncomingNote) -> Sequence[str]:
    return draft.raw or draft.fields


def _merge_flag(here: bool, there: bool, base: bool) -> bool:
    return here if there == base else there


def _fold_one(tag: str) -> str:
    return next(iter(clean_tags([tag])), "").casefold()
