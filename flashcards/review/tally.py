"""The ratings of one session, for its summary."""

from __future__ import annotations

from flashcards.review.views import Summary, Upcoming
from scheduler import Rating, Review, State
from scheduler.queue import Counts


class Tally:
    """Keeps the ratings of a session, without those that were taken back."""

    def __init__(self) -> None:
        self._reviews: dict[int, Review] = {}

    def add(self, review: Review) -> None:
        """A rating was recorded."""
        self._reviews[review.id] = review

    def remove(self, review: Review) -> None:
        """A rating was taken back; one that is not of this session changes nothing."""
        self._reviews.pop(review.id, None)

    def summary(
        self, left: Counts, upcoming: Upcoming, due_ahead: tuple[int, ...], due_before: tuple[int, ...]
    ) -> Summary:
        """How the session went."""
        done = list(self._reviews.values())
        of_reviews = [review.rating for review in done if review.state_before is State.REVIEW]
        return Summary(
            cards=len({review.card for review in done}),
            ratings={rating: sum(review.rating is rating for review in done) for rating in Rating},
            introduced=len({review.card for review in done if review.state_before is State.NEW}),
            reviews=len(of_reviews),
            recalled=sum(rating is not Rating.AGAIN for rating in of_reviews),
            duration_ms=sum(review.duration_ms for review in done),
            left=left,
            upcoming=upcoming,
            due_ahead=due_ahead,
            due_before=due_before,
        )
