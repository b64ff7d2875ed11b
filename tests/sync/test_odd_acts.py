"""Acts that are rare and must not break anything: filtered decks, undo, another kind of note, leeches, empty decks."""

from __future__ import annotations

from flashcards.collection import now_ms
from scheduler import Rating
from tests.sync.phones import World, state_of

DECK = "Q: one?\nA: 1\n\nQ: two?\nA: **2**\n\nC: a [gap] and [more]\n"


def test_cards_stay_in_a_filtered_deck_of_the_phone_and_their_reviews_are_logged(world: World) -> None:
    world.write("a.md", DECK)
    phone = world.phone()
    phone.download()
    phone.do("filter", name="Filtered", search="deck:a")
    phone.sync()
    filtered = "SELECT count(*) FROM cards WHERE odid <> 0"
    assert phone.rows(filtered) == [[4]]
    world.write("b.md", "Q: elsewhere?\nA: b\n")
    phone.do("answer", cards=[phone.card("one?")], rating=4)
    phone.sync()
    assert len(world.reviews()) == 1
    assert phone.rows(filtered)[0][0] >= 3
    phone.check()
    other = world.phone()
    other.download()
    assert state_of(phone) == state_of(other)
    phone.do("unfilter", name="Filtered")
    phone.sync()
    assert phone.rows(filtered) == [[0]]
    phone.check()


def test_a_rating_taken_back_here_is_taken_back_on_the_phone(world: World) -> None:
    world.write("a.md", DECK)
    phone = world.phone()
    phone.download()
    world.rate("one?", Rating.EASY)
    phone.sync()
    with world.collection() as collection:
        collection.store.undo(now_ms())
    phone.sync()
    assert phone.rows(f"SELECT type, queue, reps FROM cards WHERE id = {phone.card('one?')}") == [[0, 0, 0]]
    phone.do("answer", cards=[phone.card("one?")], rating=3)
    phone.sync()
    with world.collection() as collection:
        assert collection.store.card(world.card("one?")).reps == 1
    phone.check()


def test_a_note_that_becomes_another_kind_here_keeps_its_cards_on_the_phone(world: World) -> None:
    world.write("a.md", "Q: The capital of France?\nA: Paris, the capital of France\n")
    phone = world.phone()
    phone.download()
    phone.do("answer", cards=[phone.card("The capital")], rating=3)
    phone.sync()
    world.write("a.md", "C: The capital of France is [Paris, the capital of France]\n")
    phone.sync()
    assert phone.rows("SELECT count(*) FROM notes") == [[1]]
    assert phone.rows("SELECT count(*) FROM cards") == [[1]]
    phone.check()


def test_gaps_that_come_and_go_add_and_remove_cards(world: World) -> None:
    world.write("a.md", "C: a [one] and [two]\n")
    phone = world.phone()
    phone.download()
    world.write("a.md", "C: a [one] and [two] and [three]\n")
    phone.sync()
    assert phone.rows("SELECT ord FROM cards ORDER BY ord") == [[0], [1], [2]]
    world.write("a.md", "C: a [one] and two and [three]\n")
    phone.sync()
    assert phone.rows("SELECT ord FROM cards ORDER BY ord") == [[0], [2]]
    phone.check()
    note = phone.note("a {{c1")
    text = phone.rows(f"SELECT flds FROM notes WHERE id = {note}")[0][0].split("\x1f")[0]
    phone.do("edit", note=note, field=0, text=text + " and {{c4::four}}")
    phone.sync()
    assert "four" in world.read("a.md")
    assert phone.rows("SELECT ord FROM cards ORDER BY ord") == [[0], [2], [3]]
    phone.check()


def test_a_leech_of_the_phone_is_a_leech_on_both_sides(world: World) -> None:
    world.write("a.md", DECK)
    phone = world.phone()
    phone.download()
    card = phone.card("one?")
    phone.do("answer", cards=[card], rating=4)
    for _ in range(8):
        phone.do("set_due", cards=[card], days="0")
        phone.do("answer", cards=[card], rating=1)
        phone.do("answer", cards=[card], rating=4)
    phone.sync()
    with world.collection() as collection:
        found = collection.store.card(world.card("one?"))
        assert found.lapses == 8
    assert phone.rows(f"SELECT lapses FROM cards WHERE id = {card}") == [[8]]
    phone.check()


def test_an_empty_deck_of_the_phone_stays_and_a_deleted_deck_with_a_file_returns(world: World) -> None:
    world.write("a.md", DECK)
    world.write("empty/b.md", "Q: last?\nA: x\n")
    phone = world.phone()
    phone.download()
    phone.do("make_deck", name="made there")
    phone.sync()
    assert ["made there"] in phone.rows("SELECT name FROM decks")
    phone.do("delete_deck", name="made there")
    phone.sync()
    assert ["made there"] not in phone.rows("SELECT name FROM decks")
    phone.do("delete_deck", name="empty")
    phone.sync()
    assert world.read("empty/b.md").strip() == ""
    (aside,) = (world.root / ".flashcards/phone/set-aside").iterdir()
    assert "Q: last?" in aside.read_text(encoding="utf-8")
    phone.check()


def test_the_same_text_added_on_the_phone_and_here_becomes_one_note(world: World) -> None:
    world.write("a.md", DECK)
    phone = world.phone()
    phone.download()
    phone.do("add", kind="Flashcards Basic", fields=["twin?", "x"], deck="a")
    phone.do("answer", cards=[phone.card("twin?")], rating=3)
    world.write("a.md", DECK + "\nQ: twin?\nA: x\n")
    for _ in range(2):  # the second note goes when the phone could send what was done to it
        phone.sync()
    assert phone.rows("SELECT count(*) FROM notes WHERE flds LIKE 'twin%'") == [[1]]
    assert world.read("a.md").count("twin?") == 1
    assert len(world.reviews()) == 1
    assert phone.rows("SELECT reps FROM cards c JOIN notes n ON n.id = c.nid WHERE n.flds LIKE 'twin%'") == [[1]]
    phone.check()


def test_a_note_that_came_back_can_be_deleted_again(world: World) -> None:
    world.write("a.md", DECK)
    phone = world.phone()
    phone.download()
    world.write("a.md", DECK.removeprefix("Q: one?\nA: 1\n\n"))
    phone.sync()
    assert phone.rows("SELECT count(*) FROM notes") == [[2]]
    world.write("a.md", DECK)
    phone.sync()
    assert phone.rows("SELECT count(*) FROM notes") == [[3]]
    phone.do("delete", notes=[phone.note("one?")])
    phone.do("answer", cards=[phone.card("two?")], rating=3)
    phone.sync()
    world.write("a.md", DECK + "\nQ: more?\nA: x\n")
    phone.sync()
    assert phone.rows("SELECT count(*) FROM notes")[0][0] == 4
    assert len(world.reviews()) == 1
    phone.check()
