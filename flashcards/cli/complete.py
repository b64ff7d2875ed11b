"""What a shell completes: decks, tags and the words of the query language."""

from __future__ import annotations

from typing import Any

import click
from click.shell_completion import CompletionItem

_FIELDS = ("deck:", "tag:", "is:", "prop:", "rated:", "added:", "flag:", "kind:", "file:", "id:")
_STATES = ("due", "new", "learn", "review", "suspended", "buried", "leech")


def decks(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of decks."""
    return [CompletionItem(name) for name in _known(ctx)[0] if name.startswith(incomplete)]


def query(ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """A word of a query: a deck's name, `deck:…`, `tag:…`, `is:…` or another field."""
    names, tags = _known(ctx)
    words = [
        *names,
        *_FIELDS,
        *(f"deck:{name}" for name in names),
        *(f"tag:{tag}" for tag in tags),
        *(f"is:{state}" for state in _STATES),
    ]
    return [CompletionItem(word) for word in words if word.startswith(incomplete)]


def _known(ctx: click.Context) -> tuple[list[str], list[str]]:
    """Decks and tags as of the last scan; nothing where there is no state yet or it cannot be read."""
    import sqlite3
    from contextlib import closing

    from flashcards.collection import DATABASE, STATE_FOLDER, find_collection
    from flashcards.errors import FlashcardsError

    try:
        path: Any = find_collection(ctx.find_root().params.get("folder")) / STATE_FOLDER / DATABASE
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            names = [row[0] for row in connection.execute("SELECT name FROM decks ORDER BY name")]
            texts = connection.execute("SELECT DISTINCT tags FROM notes WHERE tags != ''")
            return names, sorted({tag for (text,) in texts for tag in text.split()})
    except (FlashcardsError, sqlite3.Error, OSError):
        return [], []


_HOW = {
    "bash": "echo 'eval \"$(flashcards completion bash)\"' >> ~/.bashrc",
    "zsh": "echo 'eval \"$(flashcards completion zsh)\"' >> ~/.zshrc",
    "fish": "flashcards completion fish > ~/.config/fish/completions/flashcards.fish",
}


@click.command("completion", epilog="\b\n" + "\n".join(_HOW.values()))
@click.argument("shell", type=click.Choice(list(_HOW)))
def completion_command(shell: str) -> None:
    """Print the script that completes commands, decks and tags in a shell.

    To install it:
    """
    from click.shell_completion import get_completion_class

    from flashcards.cli import group

    found = get_completion_class(shell)
    if found is None:  # click knows every shell of the choice
        raise click.UsageError(f"There is no completion for {shell}.")
    click.echo(found(group, {}, "flashcards", "_FLASHCARDS_COMPLETE").source())


COMMANDS: dict[str, click.Command] = {
    "completion": completion_command,
}
