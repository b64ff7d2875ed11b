"""Nothing is ever half written, and no person's change is overwritten unseen."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from flashcards.disk.atomic import FileChanged, replace_file, replace_unchanged
from scheduler.connection import make_folders


def write(path: Path, content: bytes) -> None:
    with replace_file(path) as file:
        file.write(content)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_file_gets_the_permissions_that_files_get_here(tmp_path: Path) -> None:
    mask = os.umask(0o027)
    try:
        write(tmp_path / "a", b"new")
    finally:
        os.umask(mask)
    assert (tmp_path / "a").read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o755, 0o444])
def test_a_file_keeps_its_permissions(tmp_path: Path, mode: int) -> None:
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "a").chmod(mode)
    write(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == mode


def test_a_link_stays_a_link_and_its_file_is_written(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real/a")
    write(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "a").read_bytes() == b"new"
    assert names(tmp_path / "real") == ["a"]


def test_nobody_sees_a_part_of_it(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    with replace_file(tmp_path / "a") as file:
        file.write(b"new")
        file.flush()
        assert (tmp_path / "a").read_bytes() == b"old"
    assert (tmp_path / "a").read_bytes() == b"new"


@pytest.mark.parametrize("error", [OSError, ValueError, KeyboardInterrupt])
def test_any_error_leaves_only_the_old_file(tmp_path: Path, error: type[BaseException]) -> None:
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(error), replace_file(tmp_path / "a") as file:
        file.write(b"half")
        raise error
    assert (tmp_path / "a").read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


def test_a_disk_that_fails_at_the_last_moment_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(_: int) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "a").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(OSError, match="No space"):
        write(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


def test_new_content_is_on_disk_before_it_replaces_the_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bytes] = []
    monkeypatch.setattr(os, "fsync", lambda _: seen.append((tmp_path / "a").read_bytes()))
    (tmp_path / "a").write_bytes(b"old")
    write(tmp_path / "a", b"new")
    assert seen == [b"old", b"new"]  # of the file, and of its folder


def test_the_longest_allowed_name_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / ("ä" * 126 + ".md")
    write(path, b"new")
    assert path.read_bytes() == b"new"


def test_a_folder_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write(tmp_path / "nowhere" / "a", b"new")


def test_a_file_unchanged_since_it_was_read_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    replace_unchanged(tmp_path / "a", b"old", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"


def test_a_file_changed_since_it_was_read_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"theirs")
    with pytest.raises(FileChanged, match="changed since it was read"):
        replace_unchanged(tmp_path / "a", b"old", b"new")
    assert (tmp_path / "a").read_bytes() == b"theirs"
    assert names(tmp_path) == ["a"]


def test_a_file_removed_after_it_was_read_stays_removed(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        replace_unchanged(tmp_path / "a", b"old", b"new")
    assert names(tmp_path) == []


def test_a_folder_on_a_missing_drive_is_an_error_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "is_dir", lambda _: False)
    with pytest.raises(OSError, match="/"):
        make_folders(Path("/"))
