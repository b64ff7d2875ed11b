"""What a package makes us compute is bounded by its size: each of these asks for gigabytes, hours, or no end at all."""

from __future__ import annotations

import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import pytest
from backports import zstd

from flashcards.anki.package import decoding
from flashcards.importers import databases
from tests.anki.imports.home import Home, refused
from tests.anki.imports.packages import BASIC, CLOZE, TYPES, Made, note_type, write_package, write_zip

NOTES = [Made(["a", "b"]), Made(["c", "d"])]
ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)"
LOG = "x id, 1 cid, 1 ease, 1 ivl, 1 lastIvl, 0 factor, 0 time, 0 type"


def rewritten(package: Path, *statements: str) -> Path:
    """The package after these statements."""
    with zipfile.ZipFile(package) as archive:
        connection = sqlite3.connect(":memory:")
        connection.deserialize(archive.read("collection.anki2"))
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    write_zip(package, {"collection.anki2": connection.serialize()}, {})
    connection.close()
    return package


def with_back(back: str, *more: Any) -> dict[int, dict[str, Any]]:
    """Note types whose basic one has this back."""
    return TYPES | {BASIC: note_type("Basic", 0, ["Front", "Back"], ("{{Front}}", back), *more)}


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("revlog", LOG),
        ("notes", "x id, 'g' || x guid, 1 mid, 0 mod, '' tags, 'a' flds"),
        ("col", "1 crt, 1 mod, 11 ver, '{}' conf, '{}' models, '{}' decks, '{}' dconf"),
    ],
)
def test_a_view_that_never_ends_in_place_of_a_table_is_refused(
    home: Home, tmp_path: Path, table: str, columns: str
) -> None:
    package = write_package(tmp_path / "x.apkg", NOTES)
    rewritten(package, f"DROP TABLE {table}", f"CREATE VIEW {table} AS {ENDLESS} SELECT {columns} FROM c")
    assert f"`{table}` is not a plain table" in refused(home, package)


def test_a_column_that_computes_its_value_is_refused(home: Home, tmp_path: Path) -> None:
    package = write_package(tmp_path / "x.apkg", NOTES)
    columns = "id integer primary key, guid, mid, mod, tags, flds AS (hex(zeroblob(400000000)))"
    rewritten(package, "DROP TABLE notes", f"CREATE TABLE notes ({columns})")
    assert "`notes` is not a plain table" in refused(home, package)


def test_the_tables_of_later_schemas_must_be_plain_too(home: Home, tmp_path: Path) -> None:
    tables = {"notetypes (id integer, name text, config blob)": [(1, "a", b"")]}
    package = write_package(tmp_path / "x.apkg", NOTES, tables=tables)
    rewritten(
        package,
        f"CREATE VIEW fields AS {ENDLESS} SELECT 1 ntid, 'a' name, x ord FROM c",
        "CREATE TABLE templates (ntid, name, config, ord)",
    )
    assert "`fields` is not a plain table" in refused(home, package)


def test_the_steps_of_a_query_are_limited_by_the_size_of_its_database() -> None:
    connection = sqlite3.connect(":memory:")
    databases.limit_queries(connection, 1 << 20)
    with pytest.raises(sqlite3.OperationalError) as stopped:
        connection.execute(f"{ENDLESS} SELECT max(x) FROM c").fetchone()
    assert "too long" in (databases.find_limit(stopped.value) or "")
    connection.close()


def test_a_value_is_never_larger_than_a_note_can_be() -> None:
    connection = sqlite3.connect(":memory:")
    databases.limit_queries(connection, 1 << 20)
    with pytest.raises((sqlite3.DataError, sqlite3.OperationalError)) as stopped:
        connection.execute("SELECT hex(zeroblob(400000000))").fetchone()
    assert "implausibly large" in (databases.find_limit(stopped.value) or "")
    connection.close()


def test_more_rows_than_fit_into_the_package_are_refused(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "_FREE_ROWS", 100)
    package = write_package(tmp_path / "x.apkg", [Made(["", ""]) for _ in range(2_000)])
    assert "implausible" in refused(home, package)


