"""`flashcards unlink`."""

from __future__ import annotations

import click

from flashcards.cli import common


@click.command("unlink")
@click.argument("note")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(note: str, as_json: bool) -> None:
    """Take back the last link of a note: its text starts anew, its history waits for the text it had before.

    NOTE is the id of one of its cards, or PATH:LINE. For the rare case that a note was taken for another one.

    \b
    flashcards unlink k7f3q2m
    flashcards unlink tpm/tools.md:12
    """
    from flashcards.relink import unlink

    with common.opened() as collection:
        entry = common.named_note(collection, note)
        key = unlink(collection, entry)
        if as_json:
            common.print_json({"note": key, "orphan": entry.key})
            return
        place = common.visible(f"{entry.path}:{entry.note.line}")
        common.flow(f"{place} is the new note {key} now; the history waits at {entry.key}, an orphan.")
