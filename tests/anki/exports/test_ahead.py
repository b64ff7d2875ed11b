"""A package has the same contents whether its notes are rendered ahead, in a second process, or one after another."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from flashcards.anki.exports.notes import FieldsAhead, Gathering, find_decks_in_use
from flashcards.collection import Collection
from flashcards.deck.parse import parse
from tests.anki.exports.folder import Folder
from tests.anki.exports.test_gather import rows

REPOSITORY = Path(__file__).parents[3]
NOTES = "SELECT guid, mid, tags, flds, sfld FROM notes ORDER BY id"
CARDS = "SELECT did, ord, due FROM cards ORDER BY id"

# Runs the command line with one core or with all.
RUN = """
import os, sys
if sys.argv[1] == "one core":
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
from flashcards.cli import run
sys.exit(run(sys.argv[2:]))
"""

SORTS = (
    "Q: {n} plain\nA: text\n\n",
    "Q: {n} **bold**\nA: `code` of $\\frac{{1}}{{\\own}}$\n<!-- type; reverse; tags: a b/c -->\n\n",
    "Q: {n}\nA: ![](pictures/one.png)\n\n",
    "Q: {n} linked\nA: see [[deck00#0 plain]]\n\n",
    "C: {n} is [one] of {{{{c2::two::hint}}}}\n\n",
    "T: term {n}\nD:\n\n```python\nx = {n}\n```\n\n",
    "Q: {n} missing\nA: ![](pictures/none.png)\n\n",
)


def make_folder(root: Path) -> Folder:
    folder = Folder(root)
    folder.write("pictures/one.png", b"\x89PNG")
    folder.write("macros.tex", "\\own 2\n")
    for number in range(30):
        notes = "".join(SORTS[n % len(SORTS)].format(n=n) for n in range(number * 150, number * 150 + 150))
        folder.write(f"deck{number:02}.md", f"# Heading\n\n{notes}")
    return folder


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the number of cores cannot be set here")
def test_two_processes_write_the_same_package_as_one(tmp_path: Path) -> None:
    found = []
    for cores in ("one core", "all cores"):
        root = make_folder(tmp_path / cores / "decks").root
        package = root.parent / "all.apkg"
        command = [sys.executable, "-c", RUN, cores, "-C", str(root), "export", "-o", str(package)]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
        with zipfile.ZipFile(package) as archive:
            media = archive.read("media"), sorted(archive.namelist())
        with Collection(root) as collection:
            recorded = collection.connection.execute("SELECT guid, deck, ords FROM exported_notes ORDER BY note")
            bases = collection.connection.execute("SELECT here, there, tags, flags FROM note_bases ORDER BY note")
            state = recorded.fetchall(), bases.fetchall()
        said = done.stderr.replace(cores, "").splitlines()
        found.append((rows(package, NOTES), rows(package, CARDS), media, state, said))
    assert len(found[0][0]) == 30 * 150
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("text", "is_rendered"),
    [
        ("Q: plain\nA: **bold**\n", True),
        ("C: [a] gap\n", True),
        ("Q: picture\nA: ![](a.png)\n", False),
        ("Q: link\nA: [[other]]\n", False),
    ],
)
def test_notes_without_embeds_and_media_are_rendered_ahead(text: str, is_rendered: bool, tmp_path: Path) -> None:
    assert [bool(fields) for fields in FieldsAhead(tmp_path).compute("a.md", parse(text, "a.md"))] == [is_rendered]


def test_only_the_note_that_was_rendered_gets_its_fields(tmp_path: Path) -> None:
    deck, twin = parse("Q: a\nA: *b*\n", "a.md"), parse("Q: a\nA: *b*\n", "a.md")
    ahead = FieldsAhead(tmp_path)
    ahead.keep(deck, ahead.compute("a.md", deck))
    assert ahead.find(twin.notes[0], {}) is None
    assert ahead.find(deck.notes[0], {}) == ("a", "<em>b</em>", "", "", "", "a.md")


def test_fields_are_rendered_again_if_the_macros_changed_since(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write("a.md", "Q: a\nA: $\\own$\n")
    with Collection(folder.root) as collection:
        collection.ahead = FieldsAhead(folder.root)
        collection.scan()
        folder.write("macros.tex", "\\own 2\n")
        (note,) = Gathering(collection, find_decks_in_use(collection)).notes()
    assert note.fields[1] == "\\(2\\)"
