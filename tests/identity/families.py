"""Families of edits that go through several scans of a real collection, each with a side that must not be linked.

A note counts as kept if it is the same note and the card that was reviewed before is still asked.
"""

from __future__ import annotations

import random
import re
import tempfile
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from flashcards.catalog.store import Entry
from flashcards.collection import Collection
from flashcards.deck.model import Kind
from flashcards.deck.parse import parse
from flashcards.links import NothingReplaced, find_replaced, link_replaced
from scheduler import Rating
from tests.identity.edits import ORDINARY, Edit, aside, typo, words_of
from tests.identity.material import Item, Material, readable, text
from tests.identity.measure import Count
from tests.identity.trials import Files, make_twin, vocabulary

NEW = frozenset[int]()
_REVIEWED_MS = 1_700_000_000_000


class Life(NamedTuple):
    """What the files hold at each scan. The notes of the first scan are reviewed after it.

    `link_in_place` runs `link --in-place` for each file at the end.
    """

    first: Files
    between: Sequence[dict[str, str]]
    last: Files
    write: Callable[[list[Item]], str] = text
    link_in_place: bool = False


Make = Callable[[Sequence[Material], random.Random], Life]


def live(life: Life) -> Count:
    """Scan a collection at each step of a life, and count how its notes end."""
    with tempfile.TemporaryDirectory() as folder, Collection(Path(folder)) as collection:
        collection.connection.execute("PRAGMA synchronous = OFF")
        _scan(collection, {name: text(items) for name, items in life.first.items()})
        origins, texts = _review(collection, life.first)
        for step in life.between:
            _scan(collection, step)
        _scan(collection, {name: life.write(items) for name, items in life.last.items()})
        if life.link_in_place:
            _link_in_place(collection, life.last)
        return sum((_judge(collection, *pair, origins, texts) for pair in _pair(collection, life.last)), Count())


def _scan(collection: Collection, step: dict[str, str]) -> None:
    for path in collection.root.glob("*.md"):
        path.unlink()
    for name, content in step.items():
        (collection.root / _path(name)).write_text(content, encoding="utf-8")
    collection.scan()


def _path(name: str) -> str:
    return f"{name.replace('/', '-')}.md"


def _pair(collection: Collection, files: Files) -> Iterator[tuple[Item, Entry]]:
    """Pair the items of files with the notes of the catalog."""
    by_path: dict[str, list[Entry]] = {}
    for entry in sorted(collection.catalog.entries(), key=lambda entry: (entry.path, entry.note.line)):
        by_path.setdefault(entry.path, []).append(entry)
    for name, items in files.items():
        yield from zip(items, by_path.get(_path(name), []), strict=True)


def _review(collection: Collection, files: Files) -> tuple[dict[int, tuple[int, int]], dict[int, bytes]]:
    """Rate a card of each note; return note and card by the number of the item, and the text of each note."""
    origins: dict[int, tuple[int, int]] = {}
    texts: dict[int, bytes] = {}
    for item, entry in _pair(collection, files):
        (number,) = item.truth
        card = min(collection.store.cards_of(entry.id), key=lambda card: card.slot)
        collection.store.rate(card.id, Rating.GOOD, collection.policy(card.deck), _REVIEWED_MS)
        origins[number] = entry.id, card.id
        texts[entry.id] = entry.fingerprint
    return origins, texts


def _judge(
    collection: Collection, item: Item, entry: Entry, origins: dict[int, tuple[int, int]], texts: dict[int, bytes]
) -> Count:
    right = {origins[number] for number in item.truth}
    equal = {texts[note] for note, _ in right}
    is_known = entry.id in texts
    is_right = any(entry.id == note for note, _ in right) or texts.get(entry.id) in equal
    reviewed = {card for note, card in origins.values() if note == entry.id}
    asked = {card.id for card in collection.store.cards_of(entry.id) if card.active}
    kept = is_known and is_right and reviewed <= asked
    is_edited = bool(item.truth) and entry.fingerprint not in equal
    lost = bool(item.truth) and not is_edited and not kept
    return Count(1, is_edited, is_edited and kept, is_known and not is_right, lost, not item.truth)


