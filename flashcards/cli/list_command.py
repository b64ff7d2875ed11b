"""`flashcards list`."""

from __future__ import annotations

from typing import Any

import click

from flashcards.cli import common, complete


@click.command("list", cls=common.QueryCommand)
@click.argument("query", nargs=-1, shell_complete=complete.query)
@click.option("--json", "as_json", is_flag=True, help="Print JSON Lines, one card a line.")
def command(query: tuple[str, ...], as_json: bool) -> None:
    """List the cards that a query finds; all of them without one.

    \b
    flashcards list
    flashcards list deck:tpm is:due
    flashcards list 'tag:exam -is:suspended prop:lapses>3'
    flashcards list --json "critical path"
    """
    from flashcards.cards import records
    from flashcards.collection import now_ms
    from flashcards.query import card_ids

    with common.opened() as collection:
        found = card_ids(collection, common.joined(query, collection.catalog.decks()))
        if as_json:
            common.print_json_lines(records(collection, found, now_ms()))
        elif not found:
            common.flow("No card matches." if query else "There are no cards yet. `flashcards init` makes an example.")
        else:
            lines = ("\n".join(common.fitted(_line(each), 2)) for each in records(collection, found, now_ms()))
            # The pager ends the last line itself.
            click.echo_via_pager(f"\n{line}" if number else line for number, line in enumerate(lines))


def _line(card: dict[str, Any]) -> str:
    due = "suspended" if card["suspended"] else (card["due"] or "new")[:10]
    name = f"{card['note'][:7]}.{card['slot']}"
    return f"{name:16} {due:10}  {common.visible(card['deck'])}  {common.shortened(card['front'], 70)}"
