"""Decks of any size, the same ones every time.

The questions and answers are plain sentences; every third answer has a little Markdown in it, as decks do.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

_SEED: Final = 20_260_101
_FOLDER_SIZE: Final = 20  # files in a folder: its decks are subdecks of one deck
_SECTION_SIZE: Final = 10  # notes under a heading
_PICTURES: Final = 2_000  # of a vault

QUESTION_WORD: Final = "topic-"
"""Begins a word that every question has and nothing else has: whoever sees it on a screen sees a question."""

_WORDS: Final = (
    *("plan", "risk", "scope", "goal", "team", "owner", "release", "milestone", "budget", "dependency", "stakeholder"),
    *("names", "says", "blocks", "changes", "agrees", "costs", "moves", "follows", "measures", "decides", "reviews"),
    *("a", "the", "each", "one", "every", "early", "late", "open", "shared", "and", "because", "while", "before"),
)


class Fact(NamedTuple):
    """A question with its answer, as Markdown without blank lines."""

    question: str
    answer: str


def facts(count: int) -> Iterator[Fact]:
    """So many different questions with their answers."""
    draw = random.Random(_SEED)
    for number in range(count):
        words = draw.choices(_WORDS, k=draw.randint(6, 18))
        if number % 3 == 0:
            words[2], words[4] = f"**{words[2]}**", f"`{words[4]}`"
        subject = " ".join(draw.choices(_WORDS, k=3))
        yield Fact(f"What does {QUESTION_WORD}{number} say about {subject}?", f"It says {' '.join(words)}.")


class Form(StrEnum):
    """How decks are written."""

    NATIVE = "native"
    """Every note a `Q:` with its `A:`, ten under a heading."""
    MIXED = "mixed"
    """Every kind of note in turn, with code, tables and formulas, ten under a heading."""
    HASHCARDS = "hashcards"
    """The notes of `NATIVE` without headings, which hashcards takes for mistakes."""
    HEADINGS = "headings"
    """The notes of `NATIVE` as `## question` with the answer beneath, as markdown-anki-decks reads them."""
    VAULT = "vault"
    """The notes of `NATIVE` as Obsidian's spaced repetition plugin reads them, half of them with a schedule."""


def make_decks(folder: Path, notes: int, files: int, form: Form = Form.NATIVE) -> None:
    """Write decks into `folder`, which is made: so many notes over so many files, twenty files a subfolder."""
    every_fact = enumerate(facts(notes))
    for file in range(files):
        size = notes * (file + 1) // files - notes * file // files
        path = folder / f"part-{file // _FOLDER_SIZE:02}" / f"deck-{file:04}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_text(file, form, islice(every_fact, size)), encoding="utf-8")
    if form is Form.VAULT:
        _write_vault(folder)


def _write_vault(folder: Path) -> None:
    """Write what a vault holds besides its notes: the settings of the plugin, and pictures."""
    data = folder / ".obsidian/plugins/obsidian-spaced-repetition/data.json"
    data.parent.mkdir(parents=True)
    data.write_text('{"settings": {"flashcardTags": ["#flashcards"]}}', encoding="utf-8")
    pictures = folder / "attachments"
    pictures.mkdir()
    for number in range(_PICTURES):
        (pictures / f"picture-{number}.png").write_bytes(b"\x89PNG")


def _text(file: int, form: Form, numbered_facts: Iterable[tuple[int, Fact]]) -> str:
    with_headings = form in (Form.NATIVE, Form.MIXED, Form.VAULT)
    write = {Form.MIXED: _mixed, Form.HEADINGS: _heading, Form.VAULT: _vault}.get(form, _question)
    parts = [] if form is Form.HASHCARDS else [f"# Deck {file}\n\n"]
    if form is Form.VAULT:
        parts.insert(0, "---\ntags: [flashcards]\n---\n")
    for place, (number, fact) in enumerate(numbered_facts):
        if with_headings and place % _SECTION_SIZE == 0:
            parts.append(f"## Section {place // _SECTION_SIZE}\n\n")
        parts.append(write(number, fact))
    return "".join(parts)


def _question(_number: int, fact: Fact) -> str:
    return f"Q: {fact.question}\nA: {fact.answer}\n\n"


def _heading(_number: int, fact: Fact) -> str:
    return f"## {fact.question}\n\n{fact.answer}\n\n"


def _mixed(number: int, fact: Fact) -> str:
    return _MIXED[number % len(_MIXED)](number, fact)


def _vault(number: int, fact: Fact) -> str:
    schedule = f"<!--SR:!2026-{number % 12 + 1:02}-{number % 28 + 1:02},{number % 90 + 1},{130 + number % 200}-->\n"
    comment = schedule if number % 2 else ""
    if number % 3 == 0:
        return f"{fact.question}::{fact.answer}\n{comment}\n"
    return f"{fact.question}\n?\n{fact.answer}\n{comment}\n"


def _term(number: int, fact: Fact) -> str:
    return f"T: {QUESTION_WORD}{number}\nD: {fact.answer}\n\n"


def _gaps(_number: int, fact: Fact) -> str:
    first, second, *rest = fact.answer.rstrip(".").split()
    return f"C: {fact.question} {first} [{second}] {' '.join(rest[:-1])} [{rest[-1]}].\n\n"


def _numbered_gaps(number: int, fact: Fact) -> str:
    return f"C: {{{{c1::{QUESTION_WORD}{number}}}}} is {{{{c2::{fact.answer.rstrip('.')}::what?}}}} here.\n\n"


def _pair(_number: int, fact: Fact) -> str:
    return f"{fact.question} :: {fact.answer}\n\n"


def _code(number: int, fact: Fact) -> str:
    code = f"def topic(n: int) -> str:\n    return f'{number} {{n}}'"
    return f"Q: {fact.question}\nA: {fact.answer}\n\n```python\n{code}\n```\n\n"


def _table(number: int, fact: Fact) -> str:
    return f"Q: {fact.question}\n\nA:\n\n| case | value |\n| --- | ---: |\n| one | {number} |\n| two | **2** |\n\n"


def _formula(number: int, fact: Fact) -> str:
    return f"Q: {fact.question}\nA: It is $\\frac{{{number}}}{{2}}$, or\n\n$$\\sum_{{i=0}}^{{n}} i^2 + {number}$$\n\n"


def _points(number: int, fact: Fact) -> str:
    return f"Q: {fact.question}\nA:\n\n- [ ] the first point of {number}\n- [ ] {fact.answer}\n\n"


def _typed(_number: int, fact: Fact) -> str:
    return f"Q: {fact.question}\nA: {fact.answer}\n<!-- type; tags: exam, hard -->\n\n"


_MIXED: Final = (_question, _term, _gaps, _pair, _code, _numbered_gaps, _table, _formula, _points, _typed)
