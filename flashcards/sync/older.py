"""Requests of clients from before 2023 (versions 8 to 10 of the protocol): forms with a gzipped part."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from email.message import Message
from typing import Final

from flashcards.sync.wire import MOST_UNPACKED, BadRequest, ClientHeader

OLDEST_VERSION: Final = 8
MOST_FORM: Final = 16 << 20
"""How many bytes a form may have: its key is within it, so it is read before it is known who sends it."""

_VERSION: Final = 10

_NAME: Final = re.compile(rb'\bname="([a-z]{1,20})"')
_GZIP: Final = 16 + zlib.MAX_WBITS
_LONGEST_VALUE: Final = 512


def read_boundary(content_type: str | None) -> str | None:
    """Return what separates the parts of a form; nothing if a request is no form."""
    message = Message()
    message["Content-Type"] = content_type or ""
    return message.get_boundary() if message.get_content_type() == "multipart/form-data" else None


def read_form(
    body: bytes, boundary: str, check: Callable[[ClientHeader], None], most: int = MOST_UNPACKED
) -> tuple[ClientHeader, bytes]:
    """Parse a form: who asks, and the body of the request.

    Args:
        body: the form.
        boundary: separates its parts.
        check: told who asks before anything is decompressed; raises if they may not.
        most: how many bytes the body may have.

    Raises:
        BadRequest: it cannot be understood.
    """
    parts = _split(body, boundary.encode("utf-8", "replace"))
    key = parts.get("k") or parts.get("sk") or b""
    header = make_header(key.decode("ascii", "replace"), parts.get("s", b"").decode("ascii", "replace"))
    check(header)
    data = parts.get("data") or b"{}"
    return header, data if parts.get("c", b"0") == b"0" else unzip(data, most)


def make_header(key: str, session: str = "") -> ClientHeader:
    """Return who asks; the form does not tell the name of the app.

    Raises:
        BadRequest: it cannot be right.
    """
    if max(len(key), len(session)) > _LONGEST_VALUE:
        raise BadRequest("The form cannot be understood.")
    return ClientHeader(_VERSION, key, "an older app", session)


def unzip(data: bytes, most: int = MOST_UNPACKED) -> bytes:
    """Decompress a part of a form, without ever holding more than `most` bytes of it.

    Raises:
        BadRequest: it is not compressed by gzip, is cut short, or unpacks to more.
    """
    decompressor = zlib.decompressobj(_GZIP)
    try:
        found = decompressor.decompress(data, most + 1)
    except zlib.error as error:
        raise BadRequest("The body is not compressed by gzip.") from error
    if len(found) > most:
        raise BadRequest(f"The body unpacks to more than {most:,} bytes.")
    if not decompressor.eof:
        raise BadRequest("The body is cut short.")
    return found


def _split(body: bytes, boundary: bytes) -> dict[str, bytes]:
    found = {}
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary)[1:]:
        head, separator, data = part.partition(b"\r\n\r\n")
        name = _NAME.search(head)
        if separator and name:
            found[name.group(1).decode()] = data
    return found
