from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flashcards.cli import run
from flashcards.collection import STATE_FOLDER, Collection
from tests.anki.exports.folder import Folder

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    made = Folder(tmp_path / "mine")
    made.write("tpm/one.md", "a :: b\n")
    made.write("tpm/two.md", "c ::: d\n")
    made.write("other.md", "C: [x] [y]\n")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    Collection(made.root).close()  # its state exists, so that no export has to say where it is made
    return made


def export(folder: Folder, *arguments: str) -> int:
    return run(["-C", str(folder.root), "export", *arguments])


def here() -> list[str]:
    return sorted(path.as_posix() for path in Path().rglob("*") if path.is_file())


def test_one_line_describes_the_written_files(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    assert export(folder) == 0
    out, err = capsys.readouterr()
    assert out == f"mine.apkg: 3 notes, 5 cards, {Path('mine.apkg').stat().st_size:,} bytes\n"
    assert err == ""
    assert here() == ["mine.apkg"]


def test_a_folder_is_made_and_gets_one_package_for_each_top_level_deck(folder: Folder) -> None:
    assert export(folder, "-o", "new/build/") == 0
    assert here() == ["new/build/other.apkg", "new/build/tpm.apkg"]


def test_a_folder_that_gets_one_package_only_is_made_too(folder: Folder) -> None:
    assert export(folder, "tpm", "-o", "build/") == 0
    assert here() == ["build/tpm.apkg"]


def test_json_has_the_same_contents_for_programs(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    folder.write("bad.md", "Q: ![](gone.png)\nA: x\n")
    assert export(folder, "-o", "x.apkg", "--json") == 0
    out, err = capsys.readouterr()
    message = "The file `gone.png` is missing. Add the file, or fix the path."
    assert json.loads(out) == {
        "file": "x.apkg",
        "notes": 4,
        "cards": 6,
        "media": 0,
        "bytes": Path("x.apkg").stat().st_size,
        "problems": [{"path": "bad.md", "line": 1, "message": message}],
        "remarks": [],
    }
    assert err == f"bad.md:1: {message}\n"


def test_the_export_of_a_whole_collection_warns_that_it_replaces_everything(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(folder, "-o", "all.colpkg") == 0
    out, err = capsys.readouterr()
    assert out.startswith("all.colpkg: ")
    assert err == "Importing all.colpkg replaces everything in the Anki profile. Make a backup in Anki first.\n"


def test_cards_as_json_equal_those_of_list(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    assert export(folder, "tpm", "-o", "x.json") == 0
    assert "2 notes, 3 cards" in capsys.readouterr().out
    assert run(["-C", str(folder.root), "list", "--json", "deck:tpm"]) == 0
    listed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    written = json.loads(Path("x.json").read_text(encoding="utf-8"))
    assert sorted(written, key=lambda card: str(card["id"])) == sorted(listed, key=lambda card: str(card["id"]))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["tmp"], "Error: There is no deck `tmp`. Did you mean `tpm`?\n"),
        (["-o", "x.pdf"], "Error: x.pdf: the file type is unknown."),
    ],
)
def test_an_impossible_command_ends_with_one_sentence_and_exit_code_2(
    folder: Folder, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    assert export(folder, *arguments) == 2
    out, err = capsys.readouterr()
    assert err.startswith(sentence)
    assert err.count("\n") == 1
    assert out == ""
    assert here() == []


def test_a_collection_without_cards_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    empty = Folder(tmp_path / "empty")
    assert export(empty) == 1
    assert capsys.readouterr().err.startswith("Error: There are no cards to export.")


def test_a_folder_that_does_not_exist_is_reported_in_one_sentence(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(folder, "-o", "no/x.apkg") == 1
    assert capsys.readouterr().err == (
        "Error: no/x.apkg cannot be written: No such file or directory. Check the path.\n"
    )


@pytest.mark.parametrize("has_state", [True, False])
def test_an_export_that_fails_is_not_recorded(
    folder: Folder, has_state: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if not has_state:
        shutil.rmtree(folder.root / STATE_FOLDER)

    def fail(*_arguments: object, **_options: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("flashcards.anki.exports.export.fill_archive", fail)
    assert export(folder) == 1
    assert capsys.readouterr().err.startswith("Error: mine.apkg cannot be written: No space left on device.")
    assert here() == []
    assert (folder.root / STATE_FOLDER).exists() == has_state
    with Collection(folder.root) as collection:
        assert collection.connection.execute("SELECT count(*) FROM exported_notes").fetchone() == (0,)


def test_problems_of_the_decks_are_mentioned_without_other_effects(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.write("bad.md", "Q: no answer\n\nQ: one\nA: two\n")
    assert export(folder) == 0
    out, err = capsys.readouterr()
    assert "4 notes" in out
    assert err == "1 problem in the decks: `flashcards check` lists them.\n"


def test_an_export_leaves_nothing_in_the_temporary_folder(
    folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr("tempfile.tempdir", None)
    assert export(folder) == 0
    assert list((tmp_path / "temporary").iterdir()) == []


def test_a_name_that_is_empty_is_refused(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    assert export(folder, "-o", "") == 2
    assert "The name after -o is empty." in capsys.readouterr().err
    assert here() == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("with_signal", "has_state"),
    [(signal.SIGTERM, True), (signal.SIGINT, True), (signal.SIGHUP, True), (signal.SIGINT, False)],
)
def test_an_export_that_is_stopped_keeps_the_old_package_and_leaves_nothing_behind(
    folder: Folder, with_signal: signal.Signals, has_state: bool, tmp_path: Path
) -> None:
    Path("mine.apkg").write_bytes(b"old")
    folder.write("big.mp4", b"\0" * 300_000_000)
    folder.write("video.md", "![](big.mp4) :: b\n")
    if has_state:
        assert run(["-C", str(folder.root), "scan"]) == 0
    else:
        shutil.rmtree(folder.root / STATE_FOLDER)
    process = subprocess.Popen(
        [sys.executable, "-m", "flashcards", "-C", str(folder.root), "export"],
        env={"PYTHONPATH": str(REPOSITORY), "PATH": "", "TMPDIR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while process.poll() is None and not list(Path().glob(".flashcards-*.tmp")):
        time.sleep(0.001)
    process.send_signal(with_signal)
    assert process.wait() != 0
    assert here() == ["mine.apkg"]
    assert Path("mine.apkg").read_bytes() == b"old"
    assert (folder.root / STATE_FOLDER).exists() == has_state
