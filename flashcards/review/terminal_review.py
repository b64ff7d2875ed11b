"""Run the review in the terminal: translate keys to events, and draw the views."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from flashcards.disk.atomic import write_file
from flashcards.errors import FlashcardsError
from flashcards.render.formulas import read_macros
from flashcards.review import events
from flashcards.review.keyboard import Keyboard, LineEditor
from flashcards.review.keys import REDRAW, SCROLLS, Action, KeyMap, make_event
from flashcards.review.report import describe_card, describe_summary
from flashcards.review.screen import Screen
from flashcards.review.views import Answer, Finished, Question

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from flashcards.collection import Collection
    from flashcards.review.session import Session

ALL_SAVED = "Every rating so far is saved."
_TYPE = "Type the answer: "
_FLAGS = "Flag, 0 to 7: "
_BROKEN = "e: edit again, u: discard the edit, any other key: keep it."


class TerminalReview:
    """Runs a session in a terminal. `prepare` is called once, when the first question is on screen."""

    def __init__(
        self,
        collection: Collection,
        session: Session,
        prepare: Callable[[], None],
        now_ms: Callable[[], int],
        *,
        plain: bool,
    ) -> None:
        self._collection = collection
        self._session = session
        self._prepare = prepare
        self._now_ms = now_ms
        self._keys = KeyMap(collection.settings.keys)
        self._screen = Screen(read_macros(collection.root), self._keys, plain=plain)
        self._plain = plain
        self._has_aside = False  # whether help or information is shown below the card
        self._keyboard = Keyboard(self._screen.leave, self._screen.open)

    def run(self) -> None:
        """Ask until nothing is left or the person leaves, then describe it. Raise `KeyboardInterrupt` on Ctrl-C."""
        view = self._session.view
        with exit_on_signals(), self._keyboard, self._take_screen():
            if not isinstance(view, Finished):
                self._screen.show(view)
                self._prepare()
            while not isinstance(view, Finished):
                view = self._session.handle(self._read_event(view))
                if not isinstance(view, Finished):
                    self._screen.show(view)
        lines = [view.message] if view.message else []
        self._screen.close(lines + describe_summary(view.summary, self._collection.clock))

    @contextmanager
    def _take_screen(self) -> Iterator[None]:
        self._screen.open()
        try:
            yield
        finally:
            self._screen.leave()

    def _read_event(self, view: Question | Answer) -> events.Event:
        """Return the person's next action that concerns the session."""
        if isinstance(view, Question) and view.asked.is_typed:
            return self._read_typed(view)
        while True:
            key = self._keyboard.key()
            action = self._keys.action(key)
            event = self._make_event(action, view) if action else self._tick(key, view)
            if event is not None:
                return event

    def _tick(self, key: str, view: Question | Answer) -> events.Event | None:
        """Tick the point whose key was pressed."""
        keys = self._keys.assign_point_keys(len(view.asked.entry.note.points)) if isinstance(view, Answer) else []
        return events.Tick(self._now_ms(), keys.index(key)) if key in keys else None

    def _read_typed(self, view: Question) -> events.Event:
        if self._plain:
            line = self._keyboard.line(_TYPE)
        else:
            line = LineEditor(self._keyboard, lambda: _TYPE, pass_on=lambda key: self._pass_on(key, view)).read()
        now = self._now_ms()
        if line is None:
            return events.Quit(now)
        return events.TypeAnswer(now, line) if line.strip() else events.ShowAnswer(now)

    def _pass_on(self, key: str, view: Question) -> None:
        """Handle a key that is not for editing the typed answer."""
        action = self._keys.action(key)
        if action in (*SCROLLS, Action.REDRAW, Action.DETAILS):
            self._show_aside(action, view)

    def _make_event(self, action: Action, view: Question | Answer) -> events.Event | None:
        now = self._now_ms()
        had_aside, self._has_aside = self._has_aside, action in SCROLLS and self._has_aside
        if action is Action.QUIT and had_aside:
            self._screen.show(view)
            return None
        if event := make_event(action, now):
            return None if isinstance(event, events.Rate) and isinstance(view, Question) else event
        match action:
            case Action.SHOW:
                return events.Accept(now) if isinstance(view, Answer) else events.ShowAnswer(now)
            case Action.FLAG:
                return self._flag(view)
            case Action.EDIT:
                return self._edit(view)
        self._show_aside(action, view)
        return None

    def _show_aside(self, action: Action, view: Question | Answer) -> None:
        """Perform an action that changes only the display, not the session."""
        self._has_aside |= action in (Action.HELP, Action.INFO) and not self._plain
        match action:
            case Action.HELP:
                self._screen.say("", *(f"{key:>5}  {text}" for key, text in self._keys.explanations()))
            case Action.INFO:
                self._screen.say("", *self._describe_current(view))
            case Action.OPEN | Action.REPLAY:
                self._show_media(view, sound=action is Action.REPLAY)
            case Action.REDRAW:
                self._screen.redraw()
                self._screen.show(view)
            case Action.DETAILS:
                self._screen.toggle_details()
                self._screen.show(view)
            case _ if action in SCROLLS:
                self._screen.scroll(action)

    def _flag(self, view: Question | Answer) -> events.Event | None:
        self._screen.prompt(_FLAGS)
        key = self._read_key()
        if len(key) == 1 and key in "01234567":
            return events.Flag(self._now_ms(), int(key))
        self._screen.show(view)
        return None

    def _read_key(self) -> str:
        """Return the next key, ignoring changes of the window's size."""
        while (key := self._keyboard.key()) == REDRAW:
            pass
        return key

    def _edit(self, view: Question | Answer) -> events.Event | None:
        """Let the person edit the note. If the edit breaks the file, show the problems and offer to discard it."""
        from flashcards.review.programs import find_new_problems

        entry = view.asked.entry
        path = self._collection.root / entry.path
        before, known = _read_bytes(path), list(self._collection.catalog.problems())
        line, key = entry.note.line, "e"
        while key == "e":
            if not self._open_editor(path, line):
                return None
            self._collection.scan()
            problems = find_new_problems(self._collection, entry.path, known)
            if not problems:
                break
            line = problems[0].line
            self._screen.say("", *(f"{entry.path}:{each.line}: {each.message} {each.hint}" for each in problems[:3]))
            self._screen.prompt(_BROKEN)
            key = self._read_key()
        if key == "u" and before is not None:
            write_file(path, before)
            self._collection.scan()
        return events.Refresh(self._now_ms())

    def _open_editor(self, path: Path, line: int) -> bool:
        from flashcards.review.programs import open_editor

        self._keyboard.release()
        try:
            open_editor(path, line)
        except FlashcardsError as error:
            failed = str(error)
        else:
            failed = ""
        finally:
            self._keyboard.regain()
        if failed:
            self._screen.redraw()
            self._screen.say(failed)
        return not failed

    def _describe_current(self, view: Question | Answer) -> list[str]:
        collection, card = self._collection, view.asked.card
        recall = collection.predict_recall(card, collection.clock.day(self._now_ms()))
        return describe_card(view.asked, collection.store.log(card.id), collection.clock, recall)

    def _show_media(self, view: Question | Answer, *, sound: bool) -> None:
        from flashcards.review.programs import find_media, open_all, play

        root, asked = self._collection.root, view.asked
        found = find_media(asked, answered=isinstance(view, Answer), sound=sound)
        if not found:
            self._screen.say("This side has no sound." if sound else "This side has no picture, sound or video.")
        elif sound:
            self._screen.say(play(root, asked, found[0]))
        else:
            self._screen.say(*open_all(root, asked, found))


def _read_bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


@contextmanager
def exit_on_signals() -> Iterator[None]:
    """On Ctrl-C, a termination signal or a closed terminal, restore the terminal and exit with the usual code."""
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name)]

    def leave(number: int, _frame: FrameType | None) -> None:
        for each in numbers:
            signal.signal(each, signal.SIG_IGN)  # a second signal must not disturb the restoring
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in numbers}
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt(ALL_SAVED) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
