"""What a person does on the phone arrives in the collection."""

from __future__ import annotations

import time

import pytest

from flashcards.collection import now_ms
from scheduler import Rating
from tests.sync.phones import World, state_of

DECK = "Q: one?\nA: 1\n\nQ: two?\nA: **2**\n<!-- tags: x; reverse -->\n\nC: a [gap] and [more]\n"


def test_reviews_on_the_phone_are_logged_here_and_set_the_due_day(world: World) -> None:
    world.write("a.md", DECK)
    phone = world.phone()
    phone.download()
    phone.do("answer", cards=[phone.card("one?")], rating=4)
    phone.do("answer", cards=[phone.card("two?")], rating=1)
    phone.sync()
    assert [rating for _, _, rating in world.reviews()] == [4, 1]
    with world.collection() as collection:
        card = collection.store.card(world.card("one?"))
        (due,) = phone.rows(f"SELECT due, ivl FROM cards WHERE id = {phone.card('one?')}")
        assert card.interval // 86_400 == due[1]
        assert (card.reps, card.lapses) == (1, 0)
    phone.check()


def test_a_note_only_reviewed_on_the_phone_keeps_the_text_edited_here(world: World) -> None:
    world.write("a.md", DECK)
    phone = world.phone()
    phone.download()
    card = phone.card("a {{c1")
    phone.do("answer", cards=[card, phone.card("one?")], rating=3)
    world.write("a.md", DECK.replace("A: 1\n", "A: 1, by hand\n").replace("a [gap] and [more]", "a gap and [more]"))
    phone.sync()
    assert "A: 1, by hand" in world.read("a.md")
    assert len(world.reviews()) == 2  # that of the gap which was taken out, too
    assert phone.rows("SELECT flds FROM notes WHERE flds LIKE 'one?%1, by hand%'")
    world.write("a.md", DECK.replace("A: 1\n", "A: 1, by hand\n"))
    phone.sync()
    assert phone.rows(f"SELECT reps FROM cards WHERE id = {card}") == [[1]]
    phone.check()


