"""What to review: which cards, in which mode, and the session for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flashcards.review.session import Session

if TYPE_CHECKING:
    from flashcards.collection import Collection
    from flashcards.review.collection_desk import CollectionDesk
    from scheduler.policy import ReviewOrder

CRAMMING = "Cramming: the schedule does not change."


@dataclass(frozen=True, slots=True)
class SessionPlan:
    """The options of a review.

    Attributes:
        only: ask only these cards, if given.
        new: how many new cards to ask, whatever the daily limits say.
        limit: how many cards to ask at most.
        order: the order of due cards, if not that of the settings.
        ahead_days: also ask what falls due within this many days.
        backlog: ask all that is due, whatever the limits say, and nothing new.
        cram: ask every card, due or not, until it is recalled.
        count: with `cram`, let the ratings count as reviews.
        minutes: stop asking after this time.
    """

    only: frozenset[int] | None = None
    new: int | None = None
    limit: int | None = None
    order: ReviewOrder | None = None
    ahead_days: int = 0
    backlog: bool = False
    cram: bool = False
    count: bool = False
    minutes: float | None = None

    def open_desk(self, collection: Collection, now_ms: int) -> CollectionDesk:
        """Choose the cards."""
        from flashcards.review.collection_desk import CollectionDesk
        from flashcards.review.cram_desk import CramDesk

        if self.cram:
            return CramDesk(collection, now_ms, only=self.only, limit=self.limit, count=self.count)
        return CollectionDesk(
            collection,
            now_ms,
            only=self.only,
            new=self.new,
            limit=self.limit,
            order="retrievability" if self.backlog else self.order,
            ahead_days=self.ahead_days,
            backlog=self.backlog,
        )

    def begin(self, collection: Collection, desk: CollectionDesk, now_ms: int) -> Session:
        """Ask the first card."""
        return Session(
            desk,
            now_ms,
            until_ms=None if self.minutes is None else now_ms + round(self.minutes * 60_000),
            message=CRAMMING if self.cram and not self.count else "",
            thresholds=collection.settings.rubric_thresholds,
        )
