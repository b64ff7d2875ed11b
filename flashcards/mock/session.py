"""A mock interview as a state machine: event in, view out, without input, output or clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from flashcards.review.grading import propose_rating
from flashcards.review.views import Asked
from flashcards.settings.values import RUBRIC_THRESHOLDS
from scheduler import Rating


@dataclass(frozen=True, slots=True)
class Timing:
    """The time limits of a mock interview in milliseconds: overall and for each question."""

    total_ms: int
    each_ms: int


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a question."""

    number: int  # number of the question, from 1
    asked: Asked  # the card
    skills: tuple[str, ...]  # skills that it trains
    seconds: float  # from the question to the end of the answer
    answer: str  # written answer; "" if it was spoken
    rating: Rating | None  # the person's rating; None until given
    # covered, missed: the points of the rubric; before the rating no point is missed
    covered: tuple[str, ...]
    missed: tuple[str, ...]
    note: str = ""  # the person's note to themselves


class Recorder(Protocol):
    """Stores results; each call has saved them when it returns."""

    def keep_draft(self, result: Result) -> None:
        """Store a question that is partly answered or not rated yet, replacing its earlier draft."""

    def record_answer(self, result: Result, now_ms: int) -> None:
        """Store an answered and rated question."""

    def record_note(self, result: Result) -> None:
        """Store a note on the last question."""

    def finish(self) -> None:
        """Record that all questions were asked or that the time is up."""


@dataclass(frozen=True, slots=True)
class Asking:
    """A question is being answered, until the ends of its own time and of the interview."""

    number: int
    total: int
    asked: Asked
    since_ms: int
    question_until_ms: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class Judging:
    """The model answer is shown, for ticking points and choosing a rating."""

    number: int
    total: int
    asked: Asked
    seconds: float
    answer: str
    ticked: frozenset[int]
    proposed: Rating


@dataclass(frozen=True, slots=True)
class Noting:
    """A note to oneself can be written."""

    result: Result


@dataclass(frozen=True, slots=True)
class Over:
    """The end. `reason` is "" if every question was asked; `finished` is False if the person left."""

    results: tuple[Result, ...]
    finished: bool
    reason: str = ""


MockView = Asking | Judging | Noting | Over


class MockSession:
    """A mock interview. `view` is the current view; each method is an action of the person at an instant.

    An action that does not fit the current view changes nothing. A question may be answered after its time is up, but
    no question follows once the interview's time is up.
    """

    def __init__(
        self,
        questions: Sequence[tuple[Asked, tuple[str, ...]]],
        timing: Timing,
        recorder: Recorder,
        now_ms: int,
        thresholds: Sequence[float] = RUBRIC_THRESHOLDS,
    ) -> None:
        self._questions = questions
        self._timing = timing
        self._recorder = recorder
        self._thresholds = thresholds
        self._until_ms = now_ms + timing.total_ms
        self._results: list[Result] = []
        self.view: MockView = self._ask(now_ms)

    def keep_text(self, now_ms: int, text: str) -> None:
        """Keep the text of an answer or note so far, in case it is interrupted."""
        if isinstance(self.view, Asking) and text.strip():
            seconds = self._measure_seconds(now_ms, self.view)
            self._recorder.keep_draft(self._make_result(self.view, seconds, text.strip()))
        elif isinstance(self.view, Noting) and text.strip():
            self._recorder.record_note(replace(self.view.result, note=text.strip()))

    def answer(self, now_ms: int, text: str) -> MockView:
        """Record the answer; `text` is its written part."""
        if isinstance(self.view, Asking):
            asking = self.view
            seconds = self._measure_seconds(now_ms, asking)
            ticked: frozenset[int] = frozenset()
            rating = self._propose(asking.asked, ticked)
            self.view = Judging(asking.number, asking.total, asking.asked, seconds, text, ticked, rating)
            self._recorder.keep_draft(self._make_result(self.view, seconds, text))
        return self.view

    def tick(self, point: int) -> MockView:
        """Tick a point, or untick it."""
        if isinstance(self.view, Judging) and 0 <= point < len(self.view.asked.entry.note.points):
            ticked = self.view.ticked ^ {point}
            self.view = replace(self.view, ticked=ticked, proposed=self._propose(self.view.asked, ticked))
            self._recorder.keep_draft(self._make_result(self.view, self.view.seconds, self.view.answer))
        return self.view

    def rate(self, now_ms: int, rating: Rating) -> MockView:
        """Record the person's rating at once."""
        if isinstance(self.view, Judging):
            view = self.view
            points = view.asked.entry.note.points
            missed = tuple(point for at, point in enumerate(points) if at not in view.ticked)
            result = replace(self._make_result(view, view.seconds, view.answer), rating=rating, missed=missed)
            self._recorder.record_answer(result, now_ms)
            self._results.append(result)
            self.view = Noting(result)
        return self.view

    def note(self, now_ms: int, text: str) -> MockView:
        """Record a note to oneself, or "" for none, and ask the next question."""
        if isinstance(self.view, Noting):
            if text.strip():
                self._results[-1] = replace(self.view.result, note=text.strip())
                self._recorder.record_note(self._results[-1])
            self.view = self._ask(now_ms)
        return self.view

    def leave(self) -> MockView:
        """Leave the interview, keeping all ratings."""
        if not isinstance(self.view, Over):
            self.view = Over(tuple(self._results), finished=False, reason="You left before the end.")
        return self.view

    def _ask(self, now_ms: int) -> MockView:
        number = len(self._results) + 1
        has_question = number <= len(self._questions)
        if not has_question or (now_ms >= self._until_ms and self._results):
            self._recorder.finish()
            reason = "Your time is up." if has_question else ""
            return Over(tuple(self._results), finished=True, reason=reason)
        until = min(now_ms + self._timing.each_ms, self._until_ms)
        asked = self._questions[number - 1][0]
        return Asking(number, len(self._questions), asked, now_ms, until, self._until_ms)

    def _measure_seconds(self, now_ms: int, asking: Asking) -> float:
        return max(0, now_ms - asking.since_ms) / 1000

    def _make_result(self, view: Asking | Judging, seconds: float, text: str) -> Result:
        """Return the result so far: answer and ticks."""
        ticked = view.ticked if isinstance(view, Judging) else frozenset()
        covered = tuple(point for at, point in enumerate(view.asked.entry.note.points) if at in ticked)
        skills = self._questions[view.number - 1][1]
        return Result(view.number, view.asked, skills, seconds, text, None, covered, ())

    def _propose(self, asked: Asked, ticked: frozenset[int]) -> Rating:
        return propose_rating(len(ticked), len(asked.entry.note.points), self._thresholds)
