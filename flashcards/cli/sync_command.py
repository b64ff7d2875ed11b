"""`flashcards sync`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from flashcards.cli import console
from flashcards.errors import FlashcardsError, UsageError

if TYPE_CHECKING:
    from flashcards.sync.client import Connection, ServerSync

_LOGIN: Final = "login.json"


class PasswordUnknown(UsageError):
    """No password was given for a server that was never logged in to."""

    def __init__(self) -> None:
        super().__init__("The server's password is needed once: name a file that holds it with --password-file.")


class SyncRefused(FlashcardsError):
    """The collection or the server does not allow a sync."""


@click.command("sync")
@click.option("--anki-server", "url", metavar="URL", required=True, help="The address of a sync server of your own.")
@click.option("--user", metavar="NAME", help="The name to log in with. Needed once.")
@click.option(
    "--password-file",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Take the password from the first line of a file. Default: ask for it once.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what came and went as JSON.")
def command(url: str, user: str | None, password_file: Path | None, as_json: bool) -> None:
    """Sync with a self-hosted sync server of Anki.

    For people whose apps use such a server already. Reviews, notes, edits and media files go both ways, as with
    `flashcards serve`. The login is kept; the password is not. AnkiWeb serves Anki's own apps only: its addresses are
    refused.

    \b
    flashcards sync --anki-server http://nas.local:8080/ --user me
    flashcards sync --anki-server http://nas.local:8080/
    """
    from flashcards.collection import find_collection
    from flashcards.sync.client import FOLDER, ServerClient
    from flashcards.sync.host import make_folder
    from flashcards.sync.wire import Refusal

    connection = _connect(url)
    root = find_collection(click.get_current_context().find_root().obj)
    with console.open_collection() as collection:  # says what is wrong with the folder before anything is asked
        console.keep_state(collection)
    _log_in(connection, make_folder(root, FOLDER) / _LOGIN, user, password_file)
    client = ServerClient(
        root, connection, lambda sentence: console.print_text(console.make_visible(sentence), err=True)
    )
    try:
        done = client.sync()
    except Refusal as refusal:
        raise SyncRefused(str(refusal)) from refusal
    finally:
        client.close()
    if as_json:
        console.print_json(_record(done))
    else:
        console.print_text(_line(done))


def _connect(url: str) -> Connection:
    from flashcards.sync.client import Connection

    return Connection(url)


def _log_in(connection: Connection, path: Path, user: str | None, password_file: Path | None) -> None:
    """Use the kept login, or log in and keep it."""
    try:
        kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        kept = {}
    if kept.get("url") == connection.url and user in (None, kept.get("user")) and password_file is None:
        connection.key = str(kept.get("key"))
        return
    name = user or kept.get("user") or os.environ.get("USER") or ""
    connection.log_in(name, _find_password(password_file, name))
    fresh = path.with_name(f"{path.name}.part")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump({"url": connection.url, "user": name, "key": connection.key}, file)
    fresh.replace(path)


def _find_password(password_file: Path | None, name: str) -> str:
    if password_file is not None:
        return password_file.read_text(encoding="utf-8", errors="replace").partition("\n")[0].rstrip("\r")
    if not sys.stdin.isatty():
        raise PasswordUnknown
    return str(click.prompt(console.make_visible(f"Password of {name}"), hide_input=True, err=True))


def _record(done: ServerSync) -> dict[str, Any]:
    came = done.came
    return {
        "received": {
            "added": came.added if came else 0,
            "updated": came.updated if came else 0,
            "removed": came.removed if came else 0,
            "cards": came.cards if came else 0,
            "reviews": came.reviews if came else 0,
            "media": done.media_came,
        },
        "sent": {"rows": done.rows_went, "media": done.media_went},
    }


def _line(done: ServerSync) -> str:
    came = done.came
    parts = []
    if came:
        counts = (("review", came.reviews), ("new note", came.added), ("edited note", came.updated))
        parts = [console.plural(count, name) for name, count in counts if count]
    if done.media_came:
        parts.append(console.plural(done.media_came, "media file"))
    went = [console.plural(done.rows_went, "row")]
    if done.media_went:
        went.append(console.plural(done.media_went, "media file"))
    return f"{', '.join(parts) or 'Nothing'} came, {' and '.join(went)} went."
