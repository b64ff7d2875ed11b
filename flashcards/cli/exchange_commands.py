"""The commands `import` and `export`."""

from __future__ import annotations

import signal
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from flashcards.cli import complete, console
from flashcards.errors import UsageError

if TYPE_CHECKING:
    from flashcards.anki.exports.export import Exported
    from flashcards.collection import Collection
    from flashcards.importers.transaction import ImportReport

    Writer = Callable[[Collection, Iterable[str], Path, Callable[[int, int], None] | None], Exported]


_SHOWN = 40  # maximum number of remarks shown
_REPLACES = "Importing {name} replaces everything in the Anki profile. Make a backup in Anki first."


@click.command("import")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Show the changes without making them.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON Lines, one imported file per line.")
def import_command(files: tuple[Path, ...], dry_run: bool, as_json: bool) -> None:
    """Import decks, cards and reviews from Anki, hashcards or CSV.

    Decks become files and folders, media files go to `media/`, and every card keeps its schedule and all its reviews.
    Importing the same file again changes nothing. A newer file updates everything that you have not changed since. The
    state is backed up first.

    \b
    flashcards import --dry-run anki.colpkg   show what would change
    flashcards import anki.colpkg             all cards of Anki
    flashcards import deck.apkg other.apkg
    flashcards import collection.anki2        from an Anki profile, while Anki is closed
    flashcards import hashcards.db            reviews of cards in the decks
    flashcards import cards.db                schedules of the program repeater
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
            _print_import(report, as_json)


def _import(collection: Collection, path: Path, *, dry_run: bool) -> ImportReport:
    from flashcards.import_file import run
    from flashcards.undo import record_with_copy

    with _show_steps() as step:
        if dry_run:
            return run(collection, path, dry_run=True, progress=step)
        with record_with_copy(collection, "import"):
            return run(collection, path, progress=step)


def _remove_unused_state(collection: Collection) -> None:
    """Remove the state that this import created but did not need, unless another process already uses it."""
    select = collection.connection.execute
    with suppress(sqlite3.Error, OSError):
        # SQLite leaves WAL mode only if no other process has the database open, and then locks others out.
        (mode,) = select("PRAGMA journal_mode = DELETE").fetchone()
        select("BEGIN EXCLUSIVE")
        if mode == "delete" and not select("SELECT 1 FROM reviews UNION SELECT 1 FROM acts").fetchone():
            for path in (collection.database, collection.state_folder / ".gitignore"):
                path.unlink()
            for folder in ("undo", "import", "backups", "."):
                with suppress(FileNotFoundError):
                    (collection.state_folder / folder).rmdir()


@contextmanager
def _show_steps() -> Iterator[Callable[[str, int, int], None]]:
    """Yield a function that draws a progress bar for each step that takes long."""
    with ExitStack() as bars:
        shown: dict[str, Callable[[int, int], None]] = {}

        def step(label: str, done: int, total: int) -> None:
            if label not in shown:
                bars.close()
                shown.clear()
                shown[label] = bars.enter_context(console.progress(label))
            shown[label](done, total)

        yield step


def _print_import(report: ImportReport, as_json: bool) -> None:
    if as_json:
        remarks = [remark._asdict() for remark in report.remarks]
        console.print_json(asdict(report) | {"remarks": remarks})
        return
    for remark in report.remarks[:_SHOWN]:
        console.print_text(
            f"{remark.place}: {remark.message}",
            err=True,
        )
    if len(report.remarks) > _SHOWN:
        console.echo(f"… and {len(report.remarks) - _SHOWN:,} more: --json shows all.", err=True)
    console.print_text(f"{console.make_visible(report.source)}: {_summarize_import(report)}")


def _summarize_import(report: ImportReport) -> str:
    if not report.changes_anything:
        stay = "is unchanged" if report.kept == 1 else "are unchanged"
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


@click.command("export")
@click.argument("decks", metavar="[DECK]...", nargs=-1, shell_complete=complete.decks)
@click.option(
    "-o",
    "output",
    metavar="PATH",
    help="File to write: .apkg, .colpkg, .json or .csv. A folder gets one package per top-level deck."
    " Default: one package in this folder.",
)
@click.option("--no-history", is_flag=True, help="Leave out schedules, reviews and settings, to share a deck.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON Lines, one written file per line.")
def export_command(decks: tuple[str, ...], output: str | None, no_history: bool, as_json: bool) -> None:
    """Export decks as Anki packages, JSON or CSV.

    Without DECK, all decks are exported. Packages contain schedules and the whole history; in Anki's import dialog,
    tick "Import any learning progress" and "Import any deck presets". After an edit, export and import again: Anki
    updates its notes and keeps their schedules. An existing file of the same name is replaced.

    \b
    flashcards export                    all decks in one package
    flashcards export tpm::the-tpm-role  one deck and its subdecks
    flashcards export -o build/          one package for each top-level deck
    flashcards export tpm --no-history   every card is new, for sharing
    flashcards export -o all.colpkg      replaces a whole collection in Anki
    flashcards export tpm -o cards.csv   a table that Anki can also import
    flashcards export -o cards.json      every card as in `flashcards list --json`
    """
    from flashcards.anki.exports.export import PACKAGE, choose_targets
    from flashcards.anki.exports.notes import find_decks_in_use
    from scheduler.connection import make_folders

    is_rendered = not decks and Path(output or PACKAGE).suffix.lower() != ".json"
    with _stopped_cleanly(), _open(_render_ahead if is_rendered else None) as collection:
        plan = choose_targets(find_decks_in_use(collection), decks, output, collection.root)
        if no_history and any(target.path.suffix.lower() == ".json" for target in plan):
            raise UsageError("--no-history works only with packages: JSON contains the schedule of every card.")
        for target in plan:
            if len(plan) > 1 or (output or "").endswith("/"):
                make_folders(target.path.parent)
            with console.progress(f"Writing {target.path.name}") as step:
                write = _choose_writer(target.path, history=not no_history)
                exported = write(collection, target.decks, target.path, step)
            _print_export(exported, as_json)
            if target.path.suffix.lower() == ".colpkg":
                console.print_text(_REPLACES.format(name=target.path.name), err=True)
        console.mention_problems(collection)


@contextmanager
def _open(prepare: Callable[[Collection], None] | None) -> Iterator[Collection]:
    """Open the collection to record the export, or read-only if its folder is not writable."""
    from flashcards.collection import can_keep_state

    if can_keep_state(console.find_root()):
        with console.open_collection(prepare) as collection:
            yield collection
        return
    with console.read_collection() as collection:
        collection.detach()
        yield collection
        console.print_text(
            f"Warning: {console.make_visible(str(collection.root))} is not writable, so this export is not recorded."
            " The next export cannot detect notes removed from the decks.",
            err=True,
        )


def _render_ahead(collection: Collection) -> None:
    """Let the scan render the notes of changed files."""
    from flashcards.anki.exports.notes import FieldsAhead

    collection.ahead = FieldsAhead(collection.root)


def _choose_writer(path: Path, *, history: bool) -> Writer:
    """Return the exporter for the file's extension."""
    from flashcards.anki.exports.export import export_csv, export_json, export_package

    writers: dict[str, Writer] = {".json": export_json, ".csv": export_csv}
    return writers.get(path.suffix.lower(), partial(export_package, history=history))


