"""`python -m benchmarks.programs.work_towards CARDS DAYS LEARNT SEEDS`: a deadline against plain scheduling.

A simulated learner has CARDS cards, the part LEARNT of them for some weeks, and DAYS days. With the deadline, all are
begun in time and asked once more in the last days. Without it, as many new cards are begun a day, and the retention is
raised until at least as many reviews are made. Prints, as JSON, the mean recall on the day of both, its spread over the
seeds, the reviews, and how much the busiest of the last 14 days holds of their average.
"""

import json
import sys
from datetime import date
from statistics import fmean, stdev

from scheduler import Card, DeckPolicy, Policy
from scheduler.policy import Deadline, compute_new_per_day
from scheduler.simulate import PolicyPlan, Simulation, simulate
from scheduler.simulated_learner import Learner
from tests.scheduler.world import a_card

_TODAY = 20_000
_BEFORE = 40  # days in which the part that is learned was learned
_EPOCH = date(1970, 1, 1).toordinal()
_RETENTIONS = tuple(number / 100 for number in range(90, 98))


def collection(cards: int, learned: float, seed: int) -> list[Card]:
    """Return the cards as they are today."""
    known = round(cards * learned)
    fresh = [a_card(id=number, note=number, position=number) for number in range(1, cards + 1)]
    if not known:
        return fresh
    policy = Policy(new_per_day=-(-known // (_BEFORE - 5)), reviews_per_day=9_999)
    lived = _lived(fresh[:known], policy, _TODAY - _BEFORE, _BEFORE, seed)
    return [*lived.cards.values(), *fresh[known:]]


def _lived(cards: list[Card], policy: Policy, first: int, days: int, seed: int) -> Simulation:
    plan = PolicyPlan(cards, [DeckPolicy(1, (), policy)])
    return simulate(cards, plan, first, days, Learner(seed=seed), known_every=days)


def recall(simulation: Simulation, day: int, policy: Policy) -> float:
    """Return the part of all cards recalled on the day; of cards never seen, nothing."""
    model = PolicyPlan([], [DeckPolicy(1, (), policy)]).model(a_card())
    chances = [
        0.0 if card.stability is None else model.retrievability(card.stability, card.elapsed_days(day))
        for card in simulation.cards.values()
    ]
    return fmean(chances)


def compared(cards: int, days: int, learned: float, seed: int) -> dict[str, float]:
    """One life with the deadline, and one without and at least as many reviews."""
    day = _TODAY + days
    start = collection(cards, learned, seed)
    unseen = sum(card.stability is None for card in start)
    pace = compute_new_per_day(unseen, _TODAY, Deadline(day, Policy().rest_days))
    policy = Policy(new_per_day=max(1, pace), reviews_per_day=9_999)
    towards = policy._replace(deadline=date.fromordinal(_EPOCH + day).isoformat())
    with_it = _lived(start, towards, _TODAY, days, seed)
    reviews = _reviews(with_it)
    for retention in _RETENTIONS:
        plain = _lived(start, policy._replace(retention=retention), _TODAY, days, seed)
        if _reviews(plain) >= reviews:
            break
    load = [each.reviews + each.new for each in with_it.days[-14:]]
    return {
        "deadline": recall(with_it, day, policy),
        "plain": recall(plain, day, policy),
        "deadline_reviews": reviews,
        "plain_reviews": _reviews(plain),
        "plain_retention": retention,
        "busiest": max(load) / fmean(load),
    }


def _reviews(simulation: Simulation) -> int:
    return sum(day.reviews + day.new + day.steps for day in simulation.days)


if __name__ == "__main__":
    number, length, part, seeds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
    found = [compared(number, length, part, seed) for seed in range(1, seeds + 1)]
    gains = [each["deadline"] - each["plain"] for each in found]
    means = {name: fmean(each[name] for each in found) for name in found[0]}
    spread = stdev(gains) if len(gains) > 1 else 0.0
    busiest = max(each["busiest"] for each in found)
    print(json.dumps(means | {"gain": fmean(gains), "gain_spread": spread, "worst_busiest": busiest}))
