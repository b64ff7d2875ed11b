"""Decks of a package: names, presets, and what is set for one deck alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flashcards.anki.package import protobuf
from flashcards.anki.package.model import PackageDeck
from flashcards.anki.package.presets import count

_SEPARATOR: Final = "\x1f"  # of the names above each other, in a table


def of_json(key: int, value: Mapping[str, Any]) -> PackageDeck:
    """A deck of schema 11."""
    if value.get("dyn"):
        return PackageDeck(key, str(value["name"]), None)
    retention = value.get("desiredRetention")
    settings = _settings(
        new=value.get("newLimit"),
        reviews=value.get("reviewLimit"),
        retention=None if retention is None else retention / 100,
    )
    description = str(value.get("desc") or "")
    return PackageDeck(
        key,
        str(value["name"]),
        int(value.get("conf") or 1),
        settings,
        _html(description, is_markdown=bool(value.get("md"))),
    )


def of_message(key: int, name: str, kind: bytes) -> PackageDeck:
    """A deck of schema 14 and later: the message `Deck.KindContainer`."""
    name = name.replace(_SEPARATOR, "::")
    normal = protobuf.bytes_in(kind, 1)
    if normal is None:
        return PackageDeck(key, name, None)
    settings = _settings(
        new=protobuf.number_in(normal, 7, -1),
        reviews=protobuf.number_in(normal, 6, -1),
        retention=protobuf.float_in(normal, 10) or None,
    )
    description = _html(protobuf.text_in(normal, 4), is_markdown=bool(protobuf.number_in(normal, 5)))
    return PackageDeck(key, name, protobuf.number_in(normal, 1, 1), settings, description)


def _settings(*, new: int | None, reviews: int | None, retention: float | None) -> dict[str, Any]:
    """What is set; a limit below 0 is none, as well as None."""
    limits = {"new_per_day": new, "reviews_per_day": reviews}
    settings: dict[str, Any] = {
        name: count(limit) for name, limit in limits.items() if limit is not None and limit >= 0
    }
    if retention is not None:
        settings["retention"] = round(float(retention), 4)
    return settings


def _html(description: str, *, is_markdown: bool) -> str:
    if not description or not is_markdown:
        return description
    from flashcards.render.html.renderer import HtmlRenderer

    return HtmlRenderer({}, lambda name: name).render(description)
