from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from flashcards.review import programs
from flashcards.review.collection_backend import CollectionBackend
from flashcards.review.views import Asked
from tests.review.small_collections import collection_in

NOW = 1_700_000_000_000


def first_card(folder: Path, text: str) -> Asked:
    with collection_in(folder, deck=text) as collection:
        backend = CollectionBackend(collection, NOW)
        card = backend.next_card(NOW)
        assert card is not None
        asked = backend.read(card)
        assert asked is not None
        return asked


@pytest.fixture
def opener(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in the place of the system's opener; it writes down what it was given."""
    programs, log = tmp_path / "bin", tmp_path / "opened"
    programs.mkdir()
    for name in ("xdg-open", "mpv"):
        script = programs / name
        script.write_text(f'#!/bin/sh\necho {name} "$@" > {log}.part && /bin/mv {log}.part {log}\n')
        script.chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    return log


def opened(log: Path) -> str:
    for _ in range(500):
        if log.exists():
            return log.read_text().strip()
        time.sleep(0.01)
    raise AssertionError("nothing was opened")


def test_the_question_names_only_its_own_media(tmp_path: Path) -> None:
    asked = first_card(tmp_path, "Q: ![](a.png) and ![](a.png)\nA: ![](b.png) [listen](c.mp3)\n")
    assert programs.find_media(asked, answered=False) == ["a.png"]
    assert programs.find_media(asked, answered=True) == ["a.png", "b.png", "c.mp3"]
    assert programs.find_media(asked, answered=True, sound=True) == ["c.mp3"]


def test_a_picture_hidden_in_a_gap_is_not_opened_before_the_answer(tmp_path: Path) -> None:
    asked = first_card(tmp_path, "C: It looks like {{c1::![](a.png)}} here.\n")
    assert programs.find_media(asked, answered=False) == []
    assert programs.find_media(asked, answered=True) == ["a.png"]


def test_a_picture_is_opened_with_the_system_program(tmp_path: Path, opener: Path) -> None:
    asked = first_card(tmp_path / "decks", "Q: ![](img/a.png)\nA: x\n")
    picture = tmp_path / "decks" / "img" / "a.png"
    picture.parent.mkdir()
    picture.touch()
    assert programs.open_all(tmp_path / "decks", asked, ["img/a.png"]) == ["Opened img/a.png."]
    assert opened(opener) == f"xdg-open {picture}"


def test_sound_is_played(tmp_path: Path, opener: Path) -> None:
    asked = first_card(tmp_path / "decks", "Q: ![](a.mp3)\nA: x\n")
    (tmp_path / "decks" / "a.mp3").touch()
    programs.play(tmp_path / "decks", asked, "a.mp3")
    assert opened(opener).startswith("mpv --no-video")


def test_a_missing_picture_is_one_sentence_with_the_place(tmp_path: Path) -> None:
    asked = first_card(tmp_path, "\nQ: ![](a.png)\nA: x\n")
    (sentence,) = programs.open_all(tmp_path, asked, ["a.png"])
    assert sentence.startswith("deck.md:2: The file `a.png` is missing.")


def test_a_picture_outside_the_collection_is_not_opened(tmp_path: Path, opener: Path) -> None:
    (tmp_path / "secret.png").touch()
    asked = first_card(tmp_path / "decks", "Q: ![](../secret.png)\nA: x\n")
    (sentence,) = programs.open_all(tmp_path / "decks", asked, ["../secret.png"])
    assert "outside the collection" in sentence
    assert not opener.exists()


def test_without_an_opener_the_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    asked = first_card(tmp_path, "Q: ![](a.png)\nA: x\n")
    (tmp_path / "a.png").touch()
    (sentence,) = programs.open_all(tmp_path, asked, ["a.png"])
    assert sentence == f"No program to open files was found. The file is {tmp_path / 'a.png'}."


@pytest.mark.parametrize("name", ["a.desktop", "a.sh", "a.html", "a.bat", "a.swf", "a", "a.png.exe"])
def test_a_file_that_is_not_a_media_file_is_not_opened(tmp_path: Path, opener: Path, name: str) -> None:
    asked = first_card(tmp_path / "c", f"Q: ![]({name})\nA: x\n")
    (tmp_path / "c" / name).write_text("hostile")
    assert programs.open_all(tmp_path / "c", asked, [name]) == [
        f"The file `{name}` is not a picture, sound or video, so it is not opened. Open it yourself."
    ]
    assert not opener.exists()


def test_a_picture_that_is_a_link_to_a_program_is_not_opened(tmp_path: Path, opener: Path) -> None:
    asked = first_card(tmp_path / "c", "Q: ![](a.png)\nA: x\n")
    (tmp_path / "c" / "run.desktop").write_text("hostile")
    (tmp_path / "c" / "a.png").symlink_to("run.desktop")
    (said,) = programs.open_all(tmp_path / "c", asked, ["a.png"])
    assert "is not opened" in said
    assert not opener.exists()
