"""`python -m benchmarks.programs.balance_load balanced|fuzz|plain SEED`: two years of 200 reviews a day, simulated.

Prints, as JSON: reviews a day in the second year, the mean change from a day to the next, the part recalled, and the
seconds that it took.
"""

import json
import sys
import time
from itertools import pairwise
from statistics import fmean

from scheduler import DeckPolicy, Policy
from scheduler.simulate import PolicyPlan, Simulation, simulate
from scheduler.simulated_learner import Learner
from tests.scheduler.world import a_card

_DAYS = 730
_NEW_PER_DAY = 15
_POLICIES = {
    "balanced": Policy(new_per_day=_NEW_PER_DAY, reviews_per_day=9_999),
    "fuzz": Policy(new_per_day=_NEW_PER_DAY, reviews_per_day=9_999, load_balance=False),
    "plain": Policy(new_per_day=_NEW_PER_DAY, reviews_per_day=9_999, fuzz=False),
}


def lived(policy: Policy, seed: int) -> Simulation:
    """Two years with so many new cards a day."""
    cards = [a_card(id=number, note=number, position=number) for number in range(1, _DAYS * _NEW_PER_DAY + 1)]
    plan = PolicyPlan(cards, [DeckPolicy(1, (), policy)])
    return simulate(cards, plan, 20_000, _DAYS, Learner(seed=seed), known_every=_DAYS)


def measure(simulation: Simulation) -> dict[str, float]:
    """Of the second year, when the load has settled."""
    reviews = [day.reviews for day in simulation.days[_DAYS // 2 :]]
    recalled = sum(day.recalled for day in simulation.days[_DAYS // 2 :])
    return {
        "reviews_a_day": fmean(reviews),
        "change": fmean(abs(after - before) for before, after in pairwise(reviews)),
        "retention": recalled / sum(reviews),
    }


if __name__ == "__main__":
    started = time.perf_counter()
    found = measure(lived(_POLICIES[sys.argv[1]], int(sys.argv[2])))
    print(json.dumps({"figures": found, "seconds": time.perf_counter() - started}))
