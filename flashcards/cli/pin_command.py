"""`flashcards pin`."""

from __future__ import annotations

import click

from flashcards.cli import common, complete


@click.command("pin", cls=common.QueryCommand)
@click.argument("query", nargs=-1, required=True, shell_complete=complete.query)
def command(query: tuple[str, ...]) -> None:
    """Write the id of each note that a query finds into its file, as `<!-- id: … -->`.

    Never required: notes are recognised by their texts. A pin makes a note independent of its text and of the state
    in .flashcards. A file that changed meanwhile is left as it is.

    \b
    flashcards pin k7f3q2m
    flashcards pin deck:tpm
    """
    from flashcards.pins import pin

    with common.opened() as collection:
        cards = common.named_cards(collection, query)
        if not cards:
            common.flow("No card matches.")
            return
        notes = {collection.store.card(card).note for card in cards}
        written = pin(collection.root, collection.catalog.entries(notes))
        common.scan(collection)
        already = len(notes) - written
        common.flow(
            f"{common.plural(written, 'note')} pinned" + (f", {already:,} had an id already." if already else ".")
        )
