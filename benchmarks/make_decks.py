"""Decks of any size, the same ones every time.

The questions and answers are plain sentences; every third answer has a little Markdown in it, as decks do. `mixed`
adds every kind of note, code, tables and formulas.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

_SEED: Final = 20_260_101
_FOLDER_SIZE: Final = 20  # files in a folder: its decks are subdecks of one deck
_SECTION_SIZE: Final = 10  # notes under a heading

QUESTION_WORD: Final = "topic-"
"""Begins a word that every question has and nothing else has: whoever sees it on a screen sees a question."""

_WORDS: Final = (
    "a plan names the owner of each risk and says when it was last seen to change while teams that share one goal"
    " agree on scope early because late work costs more than early work and every open decision blocks another one"
).split()


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


def make_decks(folder: Path, notes: int, files: int, *, mixed: bool = False) -> None:
    """Write decks into `folder`, which is made: `notes` over `files`, twenty files a subfolder.

    Without `mixed` every note is a `Q:` with its `A:`, which hashcards reads as well.
    """
    write = _mixed_note if mixed else _question

    def path(number: int) -> Path:
        return folder / f"part-{number // _FOLDER_SIZE:02}" / f"deck-{number:04}.md"

    _write(path, notes, files, write, "#")


def make_heading_decks(folder: Path, notes: int, files: int) -> None:
    """Write the same questions and answers as `## question` headings, the form that markdown-anki-decks reads."""
    _write(lambda number: folder / f"deck-{number:04}.md", notes, files, _heading, "")


def _write(
    path_of: Callable[[int], Path], notes: int, files: int, write: Callable[[int, Fact], str], section: str
) -> None:
    every_fact = enumerate(facts(notes))
    for file in range(files):
        size = notes * (file + 1) // files - notes * file // files
        parts = [f"# Deck {file}\n\n"]
        for place, (number, fact) in enumerate(islice(every_fact, size)):
            if section and place % _SECTION_SIZE == 0:
                parts.append(f"{section}# Section {place // _SECTION_SIZE}\n\n")
            parts.append(write(number, fact))
        path = path_of(file)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(parts), encoding="utf-8")


def _question(_number: int, fact: Fact) -> str:
    return f"Q: {fact.question}\nA: {fact.answer}\n\n"


def _heading(_number: int, fact: Fact) -> str:
    return f"## {fact.question}\n\n{fact.answer}\n\n"


def _mixed_note(number: int, fact: Fact) -> str:
    return _MIXED[number % len(_MIXED)](number, fact)


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
    return f"Q: {fact.question}\nA: {fact.answer}\n\n```python\ndef topic(n: int) -> str:\n    return f'{number} {{n}}'\n```\n\n"


def _table(number: int, fact: Fact) -> str:
    return f"Q: {fact.question}\n\nA:\n\n| case | value |\n| --- | ---: |\n| one | {number} |\n| two | **2** |\n\n"


def _formula(number: int, fact: Fact) -> str:
    return f"Q: {fact.question}\nA: It is $\\frac{{{number}}}{{2}}$, or\n\n$$\\sum_{{i=0}}^{{n}} i^2 + {number}$$\n\n"


def _points(number: int, fact: Fact) -> str:
    return f"Q: {fact.question}\nA:\n\n- [ ] the first point of {number}\n- [ ] {fact.answer}\n\n"


def _typed(_number: int, fact: Fact) -> str:
    return f"Q: {fact.question}\nA: {fact.answer}\n<!-- type; tags: exam, hard -->\n\n"


_MIXED: Final = (_question, _term, _gaps, _pair, _code, _numbered_gaps, _table, _formula, _points, _typed)
