"""Choose the cards and the mode of a review, and begin its session."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from flashcards.review.session import Session
from scheduler.queue_builder import DayCards, Selection, build_day

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flashcards.collection import Collection
    from flashcards.review.collection_backend import CollectionBackend, CramBackend
    from flashcards.review.views import Backend
    from scheduler import Done, Policy, Store
    from scheduler.policy import DeckPolicy, NewMix, ReviewOrder

CRAMMING = "Cramming: the schedule does not change."


class SessionPlan(NamedTuple):
    """The options of a review."""

    only: frozenset[int] | None = None  # restricts the review to these cards
    new: int | None = None  # number of new cards, regardless of the daily limits
    limit: int | None = None  # maximum number of cards
    order: ReviewOrder | None = None  # order of due cards; None means the one in the settings
    ahead_days: int = 0  # also ask cards due within this many days
    backlog: bool = False  # ask all due cards regardless of limits, and no new ones
    cram: bool = False  # ask every card, due or not, until it is recalled
    is_counted: bool = False  # with `cram`, ratings count as reviews
    minutes: float | None = None  # stop asking after this time

    def open_backend(self, collection: Collection, now_ms: int) -> CollectionBackend | CramBackend:
        """Choose the cards and return their backend."""
        from flashcards.review.collection_backend import CollectionBackend, CramBackend

        return (CramBackend if self.cram else CollectionBackend)(collection, now_ms, self)

    def begin(self, collection: Collection, backend: Backend, now_ms: int) -> Session:
        """Begin the session with the first card."""
        return Session(
            backend,
            now_ms,
            until_ms=None if self.minutes is None else now_ms + round(self.minutes * 60_000),
            message=CRAMMING if self.cram and not self.is_counted else "",
            thresholds=collection.settings.rubric_thresholds,
        )


_ALL = 1_000_000_000


def allow_new(decks: Sequence[DeckPolicy], new: int, done: Mapping[int, Done]) -> list[DeckPolicy]:
    """Return the decks with limits for `new` more new cards than `done`, and for any number of reviews."""
    room = new + sum(each.new for each in done.values())
    return [each._replace(policy=each.policy._replace(new_per_day=room, reviews_per_day=_ALL)) for each in decks]


def lift_limits(decks: Sequence[DeckPolicy]) -> list[DeckPolicy]:
    """Return the decks with limits that allow all due cards and no new ones."""
    return [each._replace(policy=each.policy._replace(new_per_day=0, reviews_per_day=_ALL)) for each in decks]


def choose_session_cards(
    store: Store, decks: Sequence[DeckPolicy], session_policy: Policy, now_ms: int, plan: SessionPlan
) -> frozenset[int]:
    """Choose the cards of a session: today's, with the numbers of new cards and of all cards in the plan."""
    selection = Selection(tuple(decks), session_policy, only_cards=plan.only, ahead_days=plan.ahead_days)
    gathered = build_day(store, selection, now_ms)
    if plan.new is not None:
        roomy = allow_new(decks, plan.new, store.done(store.clock.day(now_ms)))
        selection = selection._replace(decks=tuple(roomy), paced=False)
        gathered = gathered._replace(new=build_day(store, selection, now_ms).new[: plan.new])
    return _choose_first(gathered, plan.limit, session_policy.new_mix)


def _choose_first(gathered: DayCards, limit: int | None, new_mix: NewMix) -> frozenset[int]:
    """Choose today's learning steps first, then due and new cards in the ratio in which they are mixed."""
    started = [row[0] for row in gathered.learning]
    due = [row[0] for row in (*gathered.day_learning, *gathered.reviews)]
    new = [row[0] for row in gathered.new]
    if limit is None:
        return frozenset(started + due + new)
    started = started[:limit]
    room = limit - len(started)
    if new_mix == "first":
        of_new = min(room, len(new))
    elif new_mix == "last":
        of_new = max(0, room - len(due))
    else:
        of_new = room if not due else round(min(room, len(due) + len(new)) * len(new) / (len(due) + len(new)))
    return frozenset(started + due[: room - of_new] + new[:of_new])
