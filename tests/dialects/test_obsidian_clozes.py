from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flashcards.deck.cloze import build_face
from flashcards.deck.model import Gap
from flashcards.dialects.obsidian import read_obsidian
from flashcards.dialects.obsidian_clozes import find_clozes, has_cloze, is_pattern
from flashcards.dialects.obsidian_data import BOLD, CURLY, HIGHLIGHT, ObsidianSettings
from tests.dialects.clozecraft import Asked, has_judge, judge, read_golden

FOOTNOTE = r"==answer==[^\[hint\]][\[^123\]]"
ANKI = "{{[123::]answer[::hint]}}"
HINT_FIRST = "<[hint|][123#]answer>"
PATTERNS = (HIGHLIGHT, BOLD, CURLY, FOOTNOTE, ANKI, HINT_FIRST)


needs_judge = pytest.mark.skipif(
    not has_judge(), reason="clozecraft is not there: npm install clozecraft, set NODE_PATH"
)


def texts(text: str, gaps: tuple[Gap, ...]) -> list[tuple[str, str, str, tuple[int, ...], tuple[int, ...]]]:
    return [
        (text[gap.start : gap.end], text[gap.inner_start : gap.inner_end], gap.hint, gap.numbers, gap.hidden)
        for gap in gaps
    ]


def expected(found: Any) -> list[tuple[str, str, str, tuple[int, ...], tuple[int, ...]]]:
    gaps = []
    for raw, answer, hint, sequence in found["gaps"] if found else ():
        if found["type"] == "overlapping":
            asked = tuple(at for at, letter in enumerate(sequence, start=1) if letter == "a")
            hidden = tuple(at for at, letter in enumerate(sequence, start=1) if letter == "h")
        else:
            asked, hidden = (int(sequence),), ()
        if any(asked) or hidden:
            gaps.append((raw, answer, hint, asked, hidden))
    return gaps


class TestDocumented:
    def test_a_gap_of_each_kind(self) -> None:
        text = "==1;;x;;hint== and ==x=="
        assert texts(text, find_clozes(text, (HIGHLIGHT,))) == [("==1;;x;;hint==", "x", "hint", (1,), ())]
        text = "This ==note== doesn't need ==number==^[hint]"
        assert texts(text, find_clozes(text, (FOOTNOTE,))) == [
            ("==note==", "note", "", (1,), ()),
            ("==number==^[hint]", "number", "hint", (2,), ()),
        ]
        text = "==cloze==^[a hint][^1]. This is ==too==[^2]. And ==first==[^1]."
        assert texts(text, find_clozes(text, (FOOTNOTE,))) == [
            ("==cloze==^[a hint][^1]", "cloze", "a hint", (1,), ()),
            ("==too==[^2]", "too", "", (2,), ()),
            ("==first==[^1]", "first", "", (1,), ()),
        ]

    def test_overlapping_gaps_record_for_each_card_whether_they_are_asked_or_hidden(self) -> None:
        text = "==Context==[^hshs]\n- ==Item 1==[^ashh]\n- ==Item 2==[^ha]"
        assert texts(text, find_clozes(text, (FOOTNOTE,))) == [
            ("==Context==[^hshs]", "Context", "", (), (1, 3)),
            ("==Item 1==[^ashh]", "Item 1", "", (1,), (3, 4)),
            ("==Item 2==[^ha]", "Item 2", "", (2,), (1,)),
        ]

    @pytest.mark.parametrize(
        "pattern", ["", "==answer==", "==[123]answer==", "==[123][hint]==", "==[123 hint]answer=="]
    )
    def test_a_pattern_that_lacks_a_part_is_passed_over(self, pattern: str) -> None:
        assert not is_pattern(pattern)
        assert find_clozes("==a==", (pattern,)) == ()

    def test_a_gap_does_not_go_over_the_end_of_a_line(self) -> None:
        assert find_clozes("lorem ==p\ndolor won==", (HIGHLIGHT,)) == ()

    def test_a_gap_may_contain_another(self) -> None:
        text = "**a ==b== c**"
        assert texts(text, find_clozes(text, (HIGHLIGHT, BOLD))) == [
            ("**a ==b== c**", "a ==b== c", "", (2,), ()),
            ("==b==", "b", "", (1,), ()),
        ]

    def test_of_gaps_that_overlap_in_part_the_later_one_is_text(self) -> None:
        text = "==a **b== c**"
        assert texts(text, find_clozes(text, (HIGHLIGHT, BOLD))) == [("==a **b==", "a **b", "", (1,), ())]


