"""New cards come in the order that the author gave."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashcards.catalog.files import sort_decks
from flashcards.collection import Collection, now_ms
from flashcards.review.collection_backend import CollectionBackend

INFINITE = "new_per_day = 1000\n"


def asked(root: Path, files: Mapping[str, str], settings: str = INFINITE) -> list[str]:
    """Write files and list the fronts of new cards in the order of asking."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (root / "flashcards.toml").write_text(settings, encoding="utf-8")
    with Collection(root) as collection:
        collection.scan()
        backend = CollectionBackend(collection, now_ms())
        cards = [collection.store.card(card) for card in backend._queue._main]
        return [collection.note_of(card).note.fields[0] for card in cards]


def question(front: str, matter: str = "") -> str:
    return (f"---\n{matter}\n---\n" if matter else "") + f"Q: {front}\nA: yes\n"


def test_numbers_in_file_names_are_read_as_numbers(tmp_path: Path) -> None:
    files = {f"{number}-part.md": question(str(number)) for number in (10, 2, 1, 9)}
    assert asked(tmp_path, files) == ["1", "2", "9", "10"]


def test_order_in_the_front_matter_comes_before_names(tmp_path: Path) -> None:
    files = {
        "a.md": question("a"),
        "b.md": question("b", "order: 2"),
        "c.md": question("c", "order: 1.5"),
        "d.md": question("d", "order: -1"),
    }
    assert asked(tmp_path, files) == ["d", "c", "b", "a"]


def test_folders_are_ordered_in_the_settings(tmp_path: Path) -> None:
    files = {"x/b.md": question("xb"), "x/a.md": question("xa"), "y/a.md": question("ya"), "y.md": question("y")}
    settings = f'{INFINITE}[decks.y]\norder = 1\n[decks."x::b"]\norder = 1\n'
    assert asked(tmp_path, files, settings) == ["y", "ya", "xb", "xa"]


def test_front_matter_counts_more_than_the_settings(tmp_path: Path) -> None:
    files = {"a.md": question("a", "order: 3"), "b.md": question("b", "order: 2")}
    assert asked(tmp_path, files, f"{INFINITE}[decks.a]\norder = 1\n") == ["b", "a"]


def test_files_of_one_deck_are_ordered_among_each_other(tmp_path: Path) -> None:
    files = {f"part {number}.md": question(str(number), "deck: one") for number in (10, 9, 1)}
    files["z.md"] = question("z", "deck: one\norder: 0")
    assert asked(tmp_path, files) == ["z", "1", "9", "10"]


def test_a_file_that_is_added_or_reordered_later_takes_its_place(tmp_path: Path) -> None:
    files = {f"{number}.md": question(str(number), "deck: one") for number in (1, 3)}
    assert asked(tmp_path, files) == ["1", "3"]
    assert asked(tmp_path, {"2.md": question("2", "deck: one")}) == ["1", "2", "3"]
    assert asked(tmp_path, {"3.md": question("3", "deck: one\norder: 1")}) == ["3", "1", "2"]


def test_a_deck_comes_before_its_subdecks() -> None:
    assert sort_decks(["a::b", "a", "a-b", "a::10", "a::9"], {}) == ["a", "a::9", "a::10", "a::b", "a-b"]


@given(
    st.lists(st.text("ab1290-: ", min_size=1), unique=True), st.dictionaries(st.text("ab1"), st.floats() | st.text())
)
def test_any_names_and_values_are_sorted(names: list[str], orders: dict[str, float | str]) -> None:
    found = sort_decks(names, orders)
    assert sorted(found) == sorted(names)
    assert sort_decks(reversed(found), orders) == found


@pytest.mark.parametrize("value", ['"first"', "true", "[1]", ".nan"])
def test_an_order_that_is_not_a_number_is_a_problem(value: str) -> None:
    import yaml

    from flashcards.settings import find_front_matter_problems

    ((name, message, hint),) = find_front_matter_problems(yaml.safe_load(f"order: {value}"))
    assert (name, message, hint) == ("order", "`order` must be a number.", "Lower numbers come first.")