def _link_in_place(collection: Collection, files: Files) -> None:
    for name in files:
        try:
            stretches = find_replaced(collection, _path(name))
        except NothingReplaced:
            continue
        for stretch in stretches:
            link_replaced(collection, stretch)


def _items(decks: Sequence[Material]) -> Files:
    return {deck.name: list(deck.items) for deck in decks}


def _change(item: Item, edit: Edit, rng: random.Random, words: Sequence[str]) -> Item:
    return edit(item, rng, words) or item


def one_twin_edited(decks: Sequence[Material], rng: random.Random, *, delete: bool = False) -> Life:
    """Of two near-identical neighbours one is edited; the other one stays, or is deleted."""
    first: Files = {}
    last: Files = {}
    number = 1_000_000
    words = vocabulary(decks)
    for deck in decks:
        own = sorted({match[0].lower() for item in deck.items for side in item.fields for match in words_of(side)})
        first[deck.name], last[deck.name] = [], []
        for item in deck.items:
            twin = make_twin(item, rng, own) if rng.random() < 0.3 else None
            pair = [item, replace(twin, truth=frozenset({(number := number + 1)}))] if twin else [item]
            first[deck.name] += pair
            at = rng.randrange(len(pair))
            edited = _change(pair[at], rng.choice([typo, aside]), rng, words[deck.name]) if twin else pair[at]
            pair[at] = edited
            last[deck.name] += [edited] if delete else pair
    return Life(first, (), last)


_SHARING = 6  # notes, so that each of these fronts is that of several
_FRONTS = ("Why?", "What does it mean?", "Give the reason.")


def contained(decks: Sequence[Material], rng: random.Random, *, other: bool = False) -> Life:
    """Answers below a shared question get an explanation or lose one; or some are deleted and others are written."""
    first: Files = {}
    last: Files = {}
    for deck in decks:
        usable = [item for item in deck.items if item.kind is not Kind.CLOZE and len(words_of(item.fields[1])) >= 4]
        items = [
            replace(item, kind=Kind.QUESTION, both_ways=False, fields=(_FRONTS[number % 3], item.fields[1]))
            for number, item in enumerate(usable)
        ]
        items = [item for item in items if readable(item)]
        half = len(items) // 2
        if other:
            if half < _SHARING:
                continue
            first[deck.name] = items[:half]
            last[deck.name] = [
                replace(new, truth=NEW, fields=(old.fields[0], new.fields[1])) if rng.random() < 0.2 else old
                for old, new in zip(items[:half], items[half : 2 * half], strict=True)
            ]
            continue
        explained = [_explain(item, deck.items, rng) if rng.random() < 0.3 else item for item in items]
        shorter_first = rng.random() < 0.5
        first[deck.name], last[deck.name] = (items, explained) if shorter_first else (explained, items)
    return Life(first, (), last)


def _explain(item: Item, others: Sequence[Item], rng: random.Random) -> Item:
    """Add a sentence of the same subject."""
    words = [match[0] for side in rng.choice(others).fields for match in words_of(side)] or ["so"]
    sentence = " ".join(rng.choice(words).lower() for _ in range(rng.randint(5, 10)))
    changed = replace(item, fields=(item.fields[0], f"{item.fields[1]} This is so because {sentence}."))
    return changed if readable(changed) else item


def fronts_taken(decks: Sequence[Material], rng: random.Random) -> Life:
    """A question is reworded above its whole answer, and its old wording is asked of another answer."""
    first: Files = {}
    last: Files = {}
    words = vocabulary(decks)
    for deck in decks:
        usable = [item for item in deck.items if item.kind is not Kind.CLOZE]
        half = len(usable) // 2
        first[deck.name], last[deck.name] = usable[:half], []
        for item, other in zip(usable[:half], usable[half:], strict=False):
            front = aside(replace(item, fields=(item.fields[0], "x")), rng, words[deck.name])
            near = replace(item, fields=(front.fields[0], item.fields[1])) if front else item
            fresh = replace(item, truth=NEW, fields=(item.fields[0], other.fields[1]))
            is_long = len({match[0] for match in words_of(item.fields[1])}) >= 5
            if (
                is_long
                and rng.random() < 0.3
                and near.fields[0] != item.fields[0]
                and readable(near)
                and readable(fresh)
            ):
                last[deck.name] += [fresh, near]
            else:
                last[deck.name].append(item)
    return Life(first, (), last)


