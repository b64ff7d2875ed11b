"""A review session in the browser. Page stamps ensure that each form acts only once."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flashcards.review import views as events
from flashcards.review.session_plan import SessionPlan
from flashcards.review.views import Answer, Finished, Question

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flashcards.collection import Collection

LATE = "late"
"""The result for a form of an outdated page, which changes nothing."""

_REPEATABLE = (events.ShowAnswer, events.TypeAnswer, events.Tick, events.Flag, events.Refresh)
"""Events that are harmless when repeated, so they keep the page's stamp."""


@dataclass
class BrowserSession:
    """A running session; `words` are the query that chose its cards.

    Each page has the current `stamp`. A form is ignored if its stamp is outdated, and every action that must not be
    repeated makes a new stamp. So a second tab, a double tap, a reload or the back button cannot rate twice.
    """

    collection: Collection
    plan: SessionPlan
    now_ms: int
    words: str = ""
    _id: str = field(default_factory=lambda: secrets.token_hex(4))
    _number: int = 0
    _last: tuple[str, str] = ("", "")  # the stamp and name of the last action

    def __post_init__(self) -> None:
        self.backend = self.plan.open_backend(self.collection, self.now_ms)
        self.session = self.plan.begin(self.collection, self.backend, self.now_ms)
        self.day = self.collection.clock.day(self.now_ms)

    @property
    def view(self) -> events.View:
        """The current view."""
        return self.session.view

    @property
    def stamp(self) -> str:
        """The stamp for the forms of the current page."""
        return f"{self._id}.{self._number}"

    @property
    def progress(self) -> tuple[int, int]:
        """The number of finished cards and of all cards."""
        done = self.session.cards_done
        left = self.view.summary.left if isinstance(self.view, Finished) else self.view.counts
        return done, done + sum(left)

    def act(self, stamp: str, name: str, found: Sequence[events.Event]) -> str:
        """Perform the action of a form; return `late` if its page is outdated.

        The same form sent twice is not an error, so no message is shown.
        """
        if stamp != self.stamp:
            return "" if (stamp, name) == self._last else LATE
        before = self.view
        for event in found:
            self.session.handle(event)
            if not isinstance(event, _REPEATABLE) and self.view is not before:
                self._last = (stamp, name)
                self._number += 1
        return ""

    def read_again(self, now_ms: int) -> None:
        """Read the card again if its file changed. Choose the cards again if a new day has begun."""
        day = self.collection.clock.day(now_ms)
        view = self.view
        if isinstance(view, Question | Answer) and (day != self.day or self.backend.follow_file(view.asked.card.id)):
            self.day = day
            self.session.handle(events.Refresh(now_ms))


def tick_points(view: Answer, points: set[int], now_ms: int) -> list[events.Event]:
    """Return the events that make exactly `points` ticked."""
    return [events.Tick(now_ms, point) for point in sorted(view.ticked ^ points)]
