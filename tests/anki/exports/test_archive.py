from __future__ import annotations

import errno
import json
import os
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from flashcards.anki.package.archive import write_archive
from flashcards.disk.atomic import FileUnwritable, LinkRefused, NotAFile, write_output

ROOT = Path(__file__).parents[3]


def test_media_are_numbered_and_listed_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"picture")
    size = write_archive(tmp_path / "x.apkg", b"database", {"é.png": tmp_path / "a.png"})
    with zipfile.ZipFile(tmp_path / "x.apkg") as archive:
        assert archive.testzip() is None
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert archive.namelist() == ["collection.anki2", "media", "0"]
        assert json.loads(archive.read("media")) == {"0": "é.png"}
        assert archive.read("0") == b"picture"
    assert size == (tmp_path / "x.apkg").stat().st_size


def test_the_database_is_compressed(tmp_path: Path) -> None:
    assert write_archive(tmp_path / "x.apkg", b"a" * 1_000_000, {}) < 20_000


def test_a_database_in_a_file_is_packed_like_its_bytes(tmp_path: Path) -> None:
    content = bytes(range(256)) * 10_000
    (tmp_path / "database").write_bytes(content)
    write_archive(tmp_path / "a.apkg", content, {})
    write_archive(tmp_path / "b.apkg", tmp_path / "database", {})
    with zipfile.ZipFile(tmp_path / "b.apkg") as archive:
        assert archive.read("collection.anki2") == content
        assert archive.getinfo("collection.anki2").date_time == (1980, 1, 1, 0, 0, 0)
    assert (tmp_path / "b.apkg").stat().st_size < len(content) // 10


def test_an_error_while_writing_keeps_the_old_file_and_leaves_no_other(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"old")
    for error in (KeyboardInterrupt, SystemExit, ValueError):
        with pytest.raises(error), write_output(tmp_path / "x") as stream:
            stream.write(b"half")
            raise error
    assert [file.name for file in tmp_path.iterdir()] == ["x"]
    assert (tmp_path / "x").read_bytes() == b"old"


def test_a_full_disk_is_one_sentence_and_keeps_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"old")
    with pytest.raises(FileUnwritable) as raised, write_output(tmp_path / "x"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert str(raised.value) == (
        f"{tmp_path / 'x'} cannot be written: No space left on device. Free some space and try again."
    )
    assert [file.name for file in tmp_path.iterdir()] == ["x"]
    assert (tmp_path / "x").read_bytes() == b"old"


def test_a_folder_that_does_not_exist_is_reported_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(FileUnwritable, match=r"cannot be written: No such file or directory\."):
        write_archive(tmp_path / "no" / "x.apkg", b"", {})


def test_links_in_a_circle_are_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "x").symlink_to("y")
    (tmp_path / "y").symlink_to("x")
    with pytest.raises(FileUnwritable, match="symbolic links"), write_output(tmp_path / "x"):
        pass


def test_only_a_file_is_ever_replaced(tmp_path: Path) -> None:
    with pytest.raises(NotAFile), write_output(tmp_path):
        pass
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NotAFile), write_output(tmp_path / "pipe"):
        pass


def test_a_replaced_file_keeps_its_mode_and_its_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "real").chmod(0o640)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with write_output(tmp_path / "link") as stream:
        stream.write(b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "real").stat().st_mode) == 0o640


def test_a_link_out_of_its_folder_is_not_written_through(tmp_path: Path) -> None:
    """A folder that can be cloned may hold such a link under the name of a package."""
    secret = tmp_path / "secret"
    secret.write_text("mine")
    (tmp_path / "cloned").mkdir()
    (tmp_path / "cloned" / "a.apkg").symlink_to(secret)
    with pytest.raises(LinkRefused, match="is a link to"), write_output(tmp_path / "cloned" / "a.apkg"):
        raise AssertionError
    assert secret.read_text() == "mine"


def test_a_new_file_has_the_mode_that_new_files_have(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"")
    write_archive(tmp_path / "x.apkg", b"", {})
    assert (tmp_path / "x.apkg").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_what_an_export_loads_does_not_load_asyncio() -> None:
    code = "import sys, flashcards.anki.exports.export; print('asyncio' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout == "False\n"
