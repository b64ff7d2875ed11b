"""Sync with a self-hosted Anki sync server, as its client."""

from __future__ import annotations

import http.client
import json
import secrets
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

import flashcards
from flashcards.disk.atomic import read_record, write_record
from flashcards.errors import FlashcardsError, UsageError
from flashcards.sync.media_store import MOST_FILES, MediaStore, read_download
from flashcards.sync.received_changes import TakenOver
from flashcards.sync.session import SyncSession
from flashcards.sync.synced_collection import SyncState
from flashcards.sync.wire import HEADER, SIZE_HEADER, BadRequest, Refusal, pack, pack_json, unpack


class MediaClient:
    """Synchronizes media files; one that changed on both sides stays as it is here."""

    def __init__(self, connection: Connection, store: MediaStore) -> None:
        self._connection = connection
        self._store = store

    def sync(self) -> tuple[int, int]:
        """Exchange the differing files; return how many were received and sent."""
        self._ask("begin", pack_json({"v": "flashcards"}))
        agreed = self._store.agreed_files()
        theirs = self._read_changes()
        ours = self._store.digests()
        wanted = [
            name
            for name, digest in theirs.items()
            if digest and ours.get(name) != digest and (name not in ours or ours[name] == agreed.get(name))
        ]
        came = self._download(wanted)
        went = self._upload(agreed | theirs)
        return came, went

    def _read_changes(self) -> dict[str, str]:
        """Return the files changed on the server since the last sync, with their hashes, which are empty if deleted."""
        found: dict[str, str] = {}
        since = self._store.server_usn
        while changes := self._ask("mediaChanges", pack_json({"lastUsn": since})):
            for name, usn, digest in changes:
                found[str(name)] = str(digest)
                since = max(since, int(usn))
        self._store.keep_server(since, found)
        return found

    def _download(self, names: list[str]) -> int:
        came = 0
        while names:
            batch = names[:MOST_FILES]
            files = read_download(self._connection.send_bytes("downloadFiles", pack_json({"files": batch}), "msync"))
            if not files:
                break
            for name, data in files.items():
                self._store.take_file(name, data)
            came += len(files)
            names = [name for name in names if name not in files]
        return came

    def _upload(self, there: dict[str, str]) -> int:
        """Send the files that the server lacks or that differ."""
        digests = self._store.digests()
        names = sorted(name for name, digest in digests.items() if there.get(name) != digest)
        went = 0
        while names:
            body, sent = self._store.pack_files(
                names, lambda packed: [[name, str(at)] for at, name in enumerate(packed)]
            )
            _, usn = self._ask("uploadChanges", body)
            self._store.keep_server(int(usn), {name: digests[name] for name in sent})
            went += len(sent)
            names = names[len(sent) :]
        return went

    def _ask(self, method: str, body: bytes) -> Any:
        answer = orjson.loads(self._connection.send_bytes(method, body, "msync"))
        if not isinstance(answer, dict) or answer.get("err"):
            raise BadRequest(f"The server's media cannot be read: {answer}")
        return answer.get("data")


FOLDER: Final = "anki-server"
_ANKIWEB: Final = ("ankiweb.net", "ankiuser.net", "ankiweb.com")
_SECONDS: Final = 60.0
_OK: Final = "ok"
_REASONS: Final = {
    403: "it rejects the name and password, or the key. Log in again with --user and --password-file",
    409: "another client is syncing with it. Try again in a moment",
    501: "it uses an unsupported version of the sync protocol. Update it",
}


class AnkiWebRefused(UsageError):
    """The address belongs to AnkiWeb."""

    def __init__(self) -> None:
        super().__init__(
            "AnkiWeb serves Anki's own apps only, so flashcards does not connect to it. Sync with the Anki on"
            " this computer (`flashcards sync --anki`), or run a server of your own: `flashcards serve`."
        )


