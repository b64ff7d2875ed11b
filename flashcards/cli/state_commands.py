"""The commands `doctor`, `backup` and `restore`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from flashcards.cli import complete, console
from flashcards.cli.params import OptionRules, Requires
from flashcards.errors import UsageError
from scheduler.errors import advise_restoring

if TYPE_CHECKING:
    from flashcards.collection import Collection
    from scheduler.replay import Difference


_SHOWN = 20  # cards
_WORDS = {"due_ms": "due time", "reps": "reviews", "last_ms": "last review"}


@click.command("doctor")
@click.option("--rebuild", is_flag=True, help="Replay the review log and correct cards that differ from it.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def doctor_command(rebuild: bool, as_json: bool) -> int:
    """Check the database, and every card against the log.

    The log is the truth: `--rebuild` recomputes every card from its reviews, after a backup. It does not touch a
    damaged database. Exits with 1 if a problem remains.

    \b
    flashcards doctor
    flashcards doctor --rebuild
    """
    from scheduler import backup, check, remove_old_backups

    with console.open_without_scan(reading=not rebuild) as collection:
        damage = check(collection.connection)
        rebuild = rebuild and not damage  # a copy of damage would replace an intact backup
        saved = backup(collection.connection, collection.backups) if rebuild else None
        if not damage:
            collection.update_memory_states()
        store = collection.store
        compare = store.repair if rebuild else store.find_differences
        found = [] if damage else compare(lambda deck: collection.policy(deck).parameters)
        if rebuild:
            remove_old_backups(collection.database, collection.backups)
        cards = _find_differing_cards(collection, found)
        reviews = 0 if damage else collection.connection.execute("SELECT count(*) FROM reviews").fetchone()[0]
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
            if damage:
                _print_damage(damage, collection.database)
            else:
                _print(list(cards.values()), reviews, str(saved) if saved else "")
        return 1 if damage or (found and not rebuild) else 0


class _DifferingCard(NamedTuple):
    """A card that differs from its log; only its number is known if its text is not."""

    number: int
    fields: list[str]
    id: str | None = None
    file: str | None = None
    line: int | None = None
    front: str | None = None

    def record(self) -> dict[str, Any]:
        return {"id": self.id, "file": self.file, "line": self.line, "front": self.front}

    def __str__(self) -> str:
        what = ", ".join(_WORDS.get(field, field.replace("_", " ")) for field in self.fields)
        if self.file is None or self.front is None:
            return f"Card number {self.number}, whose text is unknown: {what}"
        return f"{console.make_visible(self.file)}:{self.line}: {console.clip(self.front)}: {what}"


def _find_differing_cards(collection: Collection, found: Sequence[Difference]) -> dict[int, _DifferingCard]:
    """Describe the cards that differ, in order of their number."""
    from flashcards.cards import format_card_id, render_sides

    fields: dict[int, list[str]] = {}
    for difference in found:
        fields.setdefault(difference.card, []).append(difference.field)
    # Plain columns: the card may be too damaged to be read as one.
    rows = collection.connection.execute(
        "SELECT id, note, slot FROM cards WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(list(fields)),)
    ).fetchall()
    entries = {entry.id: entry for entry in collection.catalog.entries({note for _, note, _ in rows})}
    named = {card: _DifferingCard(card, names) for card, names in fields.items()}
    for card, note, slot in rows:
        if entry := entries.get(note):
            place = (format_card_id(entry, slot), entry.path, entry.note.line, render_sides(entry.note, slot)[0])
            named[card] = _DifferingCard(card, fields[card], *place)
    return named


def _print_damage(damage: list[str], database: Path) -> None:
    for text in damage:
        console.print_text(f"Database: {text}")
    console.print_text(f"The database is damaged. {advise_restoring(database)}", err=True)


def _print(cards: Sequence[_DifferingCard], reviews: int, saved: str) -> None:
    console.print_text("The database is sound.")
    for card in cards[:_SHOWN]:
        console.print_text(str(card), 2)
    if len(cards) > _SHOWN:
        console.print_text(f"… and {len(cards) - _SHOWN:,} more")
    if not cards:
        console.print_text(f"Every card agrees with the log of {console.plural(reviews, 'row')}.")
    elif saved:
        console.print_text(
            f"{console.plural(len(cards), 'card')} corrected from the log. The previous state is in {saved}."
        )
    else:
        differ = "1 card differs" if len(cards) == 1 else f"{len(cards):,} cards differ"
        them = "it" if len(cards) == 1 else "them"
        console.print_text(f"{differ} from the log. `flashcards doctor --rebuild` corrects {them}.")


@click.command("backup")
@click.option("--list", "listed", is_flag=True, help="List the backups, newest first.")
@click.option("--json", "as_json", is_flag=True, help="With --list: print JSON Lines, one backup a line.")
@OptionRules(Requires("--json", ("--list",), "a backup prints only where it is"))
def backup_command(listed: bool, as_json: bool) -> None:
    """Copy the review state to .flashcards/backups/.

    A copy that equals the newest one is not made again. The newest ten copies and all of the last day (at most fifty)
    stay, and before that the first copy of each of seven days, five weeks and twelve months. This does not copy the
    decks, which are plain files: back them up as you do others. A copy is also made before the database changes its
    schema.

    \b
    flashcards backup
    flashcards backup --list
    """
    from scheduler import DatabaseCorrupt, backup, check, remove_old_backups

    if listed:
        _list_backups(console.find_root(), as_json=as_json)
        return
    with console.open_without_scan() as collection:
        if not collection.is_kept:
            raise UsageError(f"{collection.root} has no review state yet. The first review creates one.")
        if check(collection.connection):  # a copy of it would be no backup
            raise DatabaseCorrupt(collection.database)
        saved = backup(collection.connection, collection.backups)
        remove_old_backups(collection.database, collection.backups)
        console.print_text(f"Saved {saved}.")


def _list_backups(root: Path, *, as_json: bool) -> None:
    from flashcards.collection import BACKUPS, DATABASE, STATE_FOLDER
    from scheduler.backup_files import list_backups

    found = list_backups(root / STATE_FOLDER / BACKUPS, Path(DATABASE).stem)
    if as_json:
        console.print_json_lines({"file": str(path), "bytes": path.stat().st_size} for path in found)
        return
    for path in found:
        console.print_text(f"{path}  {path.stat().st_size:,} bytes")
    if not found:
        console.print_text("There is no backup yet. `flashcards backup` creates one.", err=True)


@click.command("restore")
@click.argument("backup", required=False, shell_complete=complete.backups, type=click.Path(path_type=Path))
@click.option("--yes", "-y", is_flag=True, help="Skip the confirmation.")
def restore_command(backup: Path | None, yes: bool) -> None:
    """Replace the review state with a backup.

    Without BACKUP, the newest intact backup is used. The present state is backed up first; if it is damaged, its file
    is kept beside the backups with the ending `.damaged`. Other commands may run meanwhile. The decks are not touched.

    \b
    flashcards restore
    flashcards restore .flashcards/backups/state-20261123T101500.000000Z.db
    """
    from flashcards.collection import BACKUPS, DATABASE, STATE_FOLDER
    from flashcards.disk.paths import refuse_strange_files
    from scheduler import restore
    from scheduler.backup_files import find_newest_backup

    if backup is not None and not backup.is_file():
        raise UsageError(f"There is no backup {backup}. `flashcards backup --list` lists the backups.")
    root = console.find_root()
    folder = root / STATE_FOLDER
    refuse_strange_files(folder, root)
    chosen = backup or find_newest_backup(folder / DATABASE)
    if chosen is None:
        raise UsageError(f"There is no intact backup in {folder / BACKUPS}. If you have one elsewhere, give its path.")
    console.ask_or_stop(f"Replace the review state with {chosen}?", yes=yes)
    folder.mkdir(exist_ok=True)
    aside = restore(folder / DATABASE, chosen, folder / BACKUPS)
    console.print_text(f"Restored {chosen}.")
    if aside is not None:
        console.print_text(f"The previous state is kept in {aside}.", err=True)
