"""Convert the notes of a package to Markdown notes."""

from __future__ import annotations

import json
from collections.abc import Callable, Container, Iterator, Mapping, Sequence, Set
from itertools import count
from typing import TYPE_CHECKING, Final, NamedTuple

from flashcards.anki.imports import cloze
from flashcards.anki.imports.card_sides import have_same_words, is_mirror, open_hidden, render_card
from flashcards.anki.imports.incoming_notes import IncomingNote, clean_tags, list_cards
from flashcards.anki.imports.occlusion import Occlusion, find_occlusion, render_occlusion
from flashcards.anki.imports.omissions import Omissions
from flashcards.anki.imports.templates import UNSEEN, Rendered, SideTemplate, is_empty, list_values, strip_tags
from flashcards.anki.package.decoding import RenderBudget
from flashcards.anki.package.model import AnkiCard, AnkiNote, AnkiNoteType, Package
from flashcards.anki.package.notetypes import is_ours, shows_first_fields
from flashcards.anki.package.style_sheet import mark_fields
from flashcards.anki.to_markdown.convert import NOTHING, Converter
from flashcards.catalog.imports import OWN_FORM
from flashcards.deck.model import FORWARD, Kind
from flashcards.disk.atomic import digest

if TYPE_CHECKING:
    from flashcards.anki.imports.media import MediaPlan

_Sides = tuple[SideTemplate, SideTemplate]
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False)


class _TypeFacts(NamedTuple):
    """What counts of a note type for its notes; `name` as in `IncomingNote`, `templates` as JSON."""

    is_ours: bool
    name: str
    templates: str


