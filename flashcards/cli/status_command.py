"""The command `status`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from flashcards.cli import console

if TYPE_CHECKING:
    from flashcards.collection import Collection


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(as_json: bool) -> None:
    """Show the folder, its review state and what is due.

    \b
    flashcards status
    flashcards -C ~/notes status
    """
    from flashcards.nested import find_splits

    with console.read_collection() as collection:
        data = _collect(collection)
        splits = find_splits(collection.root, collection.catalog.dialects())
        if as_json:
            console.print_json(data | {"splits": [split.folder or ".." for split in splits]})
            return
        for name, value in _describe(data).items():
            console.print_text(f"{name:9} {console.make_visible(value)}", 10)
        for split in splits:
            console.print_text(
                f"\nWarning: {console.make_visible(split.message)} {console.make_visible(split.hint)}", err=True
            )


def _collect(collection: Collection) -> dict[str, Any]:
    from flashcards.collection import find_ordering, now_ms
    from scheduler import count_by_deck
    from scheduler.backup_files import list_backups

    files, notes = collection.catalog.counts()
    (decks,) = collection.connection.execute("SELECT count(DISTINCT deck) FROM notes WHERE active = 1").fetchone()
    (cards,) = collection.connection.execute("SELECT count(*) FROM cards WHERE active = 1").fetchone()
    (reviews,) = collection.connection.execute(
        "SELECT count(*) FROM reviews r WHERE rating IS NOT NULL"
        " AND NOT EXISTS (SELECT 1 FROM reviews v WHERE v.voids = r.id)"
    ).fetchone()
    newest = next(iter(list_backups(collection.backups, collection.database.stem)), None)
    due = count_by_deck(collection.store, collection.limits, now_ms(), order=find_ordering(collection)).values()
    database = collection.database
    return {
        "folder": str(collection.root.resolve()),
        "state": str(database.resolve()) if database.exists() else None,
        "state_bytes": database.stat().st_size if database.exists() else 0,
        "files": files,
        "decks": decks,
        "notes": notes,
        "cards": cards,
        "reviews": reviews,
        "last_backup": str(newest.resolve()) if newest else None,
        "last_backup_at": _find_time(newest.stat().st_mtime) if newest else None,
        "due": {
            "new": sum(count.new for count in due),
            "learning": sum(count.learning for count in due),
            "review": sum(count.review for count in due),
        },
    }


def _find_time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).astimezone().isoformat(timespec="seconds")


def _describe(data: dict[str, Any]) -> dict[str, str]:
    due = data["due"]
    plural = console.plural
    state = f"{data['state']} ({data['state_bytes']:,} bytes)" if data["state"] else "not made yet"
    holds = f"{plural(data['decks'], 'deck')}, {plural(data['notes'], 'note')}, {plural(data['cards'], 'card')}"
    return {
        "folder": data["folder"],
        "state": state,
        "holds": f"{holds} in {plural(data['files'], 'file')}",
        "reviews": f"{data['reviews']:,}",
        "backup": f"{data['last_backup']} of {data['last_backup_at'][:10]}" if data["last_backup"] else "not made yet",
        "due": f"{due['new']:,} new, {due['learning']:,} learning, {due['review']:,} to review",
    }
