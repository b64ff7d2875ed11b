"""A package as Anki writes it for older versions: many notes with HTML in them, each reviewed so many times."""

from __future__ import annotations

import json
import sqlite3
import time
import zipfile
from pathlib import Path
from typing import Final

import genanki  # type: ignore[import-untyped]
from genanki.apkg_col import APKG_COL  # type: ignore[import-untyped]
from genanki.apkg_schema import APKG_SCHEMA  # type: ignore[import-untyped]

_DAY_MS: Final = 86_400_000
_BASIC: Final = 1_400_000_000_001
_CLOZE: Final = 1_400_000_000_002
_FIRST_DECK: Final = 1_500_000_000_000


def make_package(path: Path, notes: int, reviews_each: int) -> None:
    """Write a package of `notes` notes in a hundredth as many decks; a quarter of them are clozes."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("BEGIN")
    for statement in APKG_SCHEMA.split(";"):
        connection.execute(statement)
    connection.execute(APKG_COL)
    created = int(time.time()) // 86_400 * 86_400 - 3_000 * 86_400 + 4 * 3600
    decks = {_FIRST_DECK + number: f"Subject {number % 7}::Part {number}" for number in range(max(1, notes // 100))}
    connection.execute(
        "UPDATE col SET crt = ?, models = ?, decks = ?",
        (
            created,
            json.dumps(_types(created)),
            json.dumps({str(key): genanki.Deck(key, name).to_json() for key, name in decks.items()}),
        ),
    )
    first = created * 1000
    connection.executemany(
        "INSERT INTO notes VALUES (?, ?, ?, ?, -1, '', ?, '', 0, 0, '')",
        (
            (first + n, f"guid{n}", _CLOZE if n % 4 == 3 else _BASIC, created, "\x1f".join(_fields(n)))
            for n in range(notes)
        ),
    )
    ids = list(decks)
    rows = []
    log = []
    for n in range(notes):
        card = first + n
        at, interval = first + n * 37, 0
        for turn in range(reviews_each):
            ease, before = (1 if (n + turn) % 11 == 0 else 3), interval
            interval = max(1, interval * 2) if ease == 3 else 1
            log.append((at, card, -1, ease, interval, before, 2500, 4_000 + turn, 0 if turn == 0 else 1))
            at += max(1, min(interval, 300)) * _DAY_MS // 2
        lapses = sum(1 for row in log[-reviews_each:] if row[3] == 1 and row[8] == 1) if reviews_each else 0
        state = 2 if reviews_each else 0
        due = (at // 1000 - created) // 86_400 + min(interval, 300) if reviews_each else n
        rows.append(
            (card, first + n, ids[n // 100 % len(ids)], 0, created, state, state, due, interval, reviews_each, lapses)
        )
    connection.executemany("INSERT INTO cards VALUES (?, ?, ?, ?, ?, -1, ?, ?, ?, ?, 2500, ?, ?, 0, 0, 0, 0, '')", rows)
    connection.executemany("INSERT OR IGNORE INTO revlog VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", log)
    connection.execute("COMMIT")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("collection.anki2", connection.serialize())
        archive.writestr("media", "{}")
    connection.close()


def _fields(number: int) -> tuple[str, str]:
    if number % 4 == 3:
        return f"Term {number} means {{{{c1::the <b>thing</b> numbered {number}}}}} and {{{{c1::nothing else}}}}.", ""
    if number % 4 == 2:
        return (
            f"<div>Which is <i>number</i> {number}?</div><div>Say it&nbsp;at once.</div>",
            f"one<br>\\(x_{{{number}}}\\)",
        )
    return f"What is the answer to question {number}", f"The answer to it is plain and has the number {number}"


def _types(created: int) -> dict[str, object]:
    basic = _type(_BASIC, "Basic", ["Front", "Back"], "{{Front}}", "{{FrontSide}}\n\n<hr id=answer>\n\n{{Back}}")
    cloze = _type(_CLOZE, "Cloze", ["Text", "Back Extra"], "{{cloze:Text}}", "{{cloze:Text}}<br>\n{{Back Extra}}")
    cloze.model_type = genanki.Model.CLOZE
    return {str(each.model_id): each.to_json(created, _FIRST_DECK) for each in (basic, cloze)}


def _type(key: int, name: str, fields: list[str], front: str, back: str) -> genanki.Model:
    template = {"name": "Card 1", "qfmt": front, "afmt": back}
    return genanki.Model(key, name, fields=[{"name": each} for each in fields], templates=[template])
