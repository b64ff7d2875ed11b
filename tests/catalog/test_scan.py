"""A scan reads only what changed, and one bad file never costs another."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flashcards.catalog import changes
from flashcards.catalog import scan as scanning
from flashcards.catalog.files import find_deck_files
from flashcards.deck import FORMAT_VERSION
from flashcards.deck import parse as parsing
from flashcards.dialects import read as dialects
from flashcards.disk import atomic
from tests.catalog.world import LONG_AGO_NS, World, question

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flashcards.catalog.files import FoundFile, IgnoreRules, Unreadable
    from flashcards.deck.model import Deck
    from flashcards.dialects.choose import Choice


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were parsed, in order."""
    paths: list[str] = []
    parse = parsing.parse

    def counting(text: str, path: str) -> Deck:
        paths.append(path)
        return parse(text, path)

    monkeypatch.setattr(dialects, "parse", counting)
    return paths


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files whose bytes were read, in order."""
    names: list[str] = []
    read_file = atomic.read_file

    def counting(path: Path) -> bytes:
        names.append(path.name)
        return read_file(path)

    monkeypatch.setattr(changes, "read_file", counting)
    return names


def refuse(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let the file of this name be unreadable."""
    read_file = atomic.read_file

    def refusing(path: Path) -> bytes:
        if path.name == name:
            raise PermissionError(13, "Permission denied", str(path))
        return read_file(path)

    monkeypatch.setattr(changes, "read_file", refusing)


def test_only_a_changed_file_is_parsed_again(world: World, parsed: list[str]) -> None:
    for name in ("a.md", "b.md", "c/d.md"):
        world.write(name, question(name), mtime_ns=LONG_AGO_NS)
    world.scan()
    assert parsed == ["a.md", "b.md", "c/d.md"]
    parsed.clear()
    world.write("b.md", question("b.md, edited"), mtime_ns=LONG_AGO_NS + 1)
    world.scan()
    assert parsed == ["b.md"]


def test_an_unchanged_file_is_not_even_read(world: World, read: list[str]) -> None:
    world.write("a.md", question("a"), mtime_ns=LONG_AGO_NS)
    world.scan()
    read.clear()
    world.scan()
    assert read == []


def test_a_file_with_only_a_new_time_is_hashed_once_and_not_parsed(
    world: World, parsed: list[str], read: list[str]
) -> None:
    world.write("a.md", question("a"), mtime_ns=LONG_AGO_NS)
    world.scan()
    parsed.clear()
    read.clear()
    world.write("a.md", question("a"), mtime_ns=LONG_AGO_NS + 1)
    assert not world.scan()
    world.scan()
    assert parsed == []
    assert read == ["a.md"]


def test_a_file_edited_twice_within_one_tick_of_its_time_is_noticed(world: World) -> None:
    tick = time.time_ns()
    world.write("a.md", question("one"), mtime_ns=tick)
    world.scan()
    world.write("a.md", question("two"), mtime_ns=tick)  # the same size, the same time
    world.scan()
    assert world.fronts() == ["two"]


def test_a_file_that_grew_while_it_was_read_is_read_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.write("a.md", question("one"), mtime_ns=LONG_AGO_NS)

    def growing(root: Path, _ignore: IgnoreRules) -> Iterator[FoundFile | Unreadable]:
        yield from list(find_deck_files(root))
        world.write("a.md", question("one"), question("more"), mtime_ns=LONG_AGO_NS)

    with monkeypatch.context() as patch:
        patch.setattr(changes, "find_deck_files", growing)
        world.scan()
    assert world.fronts() == ["one", "more"]
    world.write("a.md", question("two"), mtime_ns=LONG_AGO_NS)  # size and time are those of the look
    world.scan()
    assert world.fronts() == ["two"]


def test_a_second_scan_finds_nothing(world: World) -> None:
    world.write("a.md", question("a"), "C: [one] and [two]\n\n", "x ::: y\n")
    assert world.scan()
    assert not world.scan()


def test_progress_counts_the_changed_files_only(world: World) -> None:
    for name in ("a.md", "b.md", "c.md"):
        world.write(name, question(name), mtime_ns=LONG_AGO_NS)
    world.scan()
    world.write("b.md", question("b"))
    world.write("c.md", question("c"))
    steps: list[tuple[int, int]] = []
    world.collection.scan(lambda done, total: steps.append((done, total)))
    assert steps == [(0, 2), (1, 2)]


