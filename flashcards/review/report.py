"""Describe the end of a session and the details of a card in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flashcards.text import format_duration, format_interval, plural
from scheduler import Card, Clock, Review, ReviewKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flashcards.review.views import Asked, Summary, Upcoming
    from scheduler.queue import Counts


def describe_summary(summary: Summary, clock: Clock) -> list[str]:
    """Describe what was done, how it went, what is left, and when the next cards are due, as lines."""
    if not summary.cards:
        return ["Nothing was rated.", *describe_results(summary, clock)]
    ratings = " · ".join(f"{rating.name.capitalize()} {count}" for rating, count in summary.ratings.items())
    return [f"Done: {describe_done(summary)}", ratings, *describe_results(summary, clock)]


def describe_done(summary: Summary) -> str:
    """Describe how many cards were rated, and how long it took."""
    ratings = sum(summary.ratings.values())
    extra = [plural(ratings, "rating")] if ratings != summary.cards else []
    extra += [f"{summary.introduced} new"] if summary.introduced else []
    in_brackets = f" ({', '.join(extra)})" if extra else ""
    return f"{plural(summary.cards, 'card')}{in_brackets} in {format_duration(summary.duration_ms)}."


def describe_results(summary: Summary, clock: Clock) -> list[str]:
    """Describe how the reviews went, what is left, and when the next cards are due, as lines."""
    lines = []
    if summary.reviews:
        share = f"{100 * summary.recalled / summary.reviews:.0f} %"
        lines.append(f"Recalled {summary.recalled} of {plural(summary.reviews, 'review')} ({share}).")
    if any(summary.left):
        lines.append(f"Left for today: {describe_counts(summary.left)}.")
    lines += describe_upcoming(summary.upcoming, clock, held=not any(summary.left))
    if summary.due_ahead != summary.due_before:
        lines.append(_describe_changes(summary.due_before, summary.due_ahead))
    return lines


def describe_upcoming(upcoming: Upcoming, clock: Clock, *, held: bool = True) -> list[str]:
    """Describe when the next cards are due and, with `held`, how many the limits hold back today."""
    parts: list[str] = []
    if upcoming.now:
        parts.append(f"{plural(upcoming.now, 'card')} now")
    if upcoming.today_ms is not None:
        parts.append(f"{plural(upcoming.today, 'card')} from {clock.iso(upcoming.today_ms)[11:16]} today")
    if upcoming.day is not None:
        when = "tomorrow" if upcoming.days_away == 1 else f"in {upcoming.days_away} days, on {clock.date(upcoming.day)}"
        parts.append(f"{plural(upcoming.on_day, 'card')} {when}")
    lines = [f"Due next: {'; '.join(parts)}."] if parts else []
    kept = [f"{count:,} {kind}" for count, kind in ((upcoming.held_due, "due"), (upcoming.held_new, "new")) if count]
    if held and kept:
        more = " For more new cards now: `flashcards review --new 10`." if upcoming.held_new else ""
        lines.append(f"Beyond today's limits: {' and '.join(kept)}.{more}")
    return lines


def describe_counts(counts: Counts) -> str:
    """Format `3 new, 0 learning, 7 review`."""
    return f"{counts.new:,} new, {counts.learning:,} learning, {counts.review:,} review"


def describe_card(asked: Asked, log: Sequence[Review], clock: Clock, recall: float | None) -> list[str]:
    """Describe a card's place, schedule and history (`log`, oldest first) as lines."""
    card, entry = asked.card, asked.entry
    facts = {
        "Place": entry.place,
        "Deck": " > ".join((entry.deck, *entry.note.breadcrumb)),
        "Card": f"{entry.key}.{card.slot}",
        "Tags": " ".join(entry.note.tags),
        "State": card.state.name.lower(),
        "Due": format_due(asked.card, clock),
        "Interval": format_interval(card.interval) if card.interval else "",
        "Stability": f"{card.stability:.1f} days" if card.stability is not None else "",
        "Difficulty": f"{card.difficulty:.1f} of 10" if card.difficulty is not None else "",
        "Recall": f"{recall:.0%}" if recall is not None else "",
        "Reviews": f"{plural(card.reps, 'rating')}, {plural(card.lapses, 'lapse')}" if card.reps else "",
        "Flag": str(card.flag or ""),
        "Leech": "yes" if card.leech else "",
    }
    lines = [f"{name}: {value}" for name, value in facts.items() if value]
    return lines + [_describe_event(review, clock) for review in log]


def _describe_changes(before: Sequence[int], after: Sequence[int]) -> str:
    """Describe the changed due counts: `Due tomorrow: 3 (2 before this session); in 3 days: 0 (1 before).`."""
    changes = [(days, was, now) for days, (was, now) in enumerate(zip(before, after, strict=True), 1) if was != now]
    parts: list[str] = []
    for days, was, now in changes:
        when = "tomorrow" if days == 1 else f"in {days} days"
        earlier = "before" if parts else "before this session"
        parts.append(f"{when}: {now:,} ({was:,} {earlier})")
    return f"Due {'; '.join(parts)}."


def format_due(card: Card, clock: Clock) -> str:
    """Format when a card is due: a minute or a day, or "" for a new card."""
    if card.due_ms is not None:
        return clock.minute(card.due_ms)
    return "" if card.due_day is None else clock.date(card.due_day).isoformat()


def _describe_event(review: Review, clock: Clock) -> str:
    what = review.rating.name.capitalize() if review.rating else _ACTS.get(review.kind, "")
    when = clock.minute(review.id)
    following = f", next in {format_interval(review.interval_after)}" if review.interval_after else ""
    took = f", took {format_duration(review.duration_ms)}" if review.rating else ""
    return f"{when}  {what}{following}{took}"


_ACTS = {
    ReviewKind.FORGET: "Made new again",
    ReviewKind.SET_DUE: "Due day set",
    ReviewKind.TAKEN_OVER: "Taken over",
    ReviewKind.RESCHEDULED: "Due day changed",
}
