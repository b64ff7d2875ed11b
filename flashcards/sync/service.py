"""Answer requests of the sync protocol, as bytes and independent of the network."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from flashcards.sync import wire
from flashcards.sync.received_changes import TakenOver
from flashcards.sync.session import SyncSession
from flashcards.sync.validation import read_integer

if TYPE_CHECKING:
    from flashcards.sync.account import Account, GuessLimit
    from flashcards.sync.synced_collection import SyncState

_ACTIVE_SECONDS: Final = 300.0


@dataclass(slots=True)
class SyncReport:
    """The result of a sync, for the server's output."""

    user: str
    client: str
    kind: str
    sent: int = 0
    taken: TakenOver = field(default_factory=TakenOver)


class SyncService:
    """Answers the requests of one collection's clients in order.

    At most one sync is active. A new one replaces it, so an interrupted sync blocks nobody. `report` is called after
    each completed sync, and `warn` with a sentence if the contents of both sides differ.
    """

    def __init__(
        self,
        account: Account,
        guesses: GuessLimit,
        state: SyncState,
        report: Callable[[SyncReport], None],
        warn: Callable[[str], None],
    ) -> None:
        self._account = account
        self._guesses = guesses
        self._mirror = state.mirror
        self._media = state.media
        self._collection = state.collection
        self._report = report
        self._warn = warn
        self._session: SyncSession | None = None
        self._last_heard = 0.0
        self._sync_steps: dict[str, Callable[[wire.ClientHeader, dict[str, Any]], Any]] = {
            "meta": self._describe_state,
            "start": self._start,
            "applyGraves": lambda header, payload: self._find(header).apply_graves(payload),
            "applyChanges": lambda header, payload: self._find(header).apply_changes(payload),
            "chunk": lambda header, _: self._find(header).take_chunk(),
            "applyChunk": lambda header, payload: self._find(header).apply_chunk(payload),
            "sanityCheck2": self._check,
            "finish": lambda header, _: self._finish(header),
            "abort": lambda header, _: self._abort(header),
        }

    def close(self) -> None:
        """End the active sync, if any, without effect."""
        if self._session:
            self._session.close()
            self._session = None

    def refresh(self) -> None:
        """Update the mirror in advance, unless a sync is active, so that the next client need not wait."""
        if self._session is None or time.monotonic() - self._last_heard > _ACTIVE_SECONDS:
            self.close()
            self._collection.refresh(self._mirror)

    def check_key(self, header: wire.ClientHeader) -> None:
        """Raise `LoginRefused` unless a request has the key of a login."""
        if not self._account.has_key(header.key):
            raise wire.LoginRefused("The key is unknown. Log in again.")

    def answer(self, kind: str, method: str, header: wire.ClientHeader, body: bytes, peer: str) -> bytes:
        """Answer a request of `kind` (`sync` or `msync`). Raise `Refusal` if it is refused; it then has no effect."""
        if kind == "sync" and method == "hostKey":
            return wire.pack_json(self._log_in(wire.read_object(body), peer))
        self.check_key(header)
        if kind == "msync":
            return self._media.answer(method, body, header.key)
        if method == "download":
            return self._download(header)
        if method == "upload":
            return self._upload(header, body)
        step = self._sync_steps.get(method)
        if step is None:
            raise wire.BadRequest(f"There is no method `{ascii(method)[1:-1][:40]}`.")
        payload = wire.read_object(body)
        try:
            return wire.pack_json(step(header, payload))
        except BaseException:
            if method not in ("meta", "abort") and self._session and self._session.key == header.session:
                self.close()
            raise

    def _log_in(self, payload: Mapping[str, Any], peer: str) -> dict[str, str]:
        user, password = payload.get("u"), payload.get("p")
        if not isinstance(user, str) or not isinstance(password, str):
            raise wire.BadRequest("The name and the password are missing.")
        if wait := self._guesses.wait(peer):
            raise wire.LoginRefused(f"Too many wrong passwords from {peer}. Wait {wait:.0f} seconds.")
        key = self._account.log_in(user, password)
        self._guesses.record(peer, success=key is not None)
        if key is None:
            raise wire.LoginRefused
        return {"key": key}

    def _describe_state(self, _header: wire.ClientHeader, payload: Mapping[str, Any]) -> dict[str, Any]:
        version = payload.get("v")
        if type(version) is not int or not wire.OLDEST_VERSION <= version <= wire.NEWEST_VERSION:
            raise wire.VersionUnknown(ascii(version)[:20])
        self.refresh()
        state = self._mirror.state
        return {
            "mod": state.modified,
            "scm": state.schema,
            "usn": state.usn,
            "ts": int(time.time()),
            "msg": "",
            "cont": True,
            "hostNum": 0,
            "empty": self._mirror.is_empty,
            "media_usn": self._media.usn,
            "uname": self._account.user,
        }

    def _start(self, header: wire.ClientHeader, payload: Mapping[str, Any]) -> dict[str, Any]:
        since = read_integer(payload.get("minUsn"), "minUsn")
        if not header.session:
            raise wire.BadRequest("The name of the sync is missing.")
        self.close()
        self._session = session = SyncSession(
            self._mirror, header.session, since, client_is_newer=payload.get("lnewer") is True
        )
        self._last_heard = time.monotonic()
        if payload.get("graves"):
            session.apply_graves({"chunk": payload["graves"]})
        return session.start()

    def _find(self, header: wire.ClientHeader) -> SyncSession:
        """Find the sync that a request belongs to. Raise `SessionReplaced` if it is no longer active."""
        if self._session is None or self._session.key != header.session:
            raise wire.SessionReplaced
        self._last_heard = time.monotonic()
        return self._session

    def _check(self, header: wire.ClientHeader, payload: Mapping[str, Any]) -> dict[str, Any]:
        found = self._find(header).check(payload)
        if found["status"] != "ok":
            self._warn(f"{header.client}: the app and the server differ: {found['c']}, {found['s']}.")
        return found

    def _finish(self, header: wire.ClientHeader) -> int:
        session = self._find(header)
        at = session.finish(self._collection.take)
        self._session = None
        self._report(SyncReport(self._account.user, header.client, "sync", session.sent))
        return at

    def _abort(self, header: wire.ClientHeader) -> None:
        self._find(header)
        self.close()

    def _download(self, header: wire.ClientHeader) -> bytes:
        self.close()
        self._collection.refresh(self._mirror)
        self._mirror.close_usn()
        data = self._mirror.file_bytes()
        self._report(SyncReport(self._account.user, header.client, "download"))
        return data

    def _upload(self, header: wire.ClientHeader, body: bytes) -> bytes:
        self.close()
        answer = self._collection.take_upload(self._mirror, body)
        if answer == wire.UPLOAD_TAKEN:
            self._report(SyncReport(self._account.user, header.client, "upload"))
        return answer.encode()
