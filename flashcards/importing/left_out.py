"""What of a package has no place here, or another name, in sentences."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final

from flashcards.importing.model import RECOVERED, Package, PackageDeck
from flashcards.importing.report import Remark
from flashcards.importing.tags import clean_tag
from flashcards.importing.visible import plain_text

_OF_LATEX: Final = re.compile(r"latex-[0-9a-f]{40}\.(?:png|svg)")
_EXAMPLES: Final = 5
_LONGEST: Final = 300  # characters of a description


def remarks(package: Package, source: str, without_cards: int) -> Iterator[Remark]:
    """What of the tags, cards and reviews of a package is left out.

    Args:
        package: the package.
        source: its file's name.
        without_cards: how many notes have no cards.
    """
    yield from (Remark(source, message) for message in _tags(package))
    for count, one, many in (
        (without_cards, "note has no cards and is", "notes have no cards and are"),
        (package.lost_cards, "card belongs to no note and is", "cards belong to no note and are"),
        (
            package.lost_reviews,
            "review belongs to no card that is in the package and is",
            "reviews belong to no card that is in the package and are",
        ),
        (
            package.timeless_reviews,
            "review is of an impossible time and is",
            "reviews are of an impossible time and are",
        ),
    ):
        if count:
            yield Remark(source, f"{count:,} {one if count == 1 else many} left out.")
    if recovered := package.recovered_cards:
        one, many = "card whose deck is missing from the package is", "cards whose deck is missing from the package are"
        yield Remark(source, f"{recovered:,} {one if recovered == 1 else many} in the deck {RECOVERED}.")


def missing_media(names: Collection[str], source: str) -> Iterator[Remark]:
    """The media that notes use and the package does not hold."""
    if len(names) > _EXAMPLES:
        examples = _some([f"`{name}`" for name in names])
        yield Remark(source, f"{len(names):,} media are missing from the package: {examples}.")
    else:
        yield from (Remark(source, f"The medium `{name}` is missing from the package.") for name in names)


def unused_media(unused: Collection[str], source: str) -> Iterator[Remark]:
    """The media that no note uses, but for the pictures that Anki makes of LaTeX."""
    names = [name for name in unused if not _OF_LATEX.fullmatch(name)]
    if names:
        what = "medium is used by no note and is" if len(names) == 1 else "media are used by no note and are"
        yield Remark(source, f"{len(names):,} {what} not copied: {_some([f'`{name}`' for name in sorted(names)])}.")


def description(deck: PackageDeck) -> Remark:
    """The description of a deck that could not be written into its file."""
    text = " ".join(plain_text(deck.description).split())
    shortened = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return Remark(deck.name, f"The deck's description is left out: {shortened}")


def _tags(package: Package) -> Iterator[str]:
    """Tags that cannot be written as they are."""
    tags = sorted({tag for note in package.notes for tag in note.tags})
    renamed = [f"`{tag}` is `{clean_tag(tag)}`" for tag in tags if clean_tag(tag) not in ("", tag)]
    dropped = [f"`{tag}`" for tag in tags if not clean_tag(tag)]
    if renamed:
        yield f"{len(renamed):,} {'tag gets' if len(renamed) == 1 else 'tags get'} another name here: {_some(renamed)}."
    if dropped:
        yield f"{len(dropped):,} {'tag is' if len(dropped) == 1 else 'tags are'} left out: {_some(dropped)}."


def _some(examples: list[str]) -> str:
    return ", ".join([*examples[:_EXAMPLES], *(["…"] if len(examples) > _EXAMPLES else [])])
