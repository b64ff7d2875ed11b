"""The commands `serve` and `sync`."""

from __future__ import annotations

import getpass
import os
import signal
import sys
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from flashcards.cli import console
from flashcards.cli.params import Excludes, OptionRules, WholeNumber
from flashcards.errors import FlashcardsError, UsageError, check_extra

if TYPE_CHECKING:
    from flashcards.sync.account import Account
    from flashcards.sync.client import Connection, ServerSync
    from flashcards.sync.received_changes import TakenOver
    from flashcards.sync.service import SyncReport


_PORT: Final = 27701
_TOKEN: Final = "web-token"
_OWN: Final = ("127.0.0.1", "::1", "localhost")
_EVERYWHERE: Final = ("0.0.0.0", "::")  # noqa: S104 - what `--lan` asks for

_APPS: Final = """\
AnkiDroid   Settings > Sync > Custom sync server: the address as sync url. Then Settings > Sync > AnkiWeb account.
AnkiMobile  Settings > Syncing > Custom sync server: the address. Allow it to find devices on the local network.
Anki        Preferences > Syncing > Self-hosted sync server: the address. Then Sync in the main window.
Log in with the name and the password below; at the first sync choose Download."""
_PLAIN_HTTP: Final = (
    "Passwords and cards travel over plain HTTP: use this in a network that you trust, through a VPN, or behind a proxy"
    " with HTTPS."
)
_REPLACES: Final = (
    "The first download replaces everything that the app holds. If it holds cards of its own that you want to keep,"
    " export them there first (with scheduling, as .colpkg), run `flashcards import FILE` here, and sync then."
)


@click.command("serve")
@click.option("--lan", is_flag=True, help="Listen on all addresses of this computer, so that phones can reach it.")
@click.option("--host", metavar="ADDRESS", help="The address to listen on. Default: 127.0.0.1, this computer alone.")
@click.option(
    "--port",
    type=WholeNumber(0, 65535),
    default=_PORT,
    show_default=True,
    help="The port to listen on; 0 takes a free one.",
)
@click.option("--user", metavar="NAME", help="The name to log in with. Default: the one chosen before, else yours.")
@click.option(
    "--password-file",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Read the password from the first line of a file. Default: a new one, shown once.",
)
@click.option("--reset-password", is_flag=True, help="Make a new password and show it; apps have to log in again.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON Lines: first the address, then one per sync.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask before the first download.")
@OptionRules(
    Excludes("--lan", ("--host",), "both say where to listen"),
    Excludes("--reset-password", ("--password-file",), "the file says what the password is"),
)
def serve_command(
    lan: bool,
    host: str | None,
    port: int,
    user: str | None,
    password_file: Path | None,
    reset_password: bool,
    as_json: bool,
    yes: bool,
) -> None:
    """Sync with AnkiDroid, AnkiMobile and Anki; serve pages.

    The apps get every card with its schedule and work offline. Reviews, edits and new notes made there come into the
    Markdown files and the review log here; what changes here goes there. The same cards can be reviewed in a browser.
    Runs until it is stopped with Ctrl+C.

    \b
    flashcards serve               for Anki on this computer
    flashcards serve --lan         for phones in the same network
    flashcards serve --port 8080   on another port
    """
    check_extra("`serve`", ("jinja2", "starlette", "uvicorn", "segno"), "serve")
    from flashcards.sync.server import FOLDER, SyncHost, listen, run
    from flashcards.sync.synced_collection import MIRROR, make_folder
    from flashcards.web.app import WebHost
    from flashcards.web.guard import keep_token

    root = console.find_root()
    with console.open_collection() as collection:  # reports problems of the folder before anything is printed
        console.keep_state(collection)
    address = host or ("0.0.0.0" if lan else "127.0.0.1")  # noqa: S104 - what `--lan` asks for
    folder = make_folder(root, FOLDER)
    is_first = not (folder / MIRROR).exists()
    account, password = _open_account(folder, user, password_file, reset=reset_password)
    if is_first and not as_json:
        _confirm(yes=yes)
    printer = _Printer(as_json=as_json)
    listener = listen(address, port)
    syncing = SyncHost(root, account, printer.print_sync, printer.complain)
    web = None
    try:
        token = keep_token(folder / _TOKEN, reset=reset_password)
        web = WebHost(root, address, listener.getsockname()[1], token=token)
        server = syncing.build_server(web.app)
        for number in (signal.SIGINT, signal.SIGTERM):  # also before and after the server listens to them itself
            signal.signal(number, lambda _number, _frame: setattr(server, "should_exit", True))
        url = _make_url(address, listener.getsockname()[1])
        printer.print_start(url, web.url, account.user, password, is_open=address not in _OWN)
        run(server, listener)
    finally:
        listener.close()
        if web:
            web.close()
        syncing.close()


class _Printer:
    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json

    def print_start(self, url: str, web: str, user: str, password: str | None, *, is_open: bool) -> None:
        """Print where the server is, what to tap, and the password if it is new."""
        if self._as_json:
            console.print_json({"url": url, "user": user, "pid": os.getpid(), "web": web})
        else:
            self._explain(url, web, user)
        if password is not None:
            console.print_text(
                f"Password: {password}   (shown only once; --reset-password makes a new one)", err=self._as_json
            )
        elif not self._as_json:
            console.print_text("Password: as before   (--reset-password makes a new one)")
        if is_open:
            console.print_text(_PLAIN_HTTP, err=True)
        if not self._as_json:
            console.print_text("Waiting for syncs. Ctrl+C stops.")
        sys.stdout.flush()

    def print_sync(self, report: SyncReport) -> None:
        """Print a line for a completed sync."""
        if self._as_json:
            console.print_json(_make_record(report))
        else:
            console.print_text(console.make_visible(_format_report(report)))
        sys.stdout.flush()

    def complain(self, sentence: str) -> None:
        """Print what a person should know, on standard error."""
        console.print_text(console.make_visible(f"{datetime.now().astimezone():%H:%M:%S}  {sentence}"), err=True)
        sys.stderr.flush()

    def _explain(self, url: str, web: str, user: str) -> None:
        console.print_text(f"The decks are served at {url}\n")
        console.draw_qr_code(url)
        console.print_text(f"{_APPS}\n\nBrowser:  {web}\nName:     {user}")


