"""What becomes of a file that was written before: each note is replaced, added or refused by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from flashcards.anki.imports.deck_text import FileText, change_file, make_file
from flashcards.anki.imports.incoming_notes import IncomingNote
from flashcards.deck.model import FORWARD, Kind
from tests.anki.imports.home import Home
from tests.anki.imports.packages import Made, write_package

DRAFT = IncomingNote(
    source="",
    part=0,
    kind=Kind.QUESTION,
    fields=(),
    cards=((0, FORWARD),),
    reverse=False,
    typed=False,
    tags=(),
    deck="Deck",
    path="",
    breadcrumb=(),
    content=b"",
    changed_s=0,
)
IMPOSSIBLE = DRAFT._replace(source="bad", fields=("a", "b"), cards=((0, "backwards"),))


def basic(front: str, back: str = "x") -> IncomingNote:
    return DRAFT._replace(source=front, fields=(front, back))


def refused(text: FileText) -> list[str]:
    return [draft.source for draft in text.refused]


def test_other_notes_are_added_although_one_cannot_be() -> None:
    found = change_file("a.md", "Q: 1\nA: x\n", [], [basic("2"), IMPOSSIBLE, basic("3")])
    assert found.text == "Q: 1\nA: x\n\nQ: 2\nA: x\n\nQ: 3\nA: x\n"
    assert refused(found) == ["bad"]


def test_a_new_file_gets_the_other_notes_although_one_cannot_be_written() -> None:
    found = make_file("Deck.md", [basic("2"), IMPOSSIBLE, basic("3")])
    assert found.text == "Q: 2\nA: x\n\nQ: 3\nA: x\n"
    assert refused(found) == ["bad"]


def test_a_cloze_whose_gaps_cannot_be_written_asks_its_cards_at_its_end() -> None:
    gaps = DRAFT._replace(kind=Kind.CLOZE, fields=("{{c1::}} *empty* {{c3::x",), cards=((2, "c3"), (0, "c1")))
    found = make_file("Deck.md", [basic("2"), gaps])
    assert found.text == "Q: 2\nA: x\n\nC: &#42;empty&#42; x {{c1,3::—}}\n"
    assert [draft.problems for draft in found.drafts.values()] == [
        (),
        ("its gaps cannot be written; its cards ask one at the end",),
    ]


def test_other_notes_are_replaced_although_one_cannot_be() -> None:
    before = "Q: 1\nA: x\n\n---\n\n- Rome :: Italy\n- Bern :: Switzerland\n"
    found = change_file("a.md", before, [(1, basic("1", "y")), (6, basic("Rome", "one\n\ntwo"))], [basic("2")])
    assert found.text == "Q: 1\nA: y\n\n---\n\n- Rome :: Italy\n- Bern :: Switzerland\n\nQ: 2\nA: x\n"
    assert refused(found) == ["Rome"]


def test_a_second_line_of_a_pair_in_a_list_stays_on_its_line() -> None:
    found = change_file("a.md", "- Rome :: Italy\n- Bern :: x\n", [(1, basic("Rome", "Italy\\\nLazio"))], [])
    assert found.text == "- Rome :: Italy<br>Lazio\n- Bern :: x\n"
    assert refused(found) == []


def test_no_note_is_added_to_a_file_that_ends_in_open_code_but_its_notes_are_replaced() -> None:
    before = "Q: 1\nA: x\n\nQ: 2\nA: code\n\n```\nopen\n"
    found = change_file("a.md", before, [(1, basic("1", "y"))], [basic("3")])
    assert found.text == before.replace("A: x", "A: y")
    assert refused(found) == ["3"]


def test_a_note_with_the_same_content_stays_as_it_is_written() -> None:
    before = "Q:   1\nA:\n\nx\n"
    found = change_file("a.md", before, [(1, basic("1"))], [])
    assert found.text == before
    assert not found.drafts
    assert [draft.source for draft in found.said] == ["1"]


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return tmp_path / "x.apkg"


def test_a_file_tag_removed_in_anki_is_reported_until_the_file_loses_it(home: Home, package: Path) -> None:
    tagged = [Made(["a", "b"], tags="exam hard"), Made(["c", "d"], tags="exam")]
    home.import_file(write_package(package, tagged))
    before = home.read("Deck.md")
    write_package(package, [tagged[0], Made(["c", "d"])])
    for _ in range(2):
        report = home.import_file(package)
        assert home.read("Deck.md") == before
        assert (report.updated, report.kept) == (0, 1)
        assert not report.changes_anything
        assert [remark.place for remark in report.remarks] == ["Deck.md"]
        assert report.remarks[0].message.startswith("1 note is no longer tagged `exam` in the package;")


def test_a_text_that_changes_together_with_a_file_tag_is_updated(home: Home, package: Path) -> None:
    home.import_file(write_package(package, [Made(["a", "b"], tags="exam"), Made(["c", "d"], tags="exam")]))
    report = home.import_file(write_package(package, [Made(["a", "b"], tags="exam"), Made(["c", "new"])]))
    assert home.read("Deck.md") == "---\ntags: [exam]\n---\n\nQ: a\nA: b\n\nQ: c\nA: new\n"
    assert (report.updated, report.kept, len(report.remarks)) == (1, 0, 1)


def test_a_change_that_cannot_be_written_is_described(home: Home, package: Path) -> None:
    home.import_file(write_package(package, [Made(["Rome", "Italy"]), Made(["a", "b"])]))
    home.write("Deck.md", "- Rome :: Italy\n- Bern :: Switzerland\n\nQ: a\nA: b\n")
    changed = [Made(["Rome", "<p>one</p><p>two</p>"]), Made(["a", "new"])]
    report = home.import_file(write_package(package, changed))
    assert home.read("Deck.md") == "- Rome :: Italy\n- Bern :: Switzerland\n\nQ: a\nA: new\n"
    assert (report.updated, report.kept) == (1, 1)
    assert [tuple(remark) for remark in report.remarks] == [
        (
            "Deck.md:1",
            "Changed in the package, but the change cannot be written here; kept as it is. In the package: Rome",
        )
    ]


def test_a_change_of_hidden_text_in_the_package_is_not_an_update(home: Home, package: Path) -> None:
    home.import_file(write_package(package, [Made(["a", "b"])]))
    report = home.import_file(write_package(package, [Made(["<span>a</span>", "b"])]))
    assert (report.updated, report.unchanged, report.changes_anything) == (0, 1, False)
    home.write("Deck.md", "Q: a\nA: mine\n")
    report = home.import_file(package)
    assert (report.kept, report.remarks) == (0, [])
