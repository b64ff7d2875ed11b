"""Packages of Anki's older format, made by hand: what the tests say of them is all that is in them."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CREATED = 1_500_000_000 // 86_400 * 86_400 + 4 * 3600
BASIC, REVERSED, CLOZE = 1, 2, 3
DAY_MS = 86_400_000
START = 1_600_000_000_000

_SCHEMA = """
CREATE TABLE col (id integer primary key, crt integer, mod integer, scm integer, ver integer, dty integer, usn integer,
  ls integer, conf text, models text, decks text, dconf text, tags text);
CREATE TABLE notes (id integer primary key, guid text, mid integer, mod integer, usn integer, tags text, flds text,
  sfld integer, csum integer, flags integer, data text);
CREATE TABLE cards (id integer primary key, nid integer, did integer, ord integer, mod integer, usn integer,
  type integer, queue integer, due integer, ivl integer, factor integer, reps integer, lapses integer, left integer,
  odue integer, odid integer, flags integer, data text);
CREATE TABLE revlog (id integer primary key, cid integer, usn integer, ease integer, ivl integer, lastIvl integer,
  factor integer, time integer, type integer);
"""
_BACK = "{{FrontSide}}\n\n<hr id=answer>\n\n{{Back}}"


def note_type(name: str, kind: int, fields: Sequence[str], *templates: tuple[str, str]) -> dict[str, Any]:
    return {
        "name": name,
        "type": kind,
        "flds": [{"name": each, "ord": number} for number, each in enumerate(fields)],
        "tmpls": [
            {"name": str(number), "ord": number, "qfmt": front, "afmt": back}
            for number, (front, back) in enumerate(templates)
        ],
    }


TYPES: dict[int, dict[str, Any]] = {
    BASIC: note_type("Basic", 0, ["Front", "Back"], ("{{Front}}", _BACK)),
    REVERSED: note_type(
        "Reversed", 0, ["Front", "Back"], ("{{Front}}", _BACK), ("{{Back}}", "{{FrontSide}}<hr id=answer>{{Front}}")
    ),
    CLOZE: note_type("Cloze", 1, ["Text", "Extra"], ("{{cloze:Text}}", "{{cloze:Text}}<br>\n{{Extra}}")),
}


@dataclass
class Made:
    """One note: its fields, its type, and what of its cards differs from a new card's, by ord."""

    fields: Sequence[str]
    type: int = BASIC
    guid: str = ""
    tags: str = ""
    deck: int = 1
    mod: int = CREATED
    cards: Mapping[int, Mapping[str, int | str]] = field(default_factory=lambda: {0: {}})
    log: Sequence[tuple[int, ...]] = ()  # id, ease, ivl, lastIvl, factor, time, type of reviews of the first card


def write_package(
    path: Path,
    notes: Sequence[Made],
    *,
    decks: Mapping[int, str] | None = None,
    media: Mapping[str, bytes] | None = None,
    types: Mapping[int, dict[str, Any]] | None = None,
    presets: Mapping[int, dict[str, Any]] | None = None,
    col: Mapping[str, Any] | None = None,
    tables: Mapping[str, Sequence[tuple[Any, ...]]] | None = None,
) -> Path:
    """Write a package.

    `col` overrides columns of the table `col`; `tables` adds tables and their rows, by their definition, such
    as `config (KEY text, val blob)`.
    """
    connection = sqlite3.connect(":memory:")
    connection.executescript(_SCHEMA)
    deck_table = {key: {"id": key, "name": name, "conf": 1, "dyn": 0} for key, name in (decks or {1: "Deck"}).items()}
    values: dict[str, Any] = {
        "crt": CREATED,
        "mod": CREATED * 1000,
        "ver": 11,
        "conf": json.dumps({"schedVer": 2, "creationOffset": 0, "rollover": 4}),
        "models": json.dumps(types or TYPES),
        "decks": json.dumps(deck_table),
        "dconf": json.dumps(presets or {1: {"name": "Default"}}),
    } | dict(col or {})
    connection.execute(
        f"INSERT INTO col ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})", list(values.values())
    )
    for number, note in enumerate(notes):
        _add(connection, number, note)
    for definition, rows in (tables or {}).items():
        connection.execute(f"CREATE TABLE {definition}")
        table = definition.partition("(")[0]
        connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)
    connection.commit()
    write_zip(path, {"collection.anki2": connection.serialize()}, media or {})
    connection.close()
    return path


def write_zip(path: Path, members: Mapping[str, bytes], media: Mapping[str, bytes] | None = None) -> Path:
    """Write an archive with these members, and a list of media where that is not None."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
        if media is not None:
            archive.writestr("media", json.dumps({str(n): name for n, name in enumerate(media)}))
            for number, data in enumerate(media.values()):
                archive.writestr(str(number), data)
    return path


def _add(connection: sqlite3.Connection, number: int, note: Made) -> None:
    note_id = CREATED * 1000 + number
    guid = note.guid or f"guid{number}"
    connection.execute(
        "INSERT INTO notes VALUES (?, ?, ?, ?, -1, ?, ?, '', 0, 0, '')",
        (note_id, guid, note.type, note.mod, note.tags, "\x1f".join(note.fields)),
    )
    for ord_, given in note.cards.items():
        card: dict[str, object] = {
            "id": note_id * 10 + ord_,
            "nid": note_id,
            "did": note.deck,
            "ord": ord_,
            "mod": CREATED,
            "usn": -1,
            "type": 0,
            "queue": 0,
            "due": number,
            "ivl": 0,
            "factor": 0,
            "reps": 0,
            "lapses": 0,
            "left": 0,
            "odue": 0,
            "odid": 0,
            "flags": 0,
            "data": "",
        } | dict(given)
        connection.execute(f"INSERT INTO cards VALUES ({', '.join('?' * 18)})", list(card.values()))
    connection.executemany(
        "INSERT INTO revlog VALUES (?, ?, -1, ?, ?, ?, ?, ?, ?)",
        [(row[0], note_id * 10 + next(iter(note.cards)), *row[1:]) for row in note.log],
    )


def studied(reviews: int = 3, **card: int | str) -> Made:
    """A note whose card was reviewed with Good, a day apart."""
    log = [(START + n * DAY_MS, 3, n + 1, n, 2500, 4000 + n, 1 if n else 0) for n in range(reviews)]
    given = {"type": 2, "queue": 2, "ivl": reviews, "due": 1_200, "reps": reviews} | card
    return Made(["a", "b"], cards={0: given}, log=log)


def edit_package(source: Path, target: Path, *statements: str, at_s: int = CREATED + 20 * 365 * 86_400) -> Path:
    """Write a package in which somebody ran SQL statements at an instant, as an edit in Anki does."""
    with zipfile.ZipFile(source) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    connection = sqlite3.connect(":memory:")
    connection.deserialize(members["collection.anki2"])
    for statement in statements:
        connection.execute(statement)
    connection.execute("UPDATE col SET mod = ?", (at_s * 1000,))
    connection.commit()
    return write_zip(target, members | {"collection.anki2": connection.serialize()})
