"""A note edited in the page: saved into its file, never over a change of somebody else's."""

from __future__ import annotations

import os
import re
import time
from html import unescape
from pathlib import Path

import pytest

from flashcards.catalog.store import Entry
from flashcards.collection import Collection
from flashcards.disk.atomic import FileChanged
from flashcards.web.edit import open_in_editor, read_note_text, write_note_text
from flashcards.web.shared_state import Site, Visit
from tests.review.small_collections import questions, write
from tests.web.visitor import Page, Visitor, served


def entries(root: Path) -> list[Entry]:
    with Collection(root) as collection:
        collection.scan()
        return [collection.catalog.entry(row[0]) for row in collection.connection.execute("SELECT id FROM notes")]


def open_editor(visitor: Visitor) -> tuple[str, Page]:
    """The address of the editor of the present card, and its page."""
    found = re.search(r'href="(/edit/\d+)"', visitor.open().text)
    assert found
    return found[1], visitor.get(found[1])


def fields(page: Page) -> dict[str, str]:
    found = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page.text))
    areas = re.findall(r'<textarea[^>]*name="(\w+)"[^>]*>\n(.*?)</textarea>', page.text, re.DOTALL)
    return {name: unescape(value) for name, value in (*found.items(), *areas)}


def test_the_text_of_the_note_is_saved_and_shown(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    write(tmp_path, a=questions(2))
    with served(tmp_path) as visitor:
        address, page = open_editor(visitor)
        assert fields(page)["text"] == "Q: Question 1?\nA: Answer 1."
        after = visitor.post(address, fields(page) | {"text": "Q: What is one?\r\nA: Answer 1."})
        assert "What is one?" in after.words
    assert path.read_text(encoding="utf-8") == questions(2).replace("Question 1?", "What is one?")


def test_the_card_keeps_its_history(tmp_path: Path) -> None:
    write(tmp_path, a=questions(1))
    before = entries(tmp_path)[0].key
    with served(tmp_path) as visitor:
        address, page = open_editor(visitor)
        visitor.post(address, fields(page) | {"text": "Q: Question 1, in other words?\nA: Answer 1."})
    assert [entry.key for entry in entries(tmp_path)] == [before]


def test_a_file_that_has_changed_is_not_overwritten_by_saving(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    write(tmp_path, a=questions(2))
    with served(tmp_path) as visitor:
        address, page = open_editor(visitor)
        write(tmp_path, a="# New\n\n" + questions(2))
        after = visitor.post(address, fields(page) | {"text": "Q: mine?\nA: yes"})
    assert after.status == 409
    assert "nothing was saved" in after.words
    assert fields(after)["text"] == "Q: mine?\nA: yes"  # it is not lost
    assert path.read_text(encoding="utf-8") == "# New\n\n" + questions(2)


def test_an_edit_that_breaks_the_file_is_named_and_can_be_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    write(tmp_path, a=questions(2))
    with served(tmp_path) as visitor:
        address, page = open_editor(visitor)
        after = visitor.post(address, fields(page) | {"text": "Q: Question 1?"})
        assert "Saved, with problems" in after.words
        assert "a.md:1" in after.words
        visitor.post(f"{address}/back", {"from": "review"})
    assert path.read_text(encoding="utf-8") == questions(2)


def test_an_edit_is_not_taken_back_over_a_later_change(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    write(tmp_path, a=questions(2))
    with served(tmp_path) as visitor:
        address, page = open_editor(visitor)
        visitor.post(address, fields(page) | {"text": "Q: Question 1?"})
        write(tmp_path, a="Later.\n")
        assert "changed since it was read" in visitor.post(f"{address}/back", {}).words
    assert path.read_text(encoding="utf-8") == "Later.\n"


def test_an_empty_text_removes_nothing(tmp_path: Path) -> None:
    write(tmp_path, a=questions(1))
    with served(tmp_path) as visitor:
        address, page = open_editor(visitor)
        assert "The text is empty" in visitor.post(address, fields(page) | {"text": " \n"}).words
    assert (tmp_path / "a.md").read_text(encoding="utf-8") == questions(1)


@pytest.mark.parametrize("lines", [("0", "2"), ("2", "1"), ("1", "99"), ("x", "-1"), ("", "")])
def test_lines_that_the_file_does_not_have_save_nothing(tmp_path: Path, lines: tuple[str, str]) -> None:
    write(tmp_path, a=questions(1))
    with served(tmp_path) as visitor:
        address, page = open_editor(visitor)
        after = visitor.post(address, fields(page) | {"text": "Q: a\nA: b", "line": lines[0], "end": lines[1]})
    assert after.status == 409
    assert (tmp_path / "a.md").read_text(encoding="utf-8") == questions(1)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"Q: a\r\nA: b\r\n\r\nText.\r\n", b"Q: c\r\nA: b\r\n\r\nText.\r\n"),
        (b"\xef\xbb\xbfQ: a\nA: b\n", b"\xef\xbb\xbfQ: c\nA: b\n"),
        (b"Q: a\nA: b", b"Q: c\nA: b"),
        ("Text\u2028here.\n\nQ: a\nA: b\n\n\n\nEnd.".encode(), "Text\u2028here.\n\nQ: c\nA: b\n\n\n\nEnd.".encode()),
    ],
)
def test_every_other_byte_stays(tmp_path: Path, before: bytes, after: bytes) -> None:
    path = tmp_path / "a.md"
    path.write_bytes(before)
    old = read_note_text(tmp_path, entries(tmp_path)[0])
    edit = write_note_text(tmp_path, old, old.text.replace("Q: a", "Q: c"))
    assert edit
    assert path.read_bytes() == after
    with pytest.raises(FileChanged):
        write_note_text(tmp_path, old, "Q: d\nA: b")


