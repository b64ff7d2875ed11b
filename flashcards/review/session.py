"""A review session as a state machine: events in, views out, without input, output or clock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from flashcards.review import events
from flashcards.review.events import Event
from flashcards.review.grading import propose_rating
from flashcards.review.views import Answer, Asked, Backend, Finished, Question, Summary, View
from flashcards.settings.values import RUBRIC_THRESHOLDS
from scheduler import CardChanged, DatabaseBusy, DiskFull, Leech, NothingToUndo, Rating, Review, State

LONGEST_MS = 60_000
"""Answers are capped at one minute, as in Anki."""

_ELSEWHERE = "That card was answered elsewhere; this is the next one."
_TIME_OVER = "Your time is up."
_GONE = "The text of that card is gone from the decks; its history is kept."


NOTHING_TICKED = "Tick the points that you covered. If you covered no point, rate Again."


class _Flagged(NamedTuple):
    """A card whose flag was changed; `before` is its previous flag."""

    card: int
    before: int


class _Hidden(NamedTuple):
    """Cards that were buried or suspended while `card` was shown."""

    card: int
    cards: tuple[int, ...]
    buried: bool


class _Rated(NamedTuple):
    """A card that was rated; the backend knows which."""


class Session:
    """A review session. `view` is what to show now; `handle` takes an event and returns the next view.

    An event that makes no sense in the current view changes nothing. Each rating is recorded before the next view is
    made. Backend errors after which one can only quit (a damaged database) are not caught.
    """

    def __init__(
        self,
        backend: Backend,
        now_ms: int,
        *,
        until_ms: int | None = None,
        message: str = "",
        thresholds: Sequence[float] = RUBRIC_THRESHOLDS,
    ) -> None:
        """Begin with the first card, and a `message` to show with it.

        After `until_ms` no new card is asked; the current one may be finished. `thresholds` are the
        shares of a rubric card's points from which on Hard, Good and Easy are proposed.
        """
        self._thresholds = thresholds
        self._backend = backend
        self._until_ms: int | None = None  # the first card is asked in any case
        self._due_before = backend.count_due_ahead(now_ms)
        self._reviews: dict[int, Review] = {}  # this session's ratings by id, except undone ones
        self._acts: list[_Hidden | _Flagged | _Rated] = []  # undoable actions, newest last
        self._since_ms = now_ms
        self.view: View = self._ask_next(now_ms, message)
        self._until_ms = until_ms

    @property
    def cards_done(self) -> int:
        """The number of distinct cards rated, except undone ratings."""
        return len({review.card for review in self._reviews.values()})

    def handle(self, event: Event) -> View:
        """Take an event and return the view after it: the same one, with a message, if the database is busy or full."""
        try:
            self.view = self._react(event)
        except (DatabaseBusy, DiskFull) as error:
            self.view = self.view._replace(message=str(error))
        return self.view

    def _react(self, event: Event) -> View:
        if isinstance(event, events.Undo):
            return self._undo(event.now_ms)
        view = self.view
        if isinstance(view, Finished):
            return view
        if isinstance(event, events.Quit):
            return self._finish(event.now_ms)
        if isinstance(event, (events.ShowAnswer, events.TypeAnswer)):
            return self._turn_over(view, event)
        if isinstance(event, events.Rate):
            return self._rate(view, event.rating, event.now_ms) if isinstance(view, Answer) else view
        if isinstance(event, events.Accept):
            return self._accept(view, event.now_ms)
        if isinstance(event, events.Tick):
            return self._tick(view, event.point) if isinstance(view, Answer) else view
        return self._act(view, event)

    def _act(self, view: Question | Answer, event: events.Bury | events.Suspend | events.Flag | events.Refresh) -> View:
        card = view.asked.card
        if isinstance(event, events.Bury):
            self._backend.bury([card.id], event.now_ms)
            self._acts.append(_Hidden(card.id, (card.id,), buried=True))
            return self._move_on(event.now_ms, "Buried until tomorrow.")
        if isinstance(event, events.Suspend):
            cards = self._backend.siblings(card) if event.whole_note else [card.id]
            self._acts.append(_Hidden(card.id, tuple(self._backend.suspend(cards, event.now_ms)), buried=False))
            return self._move_on(event.now_ms, "The whole note is suspended." if event.whole_note else "Suspended.")
        if isinstance(event, events.Flag):
            self._backend.flag(card.id, event.flag, event.now_ms)
            self._acts.append(_Flagged(card.id, card.flag))
            return self._reread(view, event.now_ms, f"Flag {event.flag}." if event.flag else "No flag.")
        self._backend.refresh(event.now_ms)
        return self._reread(view, event.now_ms, "")

    # The next card

    def _ask_next(self, now_ms: int, message: str = "") -> View:
        card = self._backend.next_card(now_ms)
        if card is not None and self._until_ms is not None and now_ms >= self._until_ms:
            return self._finish(now_ms, f"{message} {_TIME_OVER}".lstrip())
        while card is not None:
            asked = self._backend.read(card)
            if asked is not None:
                return self._ask(asked, now_ms, message)
            # Another process has scanned the decks since this queue was built.
            self._backend.refresh(now_ms)
            card = self._backend.next_card(now_ms)
        return self._finish(now_ms, message)

    def _move_on(self, now_ms: int, message: str) -> View:
        self._backend.refresh(now_ms)
        return self._ask_next(now_ms, message)

    def _ask(self, asked: Asked, now_ms: int, message: str) -> Question:
        self._since_ms = now_ms
        return Question(asked, self._backend.counts(), message)

    def _finish(self, now_ms: int, message: str = "") -> Finished:
        done = list(self._reviews.values())
        of_reviews = [review.rating for review in done if review.state_before is State.REVIEW]
        summary = Summary(
            cards=self.cards_done,
            ratings={rating: sum(review.rating is rating for review in done) for rating in Rating},
            introduced=len({review.card for review in done if review.state_before is State.NEW}),
            reviews=len(of_reviews),
            recalled=sum(rating is not Rating.AGAIN for rating in of_reviews),
            duration_ms=sum(review.duration_ms for review in done),
            left=self._backend.counts(),
            upcoming=self._backend.find_upcoming(now_ms),
            due_ahead=self._backend.count_due_ahead(now_ms),
            due_before=self._due_before,
        )
        return Finished(summary, message)

    # The current card

    def _turn_over(self, view: Question | Answer, event: events.ShowAnswer | events.TypeAnswer) -> View:
        if isinstance(view, Answer):
            return view
        given = event.text if isinstance(event, events.TypeAnswer) and view.asked.is_typed else None
        return self._answer(view.asked, event.now_ms, given)

    def _accept(self, view: Question | Answer, now_ms: int) -> View:
        """Give the proposed rating. Without a ticked point that would be Again, so an explicit rating is required."""
        if not isinstance(view, Answer):
            return view
        if view.asked.entry.note.points and not view.ticked:
            return view._replace(message=NOTHING_TICKED)
        return self._rate(view, view.proposed, now_ms)

    def _tick(self, view: Answer, point: int) -> Answer:
        points = view.asked.entry.note.points
        if point >= len(points):
            return view
        ticked = view.ticked ^ {point}
        said = "Covered" if point in ticked else "Not covered"
        message = f"{said}: {len(ticked)} of {len(points)} points."
        return view._replace(ticked=ticked, proposed=self._propose(view.asked, ticked), message=message)

    def _propose(self, asked: Asked, ticked: frozenset[int]) -> Rating:
        return propose_rating(len(ticked), len(asked.entry.note.points), self._thresholds)

    def _answer(
        self, asked: Asked, now_ms: int, given: str | None, message: str = "", ticked: frozenset[int] = frozenset()
    ) -> Answer:
        again, hard, good, easy = self._backend.outcomes(asked.card, now_ms)
        intervals = (again.interval_seconds, hard.interval_seconds, good.interval_seconds, easy.interval_seconds)
        ticked = frozenset(point for point in ticked if point < len(asked.entry.note.points))
        return Answer(asked, self._backend.counts(), intervals, given, message, ticked, self._propose(asked, ticked))

    def _reread(self, view: Question | Answer, now_ms: int, message: str) -> View:
        """Return the same side of the same card with its current text."""
        asked = self._backend.read(view.asked.card.id)
        if asked is None:
            return self._move_on(now_ms, _GONE)
        if asked.card.reps != view.asked.card.reps:
            return self._move_on(now_ms, _ELSEWHERE)
        if isinstance(view, Answer):
            return self._answer(asked, now_ms, view.given, message, view.ticked)
        return view._replace(asked=asked, counts=self._backend.counts(), message=message)

    def _rate(self, view: Answer, rating: Rating, now_ms: int) -> View:
        duration = min(max(0, now_ms - self._since_ms), LONGEST_MS)
        try:
            points = [(point, at in view.ticked) for at, point in enumerate(view.asked.entry.note.points)]
            review = self._backend.rate(view.asked.card, rating, now_ms, duration, list(dict(points).items()))
        except CardChanged:
            return self._move_on(now_ms, _ELSEWHERE)
        self._reviews[review.id] = review
        self._acts.append(_Rated())
        return self._ask_next(now_ms, _describe_leech(review))

    # Undo

    def _undo(self, now_ms: int) -> View:
        act = self._acts[-1] if self._acts else _Rated()  # today's ratings of earlier sessions can be undone, too
        if isinstance(act, _Rated):
            return self._undo_rating(now_ms)
        if isinstance(act, _Flagged):
            return self._undo_flag(act, now_ms)
        if act.buried:
            self._backend.unbury(act.cards, now_ms)
        else:
            self._backend.unsuspend(act.cards, now_ms)
        self._acts.pop()
        return self._ask_again(act.card, now_ms, "No longer buried." if act.buried else "No longer suspended.")

    def _undo_flag(self, act: _Flagged, now_ms: int) -> View:
        self._backend.flag(act.card, act.before, now_ms)
        self._acts.pop()
        message = f"Flag {act.before} again." if act.before else "No longer flagged."
        view = self.view
        if isinstance(view, Finished) or view.asked.card.id != act.card:
            return self._ask_again(act.card, now_ms, message)
        return self._reread(view, now_ms, message)

    def _undo_rating(self, now_ms: int) -> View:
        try:
            review = self._backend.undo(now_ms)
        except NothingToUndo as error:
            return self.view._replace(message=str(error))
        del self._acts[-1:]
        self._reviews.pop(review.id, None)  # one of another session is not among them
        name = review.rating.name.capitalize() if review.rating else "The rating"
        return self._ask_again(review.card, now_ms, f"{name} was undone.")

    def _ask_again(self, card_id: int, now_ms: int, message: str) -> View:
        """Ask a card again, even if it is not in today's queue."""
        self._backend.refresh(now_ms)
        asked = self._backend.read(card_id)
        if asked is None:
            return self._ask_next(now_ms, f"{message} {_GONE}")
        return self._ask(asked, now_ms, message)


def _describe_leech(review: Review) -> str:
    if review.leech is Leech.NO:
        return ""
    ending = " and is suspended" if review.leech is Leech.SUSPENDED else ""
    return f"The card before this one is a leech: it keeps being forgotten{ending}. Reword it, or split it."
