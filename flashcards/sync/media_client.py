"""Media files exchanged with a self-hosted Anki sync server."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

from flashcards.sync.media import MOST_BYTES, MOST_FILES, read_download
from flashcards.sync.wire import BadRequest

if TYPE_CHECKING:
    from flashcards.sync.client import Connection
    from flashcards.sync.media import MediaStore


class MediaClient:
    """Brings the media files of both sides together.

    A file that changed on one side goes to the other; one that changed on both stays as it is here.
    """

    def __init__(self, connection: Connection, store: MediaStore) -> None:
        self._connection = connection
        self._store = store

    def sync(self) -> tuple[int, int]:
        """Exchange what differs; return how many files came and went."""
        self._ask("begin", {"v": "flashcards"})
        agreed = self._store.agreed()
        theirs = self._read_changes()
        ours = self._store.digests()
        wanted = [name for name, digest in theirs.items() if digest and self._is_wanted(name, digest, ours, agreed)]
        came = self._download(wanted)
        went = self._upload(agreed | theirs)
        return came, went

    def _is_wanted(self, name: str, digest: str, ours: dict[str, str], agreed: dict[str, str]) -> bool:
        return ours.get(name) != digest and (name not in ours or ours[name] == agreed.get(name))

    def _read_changes(self) -> dict[str, str]:
        """Return the files that changed on the server since the last time, with their hashes; empty if deleted."""
        found: dict[str, str] = {}
        since = self._store.server_usn
        while changes := self._ask("mediaChanges", {"lastUsn": since}):
            for name, usn, digest in changes:
                found[str(name)] = str(digest)
                since = max(since, int(usn))
        self._store.keep_server(since, found)
        return found

    def _download(self, names: list[str]) -> int:
        came = 0
        while names:
            batch = names[:MOST_FILES]
            files = read_download(self._connection.send_bytes("downloadFiles", _json({"files": batch}), "msync"))
            if not files:
                break
            for name, data in files.items():
                self._store.take_file(name, data)
            came += len(files)
            names = [name for name in names if name not in files]
        return came

    def _upload(self, there: dict[str, str]) -> int:
        """Send the files that the server has not, or has otherwise."""
        digests = self._store.digests()
        names = sorted(name for name, digest in digests.items() if there.get(name) != digest)
        went = 0
        while names:
            body, sent = self._pack(names)
            _, usn = self._ask_bytes("uploadChanges", body)
            self._store.keep_server(int(usn), {name: digests[name] for name in sent})
            went += len(sent)
            names = names[len(sent) :]
        return went

    def _pack(self, names: list[str]) -> tuple[bytes, list[str]]:
        stream = io.BytesIO()
        sent: list[str] = []
        size = 0
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
            meta: list[list[str]] = []
            for name in names[:MOST_FILES]:
                path = self._store.path_of(name)
                data = path.read_bytes() if path else b""
                if sent and size + len(data) > MOST_BYTES:
                    break
                size += len(data)
                sent.append(name)
                if data:
                    archive.writestr(str(len(meta)), data)
                    meta.append([name, str(len(meta))])
            archive.writestr("_meta", json.dumps(meta, ensure_ascii=False))
        return stream.getvalue(), sent

    def _ask(self, method: str, payload: object) -> Any:
        return self._ask_bytes(method, _json(payload))

    def _ask_bytes(self, method: str, body: bytes) -> Any:
        answer = json.loads(self._connection.send_bytes(method, body, "msync"))
        if not isinstance(answer, dict) or answer.get("err"):
            raise BadRequest(f"The server's media cannot be read: {answer}")
        return answer.get("data")


def _json(value: object) -> bytes:
    return json.dumps(value).encode()