class NoteConverter:
    """Converts each note of a package to our notes that ask for the same cards.

    `known` are the guids and parts of notes imported before, and `find_parts` finds the part of each slot of a guid;
    `start_deck` is called before a part of a note that goes to another deck than the first part.
    """

    def __init__(
        self,
        package: Package,
        converter: Converter,
        pictures: MediaPlan,
        known: Container[tuple[str, int]] = (),
        find_parts: Callable[[str], Mapping[str, int]] = lambda _guid: {},
        start_deck: Callable[[str], None] = lambda _deck: None,
        budget: RenderBudget | None = None,
    ) -> None:
        self.not_shown = Omissions()  # counts omissions
        self.macros: dict[str, str] = {}  # TeX macros defined in templates, by name with a backslash
        self._package = package
        self._converter = converter
        self._pictures = pictures
        self._known = known
        self._find_parts = find_parts
        self._start_deck = start_deck
        self._budget = budget or RenderBudget()
        self._sides: dict[int, list[_Sides]] = {}
        self._facts: dict[int, _TypeFacts] = {}

    def convert(self, note: AnkiNote) -> Iterator[IncomingNote]:
        """Convert a note to our notes; yield nothing if it has no cards."""
        cards = self._package.cards.get(note.id, [])
        if not cards:
            return
        kind = self._package.note_types[note.note_type]
        note = note._replace(fields=mark_fields(note.fields, kind.css))
        occlusion = find_occlusion(kind, dict(zip(kind.fields, note.fields, strict=True)))
        draft = self._start_note(note, kind, [card.ord for card in cards], masked=occlusion is not None)
        ords = self._find_ords(kind, cards)
        if not ords:
            return
        if self._find_facts(kind).is_ours:
            found = self._convert_own(draft, note, kind, ords)
        elif occlusion:
            found = self._convert_occlusion(draft, note, kind, occlusion, ords)
        elif kind.is_cloze:
            found = self._convert_cloze(draft, note, kind, ords)
        else:
            found = self._convert_standard(draft, note, kind, ords)
        yield from found

    def recognize(self, note: AnkiNote) -> IncomingNote | None:
        """Return the cards of a note without converting its text, or nothing if that depends on the text."""
        kind = self._package.note_types[note.note_type]
        cards = self._package.cards.get(note.id, [])
        if not cards or not self._find_facts(kind).is_ours:
            return None
        ords = self._find_ords(kind, cards)
        draft = self._start_note(note, kind, ords, masked=False)
        if kind.is_cloze:
            return draft._replace(form=OWN_FORM, kind=Kind.CLOZE, cards=cloze.list_gaps(ords))
        return draft._replace(form=OWN_FORM, cards=list_cards(1 in ords))

    def is_own(self, note: AnkiNote) -> bool:
        """Return whether a note has one of our note types."""
        return self._find_facts(self._package.note_types[note.note_type]).is_ours

    def find_source(self, note: AnkiNote) -> tuple[str, tuple[str, ...]]:
        """Return the original file and headings of a note that was ours; empty otherwise."""
        kind = self._package.note_types[note.note_type]
        if not self._find_facts(kind).is_ours:
            return "", ()
        path, *headings = strip_tags(note.fields[kind.fields.index("Source")]).split(" › ")
        return (path, tuple(headings)) if path.endswith(".md") else ("", ())

    def _find_ords(self, kind: AnkiNoteType, cards: Sequence[AnkiCard]) -> list[int]:
        """Return the ords of the cards that templates make, each once, because damage can duplicate cards."""
        if kind.is_cloze and kind.templates:
            return list(dict.fromkeys(card.ord for card in cards))
        ords = list(dict.fromkeys(card.ord for card in cards if card.ord < len(kind.templates)))
        others = [card for card in cards if card.ord not in ords]
        if others:
            reviews = sum(len(self._package.log.get(card.id, ())) for card in others)
            self.not_shown.count_cards(kind, len(others), reviews, all_of_note=not ords)
        return ords

    def _start_note(self, note: AnkiNote, kind: AnkiNoteType, ords: list[int], *, masked: bool) -> IncomingNote:
        cards = self._package.cards[note.id]
        deck = self._package.decks[cards[0].home].name
        problems = []
        if len({card.home for card in cards}) > 1 and self._find_facts(kind).is_ours:
            problems.append("its cards were in several decks; all were moved to the first card's deck")
        facts = self._find_facts(kind)
        said = _ENCODER.encode([note.fields, note.tags, ords, deck, int(kind.is_cloze)])
        masks = ', "drawn"' if masked else ""  # earlier versions kept the masks as text
        marks = "" if self._package.tells_schedules else ', "without marks"'
        content = f"{said[:-1]}, {facts.templates}{masks}{marks}]"
        return IncomingNote(
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
            anki_id=str(note.id),
            note_type=facts.name,
        )

    def _keeps_decks(self, note: AnkiNote) -> bool:
        """Return whether cards in other decks become notes there: not for existing notes or our own."""
        kind = self._package.note_types[note.note_type]
        return not self._find_facts(kind).is_ours and (note.guid, 0) not in self._known

    def _find_facts(self, kind: AnkiNoteType) -> _TypeFacts:
        if kind.id not in self._facts:
            templates = _ENCODER.encode([(each.front, each.back) for each in kind.templates])
            name = kind.name if is_ours(kind) or shows_first_fields(kind) else ""
            self._facts[kind.id] = _TypeFacts(is_ours(kind), name, templates)
        return self._facts[kind.id]

    def _find_homes(self, note: AnkiNote) -> dict[int, int]:
        """Return the decks that keep cards apart, by ord, or the parts from an earlier import that did so."""
        cards = self._package.cards[note.id]
        if self._keeps_decks(note):
            return {card.ord: card.home for card in reversed(cards)}
        known = {card.ord for card in cards if card.ord and (note.guid, card.ord) in self._known}
        return {card.ord: -card.ord if card.ord in known else cards[0].home for card in cards}

    def _move(self, draft: IncomingNote, note: AnkiNote, number: int) -> IncomingNote:
        """Move a part of a note to the deck of its first card, if it may be in another deck."""
        home = next(card.home for card in self._package.cards[note.id] if card.ord == number)
        deck = self._package.decks[home].name
        if deck == draft.deck or not self._keeps_decks(note):
            return draft
        self._start_deck(deck)
        return draft._replace(deck=deck)

    def _convert_own(
        self, draft: IncomingNote, note: AnkiNote, kind: AnkiNoteType, ords: list[int]
    ) -> Iterator[IncomingNote]:
        values = list_values(kind.fields, note.fields, note.tags)
        path, breadcrumb = self.find_source(note)
        draft = draft._replace(path=path, breadcrumb=breadcrumb, form=OWN_FORM)
        if kind.is_cloze:
            draft = draft._replace(raw=(values["Text"],))
            left = cloze.filter_ords(ords, values["Text"])  # Anki keeps a card whose gap was removed here
            if len(left) < len(ords):
                problem = "a card whose gap was removed from the text was left out"
                draft = draft._replace(problems=(*draft.problems, problem))
            typed = not is_empty(values.get("Typed", ""))
            text = cloze.mark_later_parts(values["Text"])
            yield cloze.join_parts(
                cloze.merge_gaps(cloze.make_cloze(draft, self._converter, text, "", left, typed=typed))
            )
            return
        reverse = not is_empty(values["Reverse"]) or 1 in ords
        typed = not is_empty(values.get("Answer to type", "")) or kind.name == "Flashcards Typed"
        draft = self._convert_sides(draft, values["Front"], values["Back"])
        yield draft._replace(cards=list_cards(reverse), reverse=reverse, typed=typed)

    def _convert_standard(
        self, draft: IncomingNote, note: AnkiNote, kind: AnkiNoteType, ords: list[int]
    ) -> Iterator[IncomingNote]:
        values = list_values(kind.fields, note.fields, note.tags)
        sides = self._parse_templates(kind)
        found = {each: render_card(*sides[each], values, self._budget) for each in ords}
        self._count_hidden(kind, values, sides, [side for pair in found.values() for side in pair])
        done: set[int] = set()
        homes = self._find_homes(note)
        for number in ords:
            if number in done:
                continue
            front, back = found[number]
            others = [each for each in ords if each > number and each not in done and homes[each] == homes[number]]
            mirror = next((each for each in others if is_mirror(found, number, each)), None)
            problems = [*draft.problems, *front.problems, *back.problems]
            if front.is_typed and not have_same_words(back.html, values[front.to_type]):
                problems.append("the typed answer is now compared with the whole answer")
            part = self._move(draft._replace(part=number, problems=tuple(problems)), note, number)
            done.update((number, number if mirror is None else mirror))
            yield self._convert_sides(part, front.html, back.html)._replace(
                cards=((number, FORWARD),) if mirror is None else ((number, FORWARD), (mirror, "reverse")),
                reverse=mirror is not None,
                typed=front.is_typed,
            )

    def _convert_cloze(
        self, draft: IncomingNote, note: AnkiNote, kind: AnkiNoteType, ords: list[int]
    ) -> Iterator[IncomingNote]:
        values = list_values(kind.fields, note.fields, note.tags)
        sides = self._parse_templates(kind)
        front_side, back_side = sides[0]
        rendered: list[Rendered] = []
        for part, group, names in self._group_cards(note, values, sides[0], ords):
            gaps = [each + 1 for each in group]
            of_group = values
            if len(group) < len(ords):
                of_group = values | {name: cloze.keep_gaps_of(group, values[name]) for name in names}
            without = front_side.clozes - names
            front = front_side.render(of_group, back=False, without=without, gaps=gaps, budget=self._budget)
            without = front_side.clozes | {
                name for name in back_side.clozes if not cloze.find_field_gaps(values.get(name, "")).intersection(gaps)
            }
            rest = back_side.render(
                of_group, back=True, without=without, textual=front_side.textual, gaps=gaps, budget=self._budget
            )
            rendered += [front, rest]
            problems = (*draft.problems, *front.problems, *rest.problems)
            whole = self._move(draft, note, group[0])
            switches = {values.get(name, "").strip() for name in front_side.conditions}
            yield cloze.make_cloze(
                whole._replace(part=part, problems=problems, raw=(front.html, rest.html)),
                self._converter,
                open_hidden(front.html, switches),
                open_hidden(rest.html, switches),
                group,
                typed=front.is_typed,
            )
        self._count_hidden(kind, values, sides[:1], rendered)

    def _group_cards(
        self, note: AnkiNote, values: Mapping[str, str], sides: _Sides, ords: list[int]
    ) -> Iterator[tuple[int, list[int], Set[str]]]:
        """Group the cards of a cloze note: yield each part of the note, its ords, and the fields with their gaps."""
        front, back = sides
        homes, parts = self._find_homes(note), {}
        if (note.guid, 0) in self._known:
            slots = self._find_parts(note.guid)
            parts = {each: slots[slot] for each, slot in cloze.list_gaps(ords) if slot in slots}
        elif self._keeps_decks(note):
            single = (front.single_cards | back.single_cards).intersection(ords)
            homes |= {each: -1 - each for each in single if f"c{each + 1}" not in values}
        fields = {name: values.get(name, "") for name in front.clozes}
        taken = set(parts.values())
        for known, group, names in cloze.group_cards(ords, fields, homes, parts):
            free = (each for each in count(group[0] if taken else 0) if each not in taken)
            part = next(free) if known is None else known
            taken.add(part)
            yield part, group, names

    def _convert_occlusion(
        self, draft: IncomingNote, note: AnkiNote, kind: AnkiNoteType, occlusion: Occlusion, ords: list[int]
    ) -> Iterator[IncomingNote]:
        """Convert each card to a note: the picture with its masks, then the plain picture."""
        values = list_values(kind.fields, note.fields, note.tags)
        sides = self._parse_templates(kind, draws_masks=True)
        shown: set[str] = set()
        for number in ords:
            pair = sides[0] if kind.is_cloze else sides[number]
            card = render_occlusion(occlusion, pair, values, number + 1, self._pictures, self._budget)
            problems = (*draft.problems, *card.problems)
            part = self._move(draft._replace(part=number, problems=problems), note, number)
            shown |= card.shown
            yield self._convert_sides(part, card.front, card.back)._replace(cards=((number, FORWARD),))
        self._count_hidden(kind, values, sides, [Rendered(shown=shown)])

    def _convert_sides(self, draft: IncomingNote, front: str, back: str) -> IncomingNote:
        """Convert the HTML of both sides of a card, and report what that loses."""
        question, answer = (
            self._converter.convert(UNSEEN.sub("", html) if "<" in html else html) for html in (front, back)
        )
        problems = [*draft.problems, *question.problems, *answer.problems]
        problems += [] if answer.markdown else ["it has no answer"]
        problems += [] if question.markdown else ["it has no question"]
        return draft._replace(
            fields=(question.markdown or NOTHING, answer.markdown or NOTHING),
            problems=tuple(dict.fromkeys(problems)),
            raw=(front, back),
        )

    def _parse_templates(self, kind: AnkiNoteType, *, draws_masks: bool = False) -> list[_Sides]:
        if kind.id not in self._sides:
            pairs = [(SideTemplate(each.front), SideTemplate(each.back)) for each in kind.templates]
            for side in (side for pair in pairs for side in pair):
                self.macros |= side.macros
            if not draws_masks:  # other scripts are reported as omitted; these only draw the masks
                self.not_shown.count_templates(kind)
            self._sides[kind.id] = [(front, back.remove_front(front)) for front, back in pairs]
        return self._sides[kind.id]

    def _count_hidden(
        self, kind: AnkiNoteType, values: dict[str, str], sides: Sequence[_Sides], rendered: Sequence[Rendered]
    ) -> None:
        shown = set().union(*(side.shown for side in rendered))
        if len(shown) < len(kind.fields):
            asked = {name for pair in sides for side in pair for name in side.conditions}
            self.not_shown.count_fields(kind, values, shown, asked)
