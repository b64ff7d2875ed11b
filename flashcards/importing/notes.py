"""The notes of a package as notes of decks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from flashcards.deck.model import FORWARD, Kind
from flashcards.importing.draft import Draft, both_ways
from flashcards.importing.model import CLOZE, AnkiNote, NoteType, Package
from flashcards.importing.templates import Rendered, SideTemplate, is_empty, plain_text

if TYPE_CHECKING:
    from flashcards.importing.html.convert import Converter

_ANSWER: Final = re.compile(r"<hr\b[^>]*\bid\s*=\s*[\"']?answer[\"']?[^>]*>", re.IGNORECASE)
_EDGES: Final = re.compile(r"\A(?:\s|<br\s*/?>)+|(?:\s|<br\s*/?>)+\Z", re.IGNORECASE)
_SEEN: Final = re.compile(r"<(?:img|audio|video|svg|table|iframe)\b|\[sound:", re.IGNORECASE)
_UNSEEN: Final = re.compile(r"<(script|style)\b.*?</\1\s*>|<!--.*?-->", re.DOTALL | re.IGNORECASE)
_BLANKS: Final = re.compile(r"(?:\s|&nbsp;)+")
_GAP: Final = re.compile(r"\{\{c([0-9]+(?:,[0-9]+)*)::", re.IGNORECASE)
_TAG_BREAKS: Final = re.compile(r"[\s,;\x00-\x1f\x7f]+|-->|--+")
_OCCLUSION: Final = "image-occlusion"
_OURS: Final = {
    ("Flashcards Basic", "Front", "Back", "Reverse"),
    ("Flashcards Typed", "Front", "Back", "Reverse"),
}
_NOTHING: Final = "—"


class NoteConverter:
    """Turns each note of a package into the notes of ours that ask the same cards.

    Args:
        package: where they come from.
        converter: turns their fields into Markdown.

    Attributes:
        hidden_fields: names of fields that no card shows, and are left out, by note type.
    """

    def __init__(self, package: Package, converter: Converter) -> None:
        self.hidden_fields: dict[str, dict[str, int]] = {}
        self._package = package
        self._converter = converter
        self._sides: dict[int, list[tuple[SideTemplate, SideTemplate]]] = {}

    def drafts(self, note: AnkiNote) -> Iterator[Draft]:
        """The notes of ours that a note becomes, those that can be asked; none where it has no cards."""
        cards = self._package.cards.get(note.id, [])
        if not cards:
            return
        kind = self._package.note_types[note.note_type]
        draft = self._base(note, kind, [card.ord for card in cards])
        if _is_ours(kind):
            found = self._ours(draft, note, kind, [card.ord for card in cards])
        elif kind.kind == CLOZE:
            found = self._cloze(draft, note, kind, [card.ord for card in cards])
        else:
            found = self._standard(draft, note, kind, [card.ord for card in cards])
        yield from found

    def source_of(self, note: AnkiNote) -> tuple[str, tuple[str, ...]]:
        """The file and the headings that a note was under when it was ours; empty where it never was."""
        kind = self._package.note_types[note.note_type]
        if not _is_ours(kind):
            return "", ()
        path, *headings = plain_text(note.fields[kind.fields.index("Source")]).split(" › ")
        return (path, tuple(headings)) if path.endswith(".md") else ("", ())

    def _base(self, note: AnkiNote, kind: NoteType, ords: list[int]) -> Draft:
        cards = self._package.cards[note.id]
        deck = self._package.decks[cards[0].home].name
        problems = []
        if any(card.home != cards[0].home for card in cards):
            problems.append("its cards are of several decks; all are now of the first card's")
        templates = [(each.front, each.back) for each in kind.templates]
        content = json.dumps([note.fields, note.tags, ords, deck, kind.kind, templates], ensure_ascii=False)
        return Draft(
            source=note.guid,
            part=0,
            kind=Kind.QUESTION,
            fields=(),
            cards=(),
            reverse=False,
            typed=False,
            tags=_clean_tags(note.tags),
            deck=deck,
            path="",
            breadcrumb=(),
            content=blake2b(content.encode("utf-8", "replace"), digest_size=16).digest(),
            changed_s=note.changed,
            problems=tuple(problems),
        )

    def _ours(self, draft: Draft, note: AnkiNote, kind: NoteType, ords: list[int]) -> Iterator[Draft]:
        values = dict(zip(kind.fields, note.fields, strict=True))
        path, breadcrumb = self.source_of(note)
        draft = replace(draft, path=path, breadcrumb=breadcrumb)
        if kind.kind == CLOZE:
            yield self._with_gaps(draft, values["Text"], "", ords, typed=not is_empty(values.get("Typed", "")))
            return
        front, back = self._markdown(values["Front"]), self._markdown(values["Back"])
        reverse = not is_empty(values["Reverse"]) or 1 in ords
        typed = not is_empty(values.get("Answer to type", "")) or kind.name == "Flashcards Typed"
        yield replace(
            draft,
            fields=(front[0] or _NOTHING, back[0] or _NOTHING),
            cards=both_ways(reverse),
            reverse=reverse,
            typed=typed,
            problems=(*draft.problems, *front[1], *back[1]),
        )

    def _standard(self, draft: Draft, note: AnkiNote, kind: NoteType, ords: list[int]) -> Iterator[Draft]:
        values = dict(zip(kind.fields, note.fields, strict=True))
        sides = self._templates(kind)
        self._count_hidden(kind, values, sides)
        faces = {each: _faces(*sides[each], values) for each in ords if each < len(sides)}
        done: set[int] = set()
        for number in ords:
            if number in done or number not in faces:
                continue
            front, back = faces[number]
            mirror = next(
                (other for other in ords if other > number and other not in done and _mirrors(faces, number, other)),
                None,
            )
            question, answer = self._markdown(front.html), self._markdown(back.html)
            problems = [*draft.problems, *front.problems, *back.problems, *question[1], *answer[1]]
            if not answer[0]:
                problems.append("it has no answer")
            if not question[0]:
                problems.append("it has no question")
            done.update((number, number if mirror is None else mirror))
            yield replace(
                draft,
                part=number,
                fields=(question[0] or _NOTHING, answer[0] or _NOTHING),
                cards=((number, FORWARD),) if mirror is None else ((number, FORWARD), (mirror, "reverse")),
                reverse=mirror is not None,
                typed=front.typed,
                problems=tuple(dict.fromkeys(problems)),
            )

    def _cloze(self, draft: Draft, note: AnkiNote, kind: NoteType, ords: list[int]) -> Iterator[Draft]:
        values = dict(zip(kind.fields, note.fields, strict=True))
        if any(_OCCLUSION in value for value in note.fields):
            yield self._occlusion(draft, kind, values, ords)
            return
        (front_side, back_side), *_ = self._templates(kind)
        self._count_hidden(kind, values, [(front_side, back_side)])
        front = front_side.render(values, back=False)
        rest = back_side.render(values, back=True, hide_cloze=True)
        extra = rest.html
        problems = (*draft.problems, *front.problems, *rest.problems)
        yield self._with_gaps(replace(draft, problems=problems), front.html, extra, ords, typed=front.typed)

    def _occlusion(self, draft: Draft, kind: NoteType, values: dict[str, str], ords: list[int]) -> Draft:
        """The pictures and the masks as text: there is no way to hide a part of a picture."""
        shown = [value for value in values.values() if _OCCLUSION not in value and _is_shown(value)]
        masks = next(value for value in values.values() if _OCCLUSION in value)
        problem = f"{kind.name}: the masks over the picture are kept as text, the picture is shown whole"
        draft = replace(draft, problems=(*draft.problems, problem))
        return self._with_gaps(draft, "<br><br>".join([*shown, masks]), "", ords, typed=False)

    def _with_gaps(self, draft: Draft, text: str, extra: str, ords: list[int], *, typed: bool) -> Draft:
        problems = list(draft.problems)
        converted = self._converter.convert(_UNSEEN.sub("", text), cloze=True)
        markdown, more = converted.markdown, converted.problems
        problems += more
        numbers = {int(each) for match in _GAP.finditer(markdown) for each in match[1].split(",")}
        if extra and _is_shown(extra) and numbers:
            added, more = self._converter.convert(_UNSEEN.sub("", _as_gap(extra, sorted(numbers))), cloze=True)
            problems += more
            markdown = f"{markdown}\n\n{_tightened(added)}"
        lost = [each + 1 for each in ords if each + 1 not in numbers]
        if lost:
            problems.append(f"its text has no gap {', '.join(map(str, lost))}, so that card is left out")
        return replace(
            draft,
            kind=Kind.CLOZE,
            fields=(markdown,),
            cards=tuple((each, f"c{each + 1}") for each in ords if each + 1 in numbers),
            typed=typed,
            problems=tuple(dict.fromkeys(problems)),
        )

    def _markdown(self, html: str) -> tuple[str, tuple[str, ...]]:
        return self._converter.convert(_UNSEEN.sub("", html) if "<" in html else html)

    def _templates(self, kind: NoteType) -> list[tuple[SideTemplate, SideTemplate]]:
        if kind.id not in self._sides:
            pairs = [(SideTemplate(each.front), SideTemplate(each.back)) for each in kind.templates]
            self._sides[kind.id] = [(front, back.without(front)) for front, back in pairs]
        return self._sides[kind.id]

    def _count_hidden(
        self, kind: NoteType, values: dict[str, str], sides: list[tuple[SideTemplate, SideTemplate]]
    ) -> None:
        shown = {name for pair in sides for side in pair for name in side.fields}
        for name, value in values.items():
            if name not in shown and not is_empty(value):
                counts = self.hidden_fields.setdefault(kind.name, {})
                counts[name] = counts.get(name, 0) + 1


def _is_ours(kind: NoteType) -> bool:
    if kind.name.startswith("Flashcards Cloze"):
        return kind.fields[:1] == ("Text",) and "Source" in kind.fields
    return (kind.name, *kind.fields[:3]) in _OURS and "Source" in kind.fields


def _faces(front: SideTemplate, back: SideTemplate, values: dict[str, str]) -> tuple[Rendered, Rendered]:
    """What a card asks, and what it adds when it answers."""
    question = front.render(values, back=False)
    answer = back.render(values, back=True)
    divider = _ANSWER.search(answer.html)
    if divider:
        above, below = answer.html[: divider.start()], answer.html[divider.end() :]
        answer.html = f"{above}<br>{below}" if _is_shown(above) else below
    question.html, answer.html = _EDGES.sub("", question.html), _EDGES.sub("", answer.html)
    return question, answer


def _is_shown(html: str) -> bool:
    """Whether anything is to be seen or heard."""
    html = _UNSEEN.sub("", html)
    return bool(_SEEN.search(html)) or bool(plain_text(html).replace("\xa0", " ").strip())


def _mirrors(faces: dict[int, tuple[Rendered, Rendered]], one: int, other: int) -> bool:
    """Whether one card asks the other's answer and answers its question."""
    if other not in faces:
        return False
    (front, back), (other_front, other_back) = faces[one], faces[other]
    return (
        _same(front.html, other_back.html) and _same(back.html, other_front.html) and front.typed == other_front.typed
    )


def _same(one: str, other: str) -> bool:
    return _BLANKS.sub("", one) == _BLANKS.sub("", other)


def _as_gap(extra: str, numbers: list[int]) -> str:
    """What only the back shows, as a gap that every card of the cloze asks."""
    text = _EDGES.sub("", _ANSWER.sub("", extra))
    text = _GAP.sub("", text).replace("}}", "}&#125;").replace("{{", "{&#123;").replace("::", ":&#58;")
    return f"{{{{c{','.join(map(str, numbers))}::{text}}}}}"


def _tightened(gap: str) -> str:
    """A gap over several paragraphs without the blank lines at its edges, where they mean nothing."""
    gap = re.sub(r"\A(\{\{c[0-9,]+::)\n+(?![-*|>`<]|[0-9]+[.)])", r"\1", gap)
    return re.sub(r"(?<![`|>])\n+\}\}\Z", "}}", gap)


def _clean_tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    cleaned = (_TAG_BREAKS.sub("-", tag.lstrip("#")).strip("-") for tag in tags)
    return tuple(dict.fromkeys(tag for tag in cleaned if tag))
