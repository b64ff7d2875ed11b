"""A package is somebody else's file: whatever is wrong with it is one sentence, and nothing is changed."""

from __future__ import annotations

import json
import random
import sqlite3
import zipfile
from pathlib import Path

import pytest
from backports import zstd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flashcards.anki.package.archive import Archive
from flashcards.anki.package.reader import read_package
from flashcards.errors import FlashcardsError
from flashcards.importers.transaction import PackageInvalid, PackageNewer
from tests.anki.imports.home import Home, refused
from tests.anki.imports.packages import BASIC, TYPES, Made, write_package, write_zip

NOTES = [Made(["a", "b"]), Made(["c", "d"])]


def test_a_file_that_is_not_an_archive_is_refused(home: Home, tmp_path: Path) -> None:
    package = tmp_path / "x.apkg"
    package.write_bytes(b"no archive at all")
    assert "not an Anki package" in refused(home, package)


def test_a_package_that_is_cut_short_is_refused(home: Home, tmp_path: Path) -> None:
    package = write_package(tmp_path / "x.apkg", NOTES)
    package.write_bytes(package.read_bytes()[:-30])
    assert "incomplete" in refused(home, package)


def test_an_archive_without_a_collection_is_refused(home: Home, tmp_path: Path) -> None:
    assert "no collection" in refused(home, write_zip(tmp_path / "x.apkg", {"a.txt": b"x"}))


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil", "..\\evil", "C:\\evil"])
def test_a_package_member_with_a_path_outside_is_refused(home: Home, tmp_path: Path, name: str) -> None:
    package = write_package(tmp_path / "x.apkg", NOTES)
    with zipfile.ZipFile(package, "a") as archive:
        archive.writestr(zipfile.ZipInfo(name), b"x")
    assert "outside" in refused(home, package)


@pytest.mark.parametrize(
    ("name", "file"), [("a\nb.png", "ab.png"), ("a\x1b[2J.png", "a-2J.png"), ("..\\b.png", "-b.png")]
)
def test_a_media_name_that_anki_cleans_is_cleaned(home: Home, tmp_path: Path, name: str, file: str) -> None:
    note = Made([f'<img src="{name}">', "b"])
    report = home.import_file(write_package(tmp_path / "x.apkg", [note], media={name: b"x"}))
    assert home.read("Deck.md") == f"Q: ![](media/{file})\nA: b\n"
    assert (home.root / "media" / file).read_bytes() == b"x"
    assert report.remarks == []


@pytest.mark.parametrize("name", ["a/b.png", "..", "", "\n"])
def test_a_media_file_with_an_impossible_name_is_refused(home: Home, tmp_path: Path, name: str) -> None:
    text = refused(home, write_package(tmp_path / "x.apkg", NOTES, media={name: b"x"}))
    assert "media file" in text
    assert text.isprintable()


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_member_packed_in_another_way_than_anki_does_is_refused(home: Home, tmp_path: Path, method: int) -> None:
    with zipfile.ZipFile(tmp_path / "x.apkg", "w", method) as archive:
        archive.writestr("collection.anki2", b"\0" * 999)
    assert "packed in a way that Anki does not use" in refused(home, tmp_path / "x.apkg")


