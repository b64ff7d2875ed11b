"""Cloze notes keep every card, whatever stands in their gaps."""

from __future__ import annotations

from pathlib import Path

import pytest

from flashcards.anki.exports.export import export_package
from flashcards.collection import Collection
from tests.anki.imports.home import Home
from tests.anki.imports.packages import (
    CLOZE,
    CREATED,
    START,
    Made,
    edit_package,
    note_type,
    studied,
    write_package,
)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return tmp_path / "x.apkg"


def cloze(text: str, extra: str = "", ords: tuple[int, ...] = (0,)) -> Made:
    """A cloze whose first card was reviewed three times."""
    note = studied(3)
    return Made(
        [text, extra], type=CLOZE, cards={ords[0]: note.cards[0], **{each: {} for each in ords[1:]}}, log=note.log
    )


def slots(home: Home) -> list[tuple[str, int]]:
    """The cards here and the number of reviews of each."""
    with Collection(home.root) as collection:
        return collection.connection.execute("SELECT slot, reps FROM cards WHERE active = 1 ORDER BY slot").fetchall()


def test_cards_of_removed_gaps_ask_a_gap_at_the_end_of_the_text(home: Home, package: Path) -> None:
    report = home.import_file(write_package(package, [cloze("Paris is here", ords=(0, 1))]))
    assert home.read("Deck.md") == "C: Paris is here\n\n{{c1,2::—}}\n"
    assert slots(home) == [("c1", 3), ("c2", 0)]
    assert report.reviews == 3
    assert [remark.message for remark in report.remarks] == [
        "1 note: a card has no gap in its text and now asks one at the end."
    ]
    assert not home.import_file(package).changes_anything


def test_a_card_without_a_gap_asks_what_only_the_back_shows(home: Home, package: Path) -> None:
    home.import_file(write_package(package, [cloze("{{c1::Paris}} is here", "notes", ords=(0, 2))]))
    assert home.read("Deck.md") == "C: {{c1::Paris}} is here\n\n{{c1,3::notes}}\n"
    assert slots(home) == [("c1", 3), ("c3", 0)]


@pytest.mark.parametrize("number", [500, 501, 999])
def test_a_gap_of_the_highest_number_keeps_its_card(home: Home, package: Path, number: int) -> None:
    home.import_file(write_package(package, [cloze(f"a {{{{c{number}::b}}}}", ords=(499,))]))
    assert home.read("Deck.md") == "C: a {{c499::b}}\n"
    assert slots(home) == [("c499", 3)]


def test_an_empty_gap_costs_no_card(home: Home, package: Path) -> None:
    report = home.import_file(write_package(package, [cloze("{{c1::}} and {{c2::<br>}} {{c3::x}}", ords=(0, 1, 2))]))
    assert slots(home) == [("c1", 3), ("c2", 0), ("c3", 0)]
    assert [remark.message for remark in report.remarks] == ["1 note: an empty gap is now `—`."]
    assert not home.import_file(package).changes_anything


@pytest.mark.parametrize("extra", ["<table><tr><td><br></td></tr></table>", '<img src="">', "<video></video>"])
def test_a_back_that_shows_nothing_more_adds_no_gap(home: Home, package: Path, extra: str) -> None:
    report = home.import_file(write_package(package, [cloze("a {{c1::b}}", extra)]))
    assert home.read("Deck.md") == "C: a {{c1::b}}\n"
    assert report.remarks == []


def test_a_gap_in_a_field_that_is_not_shown_as_a_cloze_is_its_text(home: Home, package: Path) -> None:
    home.import_file(write_package(package, [cloze("{{c1::a}}", "ex {{c3::not {{c2::a}} gap}} {{c4::open")]))
    assert home.read("Deck.md") == "C: {{c1::a}}\n\n{{c1::ex not a gap \\{\\{c4:&#58;open}}\n"


def test_gaps_in_a_table_that_markdown_cannot_represent_are_asked_in_lines(home: Home, package: Path) -> None:
    table = "<table><tr><td colspan=2>{{c1::a}}</td></tr><tr><td>b</td><td>{{c2::c}}</td></tr></table>"
    home.import_file(write_package(package, [cloze(table, ords=(0, 1))]))
    assert home.read("Deck.md") == "C: {{c1::a}}\\\nb\\\n{{c2::c}}\n"
    assert slots(home) == [("c1", 3), ("c2", 0)]


