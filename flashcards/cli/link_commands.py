"""The commands `orphans`, `link`, `unlink` and `pin`: which note is which, decided by hand."""

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
    """List notes whose text is gone from the decks.

    They keep their history and are not asked. They return when their text returns, anywhere in the collection.

    \b
    flashcards orphans
    """
    with console.read_collection() as collection:
        found = list(_orphans(collection))
        if as_json:
            console.print_json_lines(found)
        elif not found:
            console.print_text("Every note still has its text.")
        for each in () if as_json else found:
            reviews = console.plural(each["reviews"], "review")
            front = console.shorten(each["text"])
            console.print_text(
                f"{each['note'][:7]}  {console.make_visible(each['file'])}:{each['line']}  {reviews}  {front}", 2
            )


def _orphans(collection: Collection) -> Iterator[dict[str, Any]]:
    for entry in collection.catalog.entries(active=False):
        if not entry.fingerprint:  # replaced by another note by hand
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
@click.argument("old", shell_complete=complete.card)
@click.argument("new", shell_complete=complete.card)
@click.option("--yes", "-y", is_flag=True, help="Link even if NEW was reviewed; its reviews join the history of OLD.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def link_command(old: str, new: str, yes: bool, as_json: bool) -> None:
    """Give a note the history of one that lost its text.

    OLD is the id of a note that `flashcards orphans` lists. NEW is a note in a deck: the id of one of its cards, or
    PATH:LINE. Use it for an edit that was not recognised, or that `flashcards scan` reported as ambiguous.

    \b
    flashcards link k7f3q2m tpm/tools.md:12
    """
    from flashcards.links import link
    from flashcards.undo import record_with_copy
    from scheduler import transaction

    with console.open_collection() as collection:
        before, after = console.find_note_of(collection, old), console.find_note_of(collection, new)
        with record_with_copy(collection, "link"), transaction(collection.connection):
            linked = link(collection, before, after, with_reviews=yes)
            collection.record_act(f"{after.path}:{after.note.line} with {linked.key}")
        if as_json:
            console.print_json({"note": linked.key, "reviews": linked.reviews})
            return
        place = console.make_visible(f"{after.path}:{after.note.line}")
        added = f" {console.plural(linked.reviews, 'review')} added to it." if linked.reviews else ""
        console.print_text(f"{place} continues the history of {linked.key}.{added}")


@click.command("unlink")
@click.argument("note", shell_complete=complete.card)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def unlink_command(note: str, as_json: bool) -> None:
    """Undo the last link of a note.

    Its text becomes a new note; its history becomes an orphan, which returns with its earlier text. NOTE is the id of
    one of its cards, or PATH:LINE.

    \b
    flashcards unlink k7f3q2m
    flashcards unlink tpm/tools.md:12
    """
    from flashcards.links import unlink
    from flashcards.undo import record_with_copy
    from scheduler import transaction

    with console.open_collection() as collection:
        entry = console.find_note_of(collection, note)
        with record_with_copy(collection, "unlink"), transaction(collection.connection):
            key = unlink(collection, entry)
            collection.record_act(f"{entry.path}:{entry.note.line} from {entry.key}")
        if as_json:
            console.print_json({"note": key, "orphan": entry.key})
            return
        place = console.make_visible(f"{entry.path}:{entry.note.line}")
        console.print_text(f"{place} is now the new note {key}; its history is kept as the orphan {entry.key}.")


@click.command("pin", cls=console.QueryCommand)
@click.argument("query", nargs=-1, required=True, shell_complete=complete.query)
def pin_command(query: tuple[str, ...]) -> None:
    """Write the ids of notes into their files.

    Adds `<!-- id: … -->` to each note that a query finds. Not required: notes are recognised by their text. A pin
    makes a note independent of its text and of the state in .flashcards. A file that has changed since the scan is
    not touched.

    \b
    flashcards pin k7f3q2m
    flashcards pin deck:tpm
    """
    from flashcards.links import write_pins

    with console.open_collection() as collection:
        cards = console.find_cards_of(collection, query)
        if not cards:
            console.print_text("No card matches.", err=True)
            return
        notes = {collection.store.card(card).note for card in cards}
        written = write_pins(collection, collection.catalog.entries(notes))
        console.scan_decks(collection)
        already = len(notes) - written
        console.print_text(
            f"{console.plural(written, 'note')} pinned" + (f"; {already:,} already had an id." if already else ".")
        )
