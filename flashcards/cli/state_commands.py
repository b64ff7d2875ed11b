"""`flashcards doctor`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from flashcards.cli import console
from flashcards.errors import UsageError

if TYPE_CHECKING:
    from flashcards.collection import Collection
    from scheduler.replay import Difference


_SHOWN = 20  # cards
_WORDS = {"due_ms": "due time", "reps": "reviews", "last_ms": "last review"}


@click.command("doctor")
@click.option("--rebuild", is_flag=True, help="Replay the review log and put right what differs from it.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def doctor_command(rebuild: bool, as_json: bool) -> int:
    """Examine the review state: the database, and every card against its log.

    The log is the truth: `--rebuild` makes every card what its reviews say, after a backup. A damaged database is
    left as it is. Leaves with 1 if something is wrong and was not put right.

    \b
    flashcards doctor
    flashcards doctor --rebuild
    """
    from scheduler import backup, check

    with console.unscanned() as collection:
        damage = check(collection.connection)
        rebuild = rebuild and not damage  # a copy of damage would push a sound backup out
        saved = backup(collection.connection, collection.backups) if rebuild else None
        found = [] if damage else _replayed(collection, rebuild)
        cards = _differing(collection, found)
        reviews = 0 if damage else _count(collection)
        if as_json:
            console.print_json(
                {
                    "database": str(collection.database),
                    "damage": damage,
                    "reviews": reviews,
                    "differences": [difference._asdict() | cards[difference.card].record() for difference in found],
                    "rebuilt": rebuild,
                }
            )
        else:
            _print(damage, list(cards.values()), reviews, str(saved) if saved else "")
        return 1 if damage or (found and not rebuild) else 0


def _replayed(collection: Collection, apply: bool) -> list[Difference]:
    return collection.store.rebuild(lambda deck: collection.policy(deck).parameters, apply=apply)


def _count(collection: Collection) -> int:
    (reviews,) = collection.connection.execute("SELECT count(*) FROM reviews").fetchone()
    return int(reviews)


class _Differing(NamedTuple):
    """A card that is not what its log says, as a person knows it; `id` is empty where its text is unknown."""

    number: int
    fields: list[str]
    id: str = ""
    path: str = ""
    line: int = 0
    front: str = ""

    def record(self) -> dict[str, Any]:
        known = bool(self.id)
        return {
            "id": self.id or None,
            "file": self.path if known else None,
            "line": self.line if known else None,
            "front": self.front if known else None,
        }

    def __str__(self) -> str:
        what = ", ".join(_WORDS.get(field, field.replace("_", " ")) for field in self.fields)
        if not self.id:
            return f"The card number {self.number}, whose text is unknown: {what}"
        return f"{console.visible(self.path)}:{self.line}: {console.shortened(self.front)}: {what}"


def _differing(collection: Collection, found: Sequence[Difference]) -> dict[int, _Differing]:
    """The cards of the differences, in order of their number."""
    from flashcards.cards import format_card_id, render_sides

    fields: dict[int, list[str]] = {}
    for difference in found:
        fields.setdefault(difference.card, []).append(difference.field)
    # Plain columns: what is wrong with a card may be that it cannot be read as one.
    rows = collection.connection.execute(
        "SELECT id, note, slot FROM cards WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(list(fields)),)
    ).fetchall()
    entries = {entry.id: entry for entry in collection.catalog.entries({note for _, note, _ in rows})}
    named = {card: _Differing(card, names) for card, names in fields.items()}
    for card, note, slot in rows:
        if entry := entries.get(note):
            place = (format_card_id(entry, slot), entry.path, entry.note.line, render_sides(entry, slot)[0])
            named[card] = _Differing(card, fields[card], *place)
    return named


def _print(damage: list[str], cards: Sequence[_Differing], reviews: int, saved: str) -> None:
    for text in damage:
        console.flow(f"Database: {text}")
    if damage:
        console.flow("`flashcards restore` puts the newest backup in its place.", err=True)
        return
    console.flow("The database is sound.")
    for card in cards[:_SHOWN]:
        console.flow(str(card), 2)
    if len(cards) > _SHOWN:
        console.flow(f"… and {len(cards) - _SHOWN:,} more")
    if not cards:
        console.flow(f"Every card is what its log of {console.plural(reviews, 'review')} says.")
    elif saved:
        console.flow(f"{console.plural(len(cards), 'card')} put right by the log. The state before is in {saved}.")
    else:
        differ = "1 card differs" if len(cards) == 1 else f"{len(cards):,} cards differ"
        them = "it" if len(cards) == 1 else "them"
        console.flow(f"{differ} from the log. `flashcards doctor --rebuild` puts {them} right.")


@click.command("backup")
@click.option("--list", "listed", is_flag=True, help="List the backups there are, newest first.")
def backup_command(listed: bool) -> None:
    """Copy the review state into .flashcards/backups/; the last ten copies are kept.

    The decks are plain files and yours to back up; this is the state beside them. One is also made before every
    change of the database's form.

    \b
    flashcards backup
    flashcards backup --list
    """
    from scheduler import DatabaseCorrupt, backup, check

    with console.unscanned() as collection:
        if listed:
            found = sorted(collection.backups.glob("*.db"), reverse=True)
            for path in found:
                console.flow(f"{path}  {path.stat().st_size:,} bytes")
            if not found:
                console.flow("There is no backup yet. `flashcards backup` makes one.", err=True)
        elif check(collection.connection):  # a copy of it would push a sound one out
            raise DatabaseCorrupt(collection.database)
        else:
            console.flow(f"Saved {backup(collection.connection, collection.backups)}.")


class NoBackup(UsageError):
    """There is nothing to restore from."""

    def __init__(self, place: Path) -> None:
        super().__init__(f"There is no backup in {place}. `flashcards backup` makes one.")


@click.command("restore")
@click.argument("backup", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
def restore_command(backup: Path | None, yes: bool) -> None:
    """Put a backup of the review state in the place of the present one, which is itself backed up first.

    Without BACKUP the newest one is taken. The decks are not touched.

    \b
    flashcards restore
    flashcards restore .flashcards/backups/state-20261123T101500.000000Z.db
    """
    from flashcards.collection import BACKUPS, DATABASE, STATE_FOLDER, find_collection
    from scheduler import restore

    folder = find_collection(click.get_current_context().find_root().obj) / STATE_FOLDER
    chosen = backup or max((folder / BACKUPS).glob("*.db"), default=None)
    if chosen is None:
        raise NoBackup(folder / BACKUPS)
    if not yes and not click.confirm(f"Replace the present review state by {chosen}?", err=True):
        console.flow("Nothing was changed.", err=True)
        raise click.exceptions.Exit(1)
    folder.mkdir(exist_ok=True)
    restore(folder / DATABASE, chosen, folder / BACKUPS)
    console.flow(f"Restored {chosen}.")


COMMANDS: dict[str, click.Command] = {
    "doctor": doctor_command,
    "backup": backup_command,
    "restore": restore_command,
}