def test_a_problem_in_one_note_affects_no_other_note_or_file(world: World) -> None:
    world.write("a.md", question("one"), "Q: without an answer\n\n", "C: without a gap\n\n", question("two"))
    world.write("b.md", question("three"))
    world.scan()
    assert world.fronts() == ["one", "two", "three"]
    assert world.problems() == [("a.md", 4, "question-without-answer"), ("a.md", 6, "cloze-without-gap")]


def test_a_file_that_is_not_utf_8_is_reported_with_its_line_and_the_others_are_read(world: World) -> None:
    (world.root / "a.md").write_bytes(b"Q: one\nA: caf\xe9\n")
    world.write("b.md", question("b"))
    world.scan()
    assert world.problems() == [("a.md", 2, "not-utf-8")]
    assert world.fronts() == ["b"]


def test_a_file_that_is_no_longer_utf_8_keeps_its_notes_and_settings(world: World) -> None:
    world.write("a.md", "---\nnew_per_day: 3\n---\n", question("one"))
    world.scan()
    card = world.rate("one")
    good = (world.root / "a.md").read_bytes()
    (world.root / "a.md").write_bytes(good + b"\xff")
    report = world.scan()
    assert report.removed == []
    assert world.fronts() == ["one"]
    assert world.collection.policy(world.cards(world.note("one").id)["forward"].deck).new_per_day == 3
    (world.root / "a.md").write_bytes(good)
    world.scan()
    assert world.problems() == []
    assert world.reviews(card) == 1


