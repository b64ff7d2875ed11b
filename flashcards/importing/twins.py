"""Several cards of a package that are one card here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from flashcards.importing.model import AnkiCard
from scheduler.model import Kind, Rating, State
from scheduler.past import CardHistory


def apart(
    pairs: Iterable[tuple[AnkiCard, int, int]],
) -> tuple[list[tuple[AnkiCard, int, int]], Mapping[int, Sequence[AnkiCard]]]:
    """Cards of a package, each with its id and its deck here, so that each id is there once, with what changed last.

    Returns those, and the cards that were set apart, by their id here.
    """
    found: dict[int, tuple[AnkiCard, int, int]] = {}
    twins: dict[int, list[AnkiCard]] = defaultdict(list)
    for pair in pairs:
        card, ours, deck = pair
        first = found.setdefault(ours, pair)
        if first is not pair:
            older, newer = sorted((first[0], card), key=lambda each: each.changed)
            twins[ours].append(older)
            found[ours] = (newer, ours, deck)
    return list(found.values()), twins


def joined(history: CardHistory, twins: Sequence[CardHistory]) -> CardHistory:
    """A history with the reviews of its twins: each counts, and it stands where the last change left it."""
    if not twins:
        return history
    reviews = {each.at_ms: each for one in (*twins, history) for each in one.reviews}
    ratings = [each for each in reviews.values() if each.kind is Kind.RATING]
    lapses = sum(each.rating is Rating.AGAIN and each.state_before is State.REVIEW for each in ratings)
    standings = [history.standing, *[twin.standing for twin in twins]]
    # A twin counts the reviews that it was made with, too, though Anki keeps the rows with one of the two only.
    return history._replace(
        reviews=[reviews[at] for at in sorted(reviews)],
        standing=history.standing._replace(
            reps=max(len(ratings), *[each.reps for each in standings]),
            lapses=max(lapses, *[each.lapses for each in standings]),
        ),
    )
