"""`flashcards init`."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import click

from flashcards.cli import common

_EXAMPLE = "example.md"


@click.command("init")
@click.argument("folder", required=False, type=click.Path(file_okay=False, path_type=Path), metavar="[DIR]")
def command(folder: Path | None) -> None:
    """Make a small example deck and a settings file in DIR (default: here). What is there already is left alone.

    Not needed for a folder that holds Markdown already: every command works on it as it is.

    \b
    flashcards init
    flashcards init ~/notes/decks
    """
    from flashcards.collection import Collection, expanded
    from flashcards.settings import FILE_NAME, default_text

    named = folder or expanded(click.get_current_context().find_root().obj or ".")
    named.mkdir(parents=True, exist_ok=True)
    _write(named / _EXAMPLE, files("flashcards.cli").joinpath(_EXAMPLE).read_text(encoding="utf-8"))
    _write(named / FILE_NAME, default_text())
    with Collection(named) as collection:
        collection.scan()
    where = "" if named == Path() else f" -C {named}"
    common.flow(f"Now try `flashcards{where} review`.")


def _write(path: Path, text: str) -> None:
    from flashcards.files import replacing

    if path.exists() or path.is_symlink():
        common.flow(f"{path} is there already; left as it is.")
        return
    with replacing(path) as file:
        file.write(text.encode())
    common.flow(f"Wrote {path}.")
