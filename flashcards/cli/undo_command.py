"""`flashcards undo`."""

from __future__ import annotations

import click

from flashcards.cli import common


@click.command("undo")
@click.option("--json", "as_json", is_flag=True, help="Print the card as in `list`.")
def command(as_json: bool) -> None:
    """Take back the last rating of today, again and again.

    The card is what it was before, and siblings that the rating buried are asked again. The log keeps both.

    \b
    flashcards undo
    """
    from flashcards.cards import card_name, record
    from flashcards.collection import now_ms

    with common.opened() as collection:
        at = now_ms()
        voided = collection.store.undo(at)
        card = collection.store.card(voided.card)
        entry = collection.note_of(card)
        if as_json:
            common.print_json(record(collection, card, entry, at))
        elif voided.rating:
            name = card_name(entry, card.slot)
            common.flow(f"Took back {voided.rating.name.lower()} on {name} ({entry.path}:{entry.note.line}).")
