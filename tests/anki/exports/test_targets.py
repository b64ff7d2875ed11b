from __future__ import annotations

from pathlib import Path

import pytest

from flashcards.anki.exports.export import ExportFormatUnknown, NothingToExport, Target, choose_targets
from flashcards.errors import DeckUnknown

DECKS = ("a", "a b", "a::x", "b::y::z")
ROOT = Path("/collections/mine")


def test_without_a_path_the_package_is_named_after_the_collection() -> None:
    assert choose_targets(DECKS, (), None, ROOT) == [Target(Path("mine.apkg"), DECKS)]


def test_without_a_path_one_deck_names_the_package() -> None:
    assert choose_targets(DECKS, ("b::y",), None, ROOT) == [Target(Path("b-y.apkg"), ("b::y::z",))]


def test_exporting_a_deck_includes_only_its_subdecks() -> None:
    assert choose_targets(DECKS, ("a",), "x.apkg", ROOT) == [Target(Path("x.apkg"), ("a", "a::x"))]


def test_a_folder_gets_one_package_for_each_top_level_deck(tmp_path: Path) -> None:
    for output in (f"{tmp_path}/new/", str(tmp_path)):
        found = choose_targets(DECKS, (), output, ROOT)
        assert [(target.path.name, target.decks) for target in found] == [
            ("a.apkg", ("a", "a::x")),
            ("a b.apkg", ("a b",)),
            ("b.apkg", ("b::y::z",)),
        ]
        assert all(target.path.parent == Path(output) for target in found)


def test_a_folder_gets_one_package_for_each_deck_that_was_named() -> None:
    found = choose_targets(DECKS, ("b::y", "a", "a::x"), "out/", ROOT)
    assert [(target.path, target.decks) for target in found] == [
        (Path("out/a.apkg"), ("a", "a::x")),
        (Path("out/b-y.apkg"), ("b::y::z",)),
    ]


def test_decks_whose_names_clash_as_files_get_different_ones() -> None:
    found = choose_targets(("a:b", "a?b", "X", "x"), (), "out/", ROOT)
    assert len({target.path.name.casefold() for target in found}) == 4


def test_a_deck_s_file_never_leaves_its_folder() -> None:
    for deck in ("../evil", "/etc/passwd", "..", ".", "con", "x" * 500):
        (found,) = choose_targets((deck,), (), "out/", ROOT)
        assert found.path.parent == Path("out")
        assert found.path.suffix == ".apkg"
        assert len(found.path.name) < 150


def test_a_deck_with_a_dot_keeps_its_whole_name() -> None:
    assert choose_targets(("v1.2 notes",), (), "out/", ROOT)[0].path == Path("out/v1.2 notes.apkg")


def test_an_unknown_deck_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(DeckUnknown, match=r"There is no deck `b::w`\. Did you mean `b::y`\?") as raised:
        choose_targets(DECKS, ("b::w",), None, ROOT)
    assert raised.value.exit_code == 2


@pytest.mark.parametrize("output", ["x.txt", "x", "x.apkg.zip"])
def test_an_unknown_file_extension_is_refused(output: str) -> None:
    with pytest.raises(ExportFormatUnknown) as raised:
        choose_targets(DECKS, (), output, ROOT)
    assert raised.value.exit_code == 2


def test_an_ending_counts_whatever_its_case() -> None:
    assert choose_targets(DECKS, (), "x.APKG", ROOT)[0].path == Path("x.APKG")


def test_no_cards_are_an_error() -> None:
    with pytest.raises(NothingToExport):
        choose_targets((), (), None, ROOT)
