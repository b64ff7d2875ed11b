"""The command `sync`."""

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
@click.option("--anki", "live", is_flag=True, help="Sync with the open Anki through its add-on AnkiConnect.")
@click.option(
    "--anki-address",
    "address",
    metavar="URL",
    help="Where AnkiConnect listens. Default: http://127.0.0.1:8765.",
)
@click.option(
    "--key-file",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Read the API key of AnkiConnect from the first line of a file.",
)
@click.option("--anki-server", "url", metavar="URL", help="Sync with a sync server of your own, at this address.")
@click.option("--user", metavar="NAME", help="The name to log in with. Needed once.")
@click.option(
    "--password-file",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Read the password from the first line of a file. Default: ask for it once.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what came and went as JSON.")
def command(
    live: bool,
    address: str | None,
    key_file: Path | None,
    url: str | None,
    user: str | None,
    password_file: Path | None,
    as_json: bool,
) -> None:
    """Sync with Anki on this computer, or with a sync server.

    Reviews, notes, edits and media files go both ways, as with `flashcards serve`. With --anki, Anki must be open and
    have the add-on AnkiConnect (code 2055492159); Anki itself then syncs with AnkiWeb, if you use that. With
    --anki-server, the login is kept; the password is not. AnkiWeb serves Anki's own apps only: its addresses are
    refused.

    \b
    flashcards sync --anki
    flashcards sync --anki-server http://nas.local:8080/ --user me
    flashcards sync --anki-server http://nas.local:8080/
    """
    from flashcards.sync.wire import Refusal

    _check_options(live, {"--anki-address": address, "--key-file": key_file}, url, (user, password_file))
    try:
        done = _sync_with_server(url, user, password_file) if url else _sync_with_anki(address, key_file)
    except Refusal as refusal:
        raise SyncRefused(str(refusal)) from refusal
    if as_json:
        console.print_json(_record(done))
    else:
        console.print_text(_line(done))


def _check_options(live: bool, of_anki: dict[str, object], url: str | None, of_server: tuple[object, ...]) -> None:
    if live == bool(url):
        raise UsageError("Say what to sync with: --anki, or --anki-server URL.")
    if url and any(of_anki.values()):
        raise UsageError("--anki-address and --key-file go with --anki.")
    if live and any(of_server):
        raise UsageError("--user and --password-file go with --anki-server.")


def _sync_with_anki(address: str | None, key_file: Path | None) -> ServerSync:
    from flashcards.sync.anki_connect import DEFAULT_ADDRESS, AnkiConnect
    from flashcards.sync.live_anki import LiveAnki

    anki = AnkiConnect(address or DEFAULT_ADDRESS, _read_first_line(key_file) if key_file else None)
    with LiveAnki(_find_root(), anki, _tell) as syncing:
        return syncing.sync()


def _sync_with_server(url: str, user: str | None, password_file: Path | None) -> ServerSync:
    from flashcards.sync.client import FOLDER, ServerClient
    from flashcards.sync.synced_collection import make_folder

    connection = _connect(url)
    root = _find_root()
    _log_in(connection, make_folder(root, FOLDER) / _LOGIN, user, password_file)
    client = ServerClient(root, connection, _tell)
    try:
        return client.sync()
    finally:
        client.close()


def _find_root() -> Path:
    """Return the collection's folder, after saying what is wrong with it."""
    with console.open_collection() as collection:
        console.keep_state(collection)
    return console.find_root()


def _tell(sentence: str) -> None:
    console.print_text(console.make_visible(sentence), err=True)


def _read_first_line(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace").partition("\n")[0].rstrip("\r")


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
        return _read_first_line(password_file)
    if not sys.stdin.isatty():
        raise PasswordUnknown
    return console.ask_password(name)


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
