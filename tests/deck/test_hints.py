"""What a problem says is to be done fits what the person did."""

from __future__ import annotations

import pytest

from flashcards.deck.parse import parse
from flashcards.deck.pitfalls import find_joined_note


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("Q: one", r"Write `A:` below it, or `\Q:` if it is text."),
        ("T: one", r"Write `D:` below it, or `\T:` if it is text."),
        (
            "Q: one A: two",
            r"Put `A:` at the start of its own line, or write `\Q:` if it is text."
            " A blank line between them keeps formatters from joining them.",
        ),
        ("T: one\n\n    D: two", r"Put `D:` at the start of its own line, or write `\T:` if it is text."),
        (
            "C: $x[1]$",
            r"A part of a formula is a gap only as `{{c1::…}}`; or put brackets around the whole formula.",
        ),
        (
            "C: `{{c1::x}}`",
            r"A part of code is a gap only as `{{c1::…}}`; or put brackets around it, as in `` [`x`] ``.",
        ),
        ("C: one", r"Put what is to be recalled in `[brackets]`, or write `\C:` if it is text."),
        (r"C: \[one]", r"`\[` is text: remove the backslash where a gap begins, or write `\C:` if it is text."),
    ],
)
def test_what_formatters_do_to_markers_is_named(text: str, hint: str) -> None:
    assert [problem.hint for problem in parse(text, "a.md").problems] == [hint]


@pytest.mark.parametrize("text", ["C: [x] {}", "Q: a {}\nA: b", "Q: a\nA: b {}"])
@pytest.mark.parametrize("piece", ["![](", "]", " C: ", " A: ", " Q: "])
def test_pieces_of_joined_notes_are_searched_in_linear_time(text: str, piece: str) -> None:
    for note in parse(text.format(piece * 200_000) + "\n", "a.md").notes:
        find_joined_note(note)  # else it takes hours
