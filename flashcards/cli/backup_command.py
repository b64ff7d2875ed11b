"""`flashcards backup`."""

from __future__ import annotations

import click

from flashcards.cli import common


@click.command("backup")
@click.option("--list", "listed", is_flag=True, help="List the backups there are, newest first.")
def command(listed: bool) -> None:
    """Copy the review state into .flashcards/backups/; the last ten copies are kept.

    The decks are plain files and yours to back up; this is the state beside them. One is also made before every
    change of the database's form.

    \b
    flashcards backup
    flashcards backup --list
    """
    from scheduler import DatabaseCorrupt, backup, check

    with common.unscanned() as collection:
        if listed:
            found = sorted(collection.backups.glob("*.db"), reverse=True)
            for path in found:
                common.flow(f"{path}  {path.stat().st_size:,} bytes")
            if not found:
                common.flow("There is no backup yet. `flashcards backup` makes one.", err=True)
        elif check(collection.connection):  # a copy of it would push a sound one out
            raise DatabaseCorrupt(collection.database)
        else:
            common.flow(f"Saved {backup(collection.connection, collection.backups)}.")
