"""What an act makes of a card, and the log row that records it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from scheduler.model import Card, Kind, Leech, Rating, Review, State
from scheduler.policy import Policy, becomes_leech

if TYPE_CHECKING:
    from scheduler.outcome import Outcome


class Moment(NamedTuple):
    """When a log row is written: its id, its day and the local offset from UTC in minutes."""

    id: int
    day: int
    offset_minutes: int


def rated(card: Card, rating: Rating, outcome: Outcome, leech: Leech, moment: Moment) -> Card:
    """The card after a rating. Whoever rates a hidden card wants it: it is hidden no longer."""
    return card._replace(
        state=outcome.state,
        due_day=outcome.due_day,
        due_ms=outcome.due_ms,
        steps_left=outcome.steps_left,
        stability=outcome.memory.stability,
        difficulty=outcome.memory.difficulty,
        last_day=moment.day,
        last_ms=moment.id,
        interval=outcome.interval_seconds,
        reps=card.reps + 1,
        lapses=card.lapses + lapses(card, rating),
        leech=card.leech or leech is not Leech.NO,
        suspended=card.suspended or leech is Leech.SUSPENDED,
        buried_day=None,
        buried_by=None,
    )


def lapses(card: Card, rating: Rating) -> bool:
    """Whether this rating is a lapse: a card under review was forgotten."""
    return rating is Rating.AGAIN and card.state is State.REVIEW


def leech_by(card: Card, rating: Rating, policy: Policy) -> Leech:
    """What this rating does to the card if it keeps being forgotten; SUSPENDED only if it is not suspended already."""
    if not lapses(card, rating) or not becomes_leech(card.lapses + 1, policy.leech_threshold):
        return Leech.NO
    return Leech.SUSPENDED if policy.leech_action == "suspend" and not card.suspended else Leech.TAGGED


def forgotten(card: Card) -> Card:
    """The card as new; what was counted stays."""
    return card._replace(
        state=State.NEW,
        due_day=None,
        due_ms=None,
        steps_left=0,
        stability=None,
        difficulty=None,
        last_day=None,
        last_ms=None,
        interval=0,
    )


def due_on(card: Card, day: int, interval: int) -> Card:
    """The card under review and due on a day. One that was not under review waits out `interval` seconds."""
    kept = card.interval if card.state is State.REVIEW else interval
    return card._replace(state=State.REVIEW, due_day=day, due_ms=None, steps_left=0, interval=kept)


def entry(
    kind: Kind,
    before: Card,
    after: Card,
    moment: Moment,
    *,
    rating: Rating | None = None,
    duration_ms: int = 0,
    leech: Leech = Leech.NO,
    voids: int | None = None,
) -> Review:
    """The log row that records how a card changed."""
    return Review(
        id=moment.id,
        card=before.id,
        kind=kind,
        rating=rating,
        day=moment.day,
        offset_minutes=moment.offset_minutes,
        duration_ms=duration_ms,
        state_before=before.state,
        state_after=after.state,
        steps_left=after.steps_left,
        interval_before=before.interval,
        interval_after=after.interval,
        due_day=after.due_day,
        due_ms=after.due_ms,
        stability=after.stability,
        difficulty=after.difficulty,
        leech=leech,
        voids=voids,
    )