@pytest.mark.parametrize("data", [b"\x0a\x00" * 300_000, b"\x0a\x00" * (16 << 20)])
def test_a_list_of_more_media_than_a_package_can_hold_is_refused(home: Home, tmp_path: Path, data: bytes) -> None:
    members = {"meta": b"\x08\x03", "media": zstd.compress(data), "collection.anki21b": zstd.compress(b"x")}
    assert "im" in refused(home, write_zip(tmp_path / "x.apkg", members))


def test_a_list_of_media_that_is_nested_too_deeply_is_refused(home: Home, tmp_path: Path) -> None:
    package = write_package(tmp_path / "x.apkg", NOTES)
    with zipfile.ZipFile(package) as archive:
        collection = archive.read("collection.anki2")
    write_zip(package, {"collection.anki2": collection, "media": b"[" * 200_000})
    assert "nested too deeply" in refused(home, package)


@pytest.mark.parametrize("column", ["media", "models", "decks"])
def test_json_of_more_values_than_a_package_can_need_is_refused(home: Home, tmp_path: Path, column: str) -> None:
    text = '{"a": [' + "[]," * 1_000_001 + "1]}"
    if column == "media":
        package = write_zip(tmp_path / "x.apkg", {"collection.anki2": b"x", "media": text.encode()})
    else:
        package = write_package(tmp_path / "x.apkg", NOTES, col={column: text})
    assert "implausibly long" in refused(home, package)