def former_texts(decks: Sequence[Material], rng: random.Random) -> Life:
    """A branch reworded some notes; the old branch comes back with a slip put right in each."""
    words = vocabulary(decks)
    third = ORDINARY["a third reworded"]
    chosen = {item: rng.random() < 0.3 for deck in decks for item in deck.items}
    branch = {
        deck.name: [_change(item, third, rng, words[deck.name]) if chosen[item] else item for item in deck.items]
        for deck in decks
    }
    last = {
        deck.name: [_change(item, typo, rng, words[deck.name]) if chosen[item] else item for item in deck.items]
        for deck in decks
    }
    return Life(_items(decks), [_write(branch)], last)


def _write(files: Files) -> dict[str, str]:
    return {name: text(items) for name, items in files.items()}


def away_and_back(decks: Sequence[Material], rng: random.Random) -> Life:
    """All files are away for a scan; some notes are reworded when they come back."""
    words = vocabulary(decks)
    third = ORDINARY["a third reworded"]
    last = {
        deck.name: [_change(item, third, rng, words[deck.name]) if rng.random() < 0.2 else item for item in deck.items]
        for deck in decks
    }
    return Life(_items(decks), [{}], last)


def merge_conflict(decks: Sequence[Material], rng: random.Random) -> Life:
    """A merge leaves both versions of edited notes between markers; then one of them is kept."""
    words = vocabulary(decks)
    ours: dict[str, str] = {}
    last: Files = {}
    for deck in decks:
        parts: list[str] = []
        last[deck.name] = []
        for item in deck.items:
            edited = _change(item, rng.choice([typo, aside]), rng, words[deck.name]) if rng.random() < 0.2 else item
            last[deck.name].append(edited)
            mine, theirs = text([item]), text([edited])
            parts.append(mine if mine == theirs else f"<<<<<<< HEAD\n{mine}=======\n{theirs}>>>>>>> branch\n\n")
        ours[deck.name] = "".join(parts)
    return Life(_items(decks), [ours], last)


def sync_conflict(decks: Sequence[Material], rng: random.Random) -> Life:
    """A sync tool leaves an edited copy of each file beside it; the copy then takes its place."""
    words = vocabulary(decks)
    edited = {
        deck.name: [_change(item, typo, rng, words[deck.name]) if rng.random() < 0.2 else item for item in deck.items]
        for deck in decks
    }
    beside = _write(_items(decks)) | {f"{name} (conflicted copy)": text(items) for name, items in edited.items()}
    return Life(_items(decks), [beside], edited)


def wrapped(decks: Sequence[Material], rng: random.Random) -> Life:
    """A formatter wraps long lines."""
    width = rng.choice([60, 72, 80])
    return Life(_items(decks), (), _items(decks), write=lambda items: _wrap(text(items), width))


def _wrap(markdown: str, width: int) -> str:
    """Wrap the paragraphs of a deck, as mdformat and prettier do; code, tables, lists and formulas stay."""
    found: list[str] = []
    for part in re.split(r"(^```.*?^```$|^\$\$.*?\$\$$)", markdown, flags=re.DOTALL | re.MULTILINE):
        plain = not part.startswith(("```", "$$"))
        for line in part.split("\n"):
            is_text = plain and re.match(r"(?:[QATDC]: )?\w", line) and " :: " not in line and " ::: " not in line
            found += _wrap_line(line, width) if is_text else [line]
    return "\n".join(found)


def _wrap_line(line: str, width: int) -> list[str]:
    """Wrap a line; no line begins with what would begin another block, which formatters avoid or escape."""
    lines = textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False)
    return lines if all(re.match(r"[^\W\d]", part) for part in lines) else [line]


def other_kinds(decks: Sequence[Material], rng: random.Random) -> Life:
    """Questions become clozes that hide the answer, and questions again with a slip put right."""
    words = vocabulary(decks)
    cloze: Files = {}
    last: Files = {}
    for deck in decks:
        cloze[deck.name], last[deck.name] = [], []
        for item in deck.items:
            changed = _make_cloze(item) if rng.random() < 0.3 else None
            cloze[deck.name].append(changed or item)
            last[deck.name].append(
                _change(item, typo, rng, words[deck.name]) if changed and rng.random() < 0.5 else item
            )
    return Life(_items(decks), [_write(cloze)], last)


