"""The commands `orphans`, `link`, `unlink` and `pin`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from flashcards.cli import complete, console
from flashcards.cli.params import Excludes, OptionRules, QueryCommand, Requires
from flashcards.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from flashcards.collection import Collection
    from flashcards.links import Replacement


@click.command("orphans")
@click.option("--json", "as_json", is_flag=True, help="Print JSON Lines, one note a line.")
def orphans_command(as_json: bool) -> None:
    """List notes whose text is gone from the decks.

    They keep their history and are not asked. They return when their text returns, anywhere in the collection.

    \b
    flashcards orphans
    """
    with console.read_collection() as collection:
        found = list(_list_orphans(collection))
        if as_json:
            console.print_json_lines(found)
        elif not found:
            console.print_text("Every note still has its text.")
        for each in () if as_json else found:
            reviews = console.plural(each["reviews"], "review")
            front = console.clip(each["text"])
            console.print_text(
                f"{each['note'][:7]}  {console.make_visible(each['file'])}:{each['line']}  {reviews}  {front}", 2
            )


def _list_orphans(collection: Collection) -> Iterator[dict[str, Any]]:
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
@click.argument("old", required=False, default="", shell_complete=complete.card)
@click.argument("new", required=False, default="", shell_complete=complete.card)
@click.option(
    "--in-place",
    metavar="FILE[:LINE]",
    help="Link the new notes of a file with those that they replaced, in order.",
    shell_complete=complete.files,
)
@click.option("--dry-run", is_flag=True, help="With --in-place: only show the pairs.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask; reviews of the new note join the old history.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@OptionRules(
    Excludes("--in-place", ("OLD",), "it finds the notes itself"),
    Excludes("--dry-run", ("--yes",), "it changes nothing"),
    Requires("--dry-run", ("--in-place",), "two notes alone need no preview"),
)
def link_command(old: str, new: str, in_place: str | None, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Give a note the history of one that lost its text.

    OLD is the id of a note that `flashcards orphans` lists. NEW is a note in a deck: the id of one of its cards, or
    PATH:LINE. Use it for an edit that was not recognised, or that `flashcards scan` reported as ambiguous.

    --in-place is for translations and rewrites: where notes side by side were replaced by as many new ones, it shows
    the pairs and links them in order. LINE chooses the notes side by side at that line.

    \b
    flashcards link k7f3q2m tpm/tools.md:12
    flashcards link --in-place tpm/tools.md
    flashcards link --in-place tpm/tools.md:12 --dry-run
    """
    if in_place:
        if as_json and not (yes or dry_run):
            raise UsageError("--in-place asks before it links, which --json cannot do. Add --yes or --dry-run.")
        _link_in_place(in_place, dry_run=dry_run, yes=yes, as_json=as_json)
    elif not new:
        raise UsageError("Name two notes, OLD and NEW, or a file with --in-place.")
    else:
        _link_two(old, new, yes=yes, as_json=as_json)


def _link_two(old: str, new: str, *, yes: bool, as_json: bool) -> None:
    from flashcards.links import link
    from flashcards.undo import record_with_copy
    from scheduler import transaction

    with console.open_collection() as collection:
        before, after = console.find_note_of(collection, old), console.find_note_of(collection, new)
        with record_with_copy(collection, "link"), transaction(collection.connection):
            linked = link(collection, before, after, with_reviews=yes)
            collection.record_act(f"{after.place} with {linked.key}")
        if as_json:
            console.print_json({"note": linked.key, "reviews": linked.reviews})
            return
        place = console.make_visible(after.place)
        added = f" {console.plural(linked.reviews, 'review')} added to it." if linked.reviews else ""
        console.print_text(f"{place} continues the history of {linked.key}.{added}")


def _link_in_place(name: str, *, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Link the notes of each stretch that were replaced, after a question."""
    from flashcards.links import find_replaced, link_replaced
    from flashcards.undo import record_with_copy
    from scheduler import transaction

    with console.read_collection() if dry_run else console.open_collection() as collection:
        path, line = _read_place(collection, name)
        chosen: list[Replacement] = []
        for stretch in find_replaced(collection, path, line):
            if not as_json:
                _show_pairs(stretch)
            if dry_run or yes or console.ask(f"Link {console.plural(len(stretch), 'pair')}?"):
                chosen += stretch
        moved = 0
        if chosen and not dry_run:
            with record_with_copy(collection, "link"), transaction(collection.connection):
                moved = link_replaced(collection, chosen)
                collection.record_act(f"{console.plural(len(chosen), 'note')} of {path} in place")
        if as_json:
            console.print_json(
                {"linked": [_pair_record(pair) for pair in chosen], "reviews": moved, "dry_run": dry_run}
            )
        elif dry_run:
            console.print_text("Dry run, nothing was changed.", err=True)
        elif chosen:
            added = f" {console.plural(moved, 'review')} added to them." if moved else ""
            goes = "continues its history" if len(chosen) == 1 else "continue their histories"
            console.print_text(f"{console.plural(len(chosen), 'note')} {goes}.{added}")


def _read_place(collection: Collection, name: str) -> tuple[str, int]:
    """Split `FILE:LINE`; the line is 0 if there is none."""
    from flashcards.cli.deck_commands import relative_path

    try:
        return relative_path(collection, name), 0
    except UsageError:
        file, colon, line = name.rpartition(":")
        if not (colon and line.isascii() and line.isdigit() and len(line) < 10):
            raise
        return relative_path(collection, file), int(line)


def _show_pairs(stretch: Sequence[Replacement]) -> None:
    for pair in stretch:
        place = console.make_visible(pair.new.place)
        reviews = console.plural(pair.reviews, "review")
        console.print_text(f"{place}  {reviews}", 2)
        console.print_text(f"  - {console.clip(' / '.join(pair.old.note.fields), 100)}", 4)
        console.print_text(f"  + {console.clip(' / '.join(pair.new.note.fields), 100)}", 4)


def _pair_record(pair: Replacement) -> dict[str, Any]:
    return {
        "note": pair.old.key,
        "file": pair.new.path,
        "line": pair.new.note.line,
        "reviews": pair.reviews,
        "before": "\n".join(pair.old.note.fields),
        "after": "\n".join(pair.new.note.fields),
    }


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
            collection.record_act(f"{entry.place} from {entry.key}")
        if as_json:
            console.print_json({"note": key, "orphan": entry.key})
            return
        place = console.make_visible(entry.place)
        console.print_text(f"{place} is now the new note {key}; its history is kept as the orphan {entry.key}.")


@click.command("pin", cls=QueryCommand)
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
    from flashcards.query import describe_no_match

    with console.open_collection() as collection:
        cards = console.find_cards_of(collection, query)
        if not cards:
            console.print_text(describe_no_match(collection, query), err=True)
            return
        notes = {collection.store.card(card).note for card in cards}
        written = write_pins(collection, collection.catalog.entries(notes))
        console.scan_decks(collection)
        already = len(notes) - written
        console.print_text(
            f"{console.plural(written, 'note')} pinned" + (f"; {already:,} already had an id." if already else ".")
        )
