from __future__ import annotations

import sys
from pathlib import Path

import pytest

from flashcards.cli import run
from flashcards.collection import Collection
from tests.review.small_collections import questions, write


def test_without_a_terminal_one_sentence_and_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, deck=questions(1))
    assert run(["-C", str(tmp_path), "review"]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert (
        output.err == "Error: A review needs a terminal. `flashcards answer CARD RATING` rates a card from a script.\n"
    )


@pytest.mark.parametrize("arguments", [["--order", "odd"], ["--limit", "0"], ["--new", "-1"]])
def test_an_impossible_option_is_exit_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["review", *arguments]) == 2
    assert "Invalid value" in capsys.readouterr().err


def test_edit_opens_the_editor_at_the_card_and_reads_the_decks_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decks = tmp_path / "decks"
    write(decks, deck=questions(2))
    script = tmp_path / "editor.py"
    script.write_text(
        "import pathlib, sys\n"
        f"pathlib.Path({str(tmp_path / 'arguments')!r}).write_text(' '.join(sys.argv[1:]))\n"
        "pathlib.Path(sys.argv[-1]).write_text('Q: New?\\nA: Yes.\\n')\n"
    )
    monkeypatch.setenv("VISUAL", f"{sys.executable} {script}")
    assert run(["-C", str(decks), "edit", "deck.md:4"]) == 0
    assert (tmp_path / "arguments").read_text() == f"+4 {decks / 'deck.md'}"
    with Collection(decks) as collection:
        collection.scan()
        assert (collection.catalog.count_files(), collection.catalog.count_notes()) == (1, 1)


def test_editing_a_card_that_does_not_exist_is_reported_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, deck=questions(1))
    assert run(["-C", str(tmp_path), "edit", "nothing"]) == 2
    assert "There is no card `nothing`" in capsys.readouterr().err


def test_an_editor_that_fails_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, deck=questions(1))
    monkeypatch.setenv("VISUAL", "no-such-editor")
    assert run(["-C", str(tmp_path), "edit", "deck.md:1"]) == 1
    assert "The editor `no-such-editor` cannot be started." in capsys.readouterr().err
