"""`flashcards orphans`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from flashcards.cli import complete, console

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flashcards.collection import Collection


@click.command("orphans")
@click.option("--json", "as_json", is_flag=True, help="Print JSON Lines, one note a line.")
def orphans_command(as_json: bool) -> None:
    """List the notes whose text is gone from the decks.

    They keep their whole history and are not asked. When the text comes back, anywhere in the collection, so do they.

    \b
    flashcards orphans
    """
    with console.opened() as collection:
        found = list(_orphans(collection))
        if as_json:
            console.print_json_lines(found)
        elif not found:
            console.flow("No note has lost its text.")
        for each in () if as_json else found:
            reviews = console.plural(each["reviews"], "review")
            front = console.shortened(each["text"])
            console.flow(f"{each['note'][:7]}  {console.visible(each['file'])}:{each['line']}  {reviews}  {front}", 2)


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


@click.command("link")
@click.argument("old")
@click.argument("new")
@click.option(
    "--yes", "-y", is_flag=True, help="Link even if NEW was reviewed: its reviews are added to OLD's history."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def link_command(old: str, new: str, yes: bool, as_json: bool) -> None:
    """Say that a note is one that lost its text: it goes on with the old one's history.

    OLD is the id of a note that `flashcards orphans` lists. NEW is a note in a deck: the id of one of its cards, or
    PATH:LINE. For the rare edit that was not recognised, or where `flashcards scan` could not decide.

    \b
    flashcards link k7f3q2m tpm/tools.md:12
    """
    from flashcards.links import link

    with console.opened() as collection:
        before, after = console.named_note(collection, old), console.named_note(collection, new)
        linked = link(collection, before, after, with_reviews=yes)
        if as_json:
            console.print_json({"note": linked.key, "reviews": linked.reviews})
            return
        place = console.visible(f"{after.path}:{after.note.line}")
        added = f" {console.plural(linked.reviews, 'review')} added to it." if linked.reviews else ""
        console.flow(f"{place} goes on with the history of {linked.key}.{added}")


@click.command("unlink")
@click.argument("note")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def unlink_command(note: str, as_json: bool) -> None:
    """Take back the last link of a note: its text starts anew, its history waits for the text it had before.

    NOTE is the id of one of its cards, or PATH:LINE. For the rare case that a note was taken for another one.

    \b
    flashcards unlink k7f3q2m
    flashcards unlink tpm/tools.md:12
    """
    from flashcards.links import unlink

    with console.opened() as collection:
        entry = console.named_note(collection, note)
        key = unlink(collection, entry)
        if as_json:
            console.print_json({"note": key, "orphan": entry.key})
            return
        place = console.visible(f"{entry.path}:{entry.note.line}")
        console.flow(f"{place} is the new note {key} now; the history waits at {entry.key}, an orphan.")


@click.command("pin", cls=console.QueryCommand)
@click.argument("query", nargs=-1, required=True, shell_complete=complete.query)
def pin_command(query: tuple[str, ...]) -> None:
    """Write the id of each note that a query finds into its file, as `<!-- id: … -->`.

    Never required: notes are recognised by their texts. A pin makes a note independent of its text and of the state
    in .flashcards. A file that changed meanwhile is left as it is.

    \b
    flashcards pin k7f3q2m
    flashcards pin deck:tpm
    """
    from flashcards.pins import write_pins

    with console.opened() as collection:
        cards = console.named_cards(collection, query)
        if not cards:
            console.flow("No card matches.")
            return
        notes = {collection.store.card(card).note for card in cards}
        written = write_pins(collection.root, collection.catalog.entries(notes), collection.catalog.dialects())
        console.scan(collection)
        already = len(notes) - written
        console.flow(
            f"{console.plural(written, 'note')} pinned" + (f", {already:,} had an id already." if already else ".")
        )


COMMANDS: dict[str, click.Command] = {
    "orphans": orphans_command,
    "link": link_command,
    "unlink": unlink_command,
    "pin": pin_command,
}
