"""The commands `add`, `format`, `convert` and `mcp`."""

from __future__ import annotations

import gc
import os
import sys
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flashcards.cli import complete, console
from flashcards.cli.deck_commands import is_selected, relative_path
from flashcards.errors import UsageError, check_extra

if TYPE_CHECKING:
    from flashcards.collection import Collection
    from flashcards.convert import Conversion


_TEMPLATE = "Q: \nA: \n"


@click.command("add")
@click.argument("deck", shell_complete=complete.decks)
@click.argument("text", nargs=-1)
@click.option("--tags", default="", help="Tags of the note, separated by commas.")
@click.option("--reverse", is_flag=True, help="Also ask it in reverse.")
@click.option("--type", "typed", is_flag=True, help="Have the answer typed.")
@click.option("--dry-run", is_flag=True, help="Check the note without writing it.")
@click.option("--yes", "-y", is_flag=True, help="Add the note without asking, even if similar notes exist.")
@click.option("--json", "as_json", is_flag=True, help="Print the new cards as JSON Lines, as `list` does.")
def add_command(
    deck: str, text: tuple[str, ...], tags: str, reverse: bool, typed: bool, dry_run: bool, yes: bool, as_json: bool
) -> None:
    """Add notes to a deck, or to a file that is named by its path.

    Two TEXTs are a question and its answer; one TEXT is Markdown in the deck format. Without TEXT, the Markdown is read
    from standard input or written in your editor. A note with problems, or one that already exists, is refused. Similar
    notes are shown first.

    \b
    flashcards add tpm::tools "What is a RAID log?" "Risks, assumptions, issues, dependencies."
    flashcards add biology "C: Speech is [produced] in [Broca's] area."
    flashcards add biology < notes.md
    flashcards add notes/cells.md "What is a cell?" "The smallest unit of life."
    """
    from flashcards.add import plan_addition, write_addition
    from flashcards.cards import build_records
    from flashcards.collection import now_ms

    markdown = _read(text, tags, reverse=reverse, typed=typed)
    with console.open_collection() as collection:
        addition = plan_addition(collection, _name_target(collection.root, deck), markdown)
        for each in addition.alike:
            alike = f"{console.make_visible(each.place)}: {console.clip(each.front)} ({each.score:.0f} %)"
            console.print_text(f"Similar: {alike}", 2, err=True)
        if dry_run:
            console.print_text(
                f"{console.plural(len(addition.notes), 'note')} would be added to {addition.path}.", err=as_json
            )
            return
        if addition.alike and not yes and not console.ask("Add it anyway?"):
            return
        write_addition(collection.root, addition)
        report = console.scan_decks(collection)
        if as_json:
            notes = [change.note for change in report.added]
            marks = ",".join("?" * len(notes))
            rows = collection.connection.execute(f"SELECT id FROM cards WHERE note IN ({marks}) ORDER BY id", notes)
            console.print_json_lines(build_records(collection, [card for (card,) in rows], now_ms()))
        else:
            lines = ", ".join(f"{addition.path}:{change.line}" for change in report.added)
            console.print_text(f"Added {console.plural(len(addition.notes), 'note')}: {console.make_visible(lines)}.")


def _name_target(root: Path, name: str) -> str:
    """Return the name of a deck unchanged, or the path of a file relative to the collection."""
    path, base = Path(os.path.realpath(name)), root.resolve()
    return path.relative_to(base).as_posix() if name.lower().endswith(".md") and path.is_relative_to(base) else name


def _read(text: tuple[str, ...], tags: str, *, reverse: bool, typed: bool) -> str:
    """Return the Markdown to add, from the arguments, standard input or the editor."""
    from flashcards.deck.attributes import write_note
    from flashcards.deck.model import Kind

    given = [tag.strip().removeprefix("#") for tag in tags.split(",") if tag.strip(" \t#")]
    if len(text) > 2:
        raise click.UsageError("Give either a question and an answer, each in quotes, or one text.")
    if len(text) == 2:
        fields = tuple(side.strip() for side in text)
        if not all(fields):
            raise click.UsageError("Question and answer must not be empty.")
        return write_note(Kind.QUESTION, fields, tags=given, reverse=reverse, typed=typed)
    if given or reverse or typed:
        raise click.UsageError(
            "--tags, --reverse and --type need a question and an answer. Otherwise, write them into the Markdown."
        )
    if text:
        return text[0]
    if not sys.stdin.isatty():
        return sys.stdin.read()
    from flashcards.review.programs import edit_text

    written = edit_text(_TEMPLATE, "add")
    return "" if written == _TEMPLATE else written


@click.command("format")
def format_command() -> None:
    """Print a one-page guide to decks and good cards.

    It is written for people and for programs that write cards.

    \b
    flashcards format
    flashcards format > AGENTS.md
    """
    console.echo(files("flashcards.cli").joinpath("format.md").read_text(encoding="utf-8"), nl=False)


@click.command("convert")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--mark", is_flag=True, help="Only add the name of its format to each file.")
@click.option("--dry-run", is_flag=True, help="Show the changes without making them.")
@click.option("--yes", "-y", is_flag=True, help="Skip the confirmation.")
def convert_command(paths: tuple[str, ...], mark: bool, dry_run: bool, yes: bool) -> int:
    """Convert files of other tools to the native format.

    Shows the changes and asks before it writes. Every card keeps its history, and the old files are kept next to the
    backups. Text outside cards stays as it is. A file is left alone if the native format cannot represent one of its
    cards.

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
            if not failed:
                console.print_text("There is nothing to convert.", err=True)
        elif not dry_run and (yes or console.ask(f"Write {console.plural(len(found), 'file')}?")):
            console.keep_state(collection)
            kept = convert(collection, found, now_ms())
            console.scan_decks(collection)
            console.print_text(f"Wrote {console.plural(len(found), 'file')}; the old ones are in {kept}.", err=True)
        return 1 if failed else 0


def _plan(collection: Collection, wanted: list[str], *, mark: bool) -> tuple[list[Conversion], bool]:
    from flashcards.catalog.changes import UNREAD
    from flashcards.convert import ConversionImpossible, plan_conversion, plan_mark
    from flashcards.dialects import NATIVE

    found = []
    failed = False
    for path, problem in collection.catalog.problems():
        if problem.code in UNREAD and is_selected(path, wanted):
            console.print_text(f"{path}:{problem.line}: {problem.message} {problem.hint}", 2, err=True)
            failed = True
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
    import difflib  # imported late, because most commands of this file need no comparison

    before, after = (data.decode().splitlines() for data in (conversion.before, conversion.after))
    name = console.make_visible(conversion.path)
    for line in difflib.unified_diff(before, after, f"a/{name}", f"b/{name}", lineterm=""):
        console.echo("\t".join(map(console.make_visible, line.split("\t"))))
    if conversion.moved:
        notes = console.plural(conversion.moved, "note")
        console.print_text(f"{name}: {notes} from other decks will be in `{conversion.deck}`.", err=True)


@click.command("mcp")
def mcp_command() -> None:
    """Let a language model read decks, add cards and rate them.

    Speaks the Model Context Protocol on standard input and output. A client such as an editor or a chat program starts
    it. It writes only after you have agreed.

    \b
    flashcards mcp             for the collection in this folder
    flashcards -C ~/cards mcp  for another collection
    """
    check_extra("`mcp`", ["mcp"], "mcp")
    if sys.stdout is None:
        raise UsageError(
            "`mcp` talks to a client over standard input and output, but the output is closed. Start it from a client."
        )
    from flashcards.assistant import build_server

    gc.enable()  # the server may run for days
    build_server(console.find_root()).run("stdio")
