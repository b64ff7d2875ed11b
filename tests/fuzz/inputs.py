"""Random texts for fuzzing: pieces with a meaning, put together and mutated.

`FUZZ_INPUTS` says how many of them a test tries, `FUZZ_SEED` which ones.
"""

from __future__ import annotations

import os
import random
import signal
import traceback
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

INPUTS = int(os.environ.get("FUZZ_INPUTS", "600"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))

SECONDS = 10  # of processor time

FIXTURES = Path(__file__).parents[1]
FOLDER = Path(__file__).parent


def bounded(inputs: Iterable[T]) -> Iterator[T]:
    """Yield inputs; using each may take `SECONDS`. The fixture `limits` of `conftest.py` stops what takes more."""
    for each in inputs:
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        yield each


def check_each(inputs: Iterable[T], check: Callable[[T], object]) -> None:
    """Use each input; fail at the end with one input for each place at which an exception was raised."""
    failures: dict[str, str] = {}
    for each in bounded(inputs):
        try:
            check(each)
        except Exception as error:
            frame = traceback.extract_tb(error.__traceback__)[-1]
            failures.setdefault(f"{frame.filename}:{frame.lineno}", f"{type(error).__name__}: {error}: {each!a}")
    assert not failures, "\n".join(f"{place}: {what}" for place, what in failures.items())


def read_pieces(name: str) -> list[str]:
    """The pieces of a list, one on a line, with the escapes of Python."""
    lines = (FOLDER / f"{name}.txt").read_text(encoding="ascii").split("\n")
    return [line.encode("ascii").decode("unicode_escape") for line in lines if line]


YAML = read_pieces("yaml")
MARKDOWN = read_pieces("markdown")
TEX = read_pieces("tex")
RARE = "\0\t\n\r\x1b\\`\u0300\u2028\ufeff\U0001f98a"
MOST_CHARACTERS = 5_000


def join(pieces: list[str], source: random.Random, most: int = 40) -> str:
    """Join up to this many random pieces, and change three of ten results."""
    text = "".join(source.choices(pieces, k=source.randrange(1, most)))
    return mutate(text, source) if source.random() < 0.3 else text


def generate(pieces: list[str]) -> Iterator[str]:
    """Random sequences of these pieces, and of characters."""
    for number in range(INPUTS):
        yield join(pieces, random.Random(f"{SEED}/{number}"))  # a failure can be repeated by its number


def generate_decks() -> Iterator[str]:
    """Decks in turn: of pieces, with random front matter, and parts of the fixtures cut, doubled and mixed."""
    files = [*FIXTURES.glob("deck/fixtures/*.md"), *FIXTURES.glob("dialects/fixtures/**/*.md")]
    texts = [path.read_text(encoding="utf-8") for path in sorted(files)]
    for number in range(INPUTS):
        source = random.Random(f"{SEED}/deck/{number}")
        kind = source.random()
        if kind < 0.4:
            yield join(MARKDOWN, source)
        elif kind < 0.7:
            rest = join(MARKDOWN, source) if kind < 0.5 else "Q: a\nA: b\n"
            yield f"---\n{join(YAML, source)}\n---\n{rest}"
        elif kind < 0.72:
            yield mutate(join(MARKDOWN, source, 4) * source.randrange(1, 400), source)[:MOST_CHARACTERS]
        else:
            text = source.choice(texts)
            start = source.randrange(len(text))
            cut = mix_lines(text[start : start + 500], source.choice(texts), source)
            yield mutate(cut, source)[:MOST_CHARACTERS] if kind < 0.95 else cut


def mix_lines(text: str, other: str, source: random.Random) -> str:
    """Move, drop, double or indent some lines, or take them from another text."""
    lines, others = text.split("\n"), other.split("\n")
    for _ in range(source.randrange(4)):
        at, kind = source.randrange(len(lines)), source.randrange(5)
        if kind == 0:
            lines.insert(at, source.choice(others))
        elif kind == 1:
            lines.insert(at, lines[source.randrange(len(lines))])
        elif kind == 2:
            lines[at] = source.choice(("", " ", "  ", "    ", "\t", "> ", "- ")) + lines[at]
        elif kind == 3:
            lines[at] = lines[at].strip()
        elif len(lines) > 1:
            del lines[at]
    return "\n".join(lines)


def mutate(text: str, source: random.Random) -> str:
    """Change a text in up to four places."""
    for _ in range(source.randrange(1, 5)):
        at, end = sorted(source.randrange(len(text) + 1) for _ in range(2))
        kind = source.randrange(5)
        if kind == 0:
            text = text[:at] + text[end:]
        elif kind == 1:
            text = text[:end] + text[at:end] * source.randrange(1, 4) + text[end:]
        elif kind == 2:
            text = text[:at] + source.choice(RARE) + text[at:]
        elif kind == 3:
            text = text[:at] + chr(source.randrange(source.choice((128, 0x3000, 0x110000)))) + text[at:]
        else:
            text = text[:at] + source.choice(MARKDOWN) + text[at:]
    return text
