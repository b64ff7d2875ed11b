"""An edit on one side never disappears because the other side edited, too."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from flashcards.anki.imports.merging import merge_tags, show_difference
from flashcards.collection import Collection
from flashcards.importers.transaction import ImportReport
from tests.anki.exports.folder import Folder
from tests.anki.imports.home import Home
from tests.anki.imports.packages import CLOZE, CREATED, Made, edit_package, studied, write_package

DECK = "Q: perro?\nA: dog\n\nQ: gato?\nA: cat\n"
EDIT_S = 1_700_000_000
SET_BACK = "UPDATE notes SET flds = replace(flds, 'dog', 'the dog'), mod = {at} WHERE flds LIKE 'perro%'"
SET_FRONT = "UPDATE notes SET flds = replace(flds, 'perro?', '¿perro?'), mod = {at} WHERE flds LIKE 'perro%'"
TAG = "UPDATE notes SET tags = ' {tags} ', mod = {at} WHERE flds LIKE 'perro%'"


class Both:
    """A deck that went to Anki once, and then changes on both sides."""

    def __init__(self, folder: Path, deck: str = DECK) -> None:
        self.home = Home(folder / "decks")
        self.decks = Folder(self.home.root)
        self._tmp = folder
        self.write(deck)
        self.decks.export(folder / "out.apkg")

    def write(self, deck: str) -> None:
        self.decks.write("es.md", deck)

    def bring_back(self, *statements: str, at: int = EDIT_S) -> ImportReport:
        texts = [statement.replace("{at}", str(at)) for statement in statements]
        return self.home.import_file(edit_package(self._tmp / "out.apkg", self._tmp / "back.apkg", *texts, at_s=at))

    @property
    def text(self) -> str:
        return self.home.read("es.md")


@pytest.fixture
def both(tmp_path: Path) -> Both:
    return Both(tmp_path)


@pytest.mark.parametrize("at", [EDIT_S, 1_500_000_000])
def test_edits_of_different_fields_are_joined_whichever_is_older(both: Both, at: int) -> None:
    both.write(DECK.replace("perro?", "el perro?"))
    report = both.bring_back(SET_BACK, at=at)
    assert both.text == "Q: el perro?\nA: the dog\n\nQ: gato?\nA: cat\n"
    assert (report.updated, report.kept, report.remarks) == (1, 0, [])


def test_edits_of_one_field_keep_the_text_here_and_are_listed(both: Both) -> None:
    both.write(DECK.replace("perro?", "el perro?"))
    report = both.bring_back(SET_BACK, SET_FRONT)
    assert both.text == "Q: el perro?\nA: the dog\n\nQ: gato?\nA: cat\n"
    assert (report.updated, report.kept) == (1, 1)
    (remark,) = report.remarks
    assert remark.place == "es.md:1"
    assert remark.message.endswith("In the package: the front is `¿perro?`.")


def test_a_conflict_stays_one_until_the_texts_agree(both: Both) -> None:
    both.write(DECK.replace("perro?", "el perro?"))
    both.bring_back(SET_FRONT)
    assert both.bring_back(SET_FRONT).kept == 1
    both.write(DECK.replace("perro?", "¿perro?"))
    assert not both.bring_back(SET_FRONT).remarks


def test_an_edit_in_anki_alone_replaces_the_text_here(both: Both) -> None:
    assert both.bring_back(SET_BACK).updated == 1
    assert "A: the dog" in both.text


def test_an_edit_here_alone_stays(both: Both) -> None:
    both.write(DECK.replace("perro?", "el perro?"))
    report = both.bring_back("UPDATE cards SET mod = mod + 1")
    assert (report.updated, report.kept, report.remarks) == (0, 0, [])
    assert "el perro?" in both.text


def test_a_package_from_before_the_last_export_reverts_nothing(both: Both, tmp_path: Path) -> None:
    both.write(DECK.replace("perro?", "el perro?"))
    both.decks.export(tmp_path / "second.apkg")
    report = both.bring_back(SET_BACK)
    assert both.text == "Q: el perro?\nA: the dog\n\nQ: gato?\nA: cat\n"
    assert report.kept == 0


def test_an_edit_older_than_an_earlier_import_is_not_adopted_but_reported(both: Both) -> None:
    both.bring_back(SET_FRONT, at=EDIT_S)
    report = both.bring_back(SET_BACK, at=EDIT_S - 60)  # as after the clock of that computer was set back
    assert both.text.startswith("Q: ¿perro?\nA: dog\n")
    (remark,) = report.remarks
    assert remark.place == "back.apkg"
    assert remark.message == "1 note differs in this file but is older there than here; your text was kept."


def test_a_newer_note_is_kept_and_reported_without_any_earlier_import(tmp_path: Path) -> None:
    elsewhere = Folder(tmp_path / "elsewhere")
    elsewhere.write("d.md", "Q: a\nA: b\n<!-- id: k1 -->\n")
    elsewhere.export(tmp_path / "x.apkg")
    here = Home(tmp_path / "here")
    here.write("d.md", "Q: a\nA: better\n<!-- id: k1 -->\n")
    (remark,) = here.import_file(tmp_path / "x.apkg").remarks
    assert remark.message == "1 note differs in this file but is older there than here; your text was kept."
    assert "better" in here.read("d.md")


def test_a_merged_note_is_newer_than_the_note_in_anki(both: Both) -> None:
    both.write(DECK.replace("perro?", "el perro?"))
    both.bring_back(SET_BACK)
    with Collection(both.home.root) as collection:
        collection.scan()
        changed = {entry.note.fields[0]: entry.modified_ms for entry in collection.catalog.entries()}
    assert changed["el perro?"] > EDIT_S * 1000


def test_tags_of_both_sides_are_joined(tmp_path: Path) -> None:
    both = Both(tmp_path, "Q: perro?\nA: dog\n<!-- tags: a, b -->\n\nQ: gato?\nA: cat\n")
    both.write("Q: perro?\nA: dog\n<!-- tags: a, b, here -->\n\nQ: gato?\nA: cat\n")
    both.bring_back(TAG.replace("{tags}", "b there"))
    assert "<!-- tags: b, here, there -->" in both.text


def test_an_attribute_set_here_stays_if_the_text_changes_in_anki(both: Both) -> None:
    both.write(DECK.replace("A: dog", "A: dog\n<!-- type -->"))
    both.bring_back(SET_FRONT)
    assert both.text.startswith("Q: ¿perro?\nA: dog\n<!-- type -->\n")


def test_an_older_package_takes_no_flag_back(home: Home, tmp_path: Path) -> None:
    note = Made(["a", "b"], cards={0: {"type": 2, "queue": 2, "ivl": 3, "due": 9, "reps": 1}})
    older = write_package(tmp_path / "older.apkg", [note], col={"mod": CREATED * 1000 + 1})
    newer = edit_package(older, tmp_path / "newer.apkg", "UPDATE cards SET flags = 4")
    home.import_file(newer)
    assert not home.import_file(older).changes_anything
    with Collection(home.root) as collection:
        (card,) = collection.store.cards_of(next(iter(collection.catalog.entries())).id)
        assert card.flag == 4


def test_a_flag_taken_off_here_after_an_export_stays_off(both: Both, tmp_path: Path) -> None:
    with Collection(both.home.root) as collection:
        cards = [card for entry in collection.catalog.entries() for card in collection.store.cards_of(entry.id)]
        collection.store.flag([card.id for card in cards], 1)
    both.write(DECK + "\nQ: pez?\nA: fish\n")
    with Collection(both.home.root) as collection:
        collection.scan()
        new = [card for entry in collection.catalog.entries() for card in collection.store.cards_of(entry.id)]
        collection.store.flag([card.id for card in new], 2)
    both.decks.export(tmp_path / "out.apkg")
    with Collection(both.home.root) as collection:
        collection.store.flag([card.id for card in new], 0)
    both.bring_back("UPDATE cards SET mod = mod + 1")
    with Collection(both.home.root) as collection:
        flags = {collection.note_of(card).note.fields[0]: collection.store.card(card.id).flag for card in new}
    assert flags["pez?"] == 0


def test_a_deck_that_went_to_a_second_anki_comes_back_without_conflicts(home: Home, tmp_path: Path) -> None:
    """The second one has the notes in our note type, so everything in it differs from the first package."""
    home.import_file(write_package(tmp_path / "x.apkg", [Made(["<b>one</b>", "1"]), Made(["two", "2"])]))
    home.write("Deck.md", home.read("Deck.md").replace("two", "two edited"))
    decks = Folder(home.root)
    decks.export(tmp_path / "out.apkg")
    edited = edit_package(tmp_path / "out.apkg", tmp_path / "back.apkg", "UPDATE cards SET mod = mod + 1")
    report = home.import_file(edited)
    assert (report.kept, report.updated, report.remarks) == (0, 0, [])
    assert "two edited" in home.read("Deck.md")


def test_a_note_type_of_the_user_is_merged_by_field_too(home: Home, tmp_path: Path) -> None:
    home.import_file(write_package(tmp_path / "x.apkg", [Made(["one", "1"])]))
    home.write("Deck.md", home.read("Deck.md").replace("one", "one here"))
    home.import_file(write_package(tmp_path / "y.apkg", [Made(["one", "1 there"], mod=CREATED + 9)]))
    assert home.read("Deck.md") == "Q: one here\nA: 1 there\n"


def test_a_difference_far_into_a_text_is_shown() -> None:
    text = "word " * 100
    shown = show_difference(f"{text}new end", f"{text}old end")
    assert "new end" in shown
    assert shown.startswith("…")
    assert len(shown) <= 202


def test_tags_that_differ_only_in_case_or_nesting_sign_are_equal() -> None:
    assert merge_tags(["Exam", "a/b"], ["exam", "a::b", "new"], ["exam", "a::b"]) == ("Exam", "a/b", "new")
    assert merge_tags(["a", "b"], ["b"], ["A", "b"]) == ("b",)


@pytest.mark.parametrize(
    ("head", "attribute"), [("", "\n<!-- say: es, en -->"), ("---\nsay: es, en\n---\n", ""), ("", "\n<!-- say: es -->")]
)
def test_an_edit_in_anki_keeps_the_languages_it_knows_nothing_of(tmp_path: Path, head: str, attribute: str) -> None:
    both = Both(tmp_path, f"{head}Q: perro?\nA: dog{attribute}\n\nQ: gato?\nA: cat\n")
    both.bring_back(SET_BACK)
    assert both.text == f"{head}Q: perro?\nA: the dog{attribute}\n\nQ: gato?\nA: cat\n"


class Cloze:
    """An imported cloze with an extra, as it is here and in newer packages."""

    def __init__(self, folder: Path) -> None:
        self._package = folder / "x.apkg"
        self._edits = 0
        self.home = Home(folder / "decks")
        self.bring_in("The {{c1::cat}} sat", "on the mat")

    def bring_in(self, text: str, extra: str, gaps: int = 1) -> ImportReport:
        self._edits += 1
        made = Made([text, extra], type=CLOZE, mod=CREATED + self._edits, cards={n: {} for n in range(gaps)})
        return self.home.import_file(write_package(self._package, [made]))

    def replace(self, old: str, new: str) -> None:
        self.home.write("Deck.md", self.text.replace(old, new))

    @property
    def text(self) -> str:
        return self.home.read("Deck.md").strip()


@pytest.fixture
def cloze(tmp_path: Path) -> Cloze:
    return Cloze(tmp_path)


def test_the_text_of_a_cloze_and_what_its_back_adds_are_two_fields(cloze: Cloze) -> None:
    cloze.replace("sat", "sits")
    report = cloze.bring_in("The {{c1::cat}} sat", "on a <b>mat</b>")
    assert cloze.text == "C: The {{c1::cat}} sits\n\n{{c1::on a **mat**}}"
    assert (report.updated, report.kept, report.remarks) == (1, 0, [])
    cloze.replace("on a", "under a")
    assert cloze.bring_in("That {{c1::cat}} sat", "on a <b>mat</b>").kept == 1  # the text was changed on both sides
    assert cloze.text == "C: The {{c1::cat}} sits\n\n{{c1::under a **mat**}}"


def test_what_the_back_adds_is_asked_by_the_gaps_that_came_from_anki(cloze: Cloze) -> None:
    cloze.replace("on the mat", "on a mat")
    cloze.bring_in("The {{c1::cat}} {{c2::sat}}", "on the mat", gaps=2)
    assert cloze.text == "C: The {{c1::cat}} {{c2::sat}}\n\n{{c1,2::on a mat}}"
    assert not cloze.bring_in("The {{c1::cat}} {{c2::sat}}", "on the mat", gaps=2).kept


def test_an_extra_removed_in_anki_is_removed_but_not_a_gap_at_the_end_of_the_text(cloze: Cloze) -> None:
    cloze.replace("sat", "sits")
    cloze.bring_in("The {{c1::cat}} sat", "")
    assert cloze.text == "C: The {{c1::cat}} sits"
    cloze.bring_in("The {{c1::cat}} sat<p>{{c1::here}}</p>", "")
    assert cloze.bring_in("The {{c1::cat}} sat<p>{{c1::there}}</p>", "").kept == 1


def test_an_edit_of_a_last_paragraph_that_is_a_gap_arrives(cloze: Cloze) -> None:
    cloze.bring_in("The {{c1::cat}} sat<p>{{c1::here}}</p>", "")
    cloze.bring_in("The {{c1::cat}} sat<p>{{c1::there}}</p>", "")
    assert cloze.text == "C: The {{c1::cat}} sat\n\n{{c1::there}}"
    cloze.bring_in("The {{c1::cat}} sat<p>{{c1::there}}</p>", "x")
    assert cloze.text == "C: The {{c1::cat}} sat\n\n{{c1::there}}\n\n{{c1::x}}"
    cloze.bring_in("The {{c1::cat}} sat<p>{{c1::here}}</p>", "x")
    assert cloze.text == "C: The {{c1::cat}} sat\n\n{{c1::here}}\n\n{{c1::x}}"


def test_a_package_without_scheduling_does_not_take_the_tag_marked_off(home: Home, tmp_path: Path) -> None:
    made = studied()
    made.tags = " t marked "
    home.import_file(write_package(tmp_path / "all.apkg", [made]))
    home.import_file(write_package(tmp_path / "shared.apkg", [Made(made.fields, tags=" t ")]))
    assert "tags: t, marked" in home.read("Deck.md")
    made.tags = " t "
    home.import_file(write_package(tmp_path / "unmarked.apkg", [made]))
    assert "marked" not in home.read("Deck.md")


def test_a_merged_note_is_newer_than_that_in_anki_even_if_the_clock_there_is_ahead(home: Home, tmp_path: Path) -> None:
    package, ahead = tmp_path / "x.apkg", int(time.time()) + 3600
    home.import_file(write_package(package, [Made(["front", "back"])]))
    home.write("Deck.md", home.read("Deck.md").replace("front", "front here"))
    home.import_file(write_package(package, [Made(["front", "back there"], mod=ahead)]))
    assert home.read("Deck.md") == "Q: front here\nA: back there\n"
    with Collection(home.root) as collection:
        assert collection.connection.execute("SELECT modified_ms FROM notes").fetchall() == [((ahead + 1) * 1000,)]
