from __future__ import annotations

import json
from pathlib import Path

import pytest

from flashcards.dialects.choose import DATA, Chooser
from flashcards.dialects.read import read_deck


def set_up(folder: Path, **settings: object) -> None:
    path = folder / DATA
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"settings": settings}), "utf-8")


def read(root: Path, path: str, text: str, **formats: str) -> tuple[str, list[tuple[str, ...]]]:
    deck, dialect = read_deck(text, path, Chooser(root, formats).choose(path))
    return dialect, [note.fields for note in deck.notes]


def test_without_a_vault_and_settings_a_file_is_native(tmp_path: Path) -> None:
    choice = Chooser(tmp_path, {}).choose("a/b.md")
    assert (choice.name, choice.signature, choice.vault) == ("native", "", None)


def test_plugin_settings_make_everything_below_them_a_vault(tmp_path: Path) -> None:
    set_up(tmp_path / "vault", flashcardTags=["#karten"])
    assert read(tmp_path, "vault/a/b.md", "#karten\nx::y") == ("obsidian", [("x", "y")])
    assert read(tmp_path, "other/b.md", "#karten\nx::y") == ("native", [])


def test_a_collection_within_a_vault_is_read_by_the_settings_of_the_vault(tmp_path: Path) -> None:
    set_up(tmp_path, convertFoldersToDecks=True)
    (tmp_path / "Uni").mkdir()
    chooser = Chooser(tmp_path / "Uni", {})
    choice = chooser.choose("waves.md")
    assert choice.why == f"{tmp_path / DATA} is there"
    assert read_deck("x::y", "waves.md", choice)[0].name == "Uni"


def test_a_folder_of_obsidian_without_the_plugin_is_native(tmp_path: Path) -> None:
    (tmp_path / ".obsidian").mkdir()
    assert Chooser(tmp_path, {}).choose("a.md").name == "native"


def test_settings_override_the_vault_and_the_longest_folder_applies(tmp_path: Path) -> None:
    set_up(tmp_path)
    chooser = Chooser(tmp_path, {"Own": "native", "Own/notes/": "obsidian", "**/*.cards.md": "native"})
    assert chooser.choose("Own/a.md").name == "native"
    assert chooser.choose("Own/a.md").why == '`flashcards.toml` says so for "Own"'
    assert chooser.choose("Own/notes/a.md").name == "obsidian"
    assert chooser.choose("Owner/a.md").name == "obsidian"
    assert chooser.choose("x/y.cards.md").name == "native"


def test_the_front_matter_overrides_all_other_choices(tmp_path: Path) -> None:
    set_up(tmp_path)
    assert read(tmp_path, "a.md", "---\nformat: native\n---\nQ: x\nA: y") == ("native", [("x", "y")])
    assert read(tmp_path, "a.md", "---\nformat: obsidian\n---\nx::y", **{"/": "native"}) == ("obsidian", [("x", "y")])
    assert read(tmp_path, "a.md", "format: native\n\n#flashcards x::y") == ("obsidian", [("x", "y")])


def test_a_format_that_is_not_known_is_a_problem(tmp_path: Path) -> None:
    deck, dialect = read_deck("---\nformat: obsidan\n---\nQ: x\nA: y", "a.md", Chooser(tmp_path, {}).choose("a.md"))
    assert (dialect, len(deck.notes)) == ("native", 1)
    assert [(problem.line, problem.message) for problem in deck.problems] == [(2, 'The format "obsidan" is not known.')]


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff"])
def test_unreadable_settings_are_named_and_the_defaults_apply(tmp_path: Path, content: bytes) -> None:
    set_up(tmp_path)
    (tmp_path / DATA).write_bytes(content)
    chooser = Chooser(tmp_path, {})
    assert chooser.choose("a.md").name == "obsidian"
    (vault,) = chooser.vaults()
    assert vault.error
    assert vault.settings.tags == ("#flashcards",)


def test_a_signature_changes_only_with_what_determines_the_cards(tmp_path: Path) -> None:
    set_up(tmp_path, flashcardTags=["#a"], baseEase=250)
    before = Chooser(tmp_path, {}).signature("a.md")
    set_up(tmp_path, flashcardTags=["#a"], baseEase=270)
    assert Chooser(tmp_path, {}).signature("a.md") == before
    set_up(tmp_path, flashcardTags=["#b"], baseEase=270)
    assert Chooser(tmp_path, {}).signature("a.md") != before
    assert Chooser(tmp_path, {"": "native"}).signature("a.md") != before
