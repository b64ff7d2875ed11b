"""The rules by themselves, where notes compete for each other."""

from __future__ import annotations

from flashcards.catalog.encoding import encode
from flashcards.deck.model import Kind, Note
from flashcards.identity.exact import link_exactly
from flashcards.identity.notes import Known, Link, Seen, fingerprint


def note(text: str, pin: str = "", line: int = 1) -> Note:
    return Note(Kind.QUESTION, line, line, (text, "answer"), ("forward",), pin=pin)


def known(
    number: int, text: str, *, pin: str = "", file: int = 1, active: bool = True, former: tuple[str, ...] = ()
) -> Known:
    made = note(text, pin, number)
    texts = frozenset(fingerprint(note(each)) for each in former)
    return Known(number, f"key{number}", pin, file, fingerprint(made), made, encode(made), 1, 0, active, texts)


def seen(index: int, text: str, *, pin: str = "", file: int = 1) -> Seen:
    made = note(text, pin, index + 1)
    return Seen(file, 1, index, fingerprint(made), made)


def pairs(links: list[Link]) -> dict[tuple[int, int], tuple[int, str]]:
    """The known note and the rule, by file and index of the seen one."""
    return {(each.seen.file, each.seen.number): (each.known.id, each.rule) for each in links}


def test_a_note_without_a_partner_is_in_no_link() -> None:
    assert link_exactly([known(1, "one")], [seen(0, "two")]) == []
    assert link_exactly([], [seen(0, "two")]) == []
    assert link_exactly([known(1, "one")], []) == []


def test_the_pin_is_surer_than_the_text() -> None:
    links = link_exactly([known(1, "one", pin="p"), known(2, "two")], [seen(0, "two", pin="p"), seen(1, "one")])
    assert pairs(links) == {(1, 0): (1, "pin")}


def test_the_same_file_is_surer_than_another_one() -> None:
    old = [known(1, "same", file=1), known(2, "same", file=2)]
    links = link_exactly(old, [seen(0, "same", file=2), seen(0, "same", file=1)])
    assert pairs(links) == {(1, 0): (1, "same text"), (2, 0): (2, "same text")}


def test_a_note_in_use_is_surer_than_an_orphan() -> None:
    old = [known(1, "same", active=False), known(2, "same")]
    assert pairs(link_exactly(old, [seen(0, "same")])) == {(1, 0): (2, "same text")}


def test_a_linked_note_is_not_linked_a_second_time() -> None:
    old = [known(1, "same", file=1), known(2, "same", file=2)]
    links = link_exactly(old, [seen(0, "same", file=1), seen(0, "same", file=3)])
    assert pairs(links) == {(1, 0): (1, "same text"), (3, 0): (2, "same text")}


def test_a_restored_text_is_linked_with_the_note_that_is_not_linked_yet() -> None:
    old = [known(1, "one", former=("a", "b")), known(2, "two", former=("b",))]
    links = link_exactly(old, [seen(0, "a"), seen(1, "b")])
    assert pairs(links) == {(1, 0): (1, "former text"), (1, 1): (2, "former text")}


def test_a_duplicate_pin_goes_to_its_original_text() -> None:
    links = link_exactly([known(1, "one", pin="p")], [seen(0, "copy", pin="p"), seen(1, "one", pin="p")])
    assert pairs(links) == {(1, 1): (1, "pin")}


def test_a_pin_is_surer_than_a_key_of_the_same_name() -> None:
    old = [known(1, "one"), known(2, "two", pin="key1")]
    assert pairs(link_exactly(old, [seen(0, "three", pin="key1")])) == {(1, 0): (2, "pin")}


def test_a_text_with_another_pin_is_a_new_note() -> None:
    assert link_exactly([known(1, "one", pin="p")], [seen(0, "one", pin="q")]) == []


def test_links_are_one_to_one() -> None:
    links = link_exactly([known(1, "same"), known(2, "same")], [seen(index, "same") for index in range(5)])
    assert len(links) == 2
    assert len({each.known.id for each in links}) == len({each.seen.number for each in links}) == 2