def test_a_large_collection_that_grows_a_thousandfold_is_refused(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flashcards.anki.package.archive._ANY_RATIO", 16 << 20)
    package = write_zip(tmp_path / "x.apkg", {"collection.anki2": b"\0" * (40 << 20)})
    assert "implausibly large" in refused(home, package)


def test_a_long_silence_that_packs_very_well_is_imported(home: Home, tmp_path: Path) -> None:
    silence = b"RIFF" + b"\0" * (40 << 20)
    package = write_package(tmp_path / "x.apkg", [Made(["a [sound:s.wav]", "b"])], media={"s.wav": silence})
    assert package.stat().st_size * 400 < len(silence)
    home.import_file(package)
    assert next(home.root.rglob("s.wav")).stat().st_size == len(silence)


@pytest.mark.parametrize("times", [300, 20_000])
def test_a_template_that_repeats_a_field_without_measure_is_refused(home: Home, tmp_path: Path, times: int) -> None:
    package = write_package(tmp_path / "x.apkg", [Made(["a", "b" * 100_000])], types=with_back("{{Back}}" * times))
    assert "implausibly long" in refused(home, package)


@pytest.mark.slow
def test_many_equal_long_notes_are_imported_even_if_highly_compressed(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "_FREE_PIECES", 50_000)
    notes = [Made([f"a{number}", "<b>b</b>" * 1_000]) for number in range(200)]
    package = write_package(tmp_path / "x.apkg", notes)
    assert package.stat().st_size * 100 < sum(len(field) for note in notes for field in note.fields)
    assert home.import_file(package).added == 200


def test_many_cards_that_are_long_each_are_refused_together(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "_FREE_PIECES", 50_000)
    notes = [Made(["a", "b"]) for _ in range(200)]
    package = write_package(tmp_path / "x.apkg", notes, types=with_back("{{Back}}" + "x" * 2_000))
    assert "implausibly long" in refused(home, package)


def test_a_deck_of_very_many_levels_gets_a_file_that_can_be_read(home: Home, tmp_path: Path) -> None:
    deck = "::".join(["a"] * 900)
    package = write_package(tmp_path / "x.apkg", [Made(["one", "b"], deck=2)], decks={1: "Default", 2: deck})
    assert home.import_file(package).added == 1
    assert (home.root / ("a/" * 100 + "a.md")).is_file()
    assert home.import_file(package).unchanged == 1


def test_sections_that_are_nested_too_deeply_are_refused(home: Home, tmp_path: Path) -> None:
    package = write_package(tmp_path / "x.apkg", NOTES, types=with_back("{{#Back}}" * 50_000 + "{{Back}}"))
    assert "sections" in refused(home, package)


@pytest.mark.parametrize("number", ["9" * 5_000, "0" * 10_000 + "1"])
def test_a_reference_to_no_character_stops_no_import(home: Home, tmp_path: Path, number: str) -> None:
    note = Made([f"a &#{number}; b", f'<img alt="&#{number};" src="&#{number};">'])
    assert home.import_file(write_package(tmp_path / "x.apkg", [note])).added == 1


@pytest.mark.parametrize("number", ["9" * 5_000, "0" * 10_000 + "1"])
def test_a_gap_whose_number_no_card_can_have_is_text(home: Home, tmp_path: Path, number: str) -> None:
    note = Made([f"{{{{c{number}::a}}}} {{{{c1::b}}}}", ""], CLOZE)
    assert home.import_file(write_package(tmp_path / "x.apkg", [note])).added == 1


UNCLOSED = [
    *("[latex]", "[$]", "[$$]", "\\(", "\\[", "$$", "<a ", "<hr", "<img ", "<p hidden ", "<p hidden>", "[anki:tts]"),
    *("[anki:tts ", "[sound:", "<!--", "<anki-mathjax>", "{{c1::", "a[", " ", "<br ", "</p ", "<div><span>", '<a b="'),
    *("<p style='", "\\def\\a ", "&nbsp;", "<table><td>", "<pre>", "<title>", "a<!---->", "<hr id=answer ", "::"),
]


@pytest.mark.slow
@pytest.mark.parametrize("piece", UNCLOSED)
def test_openings_that_are_never_closed_are_read_in_linear_time(home: Home, tmp_path: Path, piece: str) -> None:
    """Quadratic time would be minutes."""
    text = piece * (200_000 // len(piece))
    notes = [Made([f"q{text}none", f"a {text}"])]
    types = with_back("{{FrontSide}}<hr id=answer>{{furigana:Back}}{{hint:Back}}{{text:Back}}")
    assert home.import_file(write_package(tmp_path / "x.apkg", notes, types=types)).added == 1


@pytest.mark.slow
def test_an_unchanged_note_is_searched_for_lost_media_in_linear_time(home: Home, tmp_path: Path) -> None:
    """Quadratic time would be half a minute."""
    package = write_package(tmp_path / "x.apkg", [Made(["q", "[sound:" * 60_000])], media={"a.png": b"x"})
    home.import_file(package)
    assert home.import_file(package).unchanged == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a", "-", "color "])
def test_a_long_style_is_read_in_linear_time(home: Home, tmp_path: Path, name: str) -> None:
    """Quadratic time would be minutes."""
    note = Made([f'<span style="{name * 200_000}">q</span>', "a"])
    assert home.import_file(write_package(tmp_path / "x.apkg", [note])).added == 1


@pytest.mark.slow
@pytest.mark.parametrize("piece", ["<a onclick=x>a</a> ", "word <p hidden>{{c1::word b}}</p>"])
def test_buttons_and_hidden_texts_are_read_in_linear_time(home: Home, tmp_path: Path, piece: str) -> None:
    """Quadratic time would be minutes."""
    note = Made([f"q<p hidden>x</p>{piece * 20_000}", "a"])
    assert home.import_file(write_package(tmp_path / "x.apkg", [note])).added == 1


@pytest.mark.slow
@pytest.mark.parametrize("piece", [*UNCLOSED, "\\def\\a{x}", "{{x}}", "{{", "<a {{x}}"])
def test_a_template_of_unclosed_pieces_is_read_in_linear_time(home: Home, tmp_path: Path, piece: str) -> None:
    """Quadratic time would be minutes."""
    text = piece * (100_000 // len(piece))
    package = write_package(tmp_path / "x.apkg", NOTES, types=with_back(f"{{{{Back}}}}\\({text}"))
    assert home.import_file(package).added == 2


def test_notes_of_many_tags_are_written_in_linear_time(home: Home, tmp_path: Path) -> None:
    tags = " ".join(f"t{number}" for number in range(20_000))
    package = write_package(tmp_path / "x.apkg", [Made(["a", "b"], tags=tags), Made(["c", "d"], tags=tags)])
    assert home.import_file(package).added == 2


def test_gaps_within_gaps_without_end_are_read(home: Home, tmp_path: Path) -> None:
    deep = "{{c1::" * 20_000 + "x" + "}}" * 20_000
    notes = [Made([deep, deep], CLOZE, cards={0: {}}), Made([f"{{{{c2::b}}}} {deep}", deep], CLOZE, cards={1: {}})]
    assert home.import_file(write_package(tmp_path / "x.apkg", notes)).added == 2
