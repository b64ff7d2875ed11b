"""Read protobuf messages without their schema: https://protobuf.dev/programming-guides/encoding/."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from flashcards.importers.transaction import Malformed

_VARINT_BITS = 64


def read_fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield the number and value of each field: an int for a varint, bytes for the rest.

    Raises:
        Malformed: these bytes are no message.
    """
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
    """Return the value of a field that is a text, a message or a list; nothing if it is absent."""
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
