"""The notes of a package as notes of decks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from flashcards.anki.imports.cloze import asked_together, gap_numbers, merged_gaps, with_gap, with_gaps, with_gaps_of
from flashcards.anki.imports.draft import Draft, both_ways, clean_tags
from flashcards.anki.imports.remarks import NotShown
from flashcards.anki.imports.rendered_cards import faces, mirrors, same_words, without_hidden
from flashcards.anki.imports.templates import UNSEEN, Rendered, SideTemplate, is_empty, is_shown, plain_text
from flashcards.anki.package.model import CLOZE_TYPE, AnkiCard, AnkiNote, AnkiNoteType, Package
from flashcards.anki.package.notetypes import is_ours
from flashcards.anki.to_markdown.convert import NOTHING
from flashcards.deck.model import FORWARD, Kind
from flashcards.disk.atomic import digest

if TYPE_CHECKING:
    from flashcards.anki.to_markdown.convert import Converter

_OCCLUSION: Final = re.compile(r"\{\{c[0-9,]+::image-occlusion:")
_Sides = tuple[SideTemplate, SideTemplate]


class NoteConverter:
    """Turns each note of a package into the notes of ours that ask the same cards.

    Args:
        package: where they come from.
        converter: turns their fields into Markdown.

    Attributes:
        not_shown: what of the notes has no place here.
    """

    def __init__(self, package: Package, converter: Converter) -> None:
        self.not_shown = NotShown()
        self._package = package
        self._converter = converter
        self._sides: dict[int, list[_Sides]] = {}

    def drafts(self, note: AnkiNote) -> Iterator[Draft]:
        """The notes of ours that a note becomes, those that can be asked; none where it has no cards."""
        cards = self._package.cards.get(note.id, [])
        if not cards:
            return
        kind = self._package.note_types[note.note_type]
        draft = self._base(note, kind, [card.ord for card in cards])
        ords = self._known_ords(kind, cards)
        if not ords:
            return
        if is_ours(kind):
            found = self._ours(draft, note, kind, ords)
        elif kind.kind == CLOZE_TYPE:
            found = self._cloze(draft, note, kind, ords)
        else:
            found = self._standard(draft, note, kind, ords)
        yield from found

    def source_of(self, note: AnkiNote) -> tuple[str, tuple[str, ...]]:
        """The file and the headings that a note was under when it was ours; empty where it never was."""
        kind = self._package.note_types[note.note_type]
        if not is_ours(kind):
            return "", ()
        path, *headings = plain_text(note.fields[kind.fields.index("Source")]).split(" › ")
        return (path, tuple(headings)) if path.endswith(".md") else ("", ())

    def _known_ords(self, kind: AnkiNoteType, cards: Sequence[AnkiCard]) -> list[int]:
        """The ords of the cards that the templates of their type make, each once: damage makes two cards of one."""
        if kind.kind == CLOZE_TYPE and kind.templates:
            return list(dict.fromkeys(card.ord for card in cards))
        ords = list(dict.fromkeys(card.ord for card in cards if card.ord < len(kind.templates)))
        others = [card for card in cards if card.ord not in ords]
        if others:
            reviews = sum(len(self._package.log.get(card.id, ())) for card in others)
            self.not_shown.count_cards(kind, len(others), reviews, all_of_note=not ords)
        return ords

    def _base(self, note: AnkiNote, kind: AnkiNoteType, ords: list[int]) -> Draft:
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
            tags=clean_tags(note.tags),
            deck=deck,
            path="",
            breadcrumb=(),
            content=digest(content.encode("utf-8", "replace")),
            changed_s=note.changed,
            problems=tuple(problems),
        )

    def _ours(self, draft: Draft, note: AnkiNote, kind: AnkiNoteType, ords: list[int]) -> Iterator[Draft]:
        values = dict(zip(kind.fields, note.fields, strict=True))
        path, breadcrumb = self.source_of(note)
        draft = replace(draft, path=path, breadcrumb=breadcrumb)
        if kind.kind == CLOZE_TYPE:
            left = with_gap(ords, values["Text"])  # Anki keeps a card whose gap was taken out here
            if len(left) < len(ords):
                problem = "a card whose gap was taken out of its text stays out"
                draft = replace(draft, problems=(*draft.problems, problem))
            typed = not is_empty(values.get("Typed", ""))
            yield merged_gaps(with_gaps(draft, self._converter, values["Text"], "", left, typed=typed))
            return
        front, back = self._markdown(values["Front"]), self._markdown(values["Back"])
        reverse = not is_empty(values["Reverse"]) or 1 in ords
        typed = not is_empty(values.get("Answer to type", "")) or kind.name == "Flashcards Typed"
        yield replace(
            draft,
            fields=(front[0] or NOTHING, back[0] or NOTHING),
            cards=both_ways(reverse),
            reverse=reverse,
            typed=typed,
            problems=(*draft.problems, *front[1], *back[1]),
        )

    def _standard(self, draft: Draft, note: AnkiNote, kind: AnkiNoteType, ords: list[int]) -> Iterator[Draft]:
        values = dict(zip(kind.fields, note.fields, strict=True))
        sides = self._templates(kind)
        found = {each: faces(*sides[each], values) for each in ords}
        self._count_hidden(kind, values, sides, [side for pair in found.values() for side in pair])
        done: set[int] = set()
        for number in ords:
            if number in done:
                continue
            front, back = found[number]
            mirror = next(
                (other for other in ords if other > number and other not in done and mirrors(found, number, other)),
                None,
            )
            question, answer = self._markdown(front.html), self._markdown(back.html)
            problems = [*draft.problems, *front.problems, *back.problems, *question[1], *answer[1]]
            if front.typed and not same_words(back.html, values[front.to_type]):
                problems.append("what is typed is compared with the whole answer here")
            if not answer[0]:
                problems.append("it has no answer")
            if not question[0]:
                problems.append("it has no question")
            done.update((number, number if mirror is None else mirror))
            yield replace(
                draft,
                part=number,
                fields=(question[0] or NOTHING, answer[0] or NOTHING),
                cards=((number, FORWARD),) if mirror is None else ((number, FORWARD), (mirror, "reverse")),
                reverse=mirror is not None,
                typed=front.typed,
                problems=tuple(dict.fromkeys(problems)),
            )

    def _cloze(self, draft: Draft, note: AnkiNote, kind: AnkiNoteType, ords: list[int]) -> Iterator[Draft]:
        values = dict(zip(kind.fields, note.fields, strict=True))
        sides = self._templates(kind)
        front_side, back_side = sides[0]
        rendered: list[Rendered] = []
        for group, names in asked_together(ords, {name: values.get(name, "") for name in front_side.clozes}):
            gaps = [each + 1 for each in group]
            of_group = values
            if len(group) < len(ords):
                of_group = values | {name: with_gaps_of(group, values[name]) for name in names}
            blank = front_side.clozes - names
            front = front_side.render(of_group, back=False, blank=blank, gaps=gaps)
            if any(map(_OCCLUSION.search, note.fields)):
                yield self._occlusion(draft, kind, values, front.shown, ords)
                return
            blank = front_side.clozes | {
                name for name in back_side.clozes if not gap_numbers(values.get(name, "")).intersection(gaps)
            }
            rest = back_side.render(of_group, back=True, blank=blank, gaps=gaps)
            part = group[0] if rendered else 0
            rendered += [front, rest]
            problems = (*draft.problems, *front.problems, *rest.problems)
            yield with_gaps(
                replace(draft, part=part, problems=problems),
                self._converter,
                without_hidden(front.html),
                rest.html,
                group,
                typed=front.typed,
            )
        self._count_hidden(kind, values, sides[:1], rendered)

    def _occlusion(
        self, draft: Draft, kind: AnkiNoteType, values: dict[str, str], asked: Set[str], ords: list[int]
    ) -> Draft:
        """The pictures and the masks as text: there is no way to hide a part of a picture."""
        masks = next(value for value in values.values() if _OCCLUSION.search(value))
        fields = {name: value for name, value in values.items() if value != masks and is_shown(value)}
        question = [value for name, value in fields.items() if name in asked]
        answer = [value for name, value in fields.items() if name not in asked]
        problem = f"{kind.name}: the masks over the picture are kept as text, the picture is shown whole"
        draft = replace(draft, problems=(*draft.problems, problem))
        text = "<br><br>".join([*question, masks])
        return with_gaps(draft, self._converter, text, "<br><br>".join(answer), ords, typed=False)

    def _markdown(self, html: str) -> tuple[str, tuple[str, ...]]:
        return self._converter.convert(UNSEEN.sub("", html) if "<" in html else html)

    def _templates(self, kind: AnkiNoteType) -> list[_Sides]:
        if kind.id not in self._sides:
            pairs = [(SideTemplate(each.front), SideTemplate(each.back)) for each in kind.templates]
            self._sides[kind.id] = [(front, back.without(front)) for front, back in pairs]
        return self._sides[kind.id]

    def _count_hidden(
        self, kind: AnkiNoteType, values: dict[str, str], sides: Sequence[_Sides], rendered: Sequence[Rendered]
    ) -> None:
        shown = set().union(*(side.shown for side in rendered))
        if len(shown) < len(values):
            asked = {name for pair in sides for side in pair for name in side.conditions}
            self.not_shown.count_fields(kind, values, shown, asked)
