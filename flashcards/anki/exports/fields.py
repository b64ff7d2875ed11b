"""A card's HTML as the plain text that a person types."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from html import escape, unescape
from typing import Final

from flashcards.catalog.store import Entry
from flashcards.deck.model import REVERSE, Kind, Note
from flashcards.render.html.cloze import render_cloze
from flashcards.render.html.renderer import HtmlRenderer

_TAG: Final = re.compile(r"<[^<>]*>")
_SOUND: Final = re.compile(r"\[sound:[^\]]*\]")
_MATH: Final = re.compile(r"\\\((.*?)\\\)|\\\[(.*?)\\\]", re.DOTALL)


def typed_answer(html: str) -> str:
    """What is to be typed for an answer: its words on one line, formulas as TeX, no pictures or sound; as HTML again.

    Empty for an answer without words: then nothing is asked to be typed.
    """
    text = _SOUND.sub(" ", _TAG.sub(lambda tag: "" if _is_inline(tag[0]) else " ", html))
    text = _MATH.sub(lambda match: match[1] or match[2] or "", text)
    return escape(" ".join(unescape(text).split()), quote=False).replace("{{", "{&#123;")


_INLINE: Final = re.compile(
    r"</?(?:a|abbr|b|bdi|bdo|cite|code|del|dfn|em|font|i|ins|kbd|mark|q|s|samp|small|span|strike|strong|sub|sup|u|var|wbr)\b"
)


def _is_inline(tag: str) -> bool:
    return _INLINE.match(tag) is not None


# HTML of which nothing is seen; where it is `<br>` and `<div>` only, Anki takes the field for empty.
_UNSEEN: Final = re.compile(r"(?:\s|&nbsp;|<(?!(?:img|video|audio|hr)\b)[^<>]*>)*", re.IGNORECASE)
_NOTHING: Final = "—"
_YES: Final = "1"
_TAG_BREAKS: Final = re.compile(r'[\s\x00-\x1f\x7f"\u3000\ud800-\udfff]+')


class FieldWriter:
    """Writes the fields of the notes of one package.

    Args:
        macros: the collection's TeX macros.
        media: gets the URL of a medium, returns its name in Anki.
    """

    def __init__(self, macros: Mapping[str, str], media: Callable[[str], str]) -> None:
        self._renderer = HtmlRenderer(macros, media)
        self._place: tuple[str, tuple[str, ...]] | None = None
        self._source = ""

    def fields(self, entry: Entry) -> tuple[str, ...]:
        """The fields of a note, in the order of its note type."""
        if entry.note.kind is Kind.CLOZE:
            typed = _YES if entry.note.typed else ""
            return render_cloze(entry.note, self._renderer), typed, self._source_of(entry)
        return self._basic(entry)

    def _basic(self, entry: Entry) -> tuple[str, ...]:
        note = entry.note
        front, back = self._side(note, note.fields[0]), self._side(note, note.fields[1])
        both = REVERSE in note.slots
        return (
            front,
            back,
            _YES if both else "",
            typed_answer(back) if note.typed else "",
            typed_answer(front) if note.typed and both else "",
            self._source_of(entry),
        )

    def _source_of(self, entry: Entry) -> str:
        place = (entry.path, entry.note.breadcrumb)
        if place != self._place:  # most notes stand where the one before stands
            self._place, self._source = place, source(*place)
        return self._source

    def _side(self, note: Note, markdown: str) -> str:
        """One side; as typed where nothing of it would be seen, for Anki drops a card with an empty front."""
        html = self._renderer.render(markdown, note.definitions)
        return html if not _UNSEEN.fullmatch(html) else _literal(markdown).strip() or _NOTHING


def source(path: str, breadcrumb: Iterable[str]) -> str:
    """Where a note comes from, shown small: its file and the headings above it."""
    return _literal(" › ".join((path, *breadcrumb)))


def clean_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Tags as Anki takes them: no blanks, no empty parts between `::`, each once whatever its case."""
    found: dict[str, str] = {}
    for tag in tags:
        parts = (_TAG_BREAKS.sub("-", part).strip("-") for part in tag.split("::"))
        clean = "::".join(part for part in parts if part)
        if clean:
            found.setdefault(clean.casefold(), clean)
    return tuple(found.values())


def _literal(text: str) -> str:
    return escape(re.sub(r"[\x00\x1f\ud800-\udfff]", "", text), quote=False).replace("{{", "{&#123;")
