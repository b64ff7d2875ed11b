"""The commands `init`, `scan` and `check`."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flashcards.cli import complete, console
from flashcards.cli.params import Excludes, OptionRules
from flashcards.dialects import NATIVE
from flashcards.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Set

    from flashcards.catalog.changes import AmbiguousChange, Change, ScanReport
    from flashcards.catalog.store import Entry
    from flashcards.collection import Collection
    from flashcards.dialects.choose import Choice


_EXAMPLE = "example.md"


@click.command("init")
@click.argument("folder", required=False, type=click.Path(file_okay=False, path_type=Path), metavar="[DIR]")
def init_command(folder: Path | None) -> None:
    """Create a settings file, and an example deck in a new folder.

    DIR is the folder, by default this one. Existing files are not touched. A folder that already contains Markdown gets
    no example deck. It does not need this command: every command works on it as it is.

    \b
    flashcards init
    flashcards init ~/notes/decks
    """
    from importlib.resources import files

    from flashcards.catalog.files import FoundFile, find_deck_files
    from flashcards.collection import STATE_FOLDER, Collection, expand_home
    from flashcards.settings import FILE_NAME, make_default_text
    from scheduler.connection import make_folders

    named = folder or expand_home(click.get_current_context().find_root().obj or ".")
    make_folders(named)
    if not any(isinstance(found, FoundFile) for found in find_deck_files(named)):
        _write(named / _EXAMPLE, files("flashcards.cli").joinpath(_EXAMPLE).read_text(encoding="utf-8"))
    _write(named / FILE_NAME, make_default_text())
    is_new = not (named / STATE_FOLDER).exists()
    with Collection(named) as collection:
        collection.scan()
        if is_new:
            console.tell_where_kept(collection)
    where = "" if named == Path() else f" -C {named}"
    console.print_text(f"Next: `flashcards{where} review`")


def _write(path: Path, text: str) -> None:
    from flashcards.disk.atomic import write_file

    if path.exists() or path.is_symlink():
        console.print_text(f"{path} already exists and was not changed.")
        return
    write_file(path, text.encode())
    console.print_text(f"Wrote {path}.")


@click.command("scan")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def scan_command(as_json: bool) -> None:
    """Show what changed in the decks since the last scan.

    Every other command scans too; this one shows which notes were added, edited, moved, removed or returned, and which
    rule recognised an edited note.

    \b
    flashcards scan
    flashcards scan --json
    """
    with console.open_without_scan() as collection:
        report = console.scan_decks(collection)
        if report and not collection.is_kept:
            console.keep_state(collection)
        else:
            console.warn_of_splits(collection)
        if as_json:
            console.print_json(_make_scan_record(collection, report))
        else:
            _print(collection, report)


def _make_scan_record(collection: Collection, report: ScanReport) -> dict[str, Any]:
    files, notes = collection.catalog.count_files(), collection.catalog.count_notes()
    return {
        "files": files,
        "notes": notes,
        "cards": _count_cards(collection),
        "added": [_make_place_record(change) for change in report.added],
        "edited": [_edit_record(change) for change in report.edited],
        "moved": [_make_place_record(change) for change in report.moved],
        "removed": [_make_place_record(change) for change in report.removed],
        "returned": [_edit_record(change) for change in report.returned],
        "ambiguous": [_make_ambiguous_record(ambiguous) for ambiguous in report.ambiguous],
        "replaced": [_make_place_record(new) | {"old": old.key} for old, new in report.replaced],
        "problems": sum(1 for _ in collection.catalog.problems()),
    }


def _count_cards(collection: Collection) -> int:
    (cards,) = collection.connection.execute("SELECT count(*) FROM cards WHERE active = 1").fetchone()
    return int(cards)


def _make_place_record(change: Change) -> dict[str, Any]:
    return {"note": change.key, "file": change.path, "line": change.line}


def _edit_record(change: Change) -> dict[str, Any]:
    return _make_place_record(change) | {
        "rule": change.rule,
        "score": change.score,
        "before": _join_fields(change.before),
        "after": _join_fields(change.after),
    }


def _make_ambiguous_record(ambiguous: AmbiguousChange) -> dict[str, Any]:
    candidates = [
        _make_place_record(change) | {"score": score, "text": _join_fields(change.before)}
        for change, score in ambiguous.candidates
    ]
    return _make_place_record(ambiguous.added) | {"text": _join_fields(ambiguous.added.after), "candidates": candidates}


def _join_fields(note: Any) -> str:
    return "\n".join(note.fields) if note else ""


def _print(collection: Collection, report: ScanReport) -> None:
    for word in ("added", "edited", "moved", "returned", "removed"):
        changes: list[Change] = getattr(report, word)
        for change in changes[:20]:
            how = (
                f"  ({change.rule}, {change.score:.2f})"
                if word in ("edited", "returned") or change.rule == "copy"
                else ""
            )
            note = change.after or change.before
            line = console.clip(note.fields[0]) if note else ""
            console.print_text(f"{word:9}{console.make_visible(change.path)}:{change.line}  {line}{how}", 2)
            if change.lost_slots and word == "edited":
                names = " and ".join(f"`{slot}`" for slot in change.lost_slots)
                console.print_text(
                    f"{'':9}Its card {names} does not exist in this kind of note; its history is kept.", 2
                )
        if len(changes) > 20:
            console.print_text(f"{word:9}… and {len(changes) - 20:,} more")
    files, notes = collection.catalog.count_files(), collection.catalog.count_notes()
    words = [
        console.plural(files, "file"),
        console.plural(notes, "note"),
        console.plural(_count_cards(collection), "card"),
    ]
    console.print_text(", ".join(words) + ("." if report else "; nothing changed."))
    console.mention_problems(collection)


class PathOutside(UsageError):
    """A path outside the collection."""

    def __init__(self, path: str, root: Path) -> None:
        super().__init__(
            f"{path} is outside the collection {root}. Name a path inside it, or choose another collection with -C."
        )


class PathMissing(UsageError):
    """A path inside the collection at which nothing is."""

    def __init__(self, path: str, root: Path) -> None:
        super().__init__(f"There is no file or folder {path} in the collection {root}. Check its name.")


@click.command("check")
@click.argument("paths", nargs=-1, metavar="[PATH]...", shell_complete=complete.files)
@click.option("--explain", is_flag=True, help="Show which lines became which card, and why.")
@click.option("--advice", is_flag=True, help="Also list cards whose wording makes them hard to learn.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON Lines, one problem per line.")
@OptionRules(Excludes("--explain", ("--json",), "its output is not JSON"))
def check_command(paths: tuple[str, ...], explain: bool, advice: bool, as_json: bool) -> int:
    """List problems in the decks, and how to fix them.

    Exits with 1 if there is a problem. A problem affects at most its own note; all others are asked as usual. Advice
    does not count as a problem.

    \b
    flashcards check
    flashcards check tpm/tools.md
    flashcards check --explain tpm
    flashcards check --advice tpm
    """
    from flashcards.check import find_advice, find_ignored_properties, find_problems
    from flashcards.text import list_some

    with console.open_without_scan(reading=True) as collection:
        _, unreadable = console.scan_without_warnings(collection)
        console.update_memory_states(collection)
        selected = [relative_path(collection, path) for path in paths]
        if explain:
            _explain(collection, selected)
        found = [problem for problem in find_problems(collection, unreadable) if is_selected(problem.file, selected)]
        remarks = [each for each in find_advice(collection) if is_selected(each.file, selected)] if advice else []
        for problem in (*found, *remarks):
            if as_json:
                console.print_json(problem._asdict())
            else:
                console.print_text(
                    f"{_display_path(collection, problem.file)}:{problem.line}: {problem.message} {problem.hint}", 2
                )
        if not as_json:
            told = "No problems." if not found else f"{console.plural(len(found), 'problem')}."
            if remarks:
                told += f" {console.plural(len(remarks), 'piece')} of advice."
            console.print_text(told, err=True)
            pairs = find_ignored_properties(collection)
            names = sorted({f"`{name}`" for path, name in pairs if is_selected(path, selected)})
            if names:
                told = f"Ignored in front matter, because they are not settings: {list_some(names, len(names))}."
                console.print_text(console.make_visible(told), err=True)
        return 1 if found else 0


def relative_path(collection: Collection, path: str) -> str:
    """Return the path within the collection of a path on the command line.

    Raise PathOutside if it is elsewhere, or PathMissing if nothing is there.
    """
    root = collection.root.resolve()
    error: type[UsageError] = PathOutside
    for base in (Path.cwd(), root):
        with suppress(OSError, RuntimeError):  # a path that is too long, or a symlink loop
            full = (base / path).resolve()
            if full.is_relative_to(root):
                if full.exists():
                    return full.relative_to(root).as_posix()
                error = PathMissing
    raise error(path, collection.root)


def is_selected(file: str, selected: list[str]) -> bool:
    """Return whether a file is selected or is in a selected folder. An empty selection means all files."""
    return not selected or any(path in (".", file) or file.startswith(f"{path}/") for path in selected)


def _display_path(collection: Collection, file: str) -> str:
    """Return the path of the file relative to the working directory."""
    return console.make_visible(os.path.relpath(collection.root / file))


_REASONS = {
    NATIVE: {
        "question": "`Q:` and `A:`",
        "term": "`T:` and `D:`",
        "pair": "a separator with spaces around it",
        "cloze": "`C:` with a gap",
    },
    "obsidian": {
        "question": "a separator on a line of its own",
        "pair": "a separator in the line",
        "cloze": "a gap in the paragraph",
    },
    "headings": {"question": "a second-level heading", "cloze": "such a heading with a gap"},
    "inka": {"question": "a number with a `>` below it", "cloze": "a number with a gap"},
    "obsidian-to-anki": {
        "question": "`START` and `END`",
        "pair": "`STARTI` and `ENDI`",
        "cloze": "a marked note with a gap",
    },
    "flashcards-obsidian": {
        "question": "`#card` after the question",
        "pair": "a separator in the line",
        "cloze": "a gap in the paragraph",
    },
    "mdsr": {"question": "a callout of the type `sr`"},
}
"""The syntax that makes a card, by dialect and kind of note."""


def _explain(collection: Collection, selected: list[str]) -> None:
    entries: list[Entry] = [entry for entry in collection.catalog.entries() if is_selected(entry.path, selected)]
    _explain_dialects(collection, selected, {entry.path for entry in entries})
    dialects = collection.catalog.dialects()
    for entry in sorted(entries, key=lambda entry: (entry.path, entry.note.line)):
        note = entry.note
        lines = f"{note.line}" if note.line == note.end_line else f"{note.line}-{note.end_line}"
        front = console.clip(note.fields[0], 50)
        slots = " ".join(note.slots)
        why = _REASONS[dialects[entry.path].removesuffix("-v2")].get(note.kind.value, "a note on one line") + (
            ", a task list makes it a rubric" if note.points else ""
        )
        console.print_text(f"{_display_path(collection, entry.path)}:{lines}: {slots}: {why}: {front}", 2)


def _explain_dialects(collection: Collection, selected: list[str], with_cards: Set[str]) -> None:
    """Print, for each file in a dialect other than the native one, its dialect and the reason."""
    from flashcards.settings import FILE_NAME

    chooser = collection.chooser()
    for path, dialect in sorted(collection.catalog.dialects().items()):
        choice = chooser.choose(path)
        if is_selected(path, selected) and (dialect != NATIVE or choice.signature):
            why = choice.why if dialect == choice.name else "set in its front matter"
            reason = "" if path in with_cards else _explain_no_cards(collection, path, dialect, choice)
            console.print_text(f"{_display_path(collection, path)}: {dialect}: {why}{reason}", 2)
    for name, value in collection.settings.inherited.items():
        console.print_text(f"{FILE_NAME}: {name} = {value}: the vault's plugin says so, and {FILE_NAME} does not", 2)


def _explain_no_cards(collection: Collection, path: str, dialect: str, choice: Choice) -> str:
    """Say why a note of a vault has no cards, if its vault's settings or its tags are the reason."""
    if choice.vault is None or dialect != choice.name or dialect != "obsidian":
        return ""
    from flashcards.dialects.obsidian import explain_no_cards

    try:
        text = (collection.root / path).read_bytes().decode("utf-8", "replace")
    except OSError as error:
        return f"; no cards: {error.strerror}"
    reason = explain_no_cards(text, choice.vault.path_of(path), choice.vault.settings)
    return f"; no cards: {reason}" if reason else ""
