"""Random texts for fuzzing: pieces with a meaning, put together and mutated.

`FUZZ_INPUTS` says how many of them a test tries, `FUZZ_SEED` which ones.
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

INPUTS = int(os.environ.get("FUZZ_INPUTS", "600"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))

SECONDS = 10  # of processor time

FIXTURES = Path(__file__).parents[1] / "deck" / "fixtures"

FOLDER = Path(__file__).parent


def bounded(inputs: Iterable[T]) -> Iterator[T]:
    """Yield inputs; using each may take `SECONDS`. The fixture `limits` of `conftest.py` stops what takes more."""
    for each in inputs:
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        yield each


def read_pieces(name: str) -> list[str]:
    """The pieces of a list, one on a line, with the escapes of Python."""
    lines = (FOLDER / f"{name}.txt").read_text(encoding="ascii").split("\n")
    return [line.encode("ascii").decode("unicode_escape") for line in lines if line]


YAML = read_pieces("yaml")
MARKDOWN = read_pieces("markdown")
RARE = "\0\t\n\r\x1b\\`\u0300\u2028\ufeff\U0001f98a"


def generate(pieces: list[str], most: int = 40) -> Iterator[str]:
    """Random sequences of these pieces, and of characters."""
    for number in range(INPUTS):
        source = random.Random(f"{SEED}/{number}")  # a failure can be repeated by its number
        text = "".join(source.choice(pieces) for _ in range(source.randrange(1, most)))
        yield mutate(text, source) if source.random() < 0.3 else text


def mutate_fixtures() -> Iterator[str]:
    """The decks of the fixtures, each cut, doubled and mixed at random."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(FIXTURES.glob("*.md"))]
    for number in range(max(1, INPUTS // 4)):
        source = random.Random(f"{SEED}/fixture/{number}")
        text = source.choice(texts)
        start = source.randrange(len(text))
        yield mutate(text[start : start + 600], source)


def mutate(text: str, source: random.Random) -> str:
    """Change a text in up to four places."""
    for _ in range(source.randrange(1, 5)):
        at, end = sorted(source.randrange(len(text) + 1) for _ in range(2))
        kind = source.randrange(4)
        if kind == 0:
            text = text[:at] + text[end:]
        elif kind == 1:
            text = text[:end] + text[at:end] * source.randrange(1, 4) + text[end:]
        elif kind == 2:
            text = text[:at] + source.choice(RARE) + text[at:]
        else:
            text = text[:at] + source.choice(MARKDOWN) + text[at:]
    return text
