"""`flashcards init`."""

from __future__ import annotations

import os
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flashcards.cli import console
from flashcards.cli.params import Apart, Ruled
from flashcards.dialects import NATIVE
from flashcards.errors import UsageError

if TYPE_CHECKING:
    from flashcards.catalog.report import Ambiguity, Change, ScanReport
    from flashcards.catalog.store import Entry
    from flashcards.collection import Collection


_EXAMPLE = "example.md"


@click.command("init")
@click.argument("folder", required=False, type=click.Path(file_okay=False, path_type=Path), metavar="[DIR]")
def init_command(folder: Path | None) -> None:
    """Make a small example deck and a settings file in DIR (default: here). What is there already is left alone.

    Not needed for a folder that holds Markdown already: every command works on it as it is.

    \b
    flashcards init
    flashcards init ~/notes/decks
    """
    from flashcards.collection import Collection, expand_home
    from flashcards.settings import FILE_NAME, make_default_text

    named = folder or expand_home(click.get_current_context().find_root().obj or ".")
    named.mkdir(parents=True, exist_ok=True)
    _write(named / _EXAMPLE, files("flashcards.cli").joinpath(_EXAMPLE).read_text(encoding="utf-8"))
    _write(named / FILE_NAME, make_default_text())
    with Collection(named) as collection:
        collection.scan()
    where = "" if named == Path() else f" -C {named}"
    console.flow(f"Now try `flashcards{where} review`.")


def _write(path: Path, text: str) -> None:
    from flashcards.disk.atomic import replace_file

    if path.exists() or path.is_symlink():
        console.flow(f"{path} is there already; left as it is.")
        return
    with replace_file(path) as file:
        file.write(text.encode())
    console.flow(f"Wrote {path}.")


@click.command("scan")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def scan_command(as_json: bool) -> None:
    """Read the decks and say what changed since the last time.

    Every other command does this by itself; `scan` shows it: notes that were added, edited, moved, removed or came
    back, and by which rule an edited note was recognised.

    \b
    flashcards scan
    flashcards scan --json
    """
    with console.unscanned() as collection:
        report, _ = console.scan(collection)
        if as_json:
            console.print_json(_summary(collection, report))
        else:
            _print(collection, report)


def _summary(collection: Collection, report: ScanReport) -> dict[str, Any]:
    files, notes = collection.catalog.counts()
    return {
        "files": files,
        "notes": notes,
        "cards": _cards(collection),
        "added": [_place(change) for change in report.added],
        "edited": [_edit(change) for change in report.edited],
        "moved": [_place(change) for change in report.moved],
        "removed": [_place(change) for change in report.removed],
        "returned": [_edit(change) for change in report.returned],
        "ambiguous": [_unclear(unclear) for unclear in report.ambiguous],
        "problems": sum(1 for _ in collection.catalog.problems()),
    }


def _cards(collection: Collection) -> int:
    (cards,) = collection.connection.execute("SELECT count(*) FROM cards WHERE active = 1").fetchone()
    return int(cards)


def _place(change: Change) -> dict[str, Any]:
    return {"note": change.key, "file": change.path, "line": change.line}


def _edit(change: Change) -> dict[str, Any]:
    return _place(change) | {
        "rule": change.rule,
        "score": change.score,
        "before": _text(change.before),
        "after": _text(change.after),
    }


def _unclear(unclear: Ambiguity) -> dict[str, Any]:
    candidates = [
        _place(change) | {"score": score, "text": _text(change.before)} for change, score in unclear.candidates
    ]
    return _place(unclear.added) | {"text": _text(unclear.added.after), "candidates": candidates}


def _text(note: Any) -> str:
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
            line = console.shortened(note.fields[0]) if note else ""
            console.flow(f"{word:9}{console.visible(change.path)}:{change.line}  {line}{how}", 2)
        if len(changes) > 20:
            console.flow(f"{word:9}… and {len(changes) - 20:,} more")
    files, notes = collection.catalog.counts()
    words = [console.plural(files, "file"), console.plural(notes, "note"), console.plural(_cards(collection), "card")]
    console.flow(", ".join(words) + ("." if report else "; nothing changed."))
    problems = sum(1 for _ in collection.catalog.problems())
    if problems:
        console.flow(f"{console.plural(problems, 'problem')}: `flashcards check` lists them.", err=True)


