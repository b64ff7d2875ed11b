"""Draw the views of a session: the place above, the card, counts and keys below.

They are drawn in a scrolling window or line by line. Card text is never interpreted as markup.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from flashcards.deck.markdown_extensions import rewrite_additions
from flashcards.render.html.tags import list_typed_answers
from flashcards.render.terminal.blocks import GatedConsole
from flashcards.render.terminal.renderer import TerminalRenderer, render_plain
from flashcards.render.terminal.text import escape_controls
from flashcards.review import screen_parts
from flashcards.review.grading import choose_expected, remove_points
from flashcards.review.keys import Action, KeyMap
from flashcards.review.views import Answer, Asked, Question
from flashcards.text import fold_details, wrap_line

if TYPE_CHECKING:
    from flashcards.deck.model import Face
    from scheduler import Rating

_TYPED = "Enter alone shows the answer, Ctrl-D leaves"

WIDEST = 100
"""The widest line, in columns, that is still easy to read."""


class Screen:
    """The terminal that a person sees; `plain` means no boxes, colour or clearing, for screen readers."""

    def __init__(self, macros: Mapping[str, str], keys: KeyMap, *, plain: bool) -> None:
        self._console = GatedConsole(
            color_system=None if plain else "auto", highlight=False, markup=False, emoji=False, legacy_windows=False
        )
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="replace")  # of characters that the terminal cannot encode
        self._console.width = self._measure_width()
        self._macros = macros
        self._renderer = TerminalRenderer(macros, plain=plain)
        self._keys = keys
        self._plain = plain
        draws = not plain and self._console.is_terminal and not self._console.is_dumb_terminal
        self._window = screen_parts.Window(self._console.file) if draws else None
        self._shown: tuple[Face, bool] | None = None  # the side drawn last, and whether with the answer
        self._opens_details = False

    def open(self) -> None:
        """Switch to our screen, before the first view and after another program."""
        if self._window:
            self._window.enter()

    def leave(self) -> None:
        """Switch back to the normal screen, for another program or at the end."""
        if self._window:
            self._window.leave()

    def show(self, view: Question | Answer) -> None:
        """Draw a view in one write, so that it appears at once."""
        shown = (view.asked.face, isinstance(view, Answer))
        if not self._shown or self._shown[0] != view.asked.face:
            self._opens_details = False
        if self._plain:
            with self._console:
                self._show_plain(view)
        else:
            question, answer = self._draw_question(view), self._draw_answer(view)
            top = 0 if self._shown != shown else None
            self._put(question, answer, self._capture(lambda: self._draw_footer(view)), top)
        self._shown = shown

    def scroll(self, action: Action) -> None:
        """Scroll a card that is taller than the window."""
        if self._window:
            self._window.scroll(action)

    def toggle_details(self) -> None:
        """Make the next `show` open or close the `<details>` of the card."""
        self._opens_details = not self._opens_details
        self.redraw()

    def say(self, *lines: str) -> None:
        """Print lines unchanged below the current view, wrapping long ones."""
        width = self._measure_width()
        parts = [part for line in lines for part in wrap_line(escape_controls(line), width)]
        if self._window:
            self._window.append(parts)
            return
        with self._console:
            for part in parts:
                self._print(Text(part))

    def prompt(self, text: str) -> None:
        """Show a prompt for a key or a line at the bottom of the window."""
        if self._window:
            self._window.replace_footer(self._capture(lambda: self._print(Text(text, "yellow"))))
        else:
            self.say(text)

    def close(self, lines: Iterable[str]) -> None:
        """Switch back to the normal screen and print these lines there."""
        self.leave()
        with self._console:
            for line in lines:
                self._print(Text(escape_controls(line)))

    def ask(self, asked: Asked, heading: str, hint: str, written: Sequence[str] = ()) -> None:
        """Draw a question of a mock interview below its heading, and the text written so far."""

        def draw() -> None:
            self._print(Text(heading, "bold"))
            self._print(self._draw_place(asked))
            self._blank()
            self._print(self._draw_side(asked, asked.face.front))
            self._blank()

        def draw_written() -> None:
            for line in written:
                self._print(Text(f"> {escape_controls(line)}"))

        self._shown = None
        footer = self._capture(lambda: self._print(Text(hint, "dim")))
        self._put(self._capture(draw), self._capture(draw_written), footer, -1 if written else 0)

    def judge(self, asked: Asked, ticked: frozenset[int], proposed: Rating, written: str, message: str = "") -> None:
        """Draw the question, the written answer, and the model answer with points to tick."""

        def draw() -> None:
            if not self._plain:  # in plain mode it was just printed above
                self._print(self._draw_side(asked, asked.face.front))
                self._blank()
            if written:
                self._print(Text("Your answer", "bold"))
                self._print(Text(escape_controls(written)))
                self._blank()

        def draw_model() -> None:
            self._print(Text("Model answer", "bold"))
            self._blank()
            self._draw_back(asked, ticked, proposed)
            self._blank()

        def draw_footer() -> None:
            if message:
                self._print(Text(message, "yellow"))
            ratings = screen_parts.draw_ratings(self._keys, proposed if asked.entry.note.points else None)
            self._print(screen_parts.flow_parts(ratings, " · ", self._console.width))

        top = 0 if self._shown != (asked.face, True) else None
        self._shown = (asked.face, True)
        self._put(self._capture(draw), self._capture(draw_model), self._capture(draw_footer), top)

    def redraw(self) -> None:
        """Make the next `show` read out the whole view again."""
        if self._plain:
            self._shown = None

    def _put(self, first: Sequence[str], rest: Sequence[str], footer: Sequence[str], top: int | None) -> None:
        """Show a body in two parts. If too little of the second would be visible, scroll to it."""
        body = [*first, *rest]
        if self._window is None:
            self._console.file.write("".join(f"{line}\n" for line in (*body, *footer)))
            self._console.file.flush()
            return
        room = self._window.measure_room(footer)
        if top == 0 and rest and len(body) > room and len(first) > room // 2:
            top = len(first)
        self._window.show(body, footer, top)

    def _capture(self, draw: Callable[[], None]) -> list[str]:
        self._console.width = self._measure_width()
        with self._console.capture() as captured:
            draw()
        return captured.get().split("\n")[:-1]

    def _measure_width(self) -> int:
        return max(1, min(screen_parts.measure_terminal(self._console.file).columns, WIDEST))

    def _draw_question(self, view: Question | Answer) -> list[str]:
        """Draw the part above the answer. A cloze shows the answer within its text."""
        asked = view.asked

        def draw() -> None:
            self._print(self._draw_place(asked))
            self._blank()
            if not (isinstance(view, Answer) and asked.face.delimiters):
                self._print(self._draw_side(asked, asked.face.front))
                self._blank()

        return self._capture(draw)

    def _draw_answer(self, view: Question | Answer) -> list[str]:
        if not isinstance(view, Answer):
            return []
        asked = view.asked

        def draw() -> None:
            if not asked.face.delimiters:
                self._print(Text("─" * self._console.width, "dim"))
                self._blank()
            self._draw_back(asked, view.ticked, view.proposed)
            self._draw_typed(view)
            self._blank()

        return self._capture(draw)

    def _draw_footer(self, view: Question | Answer) -> None:
        if view.message:
            self._print(Text(escape_controls(view.message), "yellow"))
        self._print(
            screen_parts.draw_counts(view.counts, view.asked.card, self._choose_hint(view), self._console.width)
        )
        if isinstance(view, Answer):
            self._print(
                screen_parts.flow_parts(screen_parts.draw_buttons(view, self._keys), " · ", self._console.width)
            )

    def _show_plain(self, view: Question | Answer) -> None:
        asked = view.asked
        answered = isinstance(view, Answer)
        if view.message:
            self._print(Text(escape_controls(view.message)))
        if self._shown == (asked.face, answered):
            return
        if self._shown != (asked.face, False):
            self._blank()
            self._print(self._draw_place(asked))
            self._print(screen_parts.draw_counts(view.counts, asked.card, "", self._console.width, plain=True))
            self._print(Text("Question:"))
            self._print(self._draw_side(asked, asked.face.front))
        if isinstance(view, Answer):
            self._print(Text("Answer:"))
            self._draw_back(asked, view.ticked, view.proposed)
            self._draw_typed(view)
            self._print(screen_parts.flow_parts(screen_parts.draw_buttons(view, self._keys), ", ", self._console.width))
        elif asked.is_typed:
            self._print(Text(f"{_TYPED}."))
        else:
            self._print(Text(f"Press {self._keys.label(Action.SHOW)} for the answer."))
        self._shown = (asked.face, answered)

    def _draw_back(self, asked: Asked, ticked: Set[int], proposed: Rating) -> None:
        """Draw the answer. A rubric card shows its points instead of the task list."""
        note = asked.entry.note
        if note.points:
            if text := remove_points(asked.face.back):
                self._print(self._draw_side(asked, text))
                self._blank()
            points = [render_plain(point, note.definitions, self._macros) for point in note.points]
            *pointed, proposal = screen_parts.draw_points(points, ticked, proposed, self._keys)
            for line in pointed:
                self._print(screen_parts.indent_wrapped(line, screen_parts.POINT_INDENT, self._console))
            self._print(proposal)
        else:
            self._print(self._draw_side(asked, asked.face.back))

    def _draw_place(self, asked: Asked) -> Text:
        """Draw the deck and the headings of the card, and its flag."""
        names = " > ".join(escape_controls(name) for name in (asked.entry.deck, *asked.entry.note.breadcrumb))
        text = Text.assemble((names, "dim"))
        if asked.card.flag:
            text.append(f"  flag {asked.card.flag}", "bold yellow")
        return text

    def _draw_side(self, asked: Asked, markdown: str) -> RenderableType:
        definitions = asked.entry.note.definitions
        return self._renderer.render(markdown, definitions, asked.face.delimiters, folded=not self._opens_details)

    def _draw_typed(self, view: Answer) -> None:
        if view.given is None:
            return
        answers = list_typed_answers(view.asked.expected, view.asked.entry.note.definitions, self._macros)
        expected = choose_expected(view.given, answers)
        self._blank()
        for line in screen_parts.draw_typed(view.given, expected, coloured=self._has_colour):
            self._print(line)

    def _choose_hint(self, view: Question | Answer) -> str:
        face = view.asked.face
        shown = face.front + face.back if isinstance(view, Answer) else face.front
        shown = rewrite_additions(shown, view.asked.entry.note.definitions)
        details = ""
        if fold_details(shown, face.delimiters) != shown:
            details = "Tab closes details" if self._opens_details else "Tab opens details"
        if isinstance(view, Answer):
            return details
        if view.asked.is_typed:
            return _TYPED
        show = f"{self._keys.label(Action.SHOW)} shows the answer · {self._keys.label(Action.HELP)} help"
        return f"{show} · {details}" if details else show

    @property
    def _has_colour(self) -> bool:
        return self._console.color_system is not None and not self._console.no_color

    def _print(self, part: RenderableType) -> None:
        # Words too long for a line continue on the next one.
        self._console.print(part, overflow="fold")

    def _blank(self) -> None:
        self._console.print()
