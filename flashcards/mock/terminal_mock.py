"""Run a mock interview in the terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from flashcards.errors import FlashcardsError
from flashcards.mock.report import format_clock, format_seconds
from flashcards.mock.session import Asking, Judging, MockSession, MockView, Noting, Over
from flashcards.review.keyboard import EDITOR, Keyboard, LineEditor
from flashcards.review.keys import RATINGS, SCROLLS, Action, KeyMap
from flashcards.review.screen import Screen
from flashcards.review.session import NOTHING_TICKED
from flashcards.review.terminal_review import exit_on_signals

if TYPE_CHECKING:
    from flashcards.collection import Collection

_HELP: Final = "Answer aloud, or jot it down. Enter on an empty line ends the answer; Ctrl-E writes it in your editor."
_TIME: Final = "Time is up for this question. Finish your thought; the extra time is counted."
_NOTE: Final = "A note to yourself, or Enter to skip it."


class TerminalMock:
    """Runs a mock interview in a terminal; `plain` prompts state the time left instead of a running clock."""

    def __init__(self, collection: Collection, session: MockSession, now_ms: Callable[[], int], *, plain: bool) -> None:
        self._session = session
        self._now_ms = now_ms
        self._plain = plain
        self._keys = KeyMap(collection.settings.keys)
        self._screen = Screen({}, self._keys, plain=plain)
        self._keyboard = Keyboard(self._screen.leave, self._screen.open)
        self._redraw: Callable[[], None] = lambda: None
        self._typed = ""  # the last line read, even if Enter was not pressed

    def run(self) -> Over:
        """Ask until the end, or until the person leaves. Raise `KeyboardInterrupt` if Ctrl-C was pressed."""
        with exit_on_signals(), self._keyboard:
            self._screen.open()
            try:
                while not isinstance(view := self._session.view, Over):
                    self._step(view)
            finally:
                self._screen.leave()
        return view

    def _step(self, view: MockView) -> None:
        if isinstance(view, Asking):
            self._ask(view)
        elif isinstance(view, Judging):
            self._judge(view)
        elif isinstance(view, Noting):
            self._screen.prompt(_NOTE)
            text = self._read_line("> ")
            if text == EDITOR:
                text = " ".join(self._edit_text(self._typed).split())
            self._session.note(self._now_ms(), self._typed if text is None else text)

    def _ask(self, view: Asking) -> None:
        each, whole = view.question_until_ms - view.since_ms, view.until_ms - view.since_ms
        times = f"{format_seconds(each / 1000)} for it, {format_seconds(whole / 1000)} in all"
        heading = f"Question {view.number} of {view.total}. {times}."
        lines: list[str] = []
        late = False

        def draw() -> None:
            hint = f"{_TIME} {_HELP}" if late and not self._plain else _HELP
            self._screen.ask(view.asked, heading, hint, lines)

        self._redraw = draw
        draw()
        while True:
            if self._plain:
                self._screen.say(f"Left: {self._format_time_left(view)}.")
            text = self._read_line("> " if self._plain else lambda: f"{self._format_time_left(view)} > ", lines)
            if text is None:
                self._keep_text([*lines, self._typed])
                self._session.leave()
                return
            if not late and self._now_ms() > view.question_until_ms:
                late = True
                if self._plain:
                    self._screen.say(_TIME)
            if text == EDITOR:
                begun = [*lines, self._typed] if self._typed else lines
                lines = self._edit_text("\n".join(begun)).splitlines()
            elif not text.strip():
                break
            else:
                lines.append(text)
            self._keep_text(lines)
            if not self._plain:
                draw()
        self._session.answer(self._now_ms(), "\n".join(lines).strip())

    def _read_line(self, prompt: str | Callable[[], str], lines: Sequence[str] = ()) -> str | None:
        """Read a line. If reading is interrupted, the text typed so far is kept with the `lines`."""
        show = prompt if callable(prompt) else lambda: prompt
        line = LineEditor(self._keyboard, show, is_timed=callable(prompt), pass_on=self._pass_on)
        try:
            return line.read(with_editor=True)
        except (KeyboardInterrupt, SystemExit):
            self._session.keep_text(self._now_ms(), "\n".join([*lines, line.typed]))
            raise
        finally:
            self._typed = line.typed

    def _pass_on(self, key: str) -> None:
        """Handle a key that is not for editing the line."""
        action = self._keys.action(key)
        if action in SCROLLS:
            self._screen.scroll(action)
        elif action is Action.REDRAW and not self._plain:
            self._redraw()

    def _keep_text(self, lines: Sequence[str]) -> None:
        self._session.keep_text(self._now_ms(), "\n".join(lines))

    def _format_time_left(self, view: Asking) -> str:
        """Format the time left for the question and overall: `2:05 / 14:40`. It is negative once the time is up."""
        now = self._now_ms()
        return " / ".join(format_clock((until - now) / 1000) for until in (view.question_until_ms, view.until_ms))

    def _judge(self, view: Judging) -> None:
        message = ""

        def draw() -> None:
            self._screen.judge(view.asked, view.ticked, view.proposed, view.answer, message)

        self._redraw = draw
        draw()
        while True:
            key = self._keyboard.key()
            action = self._keys.action(key)
            points = self._keys.assign_point_keys(len(view.asked.entry.note.points))
            if key in points:
                self._session.tick(points.index(key))
            elif action is Action.SHOW and points and not view.ticked:
                message = NOTHING_TICKED
                draw()
                continue
            elif action is Action.SHOW:
                self._session.rate(self._now_ms(), view.proposed)
            elif action is not None and action in RATINGS:
                self._session.rate(self._now_ms(), RATINGS[action])
            elif action is Action.QUIT:
                self._session.leave()
            else:
                self._pass_on(key)
                continue
            return

    def _edit_text(self, text: str) -> str:
        """Let the person edit a text in their editor; return it unchanged if that fails."""
        from flashcards.review.programs import edit_text

        self._keyboard.release()
        problem = ""
        try:
            text = edit_text(text, "answer")
        except FlashcardsError as error:
            problem = str(error)
        finally:
            self._keyboard.regain()
            self._redraw()
        if problem:
            self._screen.say(problem)
        return text
