"""`flashcards export`."""

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

_REPLACES = "Importing {name} replaces everything in the Anki profile it is imported into: make a backup there first."


@click.command("export")
@click.argument("decks", metavar="[DECK]...", nargs=-1, shell_complete=complete.decks)
@click.option(
    "-o",
    "output",
    metavar="PATH",
    help="The file to write, by its ending .apkg, .colpkg, .json or .csv; or a folder, for one package a top-level"
    " deck. Default: a package in the present folder.",
)
@click.option("--no-history", is_flag=True, help="Leave out schedules, reviews and settings: to share a deck.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON Lines, one file that was written a line.")
def command(decks: tuple[str, ...], output: str | None, no_history: bool, as_json: bool) -> None:
    """Write decks as packages that Anki imports; without a DECK, all of them.

    The cards' schedules and their whole history go along; in Anki's dialog, tick "Import any learning progress" and
    "Import any deck presets". Import a package again after an edit: Anki updates the notes it has and keeps their
    schedule. A file of the same name is replaced.

    \b
    flashcards export                    all decks in one package
    flashcards export tpm::scenarios     one deck, with the decks below it
    flashcards export -o build/          one package for each top-level deck
    flashcards export tpm --no-history   for somebody else: every card is new
    flashcards export -o all.colpkg      everything, to take the place of a collection in Anki
    flashcards export tpm -o cards.csv   a table, which Anki imports too
    flashcards export -o cards.json      every card as `flashcards list --json` shows it
    """
    from flashcards.anki.exports.export import choose_targets
    from flashcards.anki.exports.notes import find_decks_in_use

    with _stopped_cleanly(), console.opened() as collection:
        plan = choose_targets(find_decks_in_use(collection), decks, output, collection.root)
        if no_history and any(target.path.suffix.lower() == ".json" for target in plan):
            raise UsageError("--no-history is for packages: JSON holds the schedule of every card.")
        for target in plan:
            if len(plan) > 1 or (output or "").endswith("/"):
                target.path.parent.mkdir(parents=True, exist_ok=True)
            with console.progress(f"Writing {target.path.name}") as step:
                exported = _writer(target.path, history=not no_history)(collection, target.decks, target.path, step)
            _report(exported, as_json)
            if target.path.suffix.lower() == ".colpkg":
                console.flow(_REPLACES.format(name=target.path.name), err=True)
        _mention_problems(collection)


def _writer(path: Path, *, history: bool) -> Writer:
    """What writes the format that the file's ending names."""
    suffix = path.suffix.lower()
    if suffix == ".json":
        from flashcards.anki.exports.tables import export_json

        return export_json
    if suffix == ".csv":
        from flashcards.anki.exports.tables import export_csv

        return export_csv
    from flashcards.anki.exports.export import export_package

    return partial(export_package, history=history)


def _report(exported: Exported, as_json: bool) -> None:
    for problem in exported.problems:
        console.flow(console.visible(f"{problem.path}:{problem.line}: {problem.message}"), err=True)
    if as_json:
        console.print_json(_record(exported))
        return
    for remark in exported.remarks:
        console.flow(console.visible(f"{exported.path}: {remark}"), err=True)
    held = [console.plural(exported.notes, "note"), console.plural(exported.cards, "card")]
    if exported.media:
        held.append(f"{exported.media:,} media")
    console.flow(f"{exported.path}: {', '.join(held)}, {exported.size:,} bytes")


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
        console.flow(f"{console.plural(problems, 'problem')} in the decks: `flashcards check` lists them.", err=True)


@contextmanager
def _stopped_cleanly() -> Iterator[None]:
    """Let a request to end the process unwind it, so that no half-written file stays behind."""

    def leave(number: int, _frame: FrameType | None) -> None:
        sys.exit(128 + number)

    # A terminal that is closed hangs up; Windows has no such signal.
    numbers = [signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
    before = {number: signal.signal(number, leave) for number in numbers if signal.getsignal(number) != signal.SIG_IGN}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