def other_kinds_for_good(decks: Sequence[Material], rng: random.Random) -> Life:
    """Questions become clozes that hide the answer."""
    last = {
        deck.name: [(_make_cloze(item) if rng.random() < 0.3 else None) or item for item in deck.items]
        for deck in decks
    }
    return Life(_items(decks), (), last)


def _make_cloze(item: Item) -> Item | None:
    if item.kind is Kind.CLOZE or any("\n" in side or "[" in side for side in item.fields):
        return None
    if len(words_of(item.fields[0])) + len(words_of(item.fields[1])) < 3:
        return None
    cloze = replace(item, kind=Kind.CLOZE, both_ways=False, fields=(f"{item.fields[0]} [{item.fields[1]}]",))
    if not readable(cloze):
        return None
    (note, _) = parse(f"{cloze.markdown()}\n---\n\nQ: next\nA: next\n", "x.md").notes
    return cloze if len(note.gaps) == 1 else None


def translated(decks: Sequence[Material], rng: random.Random, *, more: bool = False) -> Life:
    """Translate a stretch of each deck, and link it in place; or write a note more than there were."""
    last: Files = {}
    for deck in decks:
        items = list(deck.items)
        count = max(1, len(items) // 4)
        at = rng.randrange(len(items) - count + 1)
        stretch = [_translate(item, rng) for item in items[at : at + count]]
        if more:
            stretch.append(replace(_translate(items[at], rng), truth=NEW))
        last[deck.name] = items[:at] + stretch + items[at + count :]
    return Life(_items(decks), (), last, link_in_place=True)


def other_kinds_of_others(decks: Sequence[Material], rng: random.Random) -> Life:
    """Questions are deleted, and clozes of other cards of the deck are written in their places."""
    first: Files = {}
    last: Files = {}
    for deck in decks:
        half = len(deck.items) // 2
        first[deck.name] = list(deck.items[:half])
        last[deck.name] = []
        for old, other in zip(deck.items[:half], deck.items[half : 2 * half], strict=True):
            fresh = _make_cloze(other) if rng.random() < 0.2 else None
            last[deck.name].append(replace(fresh, truth=NEW, headings=old.headings) if fresh else old)
    return Life(first, (), last)


_SYLLABLES = ("wu", "zhi", "kem", "oxa", "ijt", "vuq", "yol", "dwe", "fnu", "hax")


def _translate(item: Item, rng: random.Random) -> Item:
    """Replace each word by one of another language; code, formulas and numbers stay."""
    fields = list(item.fields)
    for number, side in enumerate(fields):
        for match in reversed(words_of(side)):
            word = "".join(rng.choice(_SYLLABLES) for _ in range(rng.randint(2, 4)))
            fields[number] = f"{fields[number][: match.start()]}{word}{fields[number][match.end() :]}"
    changed = replace(item, fields=tuple(fields))
    return changed if readable(changed) else item


FAMILIES: dict[str, Make] = {
    "twins, one edited": one_twin_edited,
    "containment": contained,
    "fronts taken by other cards": fronts_taken,
    "former texts with typos": former_texts,
    "away for a scan, reworded": away_and_back,
    "merge conflicts": merge_conflict,
    "sync conflict copies": sync_conflict,
    "wrapped by a formatter": wrapped,
    "question to cloze": other_kinds_for_good,
    "question to cloze and back": other_kinds,
    "translations": translated,
}
"""Edits of the same cards; what is new in them is other cards."""

OTHER_FAMILIES: dict[str, Make] = {
    "twins, one edited, one deleted": lambda decks, rng: one_twin_edited(decks, rng, delete=True),
    "another answer below the question": lambda decks, rng: contained(decks, rng, other=True),
    "clozes of other cards": other_kinds_of_others,
    "a stretch and a note more": lambda decks, rng: translated(decks, rng, more=True),
}
"""What must not be linked: cards deleted, and other cards written like them."""
