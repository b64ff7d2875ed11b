"""`python -m benchmarks.programs.genanki_package NOTES PACKAGE`: stock genanki, used as its documentation shows it.

NOTES is a JSON array of `[front, back]` in HTML; nothing is parsed or rendered here.
"""

import json
import sys
from pathlib import Path

import genanki  # type: ignore[import-untyped,unused-ignore]  # genanki has no types

_MODEL = genanki.Model(
    1_607_392_319,
    "Simple Model",
    fields=[{"name": "Question"}, {"name": "Answer"}],
    templates=[{"name": "Card 1", "qfmt": "{{Question}}", "afmt": '{{FrontSide}}<hr id="answer">{{Answer}}'}],
)


def write(notes: list[list[str]], package: Path) -> None:
    """Write a package of these notes."""
    deck = genanki.Deck(2_059_400_110, "Benchmark")
    for fields in notes:
        deck.add_note(genanki.Note(model=_MODEL, fields=fields))
    genanki.Package(deck).write_to_file(package)


if __name__ == "__main__":
    write(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), Path(sys.argv[2]))
