"""The content of a deck file, as plain immutable data.

Markdown sources are kept as the person typed them (line endings folded to `\\n`); offsets into them count characters.
Lines count from 1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

FORMAT_VERSION = 8
"""Raise this if the same text may yield other notes than before: all files are then read again."""

FORWARD = "forward"
REVERSE = "reverse"


class Kind(StrEnum):
    """How a note was written, which decides its cards."""

    QUESTION = "question"  # Q: A:          forward (and reverse, when asked for)
    TERM = "term"  # T: D:          forward and reverse
    PAIR = "pair"  # a :: b, a ::: b
    CLOZE = "cloze"  # C:             one card a gap, or one a number


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a file that a person should correct. It costs one note at most."""

    line: int
    code: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Gap:
    """One gap of a cloze note. Gaps are in order of `start`; one may be nested in another, but they never overlap."""

    numbers: tuple[int, ...]  # of the cards that ask for it
    # start, end: the whole gap in the note's text, brackets included
    start: int
    end: int
    # inner_start, inner_end: what it hides
    inner_start: int
    inner_end: int
    hint: str = ""
    hidden: tuple[int, ...] = ()  # the cards that show it neither in front nor behind


class StatedSchedule(NamedTuple):
    """What another tool wrote beside a card: when it is due, and how well it is known."""

    # due, last: when it is due and when it was last reviewed, as ISO 8601 dates or instants with an offset
    due: str
    last: str
    interval: int  # days it waits
    stability: float  # days
    difficulty: float  # 1 to 10
    state: int  # 1 to 3 for learning, review and relearning
    # reps, lapses: how often it was reviewed and forgotten, as far as the tool says
    reps: int = 1
    lapses: int = 0


class Note(NamedTuple):
    """One block of Markdown that a person wrote, and the cards it yields."""

    kind: Kind  # how it was written
    # line, end_line: first and last line in the file, both inclusive
    line: int
    end_line: int
    # Markdown sources: `(front, back)`, or `(text,)` for a cloze, with markers and attributes removed
    fields: tuple[str, ...]
    slots: tuple[str, ...]  # the names of its cards, in order: `forward`, `reverse`, `c1`, `c2` …
    gaps: tuple[Gap, ...] = ()  # the gaps of a cloze, else empty
    breadcrumb: tuple[str, ...] = ()  # the headings above it, outermost first, as plain text
    tags: tuple[str, ...] = ()  # tags of the file, then of the note, each once, in order
    pin: str = ""  # the identity written into the file with `<!-- id: … -->`, or ""
    typed: bool = False  # the answer is to be typed
    points: tuple[str, ...] = ()  # the points of a rubric (the answer's task list), as Markdown; else empty
    definitions: str = ""  # Markdown of the link definitions elsewhere in the file that the fields use, or ""
    deck: str = ""  # its deck, where that is not the one of the file, or ""
    # what another tool says of its cards, one for each slot, nothing where it says nothing; or empty
    schedules: tuple[StatedSchedule | None, ...] = ()
    # the languages that it is read aloud in: of the whole, or of each side; `-` for a side that is not read
    say: tuple[str, ...] = ()

    def find_language(self, slot: str, *, is_back: bool) -> str:
        """Return the language in which a side of a card is read aloud; an empty string if it has no language."""
        if not self.say:
            return ""
        is_second = is_back and self.kind is not Kind.CLOZE
        found = self.say[-1] if is_second != (slot == REVERSE) else self.say[0]
        return found.removeprefix("-")


@dataclass(frozen=True, slots=True)
class Deck:
    """The content of one file."""

    name: str  # `a::b`; from `deck:` in the front matter, else from the path
    notes: tuple[Note, ...] = ()  # in order of the file
    problems: tuple[Problem, ...] = ()  # in order of the file
    # everything else in the front matter, by name, as YAML or TOML gave it
    settings: dict[str, Any] = field(default_factory=dict)
    setting_lines: dict[str, int] = field(default_factory=dict)  # the line of each setting, to report it


@dataclass(frozen=True, slots=True)
class Face:
    """The two sides of one card as Markdown.

    What a cloze asks (in `front`) or reveals (in `back`) is enclosed in the two `delimiters`, so that a renderer can
    highlight it. They are characters that the text does not contain; other kinds of notes have no delimiters.
    """

    front: str
    back: str
    delimiters: tuple[str, str] | tuple[()] = ()
