"""`flashcards completion`."""

from __future__ import annotations

import click

_HOW = {
    "bash": "echo 'eval \"$(flashcards completion bash)\"' >> ~/.bashrc",
    "zsh": "echo 'eval \"$(flashcards completion zsh)\"' >> ~/.zshrc",
    "fish": "flashcards completion fish > ~/.config/fish/completions/flashcards.fish",
}


@click.command("completion", epilog="\b\n" + "\n".join(_HOW.values()))
@click.argument("shell", type=click.Choice(list(_HOW)))
def command(shell: str) -> None:
    """Print the script that completes commands, decks and tags in a shell.

    To install it:
    """
    from click.shell_completion import get_completion_class

    from flashcards.cli import group

    found = get_completion_class(shell)
    if found is None:  # click knows every shell of the choice
        raise click.UsageError(f"There is no completion for {shell}.")
    click.echo(found(group, {}, "flashcards", "_FLASHCARDS_COMPLETE").source())
