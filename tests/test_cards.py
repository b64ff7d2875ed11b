"""How a card is named, and what is said of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flashcards.cards import (
    CardAmbiguous,
    CardNotFound,
    build_records,
    find_card,
    find_cards,
    format_card_id,
    format_short_id,
)
from flashcards.collection import Collection, now_ms

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEXT = """Q: one
A: answer

T: term
D: definition

C: [a] [b] [c] [d] [e] [f] [g] [h] [i] [j] [k] and {{more}}
<!-- id: gaps -->

Q: pinned
A: answer
<!-- id: gapsy -->

Q: dotted
A: answer
<!-- id: v1.c2 -->
"""


@pytest.fixture
def collection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Collection]:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.md").write_text(TEXT, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with Collection(tmp_path) as made:
        made.scan()
        yield made


def name(collection: Collection, card: int) -> str:
    found = collection.store.card(card)
    return format_card_id(collection.note_of(found), found.slot)


def key(collection: Collection, front: str) -> str:
    (entry,) = [entry for entry in collection.catalog.entries() if entry.note.fields[0] == front]
    return entry.key


def test_every_id_and_every_short_id_names_its_card(collection: Collection) -> None:
    for entry in collection.catalog.entries():
        for card in collection.store.cards_of(entry.id):
            assert find_card(collection, format_card_id(entry, card.slot)) == card.id
            assert find_card(collection, format_short_id(entry, card.slot)) == card.id


def test_a_unique_prefix_names_a_card(collection: Collection) -> None:
    one, term = key(collection, "one"), key(collection, "term")
    assert name(collection, find_card(collection, one[:5])) == f"{one}.forward"
    assert name(collection, find_card(collection, f"{term[:5]}.r")) == f"{term}.reverse"
    with pytest.raises(CardAmbiguous, match=rf"`{term}` names several cards: {term}.forward, {term}.reverse. Name one"):
        find_card(collection, term)


def test_a_whole_slot_is_not_the_beginning_of_another(collection: Collection) -> None:
    assert name(collection, find_card(collection, "gaps.c1")) == "gaps.c1"
    assert name(collection, find_card(collection, "gaps.c11")) == "gaps.c11"


def test_a_whole_id_is_not_the_beginning_of_another(collection: Collection) -> None:
    assert name(collection, find_card(collection, "gapsy")) == "gapsy.forward"
    assert len(find_cards(collection, "gaps")) == 11
    with pytest.raises(CardAmbiguous):
        find_cards(collection, "gap")


def test_an_id_may_look_like_an_id_with_a_slot(collection: Collection) -> None:
    assert name(collection, find_card(collection, "v1.c2")) == "v1.c2.forward"
    assert name(collection, find_card(collection, "v1.c2.forward")) == "v1.c2.forward"


def test_a_place_names_the_card_on_any_of_its_lines(collection: Collection) -> None:
    one = key(collection, "one")
    for line in (1, 2):
        assert name(collection, find_card(collection, f"sub/a.md:{line}")) == f"{one}.forward"
    with pytest.raises(CardNotFound):
        find_card(collection, "sub/a.md:3")
    assert len(find_cards(collection, "sub/a.md:4")) == 2


@pytest.mark.parametrize("path", ["a.md", "./a.md", "../sub/a.md", "sub/a.md"])
def test_a_place_may_be_named_from_here_or_from_the_collection(
    collection: Collection, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.chdir(collection.root / "sub")
    assert find_card(collection, f"{path}:1") == find_card(collection, f"{collection.root}/sub/a.md:1")


@pytest.mark.parametrize(
    "text", ["", ".", ":", ".forward", ".c1", "%", "_" * 12, "gaps.c12", "gaps.x", "\udcff", "\x00"]
)
def test_what_names_no_card_is_refused(collection: Collection, text: str) -> None:
    with pytest.raises(CardNotFound):
        find_card(collection, text)


def test_an_orphan_can_be_named_by_its_id_but_not_by_its_place(collection: Collection) -> None:
    one = key(collection, "one")
    (collection.root / "sub" / "a.md").write_text("", encoding="utf-8")
    collection.scan()
    assert name(collection, find_card(collection, one)) == f"{one}.forward"
    with pytest.raises(CardNotFound):
        find_card(collection, "sub/a.md:1")


def test_records_come_in_the_order_asked_for(collection: Collection) -> None:
    cards = [card.id for entry in collection.catalog.entries() for card in collection.store.cards_of(entry.id)][::-1]
    found = [record["id"] for record in build_records(collection, cards, now_ms())]
    assert found == [name(collection, card) for card in cards]


def test_a_card_whose_last_review_is_unknown_has_a_record(collection: Collection) -> None:
    card = find_card(collection, "gaps.c2")
    collection.connection.execute(
        "UPDATE cards SET stability = 3, difficulty = 5, last_day = NULL WHERE id = ?", (card,)
    )
    (record,) = build_records(collection, [card], now_ms())
    assert record["retrievability"] == 1


def test_a_record_shows_both_sides_without_the_marks_of_a_gap(collection: Collection) -> None:
    (record,) = build_records(collection, [find_card(collection, "gaps.c2")], now_ms())
    assert record["front"] == "a […] c d e f g h i j k and {{more}}"
    assert record["back"] == "a b c d e f g h i j k and {{more}}"