def test_the_corrected_time_of_a_review_is_sent_to_the_phone(world: World) -> None:
    world.write("a.md", DECK)
    phone = world.phone()
    phone.download()
    at = (now_ms() // 1000 - 5) * 1000 + 999
    cards = [phone.card("one?"), phone.card("two?")]
    for card in cards:  # a log row has its millisecond for itself: the second one gets the next
        phone.do("answer", cards=[card], rating=3, at=at)
    phone.sync()
    assert [instant for instant, _, _ in world.reviews()] == [at, at + 1]
    times = phone.rows(f"SELECT json_extract(data, '$.lrt') FROM cards WHERE id IN {(*cards,)} ORDER BY id")
    assert sorted(times) == [[at // 1000], [at // 1000 + 1]]
    phone.check()


def test_a_text_edited_on_the_phone_comes_into_its_file(world: World) -> None:
    world.write("a.md", "# Head\n\nProse.\n\n" + DECK)
    phone = world.phone()
    phone.download()
    phone.do("edit", note=phone.note("one?"), field=1, text="the <b>first</b>")
    phone.sync()
    assert world.read("a.md") == "# Head\n\nProse.\n\n" + DECK.replace("A: 1", "A: the **first**")
    assert phone.rows(f"SELECT flds FROM notes WHERE id = {phone.note('one?')}")[0][0].startswith("one?\x1fthe <")
    phone.do("edit", note=phone.note("one?"), field=1, text="again")
    phone.sync()
    assert "A: again" in world.read("a.md")
    phone.check()


def test_a_note_added_on_the_phone_is_written_to_the_file_of_its_deck_with_its_id(world: World) -> None:
    world.write("a.md", DECK)
    phone = world.phone()
    phone.download()
    known = phone.do("add", kind="Flashcards Basic", fields=["three?", "3"], deck="a", tags=["phone"])
    other = phone.do("add", kind="Flashcards Cloze", fields=["is {{c1::here}}"], deck="new::sub")
    phone.do("answer", cards=[phone.card("three?")], rating=3)
    phone.sync()
    assert world.read("a.md") == DECK + "\nQ: three?\nA: 3\n<!-- tags: phone -->\n"
    assert "C: is {{c1::here}}" in world.read("new/sub.md")
    assert {known, other} <= {number for (number,) in phone.rows("SELECT id FROM notes")}
    assert len(world.reviews()) == 1
    world.rate("three?", Rating.GOOD)
    phone.sync()
    assert phone.rows(f"SELECT reps FROM cards WHERE nid = {known}") == [[2]]
    phone.check()


def test_suspensions_flags_and_tags_can_be_set_and_removed_on_the_phone(world: World) -> None:
    world.write("a.md", DECK)
    phone = world.phone()
    phone.download()
    one, two = phone.card("one?"), phone.card("two?")
    phone.do("suspend", cards=[one], on=True)
    phone.do("flag", cards=[two], flag=2)
    phone.do("tag", note=phone.note("one?"), tags=["hard"])
    phone.sync()
    with world.collection() as collection:
        assert collection.store.card(world.card("one?")).suspended
        assert collection.store.card(world.card("two?")).flag == 2
    assert "<!-- tags: hard -->" in world.read("a.md")
    phone.do("suspend", cards=[one], on=False)
    phone.do("flag", cards=[two], flag=0)
    phone.sync()
    with world.collection() as collection:
        assert not collection.store.card(world.card("one?")).suspended
        assert collection.store.card(world.card("two?")).flag == 0


def test_a_card_suspended_here_stays_suspended_after_a_review_on_the_phone(world: World) -> None:
    world.write("a.md", DECK)
    phone = world.phone()
    phone.download()
    phone.do("answer", cards=[phone.card("one?")], rating=3)
    with world.collection() as collection:
        collection.store.suspend([world.card("one?")])
    phone.sync()
    assert len(world.reviews()) == 1
    with world.collection() as collection:
        assert collection.store.card(world.card("one?")).suspended
    assert phone.rows(f"SELECT queue FROM cards WHERE id = {phone.card('one?')}") == [[-1]]


def test_a_note_deleted_on_the_phone_is_removed_from_its_file_and_set_aside(world: World) -> None:
    world.write("a.md", "# Head\n\n" + DECK)
    phone = world.phone()
    phone.download()
    phone.do("answer", cards=[phone.card("one?")], rating=3)
    phone.do("delete", notes=[phone.note("one?")])
    phone.sync()
    assert world.read("a.md") == "# Head\n\n" + DECK.removeprefix("Q: one?\nA: 1\n\n")
    (aside,) = (world.root / ".flashcards/phone/set-aside").iterdir()
    assert "Q: one?\nA: 1\n" in aside.read_text(encoding="utf-8")
    assert not [row for row in phone.rows("SELECT flds FROM notes") if row[0].startswith("one?")]
    phone.check()


def test_a_note_edited_on_both_sides_keeps_our_text_and_sets_the_other_aside(world: World) -> None:
    world.write("a.md", DECK)
    phone = world.phone()
    phone.download()
    world.write("a.md", DECK.replace("A: 1", "A: from here"))
    phone.do("edit", note=phone.note("one?"), field=1, text="from the phone")
    phone.sync()
    assert "A: from here" in world.read("a.md")
    assert phone.rows(f"SELECT flds FROM notes WHERE id = {phone.note('one?')}")[0][0].startswith("one?\x1ffrom here")
    (aside,) = (world.root / ".flashcards/phone/set-aside").iterdir()
    assert "from the phone" in aside.read_text(encoding="utf-8")
    assert any("phone's text is in" in sentence for sentence in world.server.sentences)


def test_reviews_of_both_sides_are_merged_by_time(world: World) -> None:
    world.write("a.md", DECK)
    phone = world.phone()
    phone.download()
    phone.do("answer", cards=[phone.card("one?")], rating=3)
    world.rate("one?", Rating.AGAIN)
    world.rate("two?", Rating.EASY)
    phone.do("answer", cards=[phone.card("one?")], rating=4)
    phone.sync()
    assert sorted(rating for _, _, rating in world.reviews()) == [1, 3, 4, 4]
    assert phone.rows("SELECT count(*) FROM revlog") == [[4]]
    phone.check()


def test_a_deck_renamed_on_the_phone_is_restored_and_reported(world: World) -> None:
    world.write("a.md", DECK)
    phone = world.phone()
    phone.download()
    phone.do("rename_deck", old="a", new="z")
    phone.do("move", cards=[phone.card("two?")], deck="elsewhere")
    phone.sync()
    assert {name for (name,) in phone.rows("SELECT name FROM decks")} == {"Default", "a", "elsewhere"}
    decks = phone.rows("SELECT DISTINCT d.name FROM cards c JOIN decks d ON d.id = c.did")
    assert decks == [["a"]]
    assert sum("put back" in sentence or "moved to another" in sentence for sentence in world.server.sentences) == 2


def test_two_phones_and_the_files_end_equal(world: World) -> None:
    world.write("a.md", DECK)
    one, two = world.phone(), world.phone()
    one.download()
    two.download()
    one.do("answer", cards=[one.card("one?")], rating=3)
    time.sleep(0.01)  # a phone cannot hold two reviews of one millisecond
    two.do("answer", cards=[two.card("two?")], rating=4)
    two.do("edit", note=two.note("two?"), field=0, text="TWO?")
    one.do("add", kind="Flashcards Basic", fields=["from one", "x"], deck="a")
    for phone in (one, two, one, two):
        phone.sync()
    assert state_of(one) == state_of(two)
    assert len(world.reviews()) == 2
    for phone in (one, two):
        phone.check()


def test_a_note_is_added_to_a_file_with_tags_and_headings(world: World) -> None:
    text = "---\ntags: [exam]\n---\n# Head\n\n## Sub\n\nQ: one?\nA: 1\n"
    world.write("a.md", text)
    phone = world.phone()
    phone.download()
    phone.do("add", kind="Flashcards Basic", fields=["three?", "3"], deck="a", tags=["phone"])
    phone.sync()
    with world.collection() as collection:
        fields = [entry.note.fields for entry in collection.catalog.entries()]
        assert ("three?", "3") in fields
    assert world.read("a.md").startswith(text)
    assert phone.rows("SELECT count(*) FROM notes") == [[2]]
    phone.check()


def test_a_note_for_a_file_that_ends_in_open_code_is_written_to_a_second_file(world: World) -> None:
    text = "Q: one?\nA: 1\n\n```\nopen\n"
    world.write("a.md", text)
    phone = world.phone()
    phone.download()
    phone.do("add", kind="Flashcards Basic", fields=["three?", "3"], deck="a")
    phone.sync()
    assert world.read("a.md") == text
    assert world.read("a-anki.md") == "---\ndeck: a\n---\n\nQ: three?\nA: 3\n"
    assert phone.rows("SELECT count(*) FROM notes") == [[2]]
    assert phone.rows("SELECT DISTINCT d.name FROM cards c JOIN decks d ON d.id = c.did") == [["a"]]
    phone.check()


def test_an_edit_of_a_note_in_a_file_of_another_format_is_set_aside(world: World) -> None:
    text = "---\nformat: obsidian\n---\n#flashcards\n\nfront::back\n"
    world.write("a.md", text)
    phone = world.phone()
    phone.download()
    phone.do("edit", note=phone.note("front"), field=1, text="edited on the phone")
    phone.sync()
    assert world.read("a.md") == text
    assert phone.rows("SELECT flds FROM notes")[0][0].startswith("front\x1fback")
    (aside,) = (world.root / ".flashcards/phone/set-aside").iterdir()
    assert "edited on the phone" in aside.read_text(encoding="utf-8")


@pytest.mark.slow
def test_changes_of_two_phones_are_not_lost_whichever_syncs_last(world: World) -> None:
    world.write("a.md", DECK)
    one, two = world.phone(), world.phone()
    for phone in (one, two):
        phone.download()
    note, card = one.note("one?"), one.card("two?")
    one.do("edit", note=note, field=1, text="by the first phone")
    one.do("suspend", cards=[card], on=True)
    time.sleep(1.1)  # what the other one does is newer by a second, the unit of these times
    two.do("tag", note=note, tags=["later"])
    two.do("answer", cards=[card], rating=3)
    for phone in (two, one, two):
        phone.sync()
    assert "<!-- tags: later -->" in world.read("a.md")
    (aside,) = (world.root / ".flashcards/phone/set-aside").iterdir()
    assert "by the first phone" in aside.read_text(encoding="utf-8")
    with world.collection() as collection:
        assert collection.store.card(world.card("two?")).suspended
    assert len(world.reviews()) == 1
    assert state_of(one) == state_of(two)
    one.check()


@pytest.mark.parametrize(("other", "reps"), [("two?", [[1], [1]]), ("one?", [[2]])])
def test_reviews_of_two_phones_in_one_millisecond_both_count(world: World, other: str, reps: list[list[int]]) -> None:
    world.write("a.md", DECK)
    one, two = world.phone(), world.phone()
    one.download()
    two.download()
    at = now_ms() - 5_000
    one.do("answer", cards=[one.card("one?")], rating=3, at=at)
    two.do("answer", cards=[two.card(other)], rating=4, at=at)
    for phone in (one, two, one, two):
        phone.sync()
    assert [(time, rating) for time, _, rating in world.reviews()] == [(at, 3), (at + 1, 4)]
    for phone in (one, two):
        assert phone.rows("SELECT reps FROM cards WHERE reps > 0") == reps
        phone.check()
    assert one.rows("SELECT id, cid, ease FROM revlog") == [list(each) for each in world.reviews()]
    assert state_of(one)["cards"] == state_of(two)["cards"]


@pytest.mark.parametrize("rating", [Rating.AGAIN, Rating.EASY])
def test_a_review_here_and_one_on_the_phone_of_the_same_card_in_one_millisecond_both_count(
    world: World, rating: Rating
) -> None:
    world.write("a.md", DECK)
    phone = world.phone()
    phone.download()
    at = now_ms() - 5_000
    phone.do("answer", cards=[phone.card("one?")], rating=3, at=at)
    world.rate("one?", rating, at)
    for _ in range(3):
        phone.sync()
    assert [(time, rating) for time, _, rating in world.reviews()] == [(at, rating), (at + 1, 3)]
    assert phone.rows("SELECT reps FROM cards WHERE reps > 0") == [[2]]
    phone.check()


def test_reviews_of_a_note_deleted_on_either_side_are_kept(world: World) -> None:
    world.write("a.md", DECK)
    phone = world.phone()
    phone.download()
    phone.do("answer", cards=[phone.card("one?")], rating=3)
    phone.do("answer", cards=[phone.card("two?")], rating=2)
    phone.do("delete", notes=[phone.note("two?")])
    world.write("a.md", DECK.removeprefix("Q: one?\nA: 1\n\n"))
    phone.sync()
    assert [rating for _, _, rating in world.reviews()] == [3, 2]
    world.write("a.md", DECK)
    phone.sync()
    assert phone.rows(f"SELECT reps FROM cards WHERE id = {phone.card('one?')}") == [[1]]
    phone.check()


def test_an_edit_on_the_phone_is_kept_if_the_note_was_deleted_here(world: World) -> None:
    world.write("a.md", DECK)
    world.write("b.md", "Q: last of its deck?\nA: x\n")
    phone, other = world.phone(), world.phone()
    phone.download()
    other.download()
    for front in ("one?", "last"):
        phone.do("edit", note=phone.note(front), field=1, text=f"written on the train, {front}")
    phone.do("answer", cards=[phone.card("one?")], rating=3)
    world.write("a.md", DECK.removeprefix("Q: one?\nA: 1\n\n"))
    (world.root / "b.md").unlink()
    other.sync()
    phone.sync()
    (aside,) = (world.root / ".flashcards/phone/set-aside").iterdir()
    assert "written on the train, one?" in aside.read_text(encoding="utf-8")
    assert "written on the train, last" in aside.read_text(encoding="utf-8")
    assert sum("deleted elsewhere" in sentence for sentence in world.server.sentences) == 2
    assert phone.rows("SELECT count(*) FROM notes") == [[2]]
    assert {name for (name,) in phone.rows("SELECT name FROM decks")} == {"Default", "a"}
    assert len(world.reviews()) == 1
    assert "one?" not in world.read("a.md")
    other.sync()
    assert state_of(phone) == state_of(other)
    phone.check()


def test_an_edit_of_one_phone_is_kept_when_another_one_deletes_the_note(world: World) -> None:
    world.write("a.md", DECK)
    phone, other = world.phone(), world.phone()
    phone.download()
    other.download()
    phone.do("edit", note=phone.note("one?"), field=1, text="written on the train")
    phone.do("edit", note=phone.note("a {{c1"), field=0, text="a {{c1::gap}} and {{c2::more}} and {{c3::new}}")
    other.do("delete", notes=[other.note("one?"), other.note("a {{c1")])
    other.sync()
    phone.sync()
    (aside,) = (world.root / ".flashcards/phone/set-aside").iterdir()
    assert "written on the train" in aside.read_text(encoding="utf-8")
    assert "{{c3::new}}" in aside.read_text(encoding="utf-8")
    other.sync()
    assert state_of(phone) == state_of(other)
    assert phone.rows("SELECT count(*) FROM notes") == [[1]]
    phone.check()


def test_a_deleted_note_that_comes_back_keeps_an_unsent_edit_of_the_phone(world: World) -> None:
    world.write("a.md", DECK)
    phone, other = world.phone(), world.phone()
    phone.download()
    other.download()
    world.write("a.md", DECK.removeprefix("Q: one?\nA: 1\n\n"))
    for each in (phone, other):
        assert each.do("sync") == "NO_CHANGES"
    phone.do("edit", note=phone.note("one?"), field=1, text="written on the train")
    world.write("a.md", DECK)
    other.sync()
    phone.sync()
    assert "written on the train" in "".join(path.read_text() for path in world.root.rglob("*.md"))
    other.sync()
    assert state_of(phone) == state_of(other)
    assert phone.rows("SELECT count(*) FROM notes") == [[3]]
    phone.check()


def test_a_note_added_on_the_phone_restores_its_deck_that_was_removed_here(world: World) -> None:
    world.write("a.md", DECK)
    world.write("b.md", "Q: last of its deck?\nA: x\n")
    phone = world.phone()
    phone.download()
    phone.do("add", kind="Flashcards Basic", fields=["added?", "x"], deck="b")
    (world.root / "b.md").unlink()
    phone.sync()
    assert "Q: added?\nA: x\n" in world.read("b.md")
    assert phone.rows(
        "SELECT d.name FROM cards c JOIN decks d ON d.id = c.did JOIN notes n ON n.id = c.nid"
        " WHERE n.flds LIKE 'added%'"
    ) == [["b"]]
    phone.check()


def test_a_note_for_a_deck_that_was_made_again_elsewhere_goes_into_the_new_deck(world: World) -> None:
    world.write("a.md", DECK)
    phone, other = world.phone(), world.phone()
    phone.download()
    phone.do("add", kind="Flashcards Basic", fields=["first?", "x"], deck="z")
    phone.sync()
    other.download()
    other.do("add", kind="Flashcards Basic", fields=["late?", "x"], deck="z")
    phone.do("delete_deck", name="z")
    phone.sync()
    world.write("z.md", "Q: made here?\nA: x\n")
    phone.sync()
    for each in (other, phone, other):
        each.sync()
    assert "Q: late?" in world.read("z.md")
    decks = "SELECT d.name, count(*) FROM cards c JOIN decks d ON d.id = c.did GROUP BY d.id ORDER BY d.name"
    assert other.rows(decks) == [["a", 5], ["z", 2]]
    assert state_of(phone) == state_of(other)
    other.check()


def test_an_edit_on_the_phone_reaches_a_file_that_was_renamed_here(world: World) -> None:
    world.write("a.md", DECK)
    phone = world.phone()
    phone.download()
    phone.do("edit", note=phone.note("one?"), field=1, text="edited")
    phone.do("answer", cards=[phone.card("one?")], rating=3)
    (world.root / "a.md").rename(world.root / "b.md")
    for _ in range(2):  # the old deck goes when the phone has sent its cards
        phone.sync()
    assert world.read("b.md") == DECK.replace("A: 1", "A: edited")
    assert world.server.sentences == []
    assert {name for (name,) in phone.rows("SELECT name FROM decks")} == {"Default", "b"}
    phone.check()


def test_a_review_undone_on_the_phone_before_a_sync_never_arrives(world: World) -> None:
    world.write("a.md", DECK)
    phone = world.phone()
    phone.download()
    before = phone.rows("SELECT id, type, queue, due, reps FROM cards ORDER BY id")
    phone.do("answer", cards=[phone.card("two?")], rating=3)
    phone.do("undo")
    phone.do("edit", note=phone.note("two?"), field=1, text="never mind")
    phone.do("undo")
    phone.do("delete", notes=[phone.note("one?")])
    phone.do("undo")
    phone.sync()
    assert world.read("a.md") == DECK
    assert world.reviews() == []
    assert phone.rows("SELECT id, type, queue, due, reps FROM cards ORDER BY id") == before
    phone.check()
