from __future__ import annotations

import json
import os
import subprocess
from functools import cache
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flashcards.deck.cloze import build_face
from flashcards.deck.model import Gap
from flashcards.dialects.obsidian import read_obsidian
from flashcards.dialects.obsidian_clozes import find_clozes, has_cloze, is_pattern
from flashcards.dialects.obsidian_settings import BOLD, CURLY, HIGHLIGHT, ObsidianSettings

JUDGE = Path(__file__).parent / "clozecraft_judge.js"
FOOTNOTE = r"==answer==[^\[hint\]][\[^123\]]"
ANKI = "{{[123::]answer[::hint]}}"
HINT_FIRST = "<[hint|][123#]answer>"
PATTERNS = (HIGHLIGHT, BOLD, CURLY, FOOTNOTE, ANKI, HINT_FIRST)


def judge(asked: list[tuple[str, tuple[str, ...]]]) -> list[Any]:
    """What clozecraft finds; it is looked for where node looks for packages (NODE_PATH)."""
    lines = "".join(json.dumps({"text": text, "patterns": patterns}) + "\n" for text, patterns in asked)
    done = subprocess.run(["node", JUDGE], input=lines, capture_output=True, text=True, check=True, env=os.environ)
    return [json.loads(line) for line in done.stdout.splitlines()]


@cache
def has_judge() -> bool:
    if which("node") is None:
        return False
    return subprocess.run(["node", "-e", "require('clozecraft')"], capture_output=True, check=False).returncode == 0


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

    def test_overlapping_gaps_say_of_each_card_whether_they_are_asked_or_hidden(self) -> None:
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

    def test_a_gap_may_lie_in_another(self) -> None:
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
    found = judge([(text, (pattern,)) for text, pattern in asked])
    for (text, pattern), theirs in zip(asked, found, strict=True):
        assert texts(text, find_clozes(text, (pattern,))) == expected(theirs), (text, pattern)
        assert has_cloze(text, (pattern,)) == (theirs is not None)


@needs_judge
def test_clozecraft_agrees_on_what_is_documented() -> None:
    asked = [
        ("The first female ==prime minister== of Australia was ==Julia Gillard==", (HIGHLIGHT,)),
        ("Brazilians speak {{1::Portuguese::language}}", (ANKI,)),
        ("Brazilians speak {{a::Portuguese}}", (ANKI,)),
        ("==ash;;x== and ==hs;;y;;why==", (HIGHLIGHT,)),
        ("`a == b && b == c`", (HIGHLIGHT,)),
        ("===secret===", (HIGHLIGHT,)),
        ("both ==one== and **two**", (HIGHLIGHT, BOLD)),
    ]
    for (text, patterns), theirs in zip(asked, judge(asked), strict=True):
        assert sorted(texts(text, find_clozes(text, patterns))) == sorted(expected(theirs)), text


@needs_judge
@pytest.mark.parametrize(
    "text",
    [
        "The ==first== and the ==second;;hint==",
        "==1;;a;;hint== and ==2;;b== and ==1;;c== and ==plain==",
        "==hshs;;Context== for\n- ==ashh;;Item 1==\n- ==hash;;Item 2;;hint==\n- ==hhas;;Item 3==\n- ==hhha;;Item 4==",
        "==a;;short== and ==sa;;longer== and ==ha;;last==",
    ],
)
def test_clozecraft_asks_shows_and_hides_the_same(text: str) -> None:
    (theirs,) = judge([(text, (HIGHLIGHT,))])
    deck = read_obsidian(f"#flashcards\n\n{text}", "a.md", ObsidianSettings())
    (note,) = deck.notes
    faces = []
    for slot in note.slots:
        built = build_face(note, slot)
        strip = str.maketrans("", "", "".join(built.delimiters))
        faces.append([side.translate(strip).replace("…", "...") for side in (built.front, built.back)])
    assert faces == theirs["faces"]