class ServerUnusable(FlashcardsError):
    """The server cannot be reached or refuses a request."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"The sync server at {url} cannot be used: {reason}.")


@dataclass(slots=True)
class ServerSync:
    """The result of a sync with a server."""

    came: TakenOver = field(default_factory=TakenOver)
    rows_came: int = 0
    rows_went: int = 0
    media_came: int = 0
    media_went: int = 0


class Connection:
    """Sends requests to the server at `url`; `key` identifies the account, and is empty before the login."""

    def __init__(self, url: str, key: str = "") -> None:
        check_url(url)
        self.url = url if url.endswith("/") else f"{url}/"
        self.key = key
        self._session = secrets.token_hex(4)
        self._opener = urllib.request.build_opener(_Redirects)

    def log_in(self, user: str, password: str) -> None:
        """Get the key of an account."""
        self.key = str(self.send("hostKey", {"u": user, "p": password})["key"])

    def send(self, method: str, payload: object) -> Any:
        """Send JSON and return the JSON response."""
        return orjson.loads(self.send_bytes(method, pack_json(payload)) or b"null")

    def send_bytes(self, method: str, body: bytes, kind: str = "sync") -> bytes:
        """Send a body and return that of the response. Raise `ServerUnusable` if there is no proper response."""
        header = {"v": 11, "k": self.key, "c": f"flashcards,{flashcards.__version__},any", "s": self._session}
        request = urllib.request.Request(  # noqa: S310 - only http and https pass `check_url`
            f"{self.url}{kind}/{method}",
            pack(body),
            {HEADER: json.dumps(header), "Content-Type": "application/octet-stream"},
        )
        try:
            with self._opener.open(request, timeout=_SECONDS) as response:
                if response.headers.get(SIZE_HEADER) is None:
                    raise ServerUnusable(self.url, "it is not an Anki sync server")
                return unpack(response.read())
        except urllib.error.HTTPError as error:
            reason = _REASONS.get(error.code, f"it answers {method} with {error.code}")
            raise ServerUnusable(self.url, reason) from error
        except (OSError, http.client.HTTPException, Refusal) as error:
            text = str(getattr(error, "reason", error)) or type(error).__name__
            raise ServerUnusable(self.url, text.rstrip(".")) from error


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Rejects redirects. A moved server is reported, and nothing is sent to an address that the user did not name."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class ServerClient:
    """Syncs a collection with a server; only one process may do so at a time."""

    def __init__(self, root: Path, connection: Connection, tell: Callable[[str], None]) -> None:
        self._state = SyncState(root, FOLDER, "flashcards sync", tell)
        self._known = self._state.folder / "server.json"
        self._connection = connection
        self._mirror, self._collection = self._state.mirror, self._state.collection

    def close(self) -> None:
        """Close everything; a running sync ends without effect."""
        self._state.close()

    def sync(self) -> ServerSync:
        """Synchronize both sides.

        Raise `ServerUnusable` if the server cannot be used; the failed part has no effect. Raise `Refusal` if the
        collection cannot be used or the server sent invalid data.
        """
        meta = self._ask_meta()
        if meta.get("cont") is False:
            raise ServerUnusable(self._connection.url, str(meta.get("msg") or "it refuses to sync").rstrip("."))
        done = ServerSync()
        is_first = self._mirror.state.schema != meta["scm"] or self._mirror.is_new
        if is_first:
            self._mirror.start_from(int(meta["scm"]))
            self._exchange(meta, done, since=0)
        else:
            self._collection.refresh(self._mirror)
        if (
            is_first
            or meta["mod"] != read_record(self._known).get("mod")
            or self._mirror.has_pending(self._mirror.state.usn)
        ):
            if is_first:
                meta = self._ask_meta()
                self._collection.refresh(self._mirror)
            self._exchange(meta, done, since=self._mirror.state.usn)
        if self._mirror.has_untold(self._mirror.state.usn):
            self._exchange(self._ask_meta(), done, since=self._mirror.state.usn)
        media = MediaClient(self._connection, self._state.media)
        done.media_came, done.media_went = media.sync()
        return done

    def _ask_meta(self) -> dict[str, Any]:
        meta: dict[str, Any] = self._connection.send("meta", {"v": 11, "cv": f"flashcards {flashcards.__version__}"})
        return meta

    def _exchange(self, meta: dict[str, Any], done: ServerSync, since: int) -> None:
        send = self._connection.send
        session = SyncSession(self._mirror, "client", since, client_is_newer=True, usn=int(meta["usn"]))
        session.received.is_first = since == 0
        try:
            session.apply_graves({"chunk": send("start", {"minUsn": since, "lnewer": False, "graves": None})})
            graves = session.start()
            if any(graves.values()):
                send("applyGraves", {"chunk": graves})
            # The server's data is received first, so that our data does not contain older versions.
            ours = session.take_changes()
            ours.pop("conf", None)
            theirs = send("applyChanges", {"changes": ours})
            if "crt" in theirs:
                self._mirror.set_created(int(theirs["crt"]))
            session.apply_changes({"changes": theirs})
            self._pull(session, done)
            self._push(session, done)
            cards, notes, reviews, *objects = session.counts()
            counts = [[0, 0, 0], cards, notes, reviews, 0, *objects]
            if send("sanityCheck2", {"client": counts}).get("status") != _OK:
                self._mirror.roll_back()
                self._mirror.start_from(0)
                raise ServerUnusable(
                    self._connection.url, "the contents of both sides differ; sync again to compare everything"
                )
            if not session.received.is_empty:
                self._collection.take(self._mirror, session.received)
                done.came = self._collection.taken
            modified = int(send("finish", {}))
            self._mirror.finish_at(modified, int(meta["usn"]) + 1)
            self._mirror.keep_sync(int(meta["usn"]) + 1, since)
            self._mirror.commit()
            write_record(self._known, {"mod": modified})
        except BaseException:
            session.close()
            raise

    def _pull(self, session: SyncSession, done: ServerSync) -> None:
        while True:
            chunk = self._connection.send("chunk", {})
            session.apply_chunk({"chunk": chunk})
            done.rows_came += sum(len(chunk.get(table) or ()) for table in ("revlog", "cards", "notes"))
            if chunk.get("done"):
                return

    def _push(self, session: SyncSession, done: ServerSync) -> None:
        while True:
            chunk = session.take_chunk()
            self._connection.send("applyChunk", {"chunk": chunk})
            if chunk["done"]:
                done.rows_went += session.sent
                return


def check_url(url: str) -> None:
    """Raise `AnkiWebRefused` if an address belongs to AnkiWeb, or `UsageError` if it is not an address."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".").lower()
        _ = parts.port
    except ValueError as error:
        raise UsageError(f"{url} is not an address. Write it as http://HOST:PORT/.") from error
    if parts.scheme not in ("http", "https") or not host:
        raise UsageError(f"{url} is not an address. Write it as http://HOST:PORT/.")
    if any(host == name or host.endswith(f".{name}") for name in _ANKIWEB):
        raise AnkiWebRefused