def test_a_file_that_cannot_be_read_keeps_its_notes_until_it_can(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.write("a.md", question("one"))
    world.write("b.md", question("two"))
    world.scan()
    with monkeypatch.context() as patch:
        refuse(patch, "a.md")
        world.write("a.md", question("one"), question("three"))
        report = world.scan()
        assert report.removed == []
        assert world.problems() == [("a.md", 1, "unreadable")]
        assert world.fronts() == ["one", "two"]
    world.scan()
    assert world.fronts() == ["one", "three", "two"]
    assert world.problems() == []


def test_a_file_that_cannot_be_read_at_first_is_read_as_soon_as_it_can(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.write("a.md", question("one"), mtime_ns=LONG_AGO_NS)
    with monkeypatch.context() as patch:
        refuse(patch, "a.md")
        world.scan()
        assert world.fronts() == []
    world.scan()
    assert world.fronts() == ["one"]


def test_a_file_that_vanishes_before_it_is_read_counts_as_removed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.write("a.md", question("one"))
    world.write("b.md", question("two"))
    world.scan()
    world.write("b.md", question("two"), question("three"))

    def vanishing(root: Path, _ignore: IgnoreRules) -> Iterator[FoundFile | Unreadable]:
        yield from list(find_deck_files(root))
        (root / "b.md").unlink()

    monkeypatch.setattr(changes, "find_deck_files", vanishing)
    report = world.scan()
    assert [change.path for change in report.removed] == ["b.md"]
    assert world.problems() == []
    assert world.fronts() == ["one"]


def test_a_folder_that_cannot_be_looked_into_keeps_its_notes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.write("sub/a.md", question("one"))
    world.write("subway.md", question("two"))
    world.scan()
    scandir = os.scandir

    def refuse(path: str) -> object:
        if Path(path).name == "sub":
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    (world.root / "subway.md").unlink()
    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", refuse)
        report, unreadable = world.collection.scan()
    assert [change.path for change in report.removed] == ["subway.md"]
    assert [(place.path, place.reason) for place in unreadable] == [("sub/", "Permission denied")]
    assert world.fronts() == ["one"]


@pytest.mark.parametrize(
    "name",
    [
        "with blank.md",
        "'quoted' \"twice\".md",
        "new\nline.md",
        "tab\there.md",
        "percent%20[x](y).md",
        "-dash.md",
        "back\\slash.md",
        "é.md",
        "e\u0301.md",
        "日本語.md",
        "; DROP TABLE notes; --.md",
        "UPPER.MD",
    ],
)
def test_any_file_name_is_read_and_kept(world: World, name: str) -> None:
    world.write(name, question("a"))
    world.scan()
    assert not world.scan()
    assert world.note("a").path == name


def test_an_empty_file_and_one_of_a_single_huge_line_are_not_errors(world: World) -> None:
    world.write("empty.md")
    world.write("huge.md", "word " * 400_000)
    world.write("card.md", "front :: ", "word " * 20_000)
    assert [change.path for change in world.scan().added] == ["card.md"]
    assert world.problems() == []


def test_a_file_that_loses_all_its_text_orphans_its_notes(world: World) -> None:
    world.write("a.md", question("one"))
    world.scan()
    world.write("a.md")
    assert [change.path for change in world.scan().removed] == ["a.md"]
    assert world.fronts() == []
    assert world.orphans() == ["one"]


def test_a_deck_renamed_in_its_front_matter_keeps_every_card(world: World) -> None:
    world.write("a.md", "---\ndeck: old\n---\n", question("one"))
    world.scan()
    card = world.rate("one")
    world.write("a.md", "---\ndeck: new::name\n---\n", question("one"))
    report = world.scan()
    assert [change.path for change in report.moved] == ["a.md"]
    assert report.added == report.removed == []
    entry = world.note("one")
    assert entry.deck == "new::name"
    moved = world.cards(entry.id)["forward"]
    assert (moved.id, moved.deck) == (card, world.collection.catalog.decks()["new::name"])
    assert world.reviews(card) == 1


def test_parent_decks_are_listed_too(world: World) -> None:
    world.write("a/b/c.md", question("one"))
    world.scan()
    assert set(world.collection.catalog.decks()) == {"a", "a::b", "a::b::c"}


def test_a_note_that_only_moves_within_its_file_is_not_reported(world: World) -> None:
    world.write("a.md", question("one"), question("two"))
    world.scan()
    world.write("a.md", "Prose above.\n\n", question("two"), question("one"))
    report = world.scan()
    assert report.added == report.edited == report.moved == report.removed == report.returned == []
    assert world.note("one").note.line == 6


def test_new_cards_follow_the_current_order_of_the_file(world: World) -> None:
    world.write("a.md", question("one"), question("two"))
    world.scan()
    world.write("a.md", question("two"), question("one"))
    world.scan()
    places = {front: world.cards(world.note(front).id)["forward"].position for front in ("one", "two")}
    assert places["two"] < places["one"]


def test_only_a_text_that_changed_gets_a_new_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.write("a.md", question("one"), question("two"))
    world.scan()
    before = {front: world.note(front).modified_ms for front in ("one", "two")}
    later = max(before.values()) + 5_000
    monkeypatch.setattr("flashcards.collection.now_ms", lambda: later)
    world.write("a.md", question("two"), question("one", comment="<!-- tags: hard -->"))
    world.scan()
    assert world.note("two").modified_ms == before["two"]
    assert world.note("one").modified_ms == later


def test_a_new_version_of_the_format_reads_all_files_again_once(
    world: World, parsed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    world.write("a.md", question("one"), mtime_ns=LONG_AGO_NS)
    world.scan()
    card = world.rate("one")
    for module in (changes, scanning):
        monkeypatch.setattr(module, "FORMAT_VERSION", FORMAT_VERSION + 1)
    parsed.clear()
    report = world.scan()
    assert parsed == ["a.md"]
    assert not (report.added or report.edited or report.removed)
    assert world.reviews(card) == 1
    parsed.clear()
    world.scan()
    assert parsed == []


def test_a_file_with_conflict_markers_is_named_and_keeps_its_notes(world: World) -> None:
    world.write("a.md", question("one"), question("two"))
    world.scan()
    card = world.rate("one")
    world.write("a.md", question("one"), "<<<<<<< HEAD\nQ: two\nA: 2\n=======\nQ: two\nA: 3\n>>>>>>> branch\n")
    report = world.scan()
    assert (report.added, report.removed) == ([], [])
    assert world.problems() == [("a.md", 4, "conflict")]
    assert world.fronts() == ["one", "two"]
    world.write("a.md", question("one"), "Q: two\nA: 3\n")
    world.scan()
    assert world.problems() == []
    assert world.reviews(card) == 1


def test_a_file_that_breaks_the_parser_is_named_and_the_others_are_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.write("a.md", question("one"))
    world.scan()

    def read_or_fail(text: str, path: str, choice: Choice) -> tuple[Deck, str]:
        if path == "a.md":
            raise RecursionError("too deep")
        return read_deck(text, path, choice)

    read_deck = dialects.read_deck
    world.write("a.md", question("two"))
    world.write("b.md", question("three"))
    with monkeypatch.context() as patch:
        patch.setattr(dialects, "read_deck", read_or_fail)
        world.scan()
    assert world.problems() == [("a.md", 1, "unreadable")]
    assert world.fronts() == ["one", "three"]
