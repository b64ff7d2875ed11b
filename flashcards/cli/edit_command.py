"""`flashcards edit`."""

from __future__ import annotations

import click

from flashcards.cli import common


@click.command("edit")
@click.argument("card")
def command(card: str) -> None:
    """Open a card's file in your editor, at the card's line.

    CARD is the id that `list` shows, or as much of it as is unique; or PATH:LINE. The editor is $VISUAL, else $EDITOR.

    \b
    flashcards edit k7f3q2m.c1
    flashcards edit tpm/tools.md:12
    """
    from flashcards.cards import TextGone, find_card
    from flashcards.editor import edit

    with common.opened() as collection:
        found = collection.store.card(find_card(collection, card))
        entry = collection.note_of(found)
        if not entry.active:
            raise TextGone(card)
        edit(collection.root / entry.path, entry.note.line)
        common.scan(collection)
