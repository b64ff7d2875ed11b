"""Correct by hand which note is which: `flashcards link` and `flashcards unlink`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flashcards.cards import format_short_id
from flashcards.catalog.corrections import Corrections
from flashcards.collection import Collection, now_ms
from flashcards.errors import UsageError
from flashcards.text import plural
from scheduler import transaction
from scheduler.acts import delete_unused_cards, hand_over_reviews, rename_slots

if TYPE_CHECKING:
    from flashcards.catalog.store import Entry


class LinkImpossible(UsageError):
    """These notes cannot be linked or unlinked as they are."""


class HasReviews(UsageError):
    """The note to give up has reviews of its own."""

    def __init__(self, place: str, reviews: int) -> None:
        words = plural(reviews, "review")
        super().__init__(
            f"The note at {place} has {words} of its own. With --yes they are added to the history of the old note."
        )


class LinkResult(NamedTuple):
    """The key of the note that was linked, and the number of later reviews added to its history."""

    key: str
    reviews: int


def link(collection: Collection, old: Entry, new: Entry, *, with_reviews: bool = False) -> LinkResult:
    """Link the text of `new` with the identity and the history of `old`.

    Args:
        collection: open, and scanned.
        old: a note that lost its text.
        new: a note that has one.
        with_reviews: add the reviews of `new` to the history of `old`.

    Raises:
        LinkImpossible: `old` has a text, or `new` has no text.
        HasReviews: `new` was reviewed, and that is not allowed.
    """
    if old.active:
        raise LinkImpossible(
            f"The note {old.key} has its text, at {old.path}:{old.note.line}. Name an orphan first;"
            " `flashcards orphans` lists them."
        )
    if not new.active:
        raise LinkImpossible(f"The note {new.key} has no text. Name a note of a deck second.")
    cards = collection.store.cards_of(new.id)
    reviews = sum(card.reps for card in cards)
    if reviews and not with_reviews:
        raise HasReviews(f"{new.path}:{new.note.line}", reviews)
    at = now_ms()
    handed = 0
    with transaction(collection.connection):
        corrections = Corrections(collection.connection, at)
        linked = corrections.link(old.id, new.id)
        collection.update_cards(linked.report, at)
        collection.store.set_notes_active([new.id], False)
        slots = dict(linked.slots)
        goes_on = {card.slot: card for card in collection.store.cards_of(old.id)}
        for card in cards:
            target = goes_on.get(slots.get(card.slot, ""))
            if target:
                handed += hand_over_reviews(collection.store, card.id, target.id, collection.policy(target.deck), at)
        if not delete_unused_cards(collection.connection, new.id):
            corrections.remove(new.id)
    return LinkResult(old.key, handed)


def unlink(collection: Collection, entry: Entry) -> str:
    """Separate a note from its last text; return the key of the note that has the text from now on.

    The history stays with the text before, as an orphan; the present text starts without history.

    Raises:
        LinkImpossible: the note has its first text, has no text, or is known by a pinned id.
    """
    if not entry.active:
        raise LinkImpossible(f"The note {entry.key} has no text. Name a note that is in a deck.")
    if entry.note.pin:
        raise LinkImpossible(
            f"The note at {entry.path}:{entry.note.line} has the pinned id `{entry.note.pin}`."
            " Remove that comment from the file first."
        )
    at = now_ms()
    with transaction(collection.connection):
        corrections = Corrections(collection.connection, at)
        last = corrections.last_link(entry.id)
        if last is None:
            raise LinkImpossible(
                f"The note {format_short_id(entry, entry.note.slots[0])} was never linked with another text."
            )
        unlinked = corrections.unlink(entry.id, last)
        rename_slots(collection.connection, entry.id, unlinked.renamed)
        collection.update_cards(unlinked.report, at)
    return unlinked.report.added[0].key
