"""Messages about what an import drops or renames."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Set
from typing import Final

from flashcards.anki.imports.incoming_notes import clean_tag
from flashcards.anki.imports.templates import find_omissions, is_shown, strip_tags
from flashcards.anki.package.model import RECOVERED, AnkiNoteType, Package, PackageDeck
from flashcards.importers.transaction import Remark
from flashcards.text import plural

_SWITCH: Final = re.compile(r"\S{0,8}")


class Omissions:
    """Counts omissions and reports them."""

    def __init__(self) -> None:
        self._fields: dict[str, Counter[str]] = defaultdict(Counter)
        self._cards: dict[str, Counter[str]] = defaultdict(Counter)
        self._templates: dict[str, dict[str, None]] = {}

    def count_fields(self, kind: AnkiNoteType, values: Mapping[str, str], shown: Set[str], asked: Set[str]) -> None:
        """Count the fields that no card shows; `asked` fields are conditions, where a short word is a switch."""
        for name in kind.fields:
            value = values[name]
            if name in shown or not is_shown(value):
                continue
            if name in asked and "<" not in value and _SWITCH.fullmatch(strip_tags(value).strip()):
                continue
            self._fields[kind.name][name] += 1

    def count_cards(self, kind: AnkiNoteType, cards: int, reviews: int, *, all_of_note: bool) -> None:
        """Count cards of a note without a template in its type, with their reviews."""
        self._cards[kind.name].update(cards=cards, reviews=reviews, notes=int(all_of_note))

    def count_templates(self, kind: AnkiNoteType) -> None:
        """Record the features of a note type's templates that our cards cannot have."""
        sides = [side for each in kind.templates for side in (each.front, each.back)]
        self._templates[kind.name] = dict.fromkeys(what for side in sides for what in find_omissions(side))

    def list_remarks(self) -> Iterator[Remark]:
        """Report the omissions."""
        for kind, fields in self._fields.items():
            for name, count in fields.items():
                notes = _count(count, "note that fills it in", "notes that fill it in")
                yield Remark(kind, f"The field `{name}` is not shown on any card of {notes}; it was left out.")
        for kind, omitted in self._templates.items():
            if omitted:
                yield Remark(kind, f"The templates have {', '.join(omitted)}, which cannot be shown.")
        for kind, counts in self._cards.items():
            reviews = plural(counts["reviews"], "review")
            message = f"{plural(counts['cards'], 'card')} without a template left out, with {reviews}"
            if counts["notes"]:
                message += f"; {plural(counts['notes'], 'note')} without any other card left out"
            yield Remark(kind, f"{message}.")


_OF_LATEX: Final = re.compile(r"latex-[0-9a-f]{40}\.(?:png|svg)")
_EXAMPLES: Final = 5
_LONGEST: Final = 300  # characters of a description


def describe_left_out(package: Package, source: str, without_cards: int) -> Iterator[Remark]:
    """Describe the omitted tags, cards and reviews of a package, and the notes `without_cards`."""
    yield from (Remark(source, message) for message in _remark_tags(package))
    for count, one, many in (
        (without_cards, "note has no cards and was", "notes have no cards and were"),
        (package.lost_cards, "card belongs to no note and was", "cards belong to no note and were"),
        (
            package.lost_reviews,
            "review belongs to no card in the package and was",
            "reviews belong to no card in the package and were",
        ),
        (package.timeless_reviews, "review has an impossible time and was", "reviews have an impossible time and were"),
    ):
        if count:
            yield Remark(source, f"{_count(count, one, many)} left out.")
    filtered = [f"`{deck.name}`" for deck in package.decks.values() if deck.preset is None and deck.name != RECOVERED]
    if filtered:
        decks = _count(len(filtered), "filtered deck is", "filtered decks are")
        yield Remark(source, f"{decks} left out, the cards are in their own: {_list_examples(filtered)}.")
    if recovered := package.recovered_cards:
        one, many = "card whose deck is missing from the package is", "cards whose deck is missing from the package are"
        yield Remark(source, f"{_count(recovered, one, many)} in the deck {RECOVERED}.")


def remark_missing_media(names: Collection[str], source: str) -> Iterator[Remark]:
    """Report the media that notes use and the package lacks."""
    if len(names) > _EXAMPLES:
        examples = _list_examples([f"`{name}`" for name in names])
        yield Remark(source, f"{len(names):,} media files are missing from the package: {examples}.")
    else:
        yield from (Remark(source, f"The media file `{name}` is missing from the package.") for name in names)


def remark_unused_media(unused: Collection[str], source: str) -> Iterator[Remark]:
    """Report the media that no note uses, except the pictures that Anki draws for LaTeX."""
    names = [name for name in unused if not _OF_LATEX.fullmatch(name)]
    if names:
        files = _count(
            len(names), "media file is not used by any note and was", "media files are not used by any note and were"
        )
        yield Remark(source, f"{files} not copied: {_list_examples([f'`{name}`' for name in sorted(names)])}.")


def remark_outdated_notes(count: int, source: str) -> Iterator[Remark]:
    """Report the notes whose other text is older than that here."""
    if count:
        notes = _count(count, "note differs in this file but is", "notes differ in this file but are")
        yield Remark(source, f"{notes} older there than here; your text was kept.")


def remark_description(deck: PackageDeck) -> Remark:
    """Report the description of a deck that could not be written into its file."""
    text = " ".join(strip_tags(deck.description).split())
    shortened = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return Remark(deck.name, f"The deck's description was left out: {shortened}")


def _remark_tags(package: Package) -> Iterator[str]:
    """Describe tags that must be renamed or dropped."""
    tags = sorted({tag for note in package.notes for tag in note.tags})
    renamed = [f"`{tag}` is `{clean_tag(tag)}`" for tag in tags if clean_tag(tag) not in ("", tag)]
    dropped = [f"`{tag}`" for tag in tags if not clean_tag(tag)]
    if renamed:
        yield f"{_count(len(renamed), 'tag gets', 'tags get')} another name: {_list_examples(renamed)}."
    if dropped:
        yield f"{_count(len(dropped), 'tag is', 'tags are')} left out: {_list_examples(dropped)}."


def _count(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def _list_examples(examples: list[str]) -> str:
    return ", ".join([*examples[:_EXAMPLES], *(["…"] if len(examples) > _EXAMPLES else [])])
