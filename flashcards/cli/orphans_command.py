"""`flashcards orphans`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from flashcards.cli import common

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flashcards.collection import Collection


@click.command("orphans")
@click.option("--json", "as_json", is_flag=True, help="Print JSON Lines, one note a line.")
def command(as_json: bool) -> None:
    """List the notes whose text is gone from the decks.

    They keep their whole history and are not asked. When the text comes back, anywhere in the collection, so do they.

    \b
    flashcards orphans
    """
    with common.opened() as collection:
        found = list(_orphans(collection))
        if as_json:
            common.print_json_lines(found)
        elif not found:
            common.flow("No note has lost its text.")
        for each in () if as_json else found:
            reviews = common.plural(each["reviews"], "review")
            front = common.shortened(each["text"])
            common.flow(f"{each['note'][:7]}  {common.visible(each['file'])}:{each['line']}  {reviews}  {front}", 2)


def _orphans(collection: Collection) -> Iterator[dict[str, Any]]:
    for entry in collection.catalog.entries(active=False):
        if not entry.fingerprint:  # given up by hand for another note
            continue
        cards = collection.store.cards_of(entry.id)
        yield {
            "note": entry.key,
            "file": entry.path,
            "line": entry.note.line,
            "deck": entry.deck,
            "text": "\n".join(entry.note.fields),
            "cards": [card.slot for card in cards],
            "reviews": sum(card.reps for card in cards),
        }
