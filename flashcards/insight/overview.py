"""Everything `stats` says of a collection, or of some of its cards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from flashcards.insight.holdings import Holdings, Span, count_cards
from flashcards.insight.stats import Activity, DayActivity, Recall, count_activity
from scheduler.columns import read_ratings
from scheduler.memory import fill_parameters

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flashcards.collection import Collection
    from scheduler.clock import Clock
    from scheduler.measures import Figures


@dataclass(frozen=True, slots=True)
class HardCardShown:
    """A card that keeps being forgotten, with the name to find it by and the beginning of its question."""

    name: str
    front: str
    deck: str
    lapses: int
    difficulty: float


@dataclass(frozen=True, slots=True)
class Overview:
    """What there is to say, with names for people; `clock` turns days into dates.

    `retention` is the one that the settings want, of decks that want no other.
    """

    clock: Clock
    today: int
    activity: Activity
    holdings: Holdings
    decks: Mapping[str, Recall]
    hardest: Sequence[HardCardShown]
    retention: float

    @property
    def now(self) -> DayActivity:
        """What was done today."""
        return self.activity.days[-1]


def build_overview(collection: Collection, now_ms: int, days: int | None, only: frozenset[int] | None) -> Overview:
    """Count. `days` up to today, None is all; `only` these cards, None is all."""
    today = collection.clock.day(now_ms)
    ratings = read_ratings(collection.connection)
    if only is not None:
        ratings = ratings.where(np.isin(ratings.card, np.fromiter(only, np.int64, len(only))))
    decks = dict(collection.connection.execute("SELECT id, deck FROM cards"))
    decays = {limit.deck: fill_parameters(limit.policy.parameters)[20] for limit in collection.limits}
    done = count_activity(ratings, today, days, decks, decays)
    held = count_cards(collection.connection, today, decays, only)
    names = collection.catalog.deck_names()
    by_deck = {names[deck]: recall for deck, recall in done.decks.items() if deck in names}
    hardest, retention = _name_hardest(collection, held), collection.settings.policy.retention
    return Overview(collection.clock, today, done, held, by_deck, hardest, retention)


def _name_hardest(collection: Collection, held: Holdings) -> list[HardCardShown]:
    from flashcards.cards import format_card_id, render_sides

    found = []
    for hard in held.hardest:
        card = collection.store.card(hard.card)
        entry = collection.note_of(card)
        front = " ".join(render_sides(entry, card.slot)[0].split())
        found.append(HardCardShown(format_card_id(entry, card.slot), front, entry.deck, hard.lapses, hard.difficulty))
    return found


def as_json(overview: Overview) -> dict[str, Any]:
    """The same for programs; docs/stats.md says what each part means."""
    done, held, now = overview.activity, overview.holdings, overview.now
    predictions = done.predictions
    return {
        "today": {
            "date": str(overview.clock.date(overview.today)),
            "new": now.new,
            "reviews": now.reviews,
            "again": now.again,
            "minutes": _minutes(now),
            "streak": done.streak,
        },
        "days": [
            {
                "date": str(overview.clock.date(day.day)),
                "new": day.new,
                "reviews": day.reviews,
                "again": day.again,
                "minutes": _minutes(day),
            }
            for day in done.days
        ],
        "retention": {
            "young": _recall(done.young),
            "mature": _recall(done.mature),
            "weeks": [
                {"week": str(overview.clock.date(week)), **_recall(recall)} for week, recall in done.weeks.items()
            ],
        },
        "states": {**held.states, "orphaned": held.orphaned},
        "stability": _spans(held.stability),
        "difficulty": _spans(held.difficulty),
        "retrievability": _spans(held.retrievability),
        "interval": _spans(held.interval),
        "hardest_cards": [
            {
                "id": each.name,
                "deck": each.deck,
                "front": each.front,
                "lapses": each.lapses,
                "difficulty": each.difficulty,
            }
            for each in overview.hardest
        ],
        "decks": [{"deck": deck, **_recall(recall)} for deck, recall in hardest_decks(overview)],
        "hours": [{"hour": each.hour, **_recall(each.recall)} for each in done.hours],
        "buttons": {
            kind: dict(zip(("again", "hard", "good", "easy"), counts, strict=True))
            for kind, counts in done.buttons.items()
        },
        "calibration": [each._asdict() for each in predictions.bins],
        "prediction": _figures(predictions.figures),
        "always_the_average": _figures(predictions.average),
    }


def hardest_decks(overview: Overview) -> list[tuple[str, Recall]]:
    """The decks that were reviewed, those recalled worst first."""
    return sorted(overview.decks.items(), key=lambda pair: (pair[1].retention or 0.0, pair[0]))


def _minutes(day: DayActivity) -> float:
    return round(day.seconds / 60, 1)


def _recall(recall: Recall) -> dict[str, Any]:
    return {"reviews": recall.reviews, "recalled": recall.recalled, "retention": recall.retention}


def _spans(spans: Sequence[Span]) -> list[dict[str, Any]]:
    return [{"from": span.low, "to": span.high, "cards": span.cards} for span in spans]


def _figures(figures: Figures | None) -> dict[str, Any] | None:
    return None if figures is None else figures._asdict()
