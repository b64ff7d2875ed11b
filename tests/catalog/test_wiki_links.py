from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from flashcards.check import find_problems
from flashcards.collection import Access, Collection
from flashcards.deck.markdown_extensions import rewrite_additions
from flashcards.deck.wiki_links import list_targets


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")


def answers(root: Path) -> list[str]:
    with Collection(root, Access.READ) as collection:
        collection.scan()
        entries = list(collection.catalog.entries())
    return [rewrite_additions(entry.note.fields[-1], entry.note.definitions).strip() for entry in entries]


def test_links_are_found_by_name_anywhere_in_the_collection(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a.md": "Q: a\nA: [[Cell]], [[sub/cell.md|it]], [[#Here]], [[nodiscard]]\n",
            "notes/sub/Cell.md": "# Wall\nThick.\n",
        },
    )
    assert answers(tmp_path) == ["Cell, it, Here, [[nodiscard]]"]


@pytest.mark.parametrize(
    ("embed", "shown"),
    [
        ("![[Cell]]", "> **Cell**\n>\n> # Wall\n> Thick. ![](@/notes/w.png)"),
        ("![[Cell#Wall]]", "> **Cell > Wall**\n>\n> Thick. ![](@/notes/w.png)"),
        ("![[#Below]]", "> **Below**\n>\n> Text."),
        ("![[Cell#Roof]]", "![[Cell#Roof]]"),
        ("![[Nothing]]", "![[Nothing]]"),
    ],
)
def test_an_embed_shows_the_text_of_the_note_or_stays(tmp_path: Path, embed: str, shown: str) -> None:
    files = {"a.md": f"Q: a\nA: {embed}\n\n# Below\nText.\n", "notes/Cell.md": "# Wall\nThick. ![](w.png)\n"}
    write(tmp_path, files)
    assert answers(tmp_path) == [shown]


def test_an_embed_shows_the_current_text_of_its_note(tmp_path: Path) -> None:
    write(tmp_path, {"a.md": "Q: a\nA: ![[b]]\n", "b.md": "Old.\n"})
    with Collection(tmp_path) as collection:
        collection.scan()
        (tmp_path / "b.md").write_text("New text.\n", "utf-8")
        collection.scan()
    assert answers(tmp_path) == ["> **b**\n>\n> New text."]


@pytest.mark.parametrize(
    ("after", "is_changed"),
    [
        ({"b.md": "New.\n"}, True),
        ({"b.md": ""}, True),
        ({"c.md": "Another.\n"}, False),
        ({"b.md": "Old. <!--SR:!2026-12-16,51,230-->\nText.\n"}, False),
        ({"b.md": "Old.\n<!--SR:!2026-12-16,51,230-->\nText.\n"}, False),
        ({"sub/b.md": "Farther away.\n"}, False),
    ],
)
def test_a_note_counts_as_changed_if_its_embedded_text_changes(
    tmp_path: Path, after: dict[str, str], is_changed: bool
) -> None:
    write(tmp_path, {"a.md": "Q: a\nA: ![[b]]\n", "b.md": "Old.\nText.\n", "c.md": "Other.\n"})
    with Collection(tmp_path) as collection:
        collection.scan()
        (before,) = collection.catalog.entries()
        write(tmp_path, after)
        collection.scan()
        (entry,) = collection.catalog.entries()
        collection.scan()
        (again,) = collection.catalog.entries()
    assert (entry.modified_ms > before.modified_ms) is is_changed
    assert entry == again


def test_a_note_counts_as_changed_when_the_note_that_it_embeds_appears(tmp_path: Path) -> None:
    write(tmp_path, {"a.md": "Q: a\nA: ![[b]]\n"})
    with Collection(tmp_path) as collection:
        collection.scan()
        (before,) = collection.catalog.entries()
        write(tmp_path, {"b.md": "New.\n"})
        collection.scan()
        (entry,) = collection.catalog.entries()
    assert entry.modified_ms > before.modified_ms


@pytest.mark.parametrize(("front", "is_changed"), [("", True), ("---\nformat: obsidian\n---\n#flashcards\n\n", False)])
def test_a_note_counts_as_changed_when_a_note_that_it_links_appears_or_disappears(
    tmp_path: Path, front: str, is_changed: bool
) -> None:
    write(tmp_path, {"a.md": f"{front}ask :: [[b]]\n"})
    modified = []
    with Collection(tmp_path) as collection:
        for change in (None, (tmp_path / "b.md").touch, (tmp_path / "b.md").unlink):
            if change:
                change()
            for _ in range(2):
                collection.scan()
                (entry,) = collection.catalog.entries()
                modified.append(entry.modified_ms)
    assert [later > earlier for earlier, later in pairwise(modified)] == [False, is_changed, False, is_changed, False]


def test_a_link_to_a_missing_note_is_shown_by_its_name(tmp_path: Path) -> None:
    write(tmp_path, {"a.md": "---\nformat: obsidian\n---\n#flashcards\n\nask::[[Nothing]] and ![[Nothing]]\n"})
    assert answers(tmp_path) == ["Nothing and ![[Nothing]]"]


def test_an_embedded_file_that_is_not_a_note_is_shown_by_its_name(tmp_path: Path) -> None:
    write(tmp_path, {"a.md": "Q: a\nA: ![[x.pdf]] ![[x.pdf#page=2]] ![[y.pdf]]\n", "files/x.pdf": ""})
    assert answers(tmp_path) == ["x.pdf x.pdf > page=2 ![[y.pdf]]"]
    with Collection(tmp_path, Access.READ) as collection:
        collection.scan()
        assert [problem.code for problem in find_problems(collection)] == ["note-missing"]


def test_the_links_of_a_note_that_many_embed_are_searched_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    searched = []

    def search(text: str) -> list[tuple[bool, str]]:
        searched.append(text)
        return list(list_targets(text))

    monkeypatch.setattr("flashcards.catalog.wiki_links.list_targets", search)
    write(tmp_path, {"a.md": "".join(f"Q: q{n}\nA: ![[b]]\n\n" for n in range(5)), "b.md": "[[a]] " * 99})
    assert answers(tmp_path) == ["> **b**\n>\n> " + " ".join(["a"] * 99)] * 5
    assert [text for text in searched if text.startswith("[[a]]")] == [("[[a]] " * 99).strip("\n")] * 2


def test_a_missing_picture_of_an_embedded_note_is_a_problem_of_each_note_that_shows_it(tmp_path: Path) -> None:
    text = "Q: a\nA: ![[Cell]]\n\nQ: b\nA: ![[Cell]] and ![[Wall]]\n\nQ: c\nA: ![](x.png)\n"
    write(tmp_path, {"a.md": text, "b/Cell.md": "![](gone.png)\n", "Wall.md": "![[Cell]]\n"})
    with Collection(tmp_path) as collection:
        collection.scan()
        problems = [each for each in find_problems(collection) if each.code == "media-missing"]
    assert [(each.line, "gone.png" in each.message) for each in problems] == [(1, True), (4, True), (7, False)]


def test_check_names_an_embed_of_no_note(tmp_path: Path) -> None:
    write(tmp_path, {"a.md": "Q: a\nA: ![[Nothing]] [[Nothing]] ![[a]]\n"})
    with Collection(tmp_path, Access.READ) as collection:
        collection.scan()
        (problem,) = find_problems(collection)
    assert (problem.line, problem.code) == (1, "note-missing")
    assert "`Nothing`" in problem.message