class PathOutside(UsageError):
    """A path that is not in the collection."""

    def __init__(self, path: str, root: Path) -> None:
        super().__init__(f"{path} is not in the collection {root}. Name a file or folder in it, or choose it with -C.")


@click.command("check")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--explain", is_flag=True, help="Say which lines made which card, and why.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON Lines, one problem a line.")
@Ruled(Apart("--explain", ("--json",), "its lines are no JSON"))
def check_command(paths: tuple[str, ...], explain: bool, as_json: bool) -> int:
    """List every problem of the decks: its place, what is wrong, what to do.

    Leaves with 1 if there is any. A problem costs one note at the most; the others are asked all the same.

    \b
    flashcards check
    flashcards check tpm/tools.md
    flashcards check --explain tpm
    """
    from flashcards.check import find_problems

    with console.unscanned() as collection:
        _, unreadable = console.scan(collection, warn=False)
        wanted = [_within(collection, path) for path in paths]
        if explain:
            _explain(collection, wanted)
        found = [problem for problem in find_problems(collection, unreadable) if _is_wanted(problem.file, wanted)]
        for problem in found:
            if as_json:
                console.print_json(
                    {
                        "file": problem.file,
                        "line": problem.line,
                        "code": problem.code,
                        "message": problem.message,
                        "hint": problem.hint,
                    }
                )
            else:
                console.flow(f"{_shown(collection, problem.file)}:{problem.line}: {problem.message} {problem.hint}", 2)
        if not as_json:
            console.flow("No problems." if not found else f"{console.plural(len(found), 'problem')}.", err=True)
        return 1 if found else 0


def _within(collection: Collection, path: str) -> str:
    root = collection.root.resolve()
    for base in (Path.cwd(), root):
        with suppress(OSError, RuntimeError):  # a name too long; a circle of links
            full = (base / path).resolve()
            if full.exists() and full.is_relative_to(root):
                return full.relative_to(root).as_posix()
    raise PathOutside(path, collection.root)


def _is_wanted(file: str, wanted: list[str]) -> bool:
    return not wanted or any(path in (".", file) or file.startswith(f"{path}/") for path in wanted)


def _shown(collection: Collection, file: str) -> str:
    """The file's path from the present folder."""
    return console.visible(os.path.relpath(collection.root / file))


_WHY = {
    NATIVE: {
        "question": "`Q:` and `A:`",
        "term": "`T:` and `D:`",
        "pair": "a separator with blanks around it",
        "cloze": "`C:` with a gap",
    },
    "obsidian": {
        "question": "a separator on a line of its own",
        "pair": "a separator in the line",
        "cloze": "a gap in the paragraph",
    },
}


def _explain(collection: Collection, wanted: list[str]) -> None:
    entries: list[Entry] = [entry for entry in collection.catalog.entries() if _is_wanted(entry.path, wanted)]
    _explain_dialects(collection, wanted)
    dialects = collection.catalog.dialects()
    for entry in sorted(entries, key=lambda entry: (entry.path, entry.note.line)):
        note = entry.note
        lines = f"{note.line}" if note.line == note.end_line else f"{note.line}-{note.end_line}"
        front = console.shortened(note.fields[0], 50)
        slots = " ".join(note.slots)
        why = _WHY[dialects[entry.path]][note.kind.value] + (", a task list makes it a rubric" if note.points else "")
        console.flow(f"{_shown(collection, entry.path)}:{lines}: {slots}: {why}: {front}", 2)


def _explain_dialects(collection: Collection, wanted: list[str]) -> None:
    """Say which dialect read a file, and why, where it is not simply the native one."""
    chooser = collection.chooser()
    for path, dialect in sorted(collection.catalog.dialects().items()):
        choice = chooser.choose(path)
        if _is_wanted(path, wanted) and (dialect != NATIVE or choice.signature):
            why = choice.why if dialect == choice.name else "its front matter says so"
            console.flow(f"{_shown(collection, path)}: {dialect}: {why}", 2)


COMMANDS: dict[str, click.Command] = {
    "init": init_command,
    "scan": scan_command,
    "check": check_command,
}
