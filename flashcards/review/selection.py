"""Narrowing a session: so many new cards, so many cards in all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from scheduler.limits import DeckLimits
from scheduler.queue_builder import DayCards, Selection, build_day

if TYPE_CHECKING:
    from scheduler import Done, Policy, Store
    from scheduler.policy import NewMix

_ALL = 1_000_000_000


def allow_new(limits: Sequence[DeckLimits], new: int, done: Mapping[int, Done]) -> list[DeckLimits]:
    """The decks with room for `new` more new cards today in each, whatever was done (by deck) already.

    New cards count among the reviews, too: of these there is no end, so that used up ones leave room for new cards.
    """
    room = new + sum(each.new for each in done.values())
    return [each._replace(policy=replace(each.policy, new_per_day=room, reviews_per_day=_ALL)) for each in limits]


def lift_limits(limits: Sequence[DeckLimits]) -> list[DeckLimits]:
    """The decks with room for all that is due, and for nothing new."""
    return [each._replace(policy=replace(each.policy, new_per_day=0, reviews_per_day=_ALL)) for each in limits]


def choose_cards(
    store: Store,
    limits: Sequence[DeckLimits],
    order: Policy,
    now_ms: int,
    *,
    only: frozenset[int] | None,
    new: int | None,
    limit: int | None,
    ahead_days: int = 0,
) -> frozenset[int]:
    """The cards that a session is to keep to: today's, with `new` new ones whatever `limits` say, `limit` in all.

    None is as many as the limits allow.
    """
    selection = Selection(tuple(limits), order, only_cards=only, ahead_days=ahead_days)
    gathered = build_day(store, selection, now_ms)
    if new is not None:
        roomy = allow_new(limits, new, store.done(store.clock.day(now_ms)))
        gathered = gathered._replace(new=build_day(store, selection._replace(decks=tuple(roomy)), now_ms).new[:new])
    return _first(gathered, limit, order.new_mix)


def _first(gathered: DayCards, limit: int | None, new_mix: NewMix) -> frozenset[int]:
    """Steps of today first, then due and new cards in the share that they are mixed in."""
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