def _print_export(exported: Exported, as_json: bool) -> None:
    for problem in exported.problems:
        console.print_text(console.make_visible(f"{problem.path}:{problem.line}: {problem.message}"), err=True)
    if as_json:
        record = {
            "file": str(exported.path),
            "notes": exported.notes,
            "cards": exported.cards,
            "media": exported.media,
            "bytes": exported.size,
            "problems": [problem._asdict() for problem in exported.problems],
            "remarks": list(exported.remarks),
        }
        console.print_json(record)
        return
    for remark in exported.remarks:
        console.print_text(console.make_visible(f"{exported.path}: {remark}"), err=True)
    contents = [console.plural(exported.notes, "note"), console.plural(exported.cards, "card")]
    if exported.media:
        contents.append(console.plural(exported.media, "media file"))
    console.print_text(f"{exported.path}: {', '.join(contents)}, {exported.size:,} bytes")


@contextmanager
def _stopped_cleanly() -> Iterator[None]:
    """Turn a termination signal into an exception, so that no half-written file remains."""

    def leave(number: int, _frame: FrameType | None) -> None:
        sys.exit(128 + number)

    # Closing a terminal sends SIGHUP, which Windows does not have.
    numbers = [signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
    before = {number: signal.signal(number, leave) for number in numbers if signal.getsignal(number) != signal.SIG_IGN}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