PIECES = st.sampled_from(
    ["==", "**", "{{", "}}", ";;", "::", "1", "2", "a", "s", "h", "b", " ", "\n", "^[", "]", "[^", "|", "#", "<", ">"]
)
TEXTS = st.lists(PIECES, max_size=24).map("".join)


@needs_judge
@settings(max_examples=40)
@given(st.lists(st.tuples(TEXTS, st.sampled_from(PATTERNS)), min_size=20, max_size=60))
def test_clozecraft_finds_the_same_gaps(asked: list[tuple[str, str]]) -> None:
    found = judge([Asked(text, (pattern,)) for text, pattern in asked])
    for (text, pattern), theirs in zip(asked, found, strict=True):
        assert texts(text, find_clozes(text, (pattern,))) == expected(theirs), (text, pattern)
        assert has_cloze(text, (pattern,)) == (theirs is not None)


GOLDEN = read_golden()


@pytest.mark.parametrize(("asked", "theirs"), GOLDEN, ids=[repr(asked.text) for asked, _ in GOLDEN])
def test_a_text_has_the_gaps_that_clozecraft_finds(asked: Asked, theirs: Any) -> None:
    found = texts(asked.text, find_clozes(asked.text, asked.patterns))
    assert sorted(found) == sorted(expected(theirs))
    assert any(has_cloze(line, asked.patterns) for line in asked.text.split("\n")) == (theirs is not None)


@needs_judge
def test_clozecraft_finds_what_the_golden_file_says() -> None:
    assert judge([asked for asked, _ in GOLDEN]) == [theirs for _, theirs in GOLDEN]


def faces(asked: Asked) -> dict[str, list[str]]:
    """What each card of a text asks and answers, as clozecraft writes it."""
    settings = ObsidianSettings(inline="", inline_reversed="", lines="", cloze_patterns=asked.patterns)
    found = {}
    for note in read_obsidian(f"#flashcards\n\n{asked.text}", "a.md", settings).notes:
        for slot in note.slots:
            built = build_face(note, slot)
            strip = str.maketrans("", "", "".join(built.delimiters))
            found[slot] = [side.translate(strip).replace("…", "...") for side in (built.front, built.back)]
    return found


def is_comparable(text: str, theirs: Any) -> bool:
    """Whether a text is one paragraph, and clozecraft finds each gap again when it replaces it in the text."""
    is_paragraph = text == text.strip() and "\n\n" not in text
    asks = [gap for gap in theirs["gaps"] if "a" in gap[3] or gap[3].strip("0sh")]
    return is_paragraph and bool(asks) and all(text.count(gap[0]) == 1 for gap in theirs["gaps"])


NOTES = [(asked, theirs) for asked, theirs in GOLDEN if theirs and is_comparable(asked.text, theirs)]


@pytest.mark.parametrize(("asked", "theirs"), NOTES, ids=[repr(asked.text) for asked, _ in NOTES])
def test_each_card_asks_shows_and_hides_what_clozecraft_does(asked: Asked, theirs: Any) -> None:
    found = faces(asked)
    assert found == {
        f"c{number}": face for number, face in enumerate(theirs["faces"], start=1) if f"c{number}" in found
    }
    assert found