def test_the_same_text_writes_nothing(tmp_path: Path) -> None:
    write(tmp_path, a=questions(1))
    old = read_note_text(tmp_path, entries(tmp_path)[0])
    assert write_note_text(tmp_path, old, old.text.replace("\n", "\r\n") + "\r\n") is None


def test_flag_bury_and_suspend_are_done_and_taken_back(tmp_path: Path) -> None:
    write(tmp_path, a=questions(2))
    with served(tmp_path) as visitor:
        page = visitor.press(visitor.open(), "flag3")
        assert "Flag 3." in page.words
        page = visitor.press(page, "bury")
        assert "Buried until tomorrow." in page.words
        assert "Question 2?" in page.words
        page = visitor.press(page, "undo")
        assert "Question 1?" in page.words
        page = visitor.press(page, "suspend")
        assert "Suspended." in page.words
        page = visitor.press(visitor.press(page, "undo"), "undo")
        assert "No longer flagged." in page.words


@pytest.fixture
def editor(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """An editor with a window, which appends how it was called to the file that it opens."""
    program = tmp_path_factory.mktemp("bin") / "gedit"
    program.write_text('#!/bin/sh\nfor last; do :; done\nprintf "Q: opened at %s?\\nA: yes\\n" "$1" >> "$last"\n')
    program.chmod(0o755)
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", str(program))


@pytest.mark.skipif(os.name == "nt", reason="the editor is a script of a shell")
@pytest.mark.usefixtures("editor")
def test_on_this_computer_the_editor_opens_at_the_line(tmp_path: Path) -> None:
    write(tmp_path, a="# One\n\nQ: one?\nA: 1\n\n")
    with served(tmp_path) as visitor:
        address, page = open_editor(visitor)
        assert "Open in my editor instead" in page.words
        assert visitor.post(f"{address}/open", {"from": "review"}).status == 200
        until = time.monotonic() + 60
        while "opened" not in (tmp_path / "a.md").read_text(encoding="utf-8") and time.monotonic() < until:
            time.sleep(0.02)
        assert visitor.get("/search?q=opened").words.count("opened at +3?") == 1


@pytest.mark.usefixtures("editor")
def test_no_editor_opens_for_another_computer(tmp_path: Path) -> None:
    write(tmp_path, a="Q: one?\nA: 1\n\n")
    (entry,) = entries(tmp_path)
    with Collection(tmp_path) as collection:
        card = collection.connection.execute("SELECT id FROM cards WHERE note = ?", (entry.id,)).fetchone()[0]
    site = Site(tmp_path)
    try:
        visit = Visit(path={"card": str(card)}, is_local=False)
        assert site._worker.submit(open_in_editor, site, visit).result().status_code == 303
        time.sleep(0.2)
    finally:
        site.close()
    assert (tmp_path / "a.md").read_text(encoding="utf-8") == "Q: one?\nA: 1\n\n"
