"""The command `mcp`."""

from __future__ import annotations

import gc
import sys
from importlib.util import find_spec

import click

from flashcards.errors import UsageError


class McpMissing(UsageError):
    """The library of the protocol is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "`mcp` needs the library mcp, which the base installation leaves out. Install it with"
            " `pip install 'flashcards-md[mcp]'`."
        )


class McpUnconnected(UsageError):
    """Standard output is closed, so that no client can be served."""

    def __init__(self) -> None:
        super().__init__("`mcp` talks to a client by standard input and output, but its output is closed.")


@click.command("mcp")
def command() -> None:
    """Let a language model read the decks, and add and rate cards.

    Speaks the Model Context Protocol on standard input and output; a client such as an editor or a chat program starts
    it. It writes only what you have agreed to.

    \b
    flashcards mcp             for the collection here
    flashcards -C ~/cards mcp  for another one
    """
    if find_spec("mcp") is None:
        raise McpMissing
    if sys.stdout is None:
        raise McpUnconnected
    from flashcards.assistant import build_server
    from flashcards.collection import find_collection

    root = find_collection(click.get_current_context().find_root().obj)
    gc.enable()  # it may run for days
    build_server(root).run("stdio")