def _open_account(
    folder: Path, user: str | None, password_file: Path | None, *, reset: bool
) -> tuple[Account, str | None]:
    """Return the account, and its password if it was made just now."""
    from flashcards.sync.account import Account, make_password
    from flashcards.sync.server import ACCOUNT

    path = folder / ACCOUNT
    known = None if reset else Account.load(path)
    name = user or (known.user if known else getpass.getuser())
    shown = None
    if password_file is not None:
        password = _read_first_line(password_file)
        if not password:
            raise UsageError(f"{password_file} holds no password. Write it into the first line.")
        if known is None or known.log_in(known.user, password) is None:
            known = Account.create(name, password)
    elif known is None:
        shown = make_password()
        known = Account.create(name, shown)
    known.user = name
    known.save(path)
    return known, shown


def _confirm(*, yes: bool) -> None:
    console.print_text(f"{_REPLACES}\n", err=True)
    if yes or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return
    if not console.ask("Is it safe to replace everything in the app?"):
        raise click.Abort


def _make_url(address: str, port: int) -> str:
    from flashcards.sync.server import local_address

    host = local_address() if address in _EVERYWHERE else address
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def _make_record(report: SyncReport) -> dict[str, Any]:
    return {
        "at": datetime.now().astimezone().isoformat(timespec="seconds"),
        "user": report.user,
        "client": report.client,
        "sync": report.kind,
        "received": report.taken.count(),
        "sent": report.sent,
    }


def _format_report(report: SyncReport) -> str:
    app = " ".join(report.client.split(",")[::2]) or "an app"
    start = f"{datetime.now().astimezone():%H:%M:%S}  {report.user}, {app}:"
    if report.kind == "download":
        return f"{start} downloaded everything"
    if report.kind == "upload":
        return f"{start} uploaded a whole collection"
    parts = _list_taken(report.taken)
    if report.taken.removed:
        parts.append(f"{console.plural(report.taken.removed, 'note')} deleted")
    return f"{start} {', '.join(parts) or 'nothing'} came, {console.plural(report.sent, 'row')} went"


def _list_taken(taken: TakenOver) -> list[str]:
    """List what a sync brought, in words."""
    counts = (("review", taken.reviews), ("new note", taken.added), ("edited note", taken.updated))
    return [console.plural(count, name) for name, count in counts if count]


_LOGIN: Final = "login.json"


@click.command("sync")
@click.option("--anki", "live", is_flag=True, help="Sync with the open Anki through its add-on AnkiConnect.")
@click.option(
    "--anki-address", "address", metavar="URL", help="Where AnkiConnect listens. Default: http://127.0.0.1:8765."
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
def sync_command(
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
        raise FlashcardsError(str(refusal)) from refusal
    if as_json:
        received = done.came.count() | {"media": done.media_came}
        console.print_json({"received": received, "sent": {"rows": done.rows_went, "media": done.media_went}})
    else:
        console.print_text(_describe_sync(done))


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
    with closing(LiveAnki(_find_root(), anki, _tell)) as syncing:
        return syncing.sync()


def _sync_with_server(url: str, user: str | None, password_file: Path | None) -> ServerSync:
    from flashcards.sync.client import FOLDER, Connection, ServerClient
    from flashcards.sync.synced_collection import make_folder

    connection = Connection(url)
    root = _find_root()
    _log_in(connection, make_folder(root, FOLDER) / _LOGIN, user, password_file)
    with closing(ServerClient(root, connection, _tell)) as client:
        return client.sync()


def _find_root() -> Path:
    """Return the collection's folder, after checking it."""
    with console.open_collection() as collection:
        console.keep_state(collection)
    return console.find_root()


def _tell(sentence: str) -> None:
    console.print_text(console.make_visible(sentence), err=True)


def _read_first_line(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace").partition("\n")[0].rstrip("\r")


def _log_in(connection: Connection, path: Path, user: str | None, password_file: Path | None) -> None:
    """Use the kept login, or log in and keep it."""
    from flashcards.disk.atomic import read_record, write_record

    kept = read_record(path)
    if kept.get("url") == connection.url and user in (None, kept.get("user")) and password_file is None:
        connection.key = str(kept.get("key"))
        return
    name = user or kept.get("user") or os.environ.get("USER") or ""
    connection.log_in(name, _find_password(password_file, name))
    write_record(path, {"url": connection.url, "user": name, "key": connection.key})


def _find_password(password_file: Path | None, name: str) -> str:
    if password_file is not None:
        return _read_first_line(password_file)
    if not sys.stdin.isatty():
        raise UsageError("The server's password is needed once: name a file that holds it with --password-file.")
    return console.ask_password(name)


def _describe_sync(done: ServerSync) -> str:
    parts = _list_taken(done.came)
    if done.media_came:
        parts.append(console.plural(done.media_came, "media file"))
    went = [console.plural(done.rows_went, "row")]
    if done.media_went:
        went.append(console.plural(done.media_went, "media file"))
    return f"{', '.join(parts) or 'Nothing'} came, {' and '.join(went)} went."
