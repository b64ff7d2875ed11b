"""`flashcards convert`."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

import click

from flashcards.cli import console
from flashcards.cli.deck_commands import is_selected, relative_path

if TYPE_CHECKING:
    from flashcards.collection import Collection
    from flashcards.convert import Conversion


@click.command("convert")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--mark", is_flag=True, help="Only write the name of its format into each file.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def convert_command(paths: tuple[str, ...], mark: bool, dry_run: bool, yes: bool) -> int:
    """Rewrite files of other tools in the native format.

    Shows the changes and asks before it writes. Every card keeps its history; the old files are kept beside the
    backups. What is not in a card stays as it is. A file with a card that the native format cannot say is left alone.

    \b
    flashcards convert --dry-run notes
    flashcards convert notes/physics.md
    flashcards convert --mark notes
    """
    from flashcards.collection import now_ms
    from flashcards.convert import convert

    with console.open_collection() as collection:
        wanted = [relative_path(collection, path) for path in paths]
        found, failed = _plan(collection, wanted, mark=mark)
        for conversion in found:
            _show(conversion)
        if not found:
            console.print_text("There is nothing to convert.", err=True)
        elif not dry_run and (yes or click.confirm(f"Write {console.plural(len(found), 'file')}?", err=True)):
            console.keep_state(collection)
            kept = convert(collection, found, now_ms())
            console.scan_decks(collection)
            console.print_text(f"Wrote {console.plural(len(found), 'file')}; the old ones are in {kept}.", err=True)
        return 1 if failed else 0


def _plan(collection: Collection, wanted: list[str], *, mark: bool) -> tuple[list[Conversion], bool]:
    from flashcards.convert import ConversionImpossible, plan_conversion, plan_mark
    from flashcards.dialects import NATIVE

    found = []
    failed = False
    for path, dialect in sorted(collection.catalog.dialects().items()):
        if dialect == NATIVE or not is_selected(path, wanted):
            continue
        try:
            conversion = plan_mark(collection, path, dialect) if mark else plan_conversion(collection, path)
        except ConversionImpossible as error:
            console.print_text(str(error), 2, err=True)
            failed = True
        else:
            if conversion.entries and conversion.before != conversion.after:
                found.append(conversion)
    return found, failed


def _show(conversion: Conversion) -> None:
    before, after = (data.decode().splitlines() for data in (conversion.before, conversion.after))
    name = console.make_visible(conversion.path)
    for line in difflib.unified_diff(before, after, f"a/{name}", f"b/{name}", lineterm=""):
        console.echo(console.make_visible(line))
    if conversion.moved:
        notes = console.plural(conversion.moved, "note")
        console.print_text(f"{name}: {notes} from other decks will be in `{conversion.deck}`.", err=True)


COMMANDS: dict[str, click.Command] = {"convert": convert_command}