SECTIONS = note_type(
    "Sections",
    1,
    ["Text", "Hint"],
    ("{{cloze:Text}}{{#c1}} one: {{Hint}}{{/c1}}{{^c1}} others{{/c1}}", "{{cloze:Text}}"),
)


@pytest.mark.parametrize(
    ("text", "ords", "expected"),
    [
        ("{{c1::a}}", (0,), "C: {{c1::a}} one: hint\n"),
        ("{{c2::b}}", (1,), "C: {{c2::b}} others\n"),
        (
            "{{c1::a}} {{c2::b}} {{c3::c}}",
            (0, 1, 2),
            "C: {{c1::a}} b c one: hint\n\nC: a {{c2::b}} {{c3::c}} others\n",
        ),
    ],
)
def test_text_that_a_template_shows_on_some_cards_is_only_on_those(
    home: Home, package: Path, text: str, ords: tuple[int, ...], expected: str
) -> None:
    note = Made([text, "hint"], type=9, cards={each: {} for each in ords})
    report = home.import_file(write_package(package, [note], types={9: SECTIONS}))
    assert home.read("Deck.md") == expected
    assert [remark.message for remark in report.remarks if "conditional parts" in remark.message] == []
    assert not home.import_file(package).changes_anything


def test_a_backslash_before_a_gap_is_text_and_its_card_stays(home: Home, package: Path) -> None:
    ours = note_type("Flashcards Cloze", 1, ["Text", "Source"], ("{{cloze:Text}}", "{{cloze:Text}}"))
    other = note_type("Cloze", 1, ["Text"], ("{{cloze:Text}}", "{{cloze:Text}}"))
    notes = [
        Made([r"{{c1::a}} \{{c2::b}}", *rest], type=kind, cards={0: {}, 1: {}})
        for kind, rest in ((9, ["x.md"]), (8, []))
    ]
    report = home.import_file(write_package(package, notes, types={9: ours, 8: other}))
    assert "{{c1::a}} \\\\{{c2::b}}" in home.read("x.md")
    assert "{{c1::a}} \\\\{{c2::b}}" in home.read("Deck.md")
    assert report.remarks == []


def test_a_gap_removed_from_our_note_is_not_restored(home: Home, package: Path) -> None:
    ours = note_type("Flashcards Cloze", 1, ["Text", "Source"], ("{{cloze:Text}}", "{{cloze:Text}}"))
    note = Made(["{{c1::a}} b", "x.md"], type=9, cards={0: {}, 1: {}})
    report = home.import_file(write_package(package, [note], types={9: ours}))
    assert home.read("x.md").endswith("C: {{c1::a}} b\n")
    assert [remark.message for remark in report.remarks] == [
        "1 note: a card whose gap was removed from the text was left out."
    ]


def test_reviews_of_a_card_are_imported_even_if_its_gap_was_removed(home: Home, package: Path, tmp_path: Path) -> None:
    kind = note_type("Flashcards Cloze", 1, ["Text", "Source"], ("{{cloze:Text}}", "{{cloze:Text}}"))
    note = Made(["{{c1::a}} {{c2::b}}", "x.md"], type=9, cards={0: {}, 1: {}}, mod=CREATED + 100)
    home.import_file(write_package(package, [note], types={9: kind}))
    reviewed = edit_package(
        package,
        tmp_path / "reviewed.apkg",
        f"INSERT INTO revlog SELECT {START}, id, -1, 3, 1, 0, 2500, 9, 0 FROM cards WHERE ord = 1",
        "UPDATE cards SET type = 2, queue = 2, ivl = 1, due = 1200, reps = 1 WHERE ord = 1",
        "UPDATE notes SET flds = replace(flds, '{{c2::b}}', 'b'), mod = mod + 100",
    )
    assert home.import_file(reviewed).reviews == 1
    assert slots(home) == [("c1", 0)]
    with Collection(home.root) as collection:
        assert collection.connection.execute("SELECT id, rating FROM reviews").fetchall() == [(START, 3)]
    assert not home.import_file(reviewed).changes_anything


