"""Decode the JSON and protobuf of a package, with limits on the resulting work."""

from __future__ import annotations

import json
import sqlite3
import struct
from collections.abc import Iterator
from typing import Any, Final

from flashcards.importers.transaction import Malformed

MAX_DECKS: Final = 50_000
_MAX_JSON: Final = 1_000_000  # values and brackets per text
_FREE_ROWS: Final = 200_000
_BYTES_PER_ROW: Final = {"notes": 20, "cards": 10, "revlog": 3}  # compressed; just times and ids take about twice that
_FREE_PIECES: Final = 4 << 20  # characters of rendered cards
_PIECES_PER_BYTE: Final = 40  # per byte of a compressed collection
# Of each field on all sides of all cards, whatever the package's size, because it may be highly compressed.
_COPIES: Final = 4
_LARGEST_SIDE: Final = 4 << 20  # characters


def limit_rows(connection: sqlite3.Connection, size: int) -> None:
    """Raise Malformed if a table has more rows than a compressed collection of `size` bytes can contain."""
    for table, least in _BYTES_PER_ROW.items():
        (count,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        if count > _FREE_ROWS + size // least:
            raise Malformed(f"its table `{table}` holds {count:,} rows, which is implausible for a package of its size")


def read_json(data: str | bytes) -> Any:
    """Parse JSON; raise Malformed if it has more values than a package needs, ValueError if it is not JSON."""
    text = data if isinstance(data, str) else data.decode()
    if sum(map(text.count, ",[{")) > _MAX_JSON:
        raise Malformed("it holds a list that is implausibly long")
    try:
        return json.loads(text)
    except RecursionError:
        raise Malformed("it holds lists that are nested too deeply") from None


class RenderBudget:
    """Counts the characters of rendered cards, because a template can repeat a field any number of times.

    It follows from the bytes of the compressed collection and the characters of all fields.
    """

    def __init__(self, *, size: int = 0, characters: int = 0) -> None:
        self._left = _FREE_PIECES + max(size * _PIECES_PER_BYTE, characters * _COPIES)
        self._side_left = _LARGEST_SIDE

    def start_side(self) -> None:
        """Begin another side of a card."""
        self._side_left = _LARGEST_SIDE

    def take(self, length: int) -> None:
        """Count `length` characters; raise Malformed if the side or all cards are too long for the package."""
        self._side_left -= length
        if self._side_left < 0:
            raise Malformed("a template makes a card that is implausibly long")
        self._left -= length
        if self._left < 0:
            raise Malformed("its templates make cards that are implausibly long")


_VARINT_BITS = 64


def read_fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield the number and value of each field, an int for a varint, else bytes; raise Malformed if invalid."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, at = _varint(message, at)
            yield number, value
            continue
        if kind == 2:
            length, at = _varint(message, at)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise Malformed("it holds a malformed message")
        if at + length > len(message):
            raise Malformed("it holds a message that is cut short")
        yield number, message[at : at + length]
        at += length


def read_number(message: bytes, field: int, default: int = 0) -> int:
    """Return the value of a varint field, or `default` if it is absent."""
    return next(
        (value for number, value in read_fields(message) if number == field and isinstance(value, int)), default
    )


def read_bytes(message: bytes, field: int) -> bytes | None:
    """Return the value of a field that is a text, a message or a list, or nothing if it is absent."""
    return next((value for number, value in read_fields(message) if number == field and isinstance(value, bytes)), None)


def read_text(message: bytes, field: int) -> str:
    """Return the value of a text field; empty if it is absent."""
    try:
        return (read_bytes(message, field) or b"").decode()
    except UnicodeDecodeError as error:
        raise Malformed("it holds text that is not UTF-8") from error


def read_float(message: bytes, field: int, default: float = 0.0) -> float:
    """Return the value of a field in single precision, or `default` if it is absent."""
    value = read_bytes(message, field)
    return float(struct.unpack("<f", value)[0]) if value is not None and len(value) == 4 else default


def read_floats(message: bytes, field: int) -> tuple[float, ...]:
    """Return the values of a packed list in single precision."""
    value = read_bytes(message, field) or b""
    return struct.unpack(f"<{len(value) // 4}f", value[: len(value) // 4 * 4])


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(message) and shift < _VARINT_BITS + 6:
        byte = message[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at
    raise Malformed("it holds a message that is cut short")
