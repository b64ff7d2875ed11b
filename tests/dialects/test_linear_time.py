"""No dialect takes more than linear time for any text: sizes far apart are compared, never times with a clock.

Opened things that are never closed are the worst, so every token of every dialect is repeated, alone and in pairs.
"""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flashcards.dialects import NAMES
from flashcards.dialects.choose import Chooser
from flashcards.dialects.obsidian import read_obsidian
from flashcards.dialects.obsidian_data import (
    BOLD,
    CURLY,
    HIGHLIGHT,
    ObsidianSettings,
    choose_later,
    find_stored,
    hash_text,
)
from flashcards.dialects.read import read_deck

SMALL, LARGE = 1_500, 24_000
LINEAR, QUADRATIC = LARGE / SMALL, (LARGE / SMALL) ** 2
NOTICEABLE_S = 0.03  # below it the larger text is read too quickly for a ratio to mean anything

PATTERNS = (HIGHLIGHT, BOLD, CURLY, r"==answer==[^\[hint\]][\[^123\]]", "((answer[|hint][#1]))")
TOKENS = (
    *("# a\n", "## a\n", "## a\nb\n", "%\n", "[#a](", "{{c1::", "{{c1::a}} ", "}}", "---\n", "1. a\n> b\n", "1. {a"),
    *("{a} ", "{", "}", "<!--ID:1-->\n", "<!--", "-->", "<!-- \n", "START\n", "END\n", "STARTI [Basic] a Back: b "),
    *("STARTI [", "ENDI ", "Back: ", "Tags: ", "FROZEN - Basic:\n", "TARGET DECK\n", "DELETE\n", "ID: 1 "),
    *("a #card\nb\n", "#card ", "#card\n", "a::b ^1607372352424\n", "::", ":::", "a::b\n", "tags: a\n", "tags: a,"),
    *("==a", "==a==", "==", "==a;;b==", "==1;;a==", "==ash;;a==", "1;;", ";;", "**a**", "**", "((a#1))", "==a==^[b"),
    *("^1607372352424\n", "^a ", "#a ", "#flashcards ", "#flashcards/a\n", "/", "#", "`", "```\n", "~~~\n", "\n", "\t"),
    *("> [!sr] a\n> b\n", "> [!sr|card-metadata]\n", "> ", "?\n", "a\n?\n", "??\n", "+++\n", " ", "\\", "$", "[", "]"),
    *(
        "<!--SR:!2026-12-16,51,230-->",
        "<!--SR:!",
        "!2026-12-16,51,230",
        "[[",
        "]]",
        "![[",
        "[^1]",
        "[^a]: b\n",
        "<",
        "|",
    ),
)
PREFIXES = (
    "",
    "---\n1. ",
    "START\nCloze\n",
    "## ",
    "a ==b== ",
    "a::b ",
    "> [!sr] ",
    "x\n?\n",
    "#flashcards ",
    "{{c1::a}} ",
)


def time_reading(read: Callable[[str], object], text: str) -> float:
    times = []
    for _ in range(3):
        start = time.process_time()
        read(text)
        times.append(time.process_time() - start)
    return min(times)


def is_linear(read: Callable[[str], object], make_text: Callable[[int], str]) -> bool:
    """Whether the larger of two texts takes rather a linear than a quadratic multiple of the smaller one's time."""
    start = time.process_time()
    read(make_text(LARGE))
    if time.process_time() - start < NOTICEABLE_S:
        return True
    ratio = time_reading(read, make_text(LARGE)) / max(time_reading(read, make_text(SMALL)), 1e-4)
    return ratio < (LINEAR + QUADRATIC) / 2


@pytest.fixture(autouse=True)
def no_collector() -> Iterator[None]:
    """Let no garbage of other tests be collected while this one runs."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def choose_reader(name: str) -> Callable[[str], object]:
    if name == "obsidian":
        settings = ObsidianSettings(cloze_patterns=PATTERNS)
        return lambda text: read_obsidian(text, "folder/deck.md", settings, only_tagged=False)
    choice = Chooser(Path("/nowhere"), {"": name}).choose("folder/deck.md")
    return lambda text: read_deck(text, "folder/deck.md", choice)


DIALECTS = [name for name in NAMES if name != "native"]


@pytest.mark.slow
@pytest.mark.parametrize("name", DIALECTS)
def test_every_token_may_be_repeated(name: str) -> None:
    read = choose_reader(name)
    slow = [
        (prefix, token)
        for prefix in ("", "a::b ", random.Random(name).choice(PREFIXES))
        for token in TOKENS
        if not is_linear(read, lambda size, p=prefix, t=token: p + t * (size // len(t)))  # type: ignore[misc]
    ]
    assert not slow


@pytest.mark.slow
@pytest.mark.parametrize("name", DIALECTS)
def test_pairs_of_tokens_may_be_repeated_together_and_one_after_the_other(name: str) -> None:
    read, choose = choose_reader(name), random.Random(f"pairs of {name}")
    slow = []
    for _ in range(80):
        one, two, prefix = choose.choice(TOKENS), choose.choice(TOKENS), choose.choice(PREFIXES)
        between = choose.choice(("", "\n", "\n\n", "a::b", "==x=="))
        shapes: tuple[Callable[[int], str], ...] = (
            lambda size, p=prefix, a=one, b=two: p + (a + b) * (size // len(a + b)),  # type: ignore[misc]
            lambda size, p=prefix, a=one, b=two, s=between: p + a * (size // len(a)) + s + b * (size // len(b)),  # type: ignore[misc]
        )
        slow += [(prefix, one, between, two) for make_text in shapes if not is_linear(read, make_text)]
    assert not slow


@pytest.mark.parametrize("piece", ["<!--SR:", "-->", "<!--SR:!2026-12-16,51,230-->", "<!--SR:a-->" + "<!--SR:" * 9])
def test_stored_schedules_are_looked_up_for_a_text_of_many_comments(piece: str) -> None:
    stored = {hash_text("x"): ()}
    read = lambda text: choose_later((), find_stored(stored, (text,)))  # noqa: E731
    assert is_linear(read, lambda size: piece * (size // len(piece)))