def test_a_bomb_is_refused_before_it_is_unpacked(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flashcards.anki.package.archive.MAX_COLLECTION", 1 << 20)
    package = write_zip(tmp_path / "x.apkg", {"collection.anki2": b"\0" * (8 << 20)})
    assert "implausibly large" in refused(home, package)


def test_a_bomb_of_zstd_is_refused_too(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flashcards.anki.package.archive.MAX_COLLECTION", 1 << 20)
    members = {"meta": b"\x08\x03", "media": zstd.compress(b""), "collection.anki21b": zstd.compress(b"\0" * (8 << 20))}
    assert "implausibly large" in refused(home, write_zip(tmp_path / "x.apkg", members))


def test_the_error_about_a_newer_format_explains_how_to_get_an_older_one(home: Home, tmp_path: Path) -> None:
    package = write_zip(tmp_path / "x.apkg", {"meta": b"\x08\x07", "collection.anki21c": b""})
    assert "older Anki versions" in refused(home, package)


def test_a_newer_schema_is_refused(home: Home, tmp_path: Path) -> None:
    assert "newer" in refused(home, write_package(tmp_path / "x.apkg", NOTES, col={"ver": 19}))


@pytest.mark.parametrize("schema", [1, 10, "x"])
def test_an_unknown_schema_is_refused(home: Home, tmp_path: Path, schema: object) -> None:
    refused(home, write_package(tmp_path / "x.apkg", NOTES, col={"ver": schema}))


@pytest.mark.parametrize("column", ["conf", "models", "decks", "dconf"])
@pytest.mark.parametrize("text", ["{", "[]", "null", '{"1": 3}', '{"x": {}}', "[" * 10_000])
def test_broken_json_is_refused(home: Home, tmp_path: Path, column: str, text: str) -> None:
    if column == "conf" and text.startswith('{"'):
        pytest.skip("is a configuration like any other")
    refused(home, write_package(tmp_path / "x.apkg", NOTES, col={column: text}))


def test_a_list_of_media_that_is_not_json_is_refused(home: Home, tmp_path: Path) -> None:
    package = write_zip(tmp_path / "x.apkg", {"collection.anki2": b"", "media": b"{{"})
    refused(home, package)


def test_a_note_without_its_note_type_is_refused(home: Home, tmp_path: Path) -> None:
    assert "note type" in refused(home, write_package(tmp_path / "x.apkg", [Made(["a", "b"], type=99)]))


def test_a_collection_that_is_not_a_database_is_refused(home: Home, tmp_path: Path) -> None:
    refused(home, write_zip(tmp_path / "x.apkg", {"collection.anki2": b"not a database" * 99}, {}))


def test_a_database_without_the_tables_is_refused(home: Home, tmp_path: Path) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE x (y)")
    refused(home, write_zip(tmp_path / "x.apkg", {"collection.anki2": connection.serialize()}, {}))
    connection.close()


def test_an_encrypted_member_is_refused(home: Home, tmp_path: Path) -> None:
    package = write_package(tmp_path / "x.apkg", NOTES)
    data = bytearray(package.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(signature)
        data[at + offset] |= 1
    package.write_bytes(bytes(data))
    assert "encrypted" in refused(home, package)


def test_a_note_with_fewer_fields_than_its_type_is_read(home: Home, tmp_path: Path) -> None:
    types = TYPES | {BASIC: TYPES[BASIC]}
    assert home.import_file(write_package(tmp_path / "x.apkg", [Made(["a"])], types=types)).added == 1


def test_cards_without_a_note_and_reviews_without_a_card_are_counted_and_left_out(home: Home, tmp_path: Path) -> None:
    package = write_package(tmp_path / "x.apkg", NOTES)
    with zipfile.ZipFile(package) as archive:
        connection = sqlite3.connect(":memory:")
        connection.deserialize(archive.read("collection.anki2"))
    connection.execute("INSERT INTO revlog VALUES (1600000000000, 7, -1, 3, 1, 0, 2500, 9, 0)")
    connection.execute("UPDATE cards SET nid = 5 WHERE id IN (SELECT max(id) FROM cards)")
    connection.commit()
    write_zip(package, {"collection.anki2": connection.serialize()}, {})
    connection.close()
    messages = " ".join(remark.message for remark in home.import_file(package).remarks)
    assert "1 card belongs to no note and was left out" in messages
    assert "1 review belongs to no card" in messages
    assert "1 note has no cards" in messages


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    log = [(1_600_000_000_000 + n * 86_400_000, 3, n + 1, n, 2500, 4000, 1 if n else 0) for n in range(9)]
    note = Made(["a<b>b</b>", "c"], cards={0: {"type": 2, "queue": 2, "ivl": 9, "due": 3000, "reps": 9}}, log=log)
    path = tmp_path_factory.mktemp("sample") / "x.apkg"
    return write_package(path, [note, *NOTES], media={"a.png": b"x" * 100}).read_bytes()


def read_whole(path: Path) -> None:
    """Read everything that an import reads, as far as the package allows."""
    with Archive(path) as archive:
        package = read_package(archive)
        assert package.notes is not None
        for name in archive.media:
            archive.unpack_media_file(name, path.with_name("medium"))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_a_package_with_flipped_bits_is_read_or_refused(sample: bytes, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    data = bytearray(sample)
    for _ in range(chance.choice([1, 1, 3, 30])):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path = tmp_path / "x.apkg"
    path.write_bytes(bytes(data[: chance.choice([len(data), len(data), chance.randrange(len(data))])]))
    try:
        read_whole(path)
    except FlashcardsError as error:
        assert isinstance(error, (PackageInvalid, PackageNewer))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_a_collection_with_flipped_bits_is_read_or_refused(sample: bytes, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    path = tmp_path / "x.apkg"
    path.write_bytes(sample)
    with zipfile.ZipFile(path) as archive:
        data = bytearray(archive.read("collection.anki2"))
    for _ in range(chance.choice([1, 5, 50])):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    write_zip(path, {"collection.anki2": bytes(data)}, {})
    try:
        read_whole(path)
    except FlashcardsError as error:
        assert isinstance(error, (PackageInvalid, PackageNewer))


@given(
    text=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=4),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["1", "name", "flds", "tmpls", "type", "conf", "new", "delays", "qfmt"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    ),
    column=st.sampled_from(["models", "decks", "dconf", "conf"]),
)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_json_is_read_or_refused(tmp_path: Path, text: object, column: str) -> None:
    path = write_package(tmp_path / "x.apkg", NOTES, col={column: json.dumps(text)})
    try:
        read_whole(path)
    except FlashcardsError as error:
        assert isinstance(error, (PackageInvalid, PackageNewer))


def test_a_deck_whose_name_turns_the_direction_of_text_becomes_a_plain_file(home: Home, tmp_path: Path) -> None:
    home.import_file(write_package(tmp_path / "x.apkg", [Made(["a", "b"])], decks={1: "\u202egpj::\x1b]0;x\x07"}))
    assert [path.relative_to(home.root).as_posix() for path in home.root.rglob("*.md")] == ["gpj/-0;x.md"]
