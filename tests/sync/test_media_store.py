"""Media files go both ways, and nothing that is there is overwritten unseen."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from flashcards.disk.paths import OutsideCollection
from flashcards.sync.media_store import MediaStore, is_plain_name, read_archive, read_download
from flashcards.sync.wire import BadRequest
from tests.sync.phones import World


def test_pictures_of_notes_and_their_changes_reach_the_phone(world: World) -> None:
    world.write("a.md", "Q: one? ![](img/a.png)\nA: ![](img/b.png)\n")
    world.write("img/a.png", "first")
    world.write("img/b.png", "second")
    phone = world.phone()
    phone.download()
    assert phone.do("sync_media") == ["a.png", "b.png"]
    (world.root / "img/a.png").write_text("changed", encoding="utf-8")
    world.write("a.md", "Q: one? ![](img/a.png)\nA: none\n")
    (world.root / "img/b.png").unlink()
    phone.sync()
    assert phone.do("sync_media") == ["a.png"]
    assert phone.do("read_media", name="a.png") == "changed"


def test_a_picture_of_a_note_added_on_the_phone_is_saved_in_the_media_folder(world: World) -> None:
    world.write("sub/a.md", "Q: one?\nA: 1\n")
    phone = world.phone()
    phone.download()
    name = phone.do("add_media", name="new pic.png", text="pixels")
    phone.do("add", kind="Flashcards Basic", fields=[f'look <img src="{name}">', "x"], deck="sub::a")
    phone.sync()
    phone.do("sync_media")
    assert world.read("media/new pic.png") == "pixels"
    assert "](<../media/new pic.png>)" in world.read("sub/a.md") or "../media/new%20pic.png" in world.read("sub/a.md")
    phone.sync()
    phone.do("sync_media")
    assert f'src="{name}"' in phone.rows("SELECT flds FROM notes WHERE flds LIKE 'look%'")[0][0]
    with world.collection() as collection:
        assert not list(collection.catalog.problems())


@pytest.mark.slow
def test_a_media_file_changed_on_the_phone_replaces_ours_only_if_ours_is_unchanged(world: World) -> None:
    world.write("a.md", "Q: one? ![](img/a.png)\nA: ![](img/b.png)\n")
    world.write("img/a.png", "first")
    world.write("img/b.png", "second")
    phone = world.phone()
    phone.download()
    phone.do("sync_media")
    phone.do("overwrite_media", name="a.png", text="drawn on the phone")
    phone.do("overwrite_media", name="b.png", text="drawn there, too")
    (world.root / "img/b.png").write_text("changed here", encoding="utf-8")
    phone.do("sync_media")
    assert world.read("img/a.png") == "drawn on the phone"
    assert world.read("img/b.png") == "changed here"
    assert "drawn there, too" in {each.read_text() for each in (world.root / "media").iterdir()}


def test_a_media_file_deleted_on_the_phone_comes_back_if_a_note_names_it(world: World) -> None:
    world.write("a.md", "Q: one? ![](img/a.png)\nA: 1\n")
    world.write("img/a.png", "first")
    phone = world.phone()
    phone.download()
    phone.do("sync_media")
    phone.do("trash_media", names=["a.png"])
    phone.do("sync_media")
    assert world.read("img/a.png") == "first"
    world.write("a.md", "Q: one! ![](img/a.png)\nA: 1\n")
    phone.sync()
    assert phone.do("sync_media") == ["a.png"]


def test_hundreds_of_media_files_reach_the_second_phone_in_several_archives(world: World) -> None:
    lines = [f"Q: q{number} ![](img/{number}.png)\nA: x\n" for number in range(60)]
    world.write("a.md", "\n".join(lines))
    for number in range(60):
        world.write(f"img/{number}.png", f"file {number}" * 10_000)
    one, two = world.phone(), world.phone()
    one.download()
    assert len(one.do("sync_media")) == 60
    for number in range(30):
        one.do("add_media", name=f"more{number}.png", text=f"more {number}")
    one.do("sync_media")
    two.download()
    assert len(two.do("sync_media")) == 90


@pytest.mark.parametrize("name", ["", "a/b", "..\\c", "/etc/passwd", "a\0b", "x" * 300, ".", "..", "a\nb", "con:1"])
def test_a_name_that_is_not_a_plain_file_name_is_refused(name: str) -> None:
    assert not is_plain_name(name)
    with pytest.raises(BadRequest):
        read_archive(archive([[name, "0"]], {"0": b"x"}))


@pytest.mark.parametrize("name", ["a.png", "größe.jpg", "a b.png", "_font.ttf", "a..b"])
def test_a_plain_name_is_accepted(name: str) -> None:
    assert read_archive(archive([[name, "0"]], {"0": b"x"})) == [(name, b"x")]


@pytest.mark.parametrize(
    ("meta", "members"),
    [
        ([["a.png", "0"]], {}),
        ([["a.png", "0"]], {"0": b""}),
        ([["a.png"]], {"0": b"x"}),
        ({"a.png": "0"}, {"0": b"x"}),
        ([["a.png", 0]], {"0": b"x"}),
        ("x", {}),
    ],
)
def test_an_archive_that_cannot_be_right_is_refused(meta: object, members: dict[str, bytes]) -> None:
    with pytest.raises(BadRequest):
        read_archive(archive(meta, members))


@pytest.mark.parametrize("read", [read_archive, read_download])
def test_an_archive_with_a_damaged_stream_is_refused(read: Callable[[bytes], object]) -> None:
    with io.BytesIO() as stream:
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
            made.writestr("_meta", "[" + " " * 99 + "]")
        data = bytearray(stream.getvalue())
    data[len("_meta") + 30] ^= 0xFF  # the header of the first block, which follows the header of the member
    with pytest.raises(BadRequest):
        read(bytes(data))


def test_an_archive_that_is_cut_short_changes_nothing(tmp_path: Path) -> None:
    store = MediaStore(tmp_path / "media.db", tmp_path)
    whole = archive([["a.png", "0"], ["b.png", "1"]], {"0": b"x", "1": b"y"})
    for length in range(0, len(whole) - 1, 7):
        with pytest.raises(BadRequest):
            store.answer("uploadChanges", whole[:length])
    assert store.usn == 0
    assert not (tmp_path / "media").exists()
    assert json.loads(store.answer("uploadChanges", whole)) == {"data": [2, 2], "err": ""}
    store.close()


def archive(meta: object, members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as found:
        for name, data in members.items():
            found.writestr(name, data)
        found.writestr("_meta", json.dumps(meta))
    return stream.getvalue()


def test_a_list_of_media_from_a_stranger_names_no_file_outside(tmp_path: Path) -> None:
    root, outside = tmp_path / "decks", tmp_path / "outside.png"
    (root / ".flashcards").mkdir(parents=True)
    (root / ".flashcards" / "state.db").write_bytes(b"state")
    outside.write_bytes(b"secret")
    store = MediaStore(tmp_path / "media.db", root)
    size, mtime = outside.stat().st_size, outside.stat().st_mtime_ns
    for name, path in (("a.png", "../outside.png"), ("b.png", str(outside)), ("c.png", ".flashcards/state.db")):
        store._put(name, "0" * 40, path, size, mtime, 1)
        assert store.path_of(name) is None
        store.take_file(name, b"theirs")
    store.close()
    assert (outside.read_bytes(), (root / ".flashcards" / "state.db").read_bytes()) == (b"secret", b"state")
    assert (root / "media" / "a.png").read_bytes() == b"theirs"


def test_media_from_a_phone_are_not_written_through_a_link_out_of_the_collection(tmp_path: Path) -> None:
    root = tmp_path / "decks"
    root.mkdir()
    (tmp_path / "elsewhere").mkdir()
    (root / "media").symlink_to(tmp_path / "elsewhere")
    store = MediaStore(tmp_path / "media.db", root)
    with pytest.raises(OutsideCollection):
        store.take_file("a.png", b"theirs")
    store.close()
    assert list((tmp_path / "elsewhere").iterdir()) == []
