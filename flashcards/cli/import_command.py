"""The command `import`."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flashcards.cli import console

if TYPE_CHECKING:
    from flashcards.collection import Collection
    from flashcards.importers.transaction import ImportReport

_SHOWN = 40  # remarks


@click.command("import")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON Lines, one file a line.")
def command(files: tuple[Path, ...], dry_run: bool, as_json: bool) -> None:
    """Import decks, cards and reviews from Anki, hashcards or CSV.

    Decks become files and folders, media files go to `media/`, and every card keeps its schedule and all its reviews.
    Importing the same file again changes nothing; a newer one updates whatever was not changed here since. The state is
    backed up first.

    \b
    flashcards import --dry-run anki.colpkg   show what would change
    flashcards import anki.colpkg             everything that Anki holds
    flashcards import deck.apkg other.apkg
    flashcards import collection.anki2        from the folder of a profile, while Anki is closed
    flashcards import hashcards.db            reviews of cards in these decks
    flashcards import cards.db                schedules of repeater
    flashcards import reviews.csv             card,rating,time,duration
    """
    from flashcards.import_file import check_file

    with console.open_collection() as collection:
        for path in files:
            check_file(path)
        is_new = not dry_run and not collection.is_kept
        if is_new:
            collection.keep()
        for path in files:
            try:
                report = _import(collection, path, dry_run=dry_run)
            except BaseException:
                if is_new:
                    _remove_unused_state(collection)
                raise
            if is_new:
                console.tell_where_kept(collection)
                is_new = False
            _print(report, as_json)


def _import(collection: Collection, path: Path, *, dry_run: bool) -> ImportReport:
    from flashcards.import_file import run
    from flashcards.undo import record_with_copy

    with _Progress() as progress:
        if dry_run:
            return run(collection, path, dry_run=True, progress=progress.step)
        with record_with_copy(collection, "import", [collection.root]):
            return run(collection, path, progress=progress.step)


def _remove_unused_state(collection: Collection) -> None:
    """Remove the state that this command made in vain, unless another process uses it already."""
    select = collection.connection.execute
    with suppress(sqlite3.Error, OSError):
        # SQLite leaves its log only if no other process has the database open, and then locks others out.
        (mode,) = select("PRAGMA journal_mode = DELETE").fetchone()
        select("BEGIN EXCLUSIVE")
        if mode == "delete" and not select("SELECT 1 FROM reviews UNION SELECT 1 FROM acts").fetchone():
            for path in (collection.database, collection.state_folder / ".gitignore"):
                path.unlink()
            for folder in ("undo", "import", "backups", "."):
                with suppress(FileNotFoundError):
                    (collection.state_folder / folder).rmdir()


class _Progress:
    """A progress bar for each step that takes long."""

    def __init__(self) -> None:
        self._label = ""
        self._bar: Any = None

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def step(self, label: str, done: int, total: int) -> None:
        """Show the progress of a step."""
        if label != self._label:
            self._end()
            self._label = label
            self._bar = console.progress(label)
            self._step = self._bar.__enter__()
        self._step(done, total)

    def _end(self) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
            self._bar = None


def _print(report: ImportReport, as_json: bool) -> None:
    if as_json:
        remarks = [remark._asdict() for remark in report.remarks]
        console.print_json(asdict(report) | {"remarks": remarks})
        return
    for remark in report.remarks[:_SHOWN]:
        console.print_text(
            console.make_visible(f"{remark.place}: {remark.message}".replace("\n", "\v")).replace("\ufffd", "\n"),
            err=True,
        )
    if len(report.remarks) > _SHOWN:
        console.echo(f"… and {len(report.remarks) - _SHOWN:,} more: --json shows all.", err=True)
    console.print_text(f"{console.make_visible(report.source)}: {_summary(report)}")


def _summary(report: ImportReport) -> str:
    if not report.changes_anything:
        stay = "stays as it is" if report.kept == 1 else "stay as they are"
        kept = f" {console.plural(report.kept, 'note')} {stay}." if report.kept else ""
        return f"nothing {'would change' if report.dry_run else 'changed'}.{kept}"
    said = [
        (report.added, "note", "added"),
        (report.updated, "note", "updated"),
        (report.unchanged, "note", "already here"),
        (report.kept, "note", "kept unchanged"),
        (report.reviews, "review", "added"),
        (report.cards, "card", "rescheduled, flagged or suspended"),
        (report.media, "media file", "copied"),
    ]
    parts = [f"{console.plural(count, word)} {done}" for count, word, done in said if count]
    if report.settings:
        decks = sum(line.startswith("[decks.") for line in report.settings.splitlines())
        parts.append(f"settings of {console.plural(decks, 'deck')} written" if decks else "settings written")
    would = "Dry run, nothing was changed. An import would give: " if report.dry_run else ""
    return f"{would}{', '.join(parts)}."
