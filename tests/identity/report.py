"""Prints how many edited notes each rule keeps: `python -m tests.identity.report [SEEDS]`.

`python -m tests.identity.report sweep [SEEDS]` prints what other thresholds and margins would do instead.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from flashcards.identity.notes import TUNING, Tuning
from tests.identity import trials
from tests.identity.edits import HEAVY, ORDINARY, typo
from tests.identity.families import FAMILIES, OTHER_FAMILIES, live
from tests.identity.material import Material, everything
from tests.identity.measure import Count, count, exact, folded, ours
from tests.identity.trials import Trial

Make = Callable[[Sequence[Material], random.Random], Trial]

LIVES, OTHER_LIVES = "scans", "not the same"
ORDINARY_EDITS, HEAVY_EDITS, OTHER_CARDS, MIXED = "ordinary", "heavy", "other cards", "mixed"


def kinds() -> Iterator[tuple[str, str, Make]]:
    """Every kind of edit: its group, its name, and what makes a trial of it."""
    for group, edits in ((ORDINARY_EDITS, ORDINARY), (HEAVY_EDITS, HEAVY)):
        for name in edits:
            for share in (0.05, 0.3, 1.0):
                yield group, f"{name}, {share:.0%}", _in_place(name, share)
    third = ORDINARY["a third reworded"]
    yield ORDINARY_EDITS, "reordered, typos", lambda decks, rng: trials.shuffled(decks, typo, 0.3, rng)
    yield ORDINARY_EDITS, "reordered, a third reworded", lambda decks, rng: trials.shuffled(decks, third, 0.3, rng)
    yield ORDINARY_EDITS, "files renamed, typos", lambda decks, rng: trials.renamed(decks, typo, 0.3, rng)
    yield ORDINARY_EDITS, "files renamed, a third reworded", lambda decks, rng: trials.renamed(decks, third, 0.3, rng)
    yield ORDINARY_EDITS, "moved to another file, typos", lambda decks, rng: trials.moved(decks, typo, 0.1, rng)
    yield ORDINARY_EDITS, "near-identical neighbours edited", trials.twins
    yield ORDINARY_EDITS, "split", trials.split
    yield ORDINARY_EDITS, "merged", trials.merged
    for share in (0.03, 0.2):
        yield OTHER_CARDS, f"deleted, others written, {share:.0%}", _replaced(share, in_place=False)
        yield OTHER_CARDS, f"others in their place, {share:.0%}", _replaced(share, in_place=True)
        yield OTHER_CARDS, f"a chapter in the place of another, {share:.0%}", _rewritten_chapter(share)
    yield MIXED, "a week of everything", trials.week


def _in_place(name: str, share: float) -> Make:
    edit = (ORDINARY | HEAVY)[name]
    return lambda decks, rng: trials.edited(decks, edit, share, rng)


def _replaced(share: float, *, in_place: bool) -> Make:
    return lambda decks, rng: trials.replaced(decks, share, rng, in_place=in_place)


def _rewritten_chapter(share: float) -> Make:
    return lambda decks, rng: trials.rewritten_chapters(decks, share, rng)


def made(name: str, make: Make, decks: Sequence[Material], seed: int) -> Trial:
    """A trial of a kind, the same one every time."""
    return make(decks, random.Random(f"{name} {seed}"))


def lived(name: str, decks: Sequence[Material], seeds: int) -> Count:
    """Count how the notes of a family end, in a real collection."""
    make = (FAMILIES | OTHER_FAMILIES)[name]
    return sum((live(make(decks, random.Random(f"{name} {seed}"))) for seed in range(seeds)), Count())


def table(seeds: int) -> Iterator[str]:
    """A line for each kind of edit, and one for each group of them."""
    decks = everything()
    yield f"{'':12}{'':36}{'edited':>8}{'new':>6} | {'ours: kept':>10}{'wrong':>6} | {'exact':>7} | {'folded':>7}"
    totals: dict[str, Count] = {}
    for group, name, make in kinds():
        sums = [Count(), Count(), Count()]
        for seed in range(seeds):
            trial = made(name, make, decks, seed)
            sums = [so_far + count(trial, rule) for so_far, rule in zip(sums, (ours, exact, folded), strict=True)]
        mine, hash_rule, fold_rule = sums
        totals[group] = totals.get(group, Count()) + mine
        yield (
            f"{group:12}{name:36}{mine.edited:8}{mine.fresh:6} | {mine.share_kept:10.2%}{mine.wrong:6} |"
            f" {hash_rule.share_kept:7.2%} | {fold_rule.share_kept:7.2%}"
        )
    for group, families in ((LIVES, FAMILIES), (OTHER_LIVES, OTHER_FAMILIES)):
        for name in families:
            mine = lived(name, decks, seeds)
            totals[group] = totals.get(group, Count()) + mine
            yield f"{group:12}{name:36}{mine.edited:8}{mine.fresh:6} | {mine.share_kept:10.2%}{mine.wrong:6} |"
    for group, total in totals.items():
        yield (
            f"{group}: {total.edited:,} edited, {total.share_kept:.2%} kept, {total.wrong} wrong and {total.lost}"
            f" unchanged ones lost of {total.notes:,} notes"
        )


def sweep(seeds: int) -> Iterator[str]:
    """A line for each threshold, and for each margin."""
    tunings = [TUNING._replace(threshold=threshold) for threshold in (0.45, 0.5, 0.55, 0.6, 0.65, 0.7)]
    tunings += [TUNING._replace(margin=margin) for margin in (0.02, 0.05, 0.12, 0.2)]
    decks = everything()
    for tuning in tunings:
        totals: dict[str, Count] = {}
        for group, name, make in kinds():
            for seed in range(seeds):
                found = count(made(name, make, decks, seed), partial(ours, tuning=tuning))
                totals[group] = totals.get(group, Count()) + found
        yield _swept(tuning, totals)


def _swept(tuning: Tuning, totals: dict[str, Count]) -> str:
    cells = [
        f"{group}: {total.share_kept:.2%} kept, {total.wrong} wrong"
        if total.edited
        else f"{group}: {total.wrong} wrong"
        for group, total in totals.items()
    ]
    return f"threshold {tuning.threshold:.2f} margin {tuning.margin:.2f} | {' | '.join(cells)}"


if __name__ == "__main__":
    words = sys.argv[1:]
    lines = sweep if words[:1] == ["sweep"] else table
    for line in lines(int(words[-1]) if words and words[-1].isdigit() else 2):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
