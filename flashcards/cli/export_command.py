"""The command `export`."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from flashcards.cli import complete, console
from flashcards.errors import UsageError

if TYPE_CHECKING:
    from flashcards.anki.exports.export import Exported
    from flashcards.collection import Collection

    Writer = Callable[[Collection, Iterable[str], Path, Callable[[int, int], None] | None], Exported]

_REPLACES = "Importing {name} replaces everything in the Anki profile: make a backup in Anki first."


@click.command("export")
@click.argument("decks", metavar="[DECK]...", nargs=-1, shell_complete=complete.decks)
@click.option(
    "-o",
    "output",
    metavar="PATH",
    help="File to write: .apkg, .colpkg, .json or .csv; or a folder, for a package a top-level deck. Default: a package"
    " in this folder.",
)
@click.option("--no-history", is_flag=True, help="Leave out schedules, reviews and settings, to share a deck.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON Lines, one written file a line.")
def command(decks: tuple[str, ...], output: str | None, no_history: bool, as_json: bool) -> None:
    """Write decks as packages for Anki, or as JSON or CSV.

    Without DECK, all decks are written. Packages contain schedules and the whole history; in Anki's import dialog, tick
    "Import any learning progress" and "Import any deck presets". After an edit, export and import again: Anki updates
    its notes and keeps their schedules. An existing file of the same name is replaced.

    \b
    flashcards export                    all decks in one package
    flashcards export tpm::the-tpm-role  one deck, with the decks below it
    flashcards export -o build/          one package for each top-level deck
    flashcards export tpm --no-history   to share: every card is new
    flashcards export -o all.colpkg      everything, to replace a collection in Anki
    flashcards export tpm -o cards.csv   a table, which Anki can import too
    flashcards export -o cards.json      every card as in `flashcards list --json`
    """
    from flashcards.anki.exports.export import choose_targets
    from flashcards.anki.exports.notes import find_decks_in_use

    with _stopped_cleanly(), _open() as collection:
        plan = choose_targets(find_decks_in_use(collection), decks, output, collection.root)
        if no_history and any(target.path.suffix.lower() == ".json" for target in plan):
            raise UsageError("--no-history works only with packages: JSON contains the schedule of every card.")
        for target in plan:
            if len(plan) > 1 or (output or "").endswith("/"):
                target.path.parent.mkdir(parents=True, exist_ok=True)
            with console.progress(f"Writing {target.path.name}") as step:
                exported = _writer(target.path, history=not no_history)(collection, target.decks, target.path, step)
            _report(exported, as_json)
            if target.path.suffix.lower() == ".colpkg":
                console.print_text(_REPLACES.format(name=target.path.name), err=True)
        _mention_problems(collection)


@contextmanager
def _open() -> Iterator[Collection]:
    """Open the collection to record what is exported, or only to read it if its folder cannot be written."""
    from flashcards.collection import can_keep_state, find_collection

    if can_keep_state(find_collection(click.get_current_context().find_root().obj)):
        with console.open_collection() as collection:
            yield collection
        return
    with console.read_collection() as collection:
        collection.detach()
        yield collection
        console.print_text(
            f"Warning: {console.make_visible(str(collection.root))} cannot be written, so this export is not recorded."
            " The next export cannot tell which notes were removed here.",
            err=True,
        )


def _writer(path: Path, *, history: bool) -> Writer:
    """Return the exporter for the ending of the file."""
    suffix = path.suffix.lower()
    if suffix == ".json":
        from flashcards.anki.exports.export import export_json

        return export_json
    if suffix == ".csv":
        from flashcards.anki.exports.table import export_csv

        return export_csv
    from flashcards.anki.exports.export import export_package

    return partial(export_package, history=history)


def _report(exported: Exported, as_json: bool) -> None:
    for problem in exported.problems:
        console.print_text(console.make_visible(f"{problem.path}:{problem.line}: {problem.message}"), err=True)
    if as_json:
        console.print_json(_record(exported))
        return
    for remark in exported.remarks:
        console.print_text(console.make_visible(f"{exported.path}: {remark}"), err=True)
    contents = [console.plural(exported.notes, "note"), console.plural(exported.cards, "card")]
    if exported.media:
        contents.append(console.plural(exported.media, "media file"))
    console.print_text(f"{exported.path}: {', '.join(contents)}, {exported.size:,} bytes")


def _record(exported: Exported) -> dict[str, Any]:
    return {
        "file": str(exported.path),
        "notes": exported.notes,
        "cards": exported.cards,
        "media": exported.media,
        "bytes": exported.size,
        "problems": [problem._asdict() for problem in exported.problems],
        "remarks": list(exported.remarks),
    }


def _mention_problems(collection: Collection) -> None:
    problems = sum(1 for _ in collection.catalog.problems())
    if problems:
        console.print_text(
            f"{console.plural(problems, 'problem')} in the decks: `flashcards check` lists them.", err=True
        )


@contextmanager
def _stopped_cleanly() -> Iterator[None]:
    """Turn a request to end the process into an exception, so that no half-written file remains."""

    def leave(number: int, _frame: FrameType | None) -> None:
        sys.exit(128 + number)

    # Closing a terminal sends SIGHUP; Windows does not have it.
    numbers = [signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
    before = {number: signal.signal(number, leave) for number in numbers if signal.getsignal(number) != signal.SIG_IGN}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
