"""Counting: how many edited notes a rule keeps, and how many notes it takes for another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flashcards.deck.model import Note
from flashcards.identity.exact import link_exactly
from flashcards.identity.notes import TUNING, Known, Link, Seen, Tuning
from flashcards.identity.similar import link_similar
from tests.identity.trials import Trial

Rule = Callable[[Trial], dict[tuple[int, int], int]]
"""Says of each note after, by its place, which note before it is; others are new."""


@dataclass(frozen=True, slots=True)
class Count:
    """`edited`: notes whose text changed; `kept`: those of them that were recognised; `fresh`: notes that are new.

    `wrong`: notes taken for another one; `lost`: unchanged notes that were not recognised; `notes`: all of them.
    """

    notes: int = 0
    edited: int = 0
    kept: int = 0
    wrong: int = 0
    lost: int = 0
    fresh: int = 0

    def __add__(self, other: Count) -> Count:
        mine = (self.notes, self.edited, self.kept, self.wrong, self.lost, self.fresh)
        theirs = (other.notes, other.edited, other.kept, other.wrong, other.lost, other.fresh)
        return Count(*(one + two for one, two in zip(mine, theirs, strict=True)))

    @property
    def share_kept(self) -> float:
        return self.kept / self.edited if self.edited else 1.0


def count(trial: Trial, rule: Rule) -> Count:
    """How a rule does in a trial.

    Of notes with the same text it does not matter which is taken for which. Of the parts of a note that was split, one
    may have its history; a note that was merged of several may have that of any.
    """
    found = rule(trial)
    wrong = fresh = 0
    origins: dict[frozenset[int], list[tuple[bool, bool]]] = {}
    for seen in trial.seen:
        truth = trial.truth[seen.place]
        texts = {trial.texts[number] for number in truth}
        partner = found.get(seen.place)
        right = partner is not None and (partner in truth or trial.texts[partner] in texts)
        wrong += partner is not None and not right
        if truth:
            origins.setdefault(truth, []).append((seen.fingerprint in texts, right))
        else:
            fresh += 1
    changed = [parts for parts in origins.values() if not any(same for same, _ in parts)]
    same = [parts for parts in origins.values() if any(same for same, _ in parts)]
    kept = sum(any(right for _, right in parts) for parts in changed)
    lost = sum(not any(right for _, right in parts) for parts in same)
    return Count(len(trial.seen), len(changed), kept, wrong, lost, fresh)


def ours(trial: Trial, tuning: Tuning = TUNING) -> dict[tuple[int, int], int]:
    """The rules of this project."""
    return {link.seen.place: link.known.id for link in our_links(trial, tuning)}


def our_links(trial: Trial, tuning: Tuning = TUNING) -> list[Link]:
    links = link_exactly(trial.known, trial.seen)
    sample = [known.note for known in trial.known]
    return links + link_similar(trial.known, trial.seen, links, sample, tuning)[0]


def exact(trial: Trial) -> dict[tuple[int, int], int]:
    """hashcards: a note is its text, byte for byte."""
    return _by_text(trial, lambda note: note.fields)


def folded(trial: Trial) -> dict[tuple[int, int], int]:
    """repeater: the same, but case and blanks do not matter."""
    return _by_text(trial, lambda note: tuple("".join(field.lower().split()) for field in note.fields))


def _by_text(trial: Trial, text: Callable[[Note], tuple[str, ...]]) -> dict[tuple[int, int], int]:
    known: dict[tuple[str, ...], list[Known]] = {}
    for note in trial.known:
        known.setdefault(text(note.note), []).append(note)
    found: dict[tuple[int, int], int] = {}
    for seen in trial.seen:
        candidates = known.get(text(seen.note))
        if candidates:
            found[seen.place] = candidates.pop(0).id
    return found


__all__ = ["Count", "Rule", "Seen", "count", "exact", "folded", "our_links", "ours"]
