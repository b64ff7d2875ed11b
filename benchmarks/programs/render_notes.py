"""`python -m benchmarks.programs.render_notes DECKS FILE`: the sides of every note as HTML, a JSON array in FILE."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from flashcards.deck.parse import parse
from flashcards.render.html.renderer import HtmlRenderer


def sides(decks: Path) -> Iterator[list[str]]:
    """Return the HTML of the two sides of each note, in order."""
    renderer = HtmlRenderer({}, str)
    for path in sorted(decks.rglob("*.md")):
        for note in parse(path.read_text(encoding="utf-8"), path.name).notes:
            yield [renderer.render(field) for field in note.fields]


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(json.dumps(list(sides(Path(sys.argv[1])))), encoding="utf-8")
