"""`flashcards check`."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flashcards.cli import common
from flashcards.cli.together import Apart, Ruled
from flashcards.errors import UsageError

if TYPE_CHECKING:
    from flashcards.catalog.store import Entry
    from flashcards.collection import Collection


class PathOutside(UsageError):
    """A path that is not in the collection."""

    def __init__(self, path: str, root: Path) -> None:
        super().__init__(f"{path} is not in the collection {root}. Name a file or folder in it, or choose it with -C.")


@click.command("check")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--explain", is_flag=True, help="Say which lines made which card, and why.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON Lines, one problem a line.")
@Ruled(Apart("--explain", ("--json",), "its lines are no JSON"))
def command(paths: tuple[str, ...], explain: bool, as_json: bool) -> int:
    """List every problem of the decks: its place, what is wrong, what to do.

    Leaves with 1 if there is any. A problem costs one note at the most; the others are asked all the same.

    \b
    flashcards check
    flashcards check tpm/tools.md
    flashcards check --explain tpm
    """
    from flashcards.check import problems

    with common.unscanned() as collection:
        _, unreadable = common.scan(collection, warn=False)
        wanted = [_within(collection, path) for path in paths]
        if explain:
            _explain(collection, wanted)
        found = [problem for problem in problems(collection, unreadable) if _is_wanted(problem.file, wanted)]
        for problem in found:
            if as_json:
                common.print_json(
                    {
                        "file": problem.file,
                        "line": problem.line,
                        "code": problem.code,
                        "message": problem.message,
                        "hint": problem.hint,
                    }
                )
            else:
                common.flow(f"{_shown(collection, problem.file)}:{problem.line}: {problem.message} {problem.hint}", 2)
        if not as_json:
            common.flow("No problems." if not found else f"{common.plural(len(found), 'problem')}.", err=True)
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
    return common.visible(os.path.relpath(collection.root / file))


_WHY = {
    "question": "`Q:` and `A:`",
    "term": "`T:` and `D:`",
    "pair": "a separator with blanks around it",
    "cloze": "`C:` with a gap",
}


def _explain(collection: Collection, wanted: list[str]) -> None:
    entries: list[Entry] = [entry for entry in collection.catalog.entries() if _is_wanted(entry.path, wanted)]
    for entry in sorted(entries, key=lambda entry: (entry.path, entry.note.line)):
        note = entry.note
        lines = f"{note.line}" if note.line == note.end_line else f"{note.line}-{note.end_line}"
        front = common.shortened(note.fields[0], 50)
        slots = " ".join(note.slots)
        why = _WHY[note.kind.value] + (", a task list makes it a rubric" if note.points else "")
        common.flow(f"{_shown(collection, entry.path)}:{lines}: {slots}: {why}: {front}", 2)
