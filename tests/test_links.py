"""A pin changes nothing of what a file says but the identity of its notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flashcards import links
from flashcards.collection import Collection
from flashcards.deck.parse import parse
from flashcards.disk.atomic import FileChanged
from flashcards.links import write_pins

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flashcards.deck.model import Note

EVERY_KIND = """---
tags: [x]
---
# Heading

Q: one
A: answer

Q: directly
A: below
Q: another
A: with
- a list

```
Q: no note
```

T: term
D: definition
C: [a] and {b}

- left :: right
- one ::: two
  with a second line
* nested
  - deep :: pair

plain :: pair

Q: has attributes
A: already
<!-- tags: hard; type -->

C: {{c3::x}} and {{c1::y::hint}}
<!-- end -->
prose
"""


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    with Collection(tmp_path) as made:
        yield made


def put(collection: Collection, content: bytes) -> Path:
    path = collection.root / "a.md"
    path.write_bytes(content)
    collection.scan()
    return path


def pin_all(collection: Collection) -> int:
    return write_pins(collection, list(collection.catalog.entries()))


def meaning(notes: tuple[Note, ...]) -> list[tuple[object, ...]]:
    return [(note.kind, note.fields, note.slots, note.gaps, note.breadcrumb, note.tags, note.typed) for note in notes]


def test_a_pin_changes_no_kind_of_note(collection: Collection) -> None:
    path = put(collection, EVERY_KIND.encode())
    keys = [entry.key for entry in sorted(collection.catalog.entries(), key=lambda entry: entry.note.line)]
    assert pin_all(collection) == len(keys)
    before, after = parse(EVERY_KIND, "a.md"), parse(path.read_text(encoding="utf-8"), "a.md")
    assert meaning(after.notes) == meaning(before.notes)
    assert [note.pin for note in after.notes] == keys
    assert after.problems == before.problems
    report, _ = collection.scan()
    assert report.added == report.removed == []


def test_a_pin_is_written_once(collection: Collection) -> None:
    path = put(collection, EVERY_KIND.encode())
    pin_all(collection)
    collection.scan()
    before = path.read_bytes()
    assert pin_all(collection) == 0
    assert path.read_bytes() == before


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("last", [True, False])
def test_line_ends_a_byte_order_mark_and_all_other_bytes_stay(
    collection: Collection, ending: str, mark: bytes, last: bool
) -> None:
    lines = ["left :: right", "", "Q: one \t", "A: é answer  ", "", "", "Q: two", "A: answer"]
    text = ending.join(lines) + (ending if last else "")
    path = put(collection, mark + text.encode())
    keys = {entry.note.fields[0]: entry.key for entry in collection.catalog.entries()}
    pin_all(collection)
    lines[0] += f" <!-- id: {keys['left']} -->"
    lines[4:4] = [f"<!-- id: {keys['one']} -->"]
    lines.append(f"<!-- id: {keys['two']} -->")
    assert path.read_bytes() == mark + (ending.join(lines) + (ending if last else "")).encode()


def test_the_permissions_and_a_link_stay(collection: Collection, tmp_path_factory: pytest.TempPathFactory) -> None:
    real = tmp_path_factory.mktemp("elsewhere") / "real.md"
    real.write_text("Q: one\nA: answer\n", encoding="utf-8")
    real.chmod(0o640)
    (collection.root / "a.md").symlink_to(real)
    collection.scan()
    pin_all(collection)
    assert (collection.root / "a.md").is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert "<!-- id: " in real.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "changed",
    [
        b"Q: one, edited\nA: answer\n\nQ: two\nA: answer\n",
        b"\nQ: one\nA: answer\n\nQ: two\nA: answer\n",
        b"Q: one\nA: answer, edited\n",
        b"",
        b"Q: one\nA: answer\n\xff",
    ],
)
def test_a_file_that_changed_since_the_scan_is_left_alone(collection: Collection, changed: bytes) -> None:
    path = put(collection, b"Q: one\nA: answer\n\nQ: two\nA: answer\n")
    path.write_bytes(changed)
    with pytest.raises(FileChanged):
        pin_all(collection)
    assert path.read_bytes() == changed
    assert sorted(each.name for each in collection.root.iterdir()) == [".flashcards", "a.md"]


def test_a_change_made_between_reading_and_writing_is_not_overwritten(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(collection, b"Q: one\nA: answer\n")
    make = links._insert_pins

    def slow(*arguments: object) -> str:
        pinned = make(*arguments)  # type: ignore[arg-type]  # handed on as they come
        path.write_bytes(b"theirs")
        return pinned

    monkeypatch.setattr(links, "_insert_pins", slow)
    with pytest.raises(FileChanged):
        pin_all(collection)
    assert path.read_bytes() == b"theirs"


def test_only_the_notes_that_are_named_are_pinned(collection: Collection) -> None:
    path = put(collection, b"Q: one\nA: answer\n\nQ: two\nA: answer\n")
    (entry,) = [entry for entry in collection.catalog.entries() if entry.note.fields[0] == "two"]
    assert write_pins(collection, [entry]) == 1
    assert path.read_bytes() == f"Q: one\nA: answer\n\nQ: two\nA: answer\n<!-- id: {entry.key} -->\n".encode()


markdown = st.lists(
    st.sampled_from(
        [
            *("Q: a", "A: b", "T: c", "D: d", "C: [x]", "C: ==y==", "e :: f", "- g ::: h", "* - i :: j", "> k :: l"),
            *("| m :: n |", "", "", "text", "# H", "---", "```", "    code", "<!-- tags: t -->", "<!-- end -->"),
            *("- [ ] p", "1. q", "$$", "<div>", "</div>", "[r]: s", "\\", "<!--"),
        ]
    ),
    max_size=14,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(markdown)
def test_in_any_file_a_pin_changes_no_note_or_is_refused(collection: Collection, lines: list[str]) -> None:
    path = put(collection, "\n".join(lines).encode())
    before = parse(path.read_text(encoding="utf-8"), "a.md")
    content = path.read_bytes()
    for entry in list(collection.catalog.entries()):
        try:
            write_pins(collection, [entry])
        except links.PinImpossible:
            assert path.read_bytes() == content
            continue
        after = parse(path.read_text(encoding="utf-8"), "a.md")
        assert meaning(after.notes) == meaning(before.notes)
        path.write_bytes(content)
