"""Choose the questions of a mock interview: all skills, weak and long unseen questions first. Pure."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from flashcards.review.rubric import count_points

if TYPE_CHECKING:
    from flashcards.collection import Collection

SKILL: Final = "skill:"
"""How a tag begins that names a skill."""

_LONG: Final = 30  # days after which a question counts as long unseen
_LEAST: Final = 0.05


class Candidate(NamedTuple):
    """A card that may be asked.

    Attributes:
        card: its id.
        skills: what it trains, from its tags; the first counts.
        recall: the chance that it is recalled today; missing for a card never seen.
        missed: the part of its points that was missed so far; 0 if no points were ticked.
        days_since: days since it was last asked in any way; missing if it never was.
    """

    card: int
    skills: tuple[str, ...]
    recall: float | None
    missed: float
    days_since: int | None


def find_skills(tags: Iterable[str]) -> tuple[str, ...]:
    """Find the skills that tags name, those of the card before those of its file."""
    return tuple(tag.removeprefix(SKILL) for tag in reversed(tuple(tags)) if tag.startswith(SKILL))


def weakness(candidate: Candidate) -> float:
    """Compute the sampling weight of a card: forgotten, missed and long unseen add up."""
    forgotten = 1.0 if candidate.recall is None else 1 - candidate.recall
    waited = 1.0 if candidate.days_since is None else min(candidate.days_since, _LONG) / _LONG
    return _LEAST + forgotten + candidate.missed + waited


def draw_cards(candidates: Sequence[Candidate], count: int, seed: int) -> list[int]:
    """Draw cards in turn from the skills, weak ones more likely. The same seed and candidates give the same cards."""
    chance = random.Random(seed)  # noqa: S311 - nothing secret depends on it
    by_skill: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in sorted(candidates):
        by_skill[candidate.skills[0] if candidate.skills else ""].append(candidate)
    # Skills take turns, the weakest first; where they are alike, luck decides.
    turns = sorted(by_skill, key=lambda skill: (-max(map(weakness, by_skill[skill])), chance.random()))
    found: list[int] = []
    while len(found) < count and any(by_skill.values()):
        for skill in turns:
            left = by_skill[skill]
            if left and len(found) < count:
                (chosen,) = chance.choices(left, [weakness(each) for each in left])
                left.remove(chosen)
                found.append(chosen.card)
    return found


def list_candidates(collection: Collection, cards: Iterable[int], today: int) -> list[Candidate]:
    """List the cards that may be asked: rubric cards if there are any, else all with a text that are not suspended."""
    found: list[Candidate] = []
    rubrics: list[Candidate] = []
    for number in cards:
        card = collection.store.card(number)
        entry = collection.note_of(card)
        if not card.active or card.suspended or card.slot not in entry.note.slots:
            continue
        recall = collection.predict_recall(card, today)
        missed = 0.0
        if entry.note.points:
            counts = count_points(collection.connection, number)
            asked = sum(each.reviews for each in counts)
            missed = 1 - sum(each.covered for each in counts) / asked if asked else 0.0
        waited = None if card.last_day is None else card.elapsed_days(today)
        candidate = Candidate(number, find_skills(entry.note.tags), recall, missed, waited)
        (rubrics if entry.note.points else found).append(candidate)
    return rubrics or found
