"""A collection before and after, with the truth of which note is which."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from flashcards.catalog.encoding import encode
from flashcards.deck.parse import parse
from flashcards.identity.notes import Known, Seen, fingerprint
from tests.identity.edits import HEAVY, ORDINARY, Edit, aside, typo, words_of
from tests.identity.material import Item, Material, readable, text

Files = dict[str, list[Item]]


@dataclass(slots=True)
class Trial:
    """Files before and after. `truth` says of each note after, in order, from which notes before it may come."""

    before: Files
    after: Files
    known: list[Known] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    truth: dict[tuple[int, int], frozenset[int]] = field(default_factory=dict)
    texts: dict[int, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        numbers = {name: number for number, name in enumerate([*self.before, *self.after])}
        for name, items in self.before.items():
            for item, note in zip(items, parse(text(items), f"{name}.md").notes, strict=True):
                (number,) = item.truth
                mark = fingerprint(note)
                self.texts[number] = mark
                self.known.append(
                    Known(number, str(number), "", numbers[name], mark, note, encode(note), 0, 0, active=True)
                )
        for name, items in self.after.items():
            for index, (item, note) in enumerate(zip(items, parse(text(items), f"{name}.md").notes, strict=True)):
                self.seen.append(Seen(numbers[name], 0, index, fingerprint(note), note))
                self.truth[numbers[name], index] = item.truth


def vocabulary(decks: Sequence[Material]) -> dict[str, list[str]]:
    """Words to reword the notes of each deck with: those that several of its notes share, and words of other decks.

    A word that only one other note has, or that is all of a side of one, would make of an edited note half a copy of
    that one, which no person writes.
    """
    sides = {side.lower() for deck in decks for item in deck.items for side in item.fields}
    counts = {deck.name: Counter(word for item in deck.items for word in _distinct_words(item)) for deck in decks}
    everywhere = sum(counts.values(), Counter[str]())
    found = {}
    for deck in decks:
        shared = sorted(word for word, count in counts[deck.name].items() if count > 1 and word not in sides)
        foreign = sorted(everywhere.keys() - counts[deck.name].keys() - sides)
        found[deck.name] = shared + foreign[:: max(1, len(foreign) // (len(shared) + 50))]
    return found


def _distinct_words(item: Item) -> set[str]:
    return {match[0].lower() for side in item.fields for match in words_of(side)}


def _files(decks: Sequence[Material]) -> Files:
    return {deck.name: list(deck.items) for deck in decks}


def edited(decks: Sequence[Material], edit: Edit, share: float, rng: random.Random) -> Trial:
    """A share of all notes edited in place, with words of the same deck and of others."""
    words = vocabulary(decks)
    sides = Counter(side for deck in decks for item in deck.items for side in item.fields)
    after: Files = {}
    for deck in decks:
        after[deck.name] = []
        for item in deck.items:
            changed = _maybe(item, edit, share, rng, words[deck.name])
            # A side that is that of another note would say that this is the other note.
            foreign = any(side in sides and side not in item.fields for side in changed.fields)
            after[deck.name].append(item if foreign else changed)
    return Trial(_files(decks), after)


def _maybe(item: Item, edit: Edit, share: float, rng: random.Random, words: Sequence[str]) -> Item:
    return (edit(item, rng, words) or item) if rng.random() < share else item


def shuffled(decks: Sequence[Material], edit: Edit, share: float, rng: random.Random) -> Trial:
    """Every file in another order, a share of the notes edited."""
    trial = edited(decks, edit, share, rng)
    return Trial(trial.before, {name: rng.sample(items, len(items)) for name, items in trial.after.items()})


def renamed(decks: Sequence[Material], edit: Edit, share: float, rng: random.Random) -> Trial:
    """Every file renamed, a share of the notes edited."""
    trial = edited(decks, edit, share, rng)
    return Trial(trial.before, {f"{name} (new)": items for name, items in trial.after.items()})


def moved(decks: Sequence[Material], edit: Edit, share: float, rng: random.Random) -> Trial:
    """A share of the notes cut from their files and pasted, edited, at the end of another one."""
    trial = edited(decks, edit, share, rng)
    after: Files = {name: [] for name in trial.after}
    pasted: list[Item] = []
    for name, items in trial.after.items():
        for item, old in zip(items, trial.before[name], strict=True):
            (after[name] if item == old else pasted).append(item)
    after["inbox"] = rng.sample([replace(item, headings=()) for item in pasted], len(pasted))
    return Trial(trial.before, after)


def replaced(decks: Sequence[Material], share: float, rng: random.Random, *, in_place: bool) -> Trial:
    """Some notes deleted and as many others, of the same deck, written: where the old ones stood, or anywhere."""
    before: Files = {}
    after: Files = {}
    for deck in decks:
        items = list(deck.items)
        count = max(1, round(len(items) * share))
        if len(items) < 2 * count + 1:
            before[deck.name] = after[deck.name] = items
            continue
        chosen = rng.sample(range(len(items)), 2 * count)
        coming, going = chosen[:count], chosen[count:]
        old = [item for number, item in enumerate(items) if number not in coming]
        fresh = [replace(items[number], truth=frozenset()) for number in coming]
        before[deck.name] = old
        places = {items[number]: new for number, new in zip(going, fresh, strict=True)}
        if in_place:
            after[deck.name] = [places.get(item, item) for item in old]
            continue
        kept = [item for item in old if item not in places]
        for item in fresh:
            kept.insert(rng.randint(0, len(kept)), item)
        after[deck.name] = kept
    return Trial(before, after)


def rewritten_chapters(decks: Sequence[Material], share: float, rng: random.Random) -> Trial:
    """Notes side by side deleted, and as many others of the same deck, side by side, written in their place."""
    before: Files = {}
    after: Files = {}
    for deck in decks:
        items = list(deck.items)
        count = max(2, round(len(items) * share))
        before[deck.name] = after[deck.name] = items
        if len(items) < 2 * count + 1:
            continue
        at = rng.randrange(len(items) - 2 * count + 1)
        going, coming = items[at : at + count], items[at + count : at + 2 * count]
        fresh = [replace(item, truth=frozenset(), headings=going[0].headings) for item in coming]
        before[deck.name] = items[: at + count] + items[at + 2 * count :]
        after[deck.name] = items[:at] + fresh + items[at + 2 * count :]
    return Trial(before, after)


def twins(decks: Sequence[Material], rng: random.Random) -> Trial:
    """Beside each of some notes stands one that differs in a word; both are edited."""
    before: Files = {}
    after: Files = {}
    number = 1_000_000
    for deck in decks:
        words = sorted({word for item in deck.items for word in _distinct_words(item)})
        before[deck.name], after[deck.name] = [], []
        for item in deck.items:
            pair = [item]
            twin = make_twin(item, rng, words) if rng.random() < 0.3 else None
            if twin:
                number += 1
                pair.append(replace(twin, truth=frozenset({number})))
            before[deck.name] += pair
            edit = rng.choice([typo, aside])
            after[deck.name] += [(edit(each, rng, words) or each) if twin else each for each in pair]
    return Trial(before, after)


def make_twin(item: Item, rng: random.Random, words: Sequence[str]) -> Item | None:
    fields = list(item.fields)
    for field_number in range(len(fields)):
        found = [match for match in words_of(fields[field_number]) if len(match[0]) > 3]
        if found:
            match = rng.choice(found)
            text = fields[field_number]
            fields[field_number] = text[: match.start()] + rng.choice(words) + text[match.end() :]
    changed = replace(item, fields=tuple(fields))
    return changed if changed.fields != item.fields and readable(changed) else None


def split(decks: Sequence[Material], rng: random.Random) -> Trial:
    """Some notes with long answers become two; either may have the history."""
    after: Files = {}
    for deck in decks:
        after[deck.name] = []
        for item in deck.items:
            parts = _halves(item) if rng.random() < 0.5 else None
            after[deck.name] += parts or [item]
    return Trial(_files(decks), after)


def _halves(item: Item) -> list[Item] | None:
    if len(item.fields) < 2:
        return None
    found = words_of(item.fields[1])
    if len(found) < 6:
        return None
    at = found[len(found) // 2].start()
    front, back = item.fields
    parts = [
        replace(item, fields=(front, back[:at].strip())),
        replace(item, fields=(f"{front} (second part)", back[at:].strip())),
    ]
    return parts if all(map(readable, parts)) else None


def merged(decks: Sequence[Material], rng: random.Random) -> Trial:
    """Some neighbours become one note, which may have the history of either."""
    after: Files = {}
    for deck in decks:
        after[deck.name] = []
        items = list(deck.items)
        while items:
            first = items.pop(0)
            if items and rng.random() < 0.2 and len(first.fields) == len(items[0].fields) == 2:
                second = items[0]
                both = replace(
                    first,
                    truth=first.truth | second.truth,
                    fields=tuple(f"{one}; {other}" for one, other in zip(first.fields, second.fields, strict=True)),
                )
                if readable(both):
                    items.pop(0)
                    first = both
            after[deck.name].append(first)
    return Trial(_files(decks), after)


def week(decks: Sequence[Material], rng: random.Random) -> Trial:
    """Everything at once: a fifth edited in all ways, some notes deleted, some written, some moved about."""
    words = vocabulary(decks)
    edits = [*ORDINARY.values(), *HEAVY.values()]
    before: Files = {}
    after: Files = {}
    for deck in decks:
        coming = {item for item in deck.items if rng.random() < 0.05}
        before[deck.name] = [item for item in deck.items if item not in coming]
        found: list[Item] = []
        for item in deck.items:
            if item in coming:
                found.append(replace(item, truth=frozenset()))
            elif rng.random() >= 0.05:
                found.append(_maybe(item, rng.choice(edits), 0.2, rng, words[deck.name]))
        for _ in range(len(found) // 20):
            found.insert(rng.randrange(len(found)), found.pop(rng.randrange(len(found))))
        after[deck.name] = found
    return Trial(before, after)
