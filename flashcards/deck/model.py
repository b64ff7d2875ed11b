"""The content of a deck file, as plain immutable data.

Markdown sources are kept as typed (with line endings folded to `\n`); offsets into them count characters. Lines count
from 1.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

FORWARD = "forward"
REVERSE = "reverse"


class Kind(StrEnum):
    """The syntax of a note, which determines its cards."""

    QUESTION = "question"  # Q: A:          forward (and reverse, when asked for)
    TERM = "term"  # T: D:          forward and reverse
    PAIR = "pair"  # a :: b, a ::: b
    CLOZE = "cloze"  # C:             one card per gap or number


class Problem(NamedTuple):
    """Something in a file that the user should correct. It affects one note at most."""

    line: int
    code: str
    message: str
    hint: str


class Gap(NamedTuple):
    """One gap of a cloze note. Gaps are in order of `start`; one may be nested in another, but they never overlap."""

    numbers: tuple[int, ...]  # numbers of the cards that ask for it
    # start, end: the whole gap in the note's text, brackets included
    start: int
    end: int
    # inner_start, inner_end: the hidden text
    inner_start: int
    inner_end: int
    hint: str = ""
    hidden: tuple[int, ...] = ()  # the cards that show it neither in front nor on the back


class StatedSchedule(NamedTuple):
    """A schedule that another tool wrote next to a card."""

    # due, last: its due time and its last review, as ISO 8601 dates or instants with an offset
    due: str
    last: str
    interval: int  # in days
    stability: float  # days
    difficulty: float  # 1 to 10
    state: int  # 1 to 3 for learning, review and relearning
    # reps, lapses: how often it was reviewed and forgotten, if the tool stores that
    reps: int = 1
    lapses: int = 0


class Note(NamedTuple):
    """One block of Markdown, and its cards."""

    kind: Kind  # its syntax
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
    typed: bool = False  # whether the answer must be typed
    points: tuple[str, ...] = ()  # the points of a rubric (the answer's task list), as Markdown; else empty
    definitions: str = ""  # Markdown of the link definitions elsewhere in the file that the fields use, or ""
    deck: str = ""  # its deck if it differs from that of the file, else ""
    # schedules of another tool for its slots, None where there is none; or empty
    schedules: tuple[StatedSchedule | None, ...] = ()
    # the languages for reading it aloud: one for all of it, or one for each side; `-` for a silent side
    say: tuple[str, ...] = ()

    def find_language(self, slot: str, *, is_back: bool) -> str:
        """Return the language for reading a side of a card aloud, or ""."""
        if not self.say:
            return ""
        is_second = is_back and self.kind is not Kind.CLOZE
        found = self.say[-1] if is_second != (slot == REVERSE) else self.say[0]
        return found.removeprefix("-")


class Deck(NamedTuple):
    """The content of one file."""

    name: str  # `a::b`; from `deck:` in the front matter, else from the path
    notes: tuple[Note, ...] = ()  # in order of the file
    problems: tuple[Problem, ...] = ()  # in order of the file
    # everything else in the front matter, by name, as YAML or TOML gave it
    settings: Mapping[str, Any] = {}
    setting_lines: Mapping[str, int] = {}  # the line of each setting, to report it


class Face(NamedTuple):
    """The two sides of one card as Markdown.

    The asked part (in `front`) or revealed part (in `back`) of a cloze is enclosed in the two `delimiters`, so that a
    renderer can highlight it. They are characters that the text does not contain; other kinds of notes have no
    delimiters.
    """

    front: str
    back: str
    delimiters: tuple[str, str] | tuple[()] = ()
