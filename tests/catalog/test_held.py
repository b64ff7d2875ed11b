"""Notes that were just written are handed out again without being decoded; never when they changed since."""

from __future__ import annotations

from pathlib import Path

from flashcards.collection import Collection

TEXT = (
    "---\ntags: [x]\n---\n# Head\n\nQ: one?\nA: 1\n<!-- type -->\n\n"
    "C: a [gap] and [[wiki]] and ==more==\n\n---\n\n- a ::: b\n"
)


def test_entries_kept_by_a_scan_equal_those_in_the_database(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(TEXT, encoding="utf-8")
    with Collection(tmp_path) as first:
        first.scan()
        held = list(first.catalog.entries())
    with Collection(tmp_path) as second:
        assert list(second.catalog.entries()) == held
    assert len(held) == 3


def test_a_note_edited_by_another_process_is_read_again(tmp_path: Path) -> None:
    deck = tmp_path / "a.md"
    deck.write_text(TEXT, encoding="utf-8")
    with Collection(tmp_path) as first:
        first.scan()
        deck.write_text(TEXT.replace("A: 1", "A: 11").replace("# Head\n", "# Head\n\n\n"), encoding="utf-8")
        with Collection(tmp_path) as second:
            second.scan()
            assert list(first.catalog.entries()) == list(second.catalog.entries())
