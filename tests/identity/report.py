"""Prints how many edited notes each rule keeps: `python -m tests.identity.report [SEEDS]`."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator, Sequence

from tests.identity import trials
from tests.identity.edits import HEAVY, ORDINARY, typo
from tests.identity.material import Material, everything
from tests.identity.measure import Count, count, exact, folded, ours
from tests.identity.trials import Trial

Make = Callable[[Sequence[Material], random.Random], Trial]


def _in_place(name: str, share: float) -> Make:
    edit = (ORDINARY | HEAVY)[name]
    return lambda decks, rng: trials.edited(decks, edit, share, rng)


def kinds() -> Iterator[tuple[str, str, Make]]:
    """Every kind of edit: its group, its name, and what makes a trial of it."""
    for group, edits in (("ordinary", ORDINARY), ("heavy", HEAVY)):
        for name in edits:
            yield group, f"{name}, 5 %", _in_place(name, 0.05)
            yield group, f"{name}, 30 %", _in_place(name, 0.3)
            yield group, f"{name}, all", _in_place(name, 1.0)
    third = ORDINARY["a third reworded"]
    yield "ordinary", "reordered, typos", lambda decks, rng: trials.shuffled(decks, typo, 0.3, rng)
    yield "ordinary", "reordered, a third reworded", lambda decks, rng: trials.shuffled(decks, third, 0.3, rng)
    yield "ordinary", "files renamed, typos", lambda decks, rng: trials.renamed(decks, typo, 0.3, rng)
    yield "ordinary", "files renamed, a third reworded", lambda decks, rng: trials.renamed(decks, third, 0.3, rng)
    yield "ordinary", "moved to another file, typos", lambda decks, rng: trials.moved(decks, typo, 0.1, rng)
    yield "ordinary", "near-identical neighbours edited", trials.twins
    yield "ordinary", "split", trials.split
    yield "ordinary", "merged", trials.merged
    for share in (0.03, 0.2):
        yield "other cards", f"deleted, others written, {share:.0%}", _replaced(share, in_place=False)
        yield "other cards", f"others in their place, {share:.0%}", _replaced(share, in_place=True)
    yield "mixed", "a week of everything", trials.week


def _replaced(share: float, *, in_place: bool) -> Make:
    return lambda decks, rng: trials.replaced(decks, share, rng, in_place=in_place)


def main(seeds: int) -> None:
    """Print a line for each kind of edit."""
    decks = everything()
    print(f"{'':12}{'':36}{'edited':>8}{'new':>6} | {'ours: kept':>10}{'wrong':>6} | {'exact':>7} | {'folded':>7}")
    totals: dict[str, Count] = {}
    for group, name, make in kinds():
        sums = [Count(), Count(), Count()]
        for seed in range(seeds):
            trial = make(decks, random.Random(f"{name} {seed}"))
            sums = [so_far + count(trial, rule) for so_far, rule in zip(sums, (ours, exact, folded), strict=True)]
        mine, hash_rule, fold_rule = sums
        totals[group] = totals.get(group, Count()) + mine
        print(
            f"{group:12}{name:36}{mine.edited:8}{mine.fresh:6} | {mine.share_kept:10.2%}{mine.wrong:6} |"
            f" {hash_rule.share_kept:7.2%} | {fold_rule.share_kept:7.2%}"
            + (f"  {mine.lost} unchanged lost" if mine.lost else "")
        )
    for group, total in totals.items():
        print(
            f"{group}: {total.edited} edited, {total.share_kept:.2%} kept, {total.wrong} wrong of {total.notes} notes"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
