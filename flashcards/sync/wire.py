"""Encode and decode messages of Anki's sync protocol: headers, compressed bodies, limits, refusals.

Since 2023 (version 11), a header identifies the client and the body is compressed by zstd. Before, both came in a form,
compressed by gzip.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from email.message import Message
from typing import Any, Final, NamedTuple

import orjson

from flashcards.anki.package.archive import load_zstd

HEADER: Final = "anki-sync"
SIZE_HEADER: Final = "anki-original-size"
NEWEST_VERSION: Final = 11
OLDEST_VERSION: Final = 8
MOST_PACKED: Final = 100 << 20
MOST_UNPACKED: Final = 300 << 20
MOST_FORM: Final = 16 << 20
"""The maximum size of a form. The form contains the key, so it is read before the sender is known."""

UPLOAD_TAKEN: Final = "OK"
"""The response to an app whose collection was accepted; the app shows any other response as an error."""

_LONGEST_HEADER: Final = 4096
_LONGEST_VALUE: Final = 512
_FORM_VERSION: Final = 10
_NAME: Final = re.compile(rb'\bname="([a-z]{1,20})"')
_GZIP: Final = 16 + zlib.MAX_WBITS


class Refusal(Exception):
    """A request answered with an HTTP error status; the message goes to the client and to the server's log."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class BadRequest(Refusal):
    """The request is invalid."""

    def __init__(self, message: str) -> None:
        super().__init__(400, message)


class LoginRefused(Refusal):
    """The name, the password or the key is wrong."""

    def __init__(self, message: str = "The name or the password is wrong.") -> None:
        super().__init__(403, message)


class SessionReplaced(Refusal):
    """Another sync began in the meantime, or the server was restarted."""

    def __init__(self) -> None:
        super().__init__(409, "Another sync has begun in the meantime. Sync again.")


class VersionUnknown(Refusal):
    """The client uses an unsupported version of the protocol."""

    def __init__(self, version: object) -> None:
        super().__init__(501, f"Version {version} of the sync protocol is not supported. Update the app.")


class ClientHeader(NamedTuple):
    """The data about a client in each request: protocol version, key, program and session."""

    version: int
    key: str
    client: str
    session: str


def read_header(text: str | None) -> ClientHeader:
    """Parse the header of a request, or raise `BadRequest` or `VersionUnknown`."""
    if text is None:
        raise BadRequest(f"The header `{HEADER}` is missing: this address is for Anki's apps.")
    if len(text) > _LONGEST_HEADER:
        raise BadRequest("The header is too long.")
    values = read_object(text.encode("utf-8", "replace"))
    version = values.get("v")
    if type(version) is not int or version != NEWEST_VERSION:
        raise VersionUnknown(ascii(version)[:20])
    texts = [values.get(name, "") for name in "kcs"]
    if not all(isinstance(each, str) and len(each) <= _LONGEST_VALUE for each in texts):
        raise BadRequest("The header cannot be understood.")
    return ClientHeader(version, *texts)


def read_object(data: bytes) -> dict[str, Any]:
    """Parse a JSON object. Raise `BadRequest` if it is not one."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise BadRequest("The body is not JSON.") from error
    if not isinstance(value, dict):
        raise BadRequest("The body is not a JSON object.")
    return value


def unpack(data: bytes, most: int = MOST_UNPACKED) -> bytes:
    """Decompress a body of at most `most` bytes. Raise `BadRequest` if it is larger, cut short, or not zstd."""
    decompressor = load_zstd().ZstdDecompressor()
    try:
        found: bytes = decompressor.decompress(data, most + 1)
    except load_zstd().ZstdError as error:
        raise BadRequest("The body is not compressed by zstd.") from error
    _check_unpacked(found, most, is_whole=decompressor.eof and not decompressor.unused_data)
    return found


def pack(data: bytes) -> bytes:
    """Compress a body."""
    packed: bytes = load_zstd().compress(data, 1)
    return packed


def pack_json(value: object) -> bytes:
    """Return a value as JSON."""
    return orjson.dumps(value)


def read_boundary(content_type: str | None) -> str | None:
    """Return the boundary between the parts of a form, or nothing if a request is not a form."""
    message = Message()
    message["Content-Type"] = content_type or ""
    return message.get_boundary() if message.get_content_type() == "multipart/form-data" else None


def read_form(
    body: bytes, boundary: str, check: Callable[[ClientHeader], None], most: int = MOST_UNPACKED
) -> tuple[ClientHeader, bytes]:
    """Parse a form: the client's header and a body of at most `most` bytes.

    `check` is called with the header before anything is decompressed, and raises an error if access is denied. Raise
    `BadRequest` if the form is invalid.
    """
    parts = _split(body, boundary.encode("utf-8", "replace"))
    key = parts.get("k") or parts.get("sk") or b""
    header = make_header(key.decode("ascii", "replace"), parts.get("s", b"").decode("ascii", "replace"))
    check(header)
    data = parts.get("data") or b"{}"
    return header, data if parts.get("c", b"0") == b"0" else unzip(data, most)


def make_header(key: str, session: str = "") -> ClientHeader:
    """Return the header of a client whose form does not name its app. Raise `BadRequest` if it is invalid."""
    if max(len(key), len(session)) > _LONGEST_VALUE:
        raise BadRequest("The form cannot be understood.")
    return ClientHeader(_FORM_VERSION, key, "an older app", session)


def unzip(data: bytes, most: int = MOST_UNPACKED) -> bytes:
    """Decompress a part of at most `most` bytes. Raise `BadRequest` if it is larger, cut short, or not gzip."""
    decompressor = zlib.decompressobj(_GZIP)
    try:
        found = decompressor.decompress(data, most + 1)
    except zlib.error as error:
        raise BadRequest("The body is not compressed by gzip.") from error
    _check_unpacked(found, most, is_whole=decompressor.eof)
    return found


def _check_unpacked(data: bytes, most: int, *, is_whole: bool) -> None:
    if len(data) > most:
        raise BadRequest(f"The body unpacks to more than {most:,} bytes.")
    if not is_whole:
        raise BadRequest("The body is cut short.")


def _split(body: bytes, boundary: bytes) -> dict[str, bytes]:
    found = {}
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary)[1:]:
        head, separator, data = part.partition(b"\r\n\r\n")
        name = _NAME.search(head)
        if separator and name:
            found[name.group(1).decode()] = data
    return found
