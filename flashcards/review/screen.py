"""Drawing the views of a session with rich, line after line. Card text is never read as markup."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from rich.console import Console, RenderableType
from rich.text import Text

from flashcards.render.terminal.renderer import TerminalRenderer
from flashcards.render.terminal.text import escape_controls
from flashcards.review.keys import Action, KeyMap
from flashcards.review.layout import (
    POINT_INDENT,
    draw_buttons,
    draw_counts,
    draw_points,
    draw_ratings,
    draw_typed,
    flow_parts,
    hang,
)
from flashcards.review.rubric import remove_points
from flashcards.review.views import Answer, Asked, Question
from flashcards.text import wrap_line
from scheduler.queue import Counts

if TYPE_CHECKING:
    from flashcards.deck.model import Face
    from scheduler import Rating

_TYPED = "Enter alone shows the answer, Ctrl-D leaves"

WIDEST = 100
"""Columns beyond which text is no longer easy to read."""


class Screen:
    """The terminal as a person sees it.

    Args:
        macros: the collection's TeX macros.
        keys: what the keys are, to name them.
        plain: no boxes, colour or clearing; every part labelled, for screen readers.
    """

    def __init__(self, macros: Mapping[str, str], keys: KeyMap, *, plain: bool) -> None:
        self._console = _console(plain)
        self._renderer = TerminalRenderer(macros, plain=plain)
        self._keys = keys
        self._plain = plain
        self._clears = not plain and self._console.is_terminal and not self._console.is_dumb_terminal
        self._shown: tuple[Face, bool] | None = None  # plain: what was read out last, and whether with the answer

    def open(self) -> None:
        """Before the first view: move what is on the screen up into the scrollback, where clearing cannot reach it."""
        if self._clears:
            self._console.file.write("\n" * self._console.height)

    def show(self, view: Question | Answer) -> None:
        """Draw a view. It appears at once, in one write."""
        with self._console:
            if self._plain:
                self._show_plain(view)
            else:
                self._show(view)

    def say(self, *lines: str) -> None:
        """Print lines as they are, below whatever is shown; one that is too long goes on below its beginning."""
        with self._console:
            for line in lines:
                for part in wrap_line(escape_controls(line), self._console.width):
                    self._print(Text(part))

    def close(self, lines: Iterable[str]) -> None:
        """The end: only these lines are left."""
        with self._console:
            self._clear()
            for line in lines:
                self._print(Text(escape_controls(line)))

    def ask(self, asked: Asked, heading: str, hint: str) -> None:
        """A question of a mock interview, below its heading."""
        self._clear()
        self._print(Text(heading, "bold"))
        self._print(self._place(asked))
        self._blank()
        self._print(self._side(asked, asked.face.front))
        self._blank()
        self._print(Text(hint, "dim"))

    def judge(self, asked: Asked, ticked: frozenset[int], proposed: Rating, written: str) -> None:
        """What was written in answer to it, and the model answer with the points to be ticked."""
        view = Answer(asked, Counts(0, 0, 0), (0, 0, 0, 0), ticked=ticked, proposed=proposed)
        self._clear()
        if written:
            self._print(Text("Your answer", "bold"))
            self._print(Text(escape_controls(written)))
            self._blank()
        self._print(Text("Model answer", "bold"))
        self._blank()
        self._back(view)
        self._blank()
        self._print(flow_parts(draw_ratings(view, self._keys), " · ", self._console.width))

    def redraw(self) -> None:
        """Forget what was shown, so that the next `show` shows all of it."""
        self._shown = None

    def plain_text(self, markdown: str, definitions: str) -> str:
        """The words of a piece of Markdown, as one would type them."""
        renderer = self._renderer if self._plain else TerminalRenderer({}, plain=True)
        wide = Console(width=100_000, color_system=None, force_terminal=False)
        with wide.capture() as capture:
            wide.print(renderer.render(markdown, definitions))
        return capture.get().strip()

    def _show(self, view: Question | Answer) -> None:
        asked = view.asked
        self._clear()
        self._print(self._place(asked))
        self._blank()
        if not (isinstance(view, Answer) and asked.face.delimiters):
            self._print(self._side(asked, asked.face.front))
        if isinstance(view, Answer):
            if not asked.face.delimiters:
                self._blank()
                self._print(Text("─" * self._console.width, "dim"))
                self._blank()
            self._back(view)
        self._blank()
        if view.message:
            self._print(Text(escape_controls(view.message), "yellow"))
        self._print(draw_counts(view.counts, asked.card, self._hint(view), self._console.width))
        if isinstance(view, Answer):
            self._print(flow_parts(draw_buttons(view, self._keys), " · ", self._console.width))

    def _show_plain(self, view: Question | Answer) -> None:
        asked = view.asked
        answered = isinstance(view, Answer)
        if view.message:
            self._print(Text(escape_controls(view.message)))
        if self._shown == (asked.face, answered):
            return
        if self._shown != (asked.face, False):
            self._blank()
            self._print(self._place(asked))
            self._print(draw_counts(view.counts, asked.card, "", self._console.width, plain=True))
            self._print(Text("Question:"))
            self._print(self._side(asked, asked.face.front))
        if isinstance(view, Answer):
            self._print(Text("Answer:"))
            self._back(view)
            self._print(flow_parts(draw_buttons(view, self._keys), ", ", self._console.width))
        elif asked.typed:
            self._print(Text(f"{_TYPED}."))
        else:
            self._print(Text(f"Press {self._keys.label(Action.SHOW)} for the answer."))
        self._shown = (asked.face, answered)

    def _back(self, view: Answer) -> None:
        """The answer; of a rubric card its points, to be ticked, in the place of its task list."""
        note = view.asked.entry.note
        if note.points:
            if text := remove_points(view.asked.face.back):
                self._print(self._side(view.asked, text))
                self._blank()
            points = [self.plain_text(point, note.definitions) for point in note.points]
            *pointed, proposal = draw_points(view, points, self._keys)
            for line in pointed:
                self._print(hang(line, POINT_INDENT, self._console))
            self._print(proposal)
        else:
            self._print(self._side(view.asked, view.asked.face.back))
        self._typed(view)

    def _place(self, asked: Asked) -> Text:
        """Deck and headings above the card, and its flag."""
        names = " > ".join(escape_controls(name) for name in (asked.entry.deck, *asked.entry.note.breadcrumb))
        text = Text.assemble((names, "dim"))
        if asked.card.flag:
            text.append(f"  flag {asked.card.flag}", "bold yellow")
        return text

    def _side(self, asked: Asked, markdown: str) -> RenderableType:
        return self._renderer.render(markdown, asked.entry.note.definitions, asked.face.delimiters)

    def _typed(self, view: Answer) -> None:
        if view.given is None:
            return
        expected = self.plain_text(view.asked.expected, view.asked.entry.note.definitions)
        self._blank()
        for line in draw_typed(view.given, expected, coloured=self._coloured):
            self._print(line)

    def _hint(self, view: Question | Answer) -> str:
        if isinstance(view, Answer):
            return ""
        if view.asked.typed:
            return _TYPED
        return f"{self._keys.label(Action.SHOW)} shows the answer · {self._keys.label(Action.HELP)} help"

    @property
    def _coloured(self) -> bool:
        return self._console.color_system is not None and not self._console.no_color

    def _print(self, part: RenderableType) -> None:
        # Words too long for the line go on in the next one instead of being cut off.
        self._console.print(part, overflow="fold")

    def _blank(self) -> None:
        self._console.print()

    def _clear(self) -> None:
        if self._clears:
            self._console.clear()


def _console(plain: bool) -> Console:
    console = Console(
        color_system=None if plain else "auto", highlight=False, markup=False, emoji=False, legacy_windows=False
    )
    console.width = max(1, min(console.width, WIDEST))
    _never_fail(sys.stdout)
    return console


def _never_fail(stream: object) -> None:
    """Let a terminal that cannot show a character show another one in its place."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")
