"""Shell completion of decks, tags and the words of the query language."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

_FIELDS = ("deck:", "tag:", "is:", "prop:", "rated:", "added:", "flag:", "kind:", "file:", "id:")
_STATES = ("due", "new", "learn", "review", "suspended", "buried", "leech")


def decks(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a deck."""
    return [CompletionItem(name) for name in _read_names(ctx)[0] if name.startswith(incomplete)]


def query(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete a word of a query: a deck's name, `deck:…`, `tag:…`, `is:…` or another key."""
    names, tags = _read_names(ctx)
    words = [
        *names,
        *_FIELDS,
        *(f"deck:{name}" for name in names),
        *(f"tag:{tag}" for tag in tags),
        *(f"is:{state}" for state in _STATES),
    ]
    return [CompletionItem(word) for word in words if word.startswith(incomplete)]


def _read_names(ctx: click.Context) -> tuple[list[str], list[str]]:
    """Return decks and tags as of the last scan; empty lists if there is no readable state."""
    import sqlite3
    from contextlib import closing

    from flashcards.collection import DATABASE, STATE_FOLDER, TABLE_SETS, find_collection
    from flashcards.errors import FlashcardsError
    from scheduler import SchedulerError
    from scheduler.reading import open_reading

    try:
        path = find_collection(ctx.find_root().params.get("folder")) / STATE_FOLDER / DATABASE
        with closing(open_reading(path, TABLE_SETS)) as connection:
            names = [row[0] for row in connection.execute("SELECT name FROM decks ORDER BY name")]
            texts = connection.execute("SELECT DISTINCT tags FROM notes WHERE tags != ''")
            return names, sorted({tag for (text,) in texts for tag in text.split()})
    except (FlashcardsError, SchedulerError, sqlite3.Error, OSError):
        return [], []


_INSTALL_LINES = {
    "bash": "echo 'eval \"$(flashcards completion bash)\"' >> ~/.bashrc",
    "zsh": "echo 'eval \"$(flashcards completion zsh)\"' >> ~/.zshrc",
    "fish": "flashcards completion fish > ~/.config/fish/completions/flashcards.fish",
}


@click.command("completion", epilog="\b\n" + "\n".join(_INSTALL_LINES.values()))
@click.argument("shell", type=click.Choice(list(_INSTALL_LINES)))
def completion_command(shell: str) -> None:
    """Print the completion script for a shell.

    To install it:
    """
    from click.shell_completion import get_completion_class

    from flashcards.cli import group

    found = get_completion_class(shell)
    if found is None:  # click knows every shell of the choice
        raise click.UsageError(f"There is no completion for {shell}. Choose bash, zsh or fish.")
    click.echo(found(group, {}, "flashcards", "_FLASHCARDS_COMPLETE").source())


COMMANDS: dict[str, click.Command] = {
    "completion": completion_command,
}