def test_text_kept_as_plain_text_stays_hidden_if_only_the_back_shows_it(home: Home, package: Path) -> None:
    home.import_file(
        write_package(package, [cloze("- {{c1::a}}", "<svg><text>b</text><image></image></svg> c<div><br></div>")])
    )
    assert home.read("Deck.md") == "C: \\- {{c1::a}}\n\n{{c1::b c}}\n"


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("Intro {{c1::first *x*\n\nsecond}} end.", ""),
        ("Do:\n\n- {{c1::a\n- b}} end\n- c", ""),
        ("x {{c1::a\n\n- b\n\n```py\ncode\n\n\nmore\n```\n\nz}} end", ""),
        ("Intro {{c1,2::first {{c3::in}}\n\nsecond::hint}} end", ""),
        ("{{c1::a}} {{c1::b\n\nc {{c2::d\n\ne}} f}} end {{c2::g}}", ""),
        # joined, the second part would be a list
        ("{{c1::first\n\n\\- a}} end", "{{c1::first}}\n\n{{c1::- a}} END"),
    ],
)
def test_a_gap_over_several_blocks_stays_one_gap_if_the_note_is_edited_in_anki(
    home: Home, tmp_path: Path, text: str, joined: str
) -> None:
    home.write("a.md", f"C: {text}\n")
    home.with_collection(lambda collection: export_package(collection, ["a"], tmp_path / "x.apkg"))
    there = "UPDATE notes SET flds = replace(flds, 'end', 'END'), mod = mod + 1000"
    home.import_file(edit_package(tmp_path / "x.apkg", tmp_path / "y.apkg", there))
    assert home.read("a.md") == f"C: {joined or text.replace('end', 'END')}\n"


TWO_FIELDS = note_type("Two fields", 1, ["A", "B"], ("{{cloze:A}} {{cloze:B}}", "{{cloze:A}} {{cloze:B}}"))


@pytest.mark.parametrize(
    ("fields", "decks", "before", "after"),
    [
        (["{{c1::a}}", "{{c2,3::b}} {{c4::c}}"], (1, 1, 1, 1), "C: {{c2,3::b}} {{c4::c}}", "C: {{c3::b}} {{c4::c}} d"),
        (["{{c1::a}} {{c2,3::b}} {{c4::c}}", ""], (1, 2, 2, 2), "C: a {{c2,3::b}}", "C: a {{c3::b}} {{c4::c}} d"),
    ],
)
def test_an_edit_reaches_the_notes_that_a_cloze_became(
    home: Home, package: Path, tmp_path: Path, fields: list[str], decks: tuple[int, ...], before: str, after: str
) -> None:
    note = Made(fields, type=9, cards={ord_: {"did": deck} for ord_, deck in enumerate(decks)})
    home.import_file(write_package(package, [note], types={9: TWO_FIELDS}, decks={1: "Deck", 2: "Other"}))
    assert before in "".join(map(home.read, home.files()))
    edits = ("DELETE FROM cards WHERE ord = 1", "UPDATE notes SET flds = replace(flds, '{{c2,3::', '{{c3::')")
    appended = "UPDATE notes SET mod = mod + 100, flds = replace(flds, '{{c4::c}}', '{{c4::c}} d')"
    report = home.import_file(edit_package(package, tmp_path / "later.apkg", *edits, appended))
    assert (report.added, report.files) == (0, sorted(report.files))
    assert after in "".join(map(home.read, home.files()))
    assert [slot for slot, _ in slots(home)] == ["c1", "c3", "c4"]


def test_a_gap_of_several_numbers_is_asked_once_for_each_in_the_notes_of_its_fields(home: Home, package: Path) -> None:
    note = Made(["{{c1,2::a}}", "{{c2::b}}"], type=9, cards={0: {}, 1: studied(3).cards[0]}, log=studied(3).log)
    home.import_file(write_package(package, [note], types={9: TWO_FIELDS}))
    assert home.read("Deck.md") == "C: {{c1::a}}\n\nC: {{c2::a}} {{c2::b}}\n"
    assert [slot for slot, _ in slots(home)] == ["c1", "c2"]


def test_a_gap_with_a_capital_letter_is_text_as_in_anki(home: Home, tmp_path: Path) -> None:
    note = Made(["{{C1::a}} {{c2::b}}", ""], type=CLOZE, cards={1: {}})
    home.import_file(write_package(tmp_path / "x.apkg", [note]))
    assert home.read("Deck.md") == "C: {{C1::a}} {{c2::b}}\n"
    assert len(home.state()[0]) == 1
