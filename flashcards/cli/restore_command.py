"""`flashcards restore`."""

from __future__ import annotations

from pathlib import Path

import click

from flashcards.cli import common
from flashcards.errors import UsageError


class NoBackup(UsageError):
    """There is nothing to restore from."""

    def __init__(self, place: Path) -> None:
        super().__init__(f"There is no backup in {place}. `flashcards backup` makes one.")


@click.command("restore")
@click.argument("backup", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
def command(backup: Path | None, yes: bool) -> None:
    """Put a backup of the review state in the place of the present one, which is itself backed up first.

    Without BACKUP the newest one is taken. The decks are not touched.

    \b
    flashcards restore
    flashcards restore .flashcards/backups/state-20261123T101500.000000Z.db
    """
    from flashcards.collection import BACKUPS, DATABASE, STATE_FOLDER, find
    from scheduler import restore

    folder = find(click.get_current_context().find_root().obj) / STATE_FOLDER
    chosen = backup or max((folder / BACKUPS).glob("*.db"), default=None)
    if chosen is None:
        raise NoBackup(folder / BACKUPS)
    if not yes and not click.confirm(f"Replace the present review state by {chosen}?", err=True):
        common.flow("Nothing was changed.", err=True)
        raise click.exceptions.Exit(1)
    folder.mkdir(exist_ok=True)
    restore(folder / DATABASE, chosen, folder / BACKUPS)
    common.flow(f"Restored {chosen}.")
