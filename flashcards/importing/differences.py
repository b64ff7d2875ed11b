"""In what a note of a package is another than the note here."""

from __future__ import annotations

from collections.abc import Iterator
from operator import eq
from typing import Final

from flashcards.anki.fields import clean_tags
from flashcards.deck.model import REVERSE, Kind, Note
from flashcards.importing.draft import Draft

_SHOWN: Final = 200  # characters of a text that is named
_SIDES: Final = {1: ("text",), 2: ("front", "back")}


def same_tags(draft: Draft, note: Note) -> bool:
    """Whether both have the same tags, whatever their case."""
    return {tag.casefold() for tag in clean_tags(note.tags)} == {tag.casefold() for tag in draft.tags}


def same_note(draft: Draft, note: Note) -> bool:
    """Whether both ask and show the same, however their Markdown spells it."""
    if (draft.typed, draft.reverse) != (note.typed, REVERSE in note.slots) or not same_tags(draft, note):
        return False
    if len(draft.fields) != len(note.fields) or (draft.kind is Kind.CLOZE) != (note.kind is Kind.CLOZE):
        return False
    from flashcards.render.html import HtmlRenderer

    render = HtmlRenderer({}, lambda name: name).render
    return all(map(eq, map(render, draft.fields), map(render, note.fields)))


def what_differs(draft: Draft, note: Note) -> str:
    """A sentence that says what the package has that is not so here."""
    return f"In the package: {'; '.join(_differences(draft, note)) or 'what is here'}."


def _differences(draft: Draft, note: Note) -> Iterator[str]:
    texts = draft.fields
    here = note.fields if len(note.fields) == len(texts) else ("",) * len(texts)
    for name, text, ours in zip(_SIDES[len(texts)], texts, here, strict=True):
        if text != ours:
            yield f"the {name} is `{' '.join(text.split())[:_SHOWN]}`"
    if draft.reverse != (REVERSE in note.slots):
        yield "it is asked in reverse, too" if draft.reverse else "it is asked forward only"
    if draft.typed != note.typed:
        yield "its answer is typed" if draft.typed else "its answer is not typed"
    if not same_tags(draft, note):
        yield f"its tags are {', '.join(draft.tags)}" if draft.tags else "it has no tags"
