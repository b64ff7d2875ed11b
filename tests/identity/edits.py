"""Edits of single notes, as people make them. Each returns another note, or None where it cannot be made."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from flashcards.deck.model import Kind
from tests.identity.material import Item, readable

Edit = Callable[[Item, random.Random, Sequence[str]], Item | None]

_UNSPACED = "\u4e00-\u9fff\u3040-\u30ff\u0e00-\u0e7f"
_WORD = re.compile(rf"[^\W\d_{_UNSPACED}]{{2,}}|[{_UNSPACED}]")
_SCRIPTS = tuple(re.compile(f"[{letters}]", re.IGNORECASE) for letters in ("a-zà-ÿœ", "\u4e00-\u9fff", "\u3040-\u30ff"))
_PROTECTED = re.compile(r"```.*?```|`[^`]*`|\$\$.*?\$\$|\$[^$]*\$|!\[[^]]*\]\([^)]*\)|\{\{c\d+::|\}\}", re.DOTALL)
_ASIDES = (
    *("in most cases", "by definition", "see the lecture notes", "as a rule", "for short", "at least in theory"),
    *("which is often forgotten", "unlike what the name suggests", "roughly speaking", "in the strict sense"),
)


def words_of(text: str) -> list[re.Match[str]]:
    """The words of a text outside code and formulas."""
    spans = [match.span() for match in _PROTECTED.finditer(text)]
    return [
        match
        for match in _WORD.finditer(text)
        if not any(start < match.end() and match.start() < end for start, end in spans)
    ]


def _change(item: Item, field: int, text: str) -> Item | None:
    fields = tuple(text if number == field else old for number, old in enumerate(item.fields))
    changed = replace(item, fields=fields)
    return changed if fields != item.fields and readable(changed) else None


def _field(item: Item, rng: random.Random) -> int:
    return rng.randrange(len(item.fields))


def _misspelt(word: str, rng: random.Random) -> str:
    at = rng.randrange(len(word) - 1)
    form = rng.randrange(4) if len(word) > 2 else rng.randrange(2)
    if form == 0:
        return word[:at] + rng.choice("abcdefghilmnoprstu" if word.isascii() else word) + word[at + 1 :]
    if form == 1:
        return word[: at + 1] + word[at] + word[at + 1 :]
    if form == 2:
        return word[:at] + word[at + 1 :]
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def typo(item: Item, rng: random.Random, _: Sequence[str]) -> Item | None:
    """One word misspelt, or put right: the same from the other side."""
    field = _field(item, rng)
    found = [match for match in words_of(item.fields[field]) if len(match[0]) >= 3]
    if not found:
        return None
    match = rng.choice(found)
    text = item.fields[field]
    return _change(item, field, text[: match.start()] + _misspelt(match[0], rng) + text[match.end() :])


def two_typos(item: Item, rng: random.Random, words: Sequence[str]) -> Item | None:
    """Two slips, perhaps one on each side; in a note of a word or two nobody could tell it from another."""
    if sum(len(words_of(text)) for text in item.fields) < 5:
        return None
    once = typo(item, rng, words)
    return typo(once, rng, words) if once else None


def punctuation(item: Item, rng: random.Random, _: Sequence[str]) -> Item | None:
    """A full stop, a capital, emphasis, quotes."""
    field = _field(item, rng)
    text = item.fields[field]
    found = words_of(text)
    forms: list[str] = [f"{text}.", f"{text[:1].swapcase()}{text[1:]}"]
    if text.endswith((".", "?")):
        forms.append(text[:-1])
    if found:
        match = rng.choice(found)
        forms += [f"{text[: match.start()]}{mark}{match[0]}{mark}{text[match.end() :]}" for mark in ("**", '"')]
    return _change(item, field, rng.choice(forms))


def aside(item: Item, rng: random.Random, _: Sequence[str]) -> Item | None:
    """A few words more on one side."""
    field = _field(item, rng)
    text, words = item.fields[field], rng.choice(_ASIDES)
    return _change(item, field, rng.choice([f"{text} ({words})", f"{words}, {text}"]))


def longer_answer(item: Item, rng: random.Random, words: Sequence[str]) -> Item | None:
    """An answer that goes on."""
    field = len(item.fields) - 1
    more = " ".join(rng.choice(words) for _ in range(rng.randint(4, 12)))
    return _change(item, field, f"{item.fields[field]}; {more}")


def shorter(item: Item, rng: random.Random, _: Sequence[str]) -> Item | None:
    """A quarter of the words of one side struck out."""
    field = _field(item, rng)
    text = item.fields[field]
    found = words_of(text)
    if len(found) < 4:
        return None
    for match in sorted(rng.sample(found, len(found) // 4), key=lambda match: -match.start()):
        text = text[: match.start()] + text[match.end() :]
    return _change(item, field, re.sub(r"(?<=\S) {2,}", " ", text).strip())


def script(word: str) -> int:
    """A number that tells words of one script from those of another, roughly."""
    return next((number for number, sign in enumerate(_SCRIPTS) if sign.match(word)), ord(word[0]) >> 8)


def _another(word: str, rng: random.Random, words: Sequence[str]) -> str:
    """A word of the same script, to stand in its place."""
    own = script(word)
    return rng.choice([other for other in words if script(other) == own] or words)


def _reworded(text: str, share: float, rng: random.Random, words: Sequence[str]) -> str:
    found = words_of(text)
    count = round(len(found) * share)
    for match in sorted(rng.sample(found, count), key=lambda match: -match.start()):
        text = text[: match.start()] + _another(match[0], rng, words) + text[match.end() :]
    return text


def _reword(share: float) -> Edit:
    def reword(item: Item, rng: random.Random, words: Sequence[str]) -> Item | None:
        total = sum(len(words_of(text)) for text in item.fields)
        if total < 3:
            return None
        fields = tuple(_reworded(text, share, rng, words) for text in item.fields)
        changed = replace(item, fields=fields)
        return changed if fields != item.fields and readable(changed) else None

    return reword


def _anew(text: str, rng: random.Random, words: Sequence[str]) -> str:
    """As many other words."""
    return " ".join(_another(match[0], rng, words) for match in words_of(text)) or rng.choice(words)


def new_answer(item: Item, rng: random.Random, words: Sequence[str]) -> Item | None:
    """The answer written anew under the same question."""
    if item.kind is Kind.CLOZE:
        return None
    return _change(item, 1, _anew(item.fields[1], rng, words))


def new_question(item: Item, rng: random.Random, words: Sequence[str]) -> Item | None:
    """The question written anew above the same answer."""
    if item.kind is Kind.CLOZE:
        return None
    return _change(item, 0, _anew(item.fields[0], rng, words))


def other_kind(item: Item, rng: random.Random, words: Sequence[str]) -> Item | None:
    """Written as another kind of note, with a slip put right on the way."""
    if item.kind is Kind.CLOZE or "\n" in "".join(item.fields):
        return None
    kinds = [kind for kind in (Kind.QUESTION, Kind.TERM, Kind.PAIR) if kind is not item.kind]
    changed = replace(item, kind=rng.choice(kinds))
    return typo(changed, rng, words) if readable(changed) else None


def swapped(item: Item, _: random.Random, __: Sequence[str]) -> Item | None:
    """The sides in each other's place."""
    if item.kind is Kind.CLOZE or item.fields[0] == item.fields[1]:
        return None
    changed = replace(item, fields=item.fields[::-1])
    return changed if readable(changed) else None


def fewer_gaps(item: Item, rng: random.Random, _: Sequence[str]) -> Item | None:
    """One gap of several filled in."""
    gaps = list(re.finditer(r"\[([^][]+)\]", item.fields[0]))
    if item.kind is not Kind.CLOZE or len(gaps) < 2:
        return None
    gap = rng.choice(gaps)
    text = item.fields[0]
    return _change(item, 0, text[: gap.start()] + gap[1] + text[gap.end() :])


def more_gaps(item: Item, rng: random.Random, _: Sequence[str]) -> Item | None:
    """Another word hidden."""
    if item.kind is not Kind.CLOZE or "{{" in item.fields[0]:
        return None
    text = item.fields[0]
    spans = [match.span() for match in re.finditer(r"\[[^][]*\]", text)]
    free = [m for m in words_of(text) if not any(start <= m.start() < end for start, end in spans)]
    if not free:
        return None
    match = rng.choice(free)
    return _change(item, 0, f"{text[: match.start()]}[{match[0]}]{text[match.end() :]}")


ORDINARY: dict[str, Edit] = {
    "typo": typo,
    "two typos": two_typos,
    "punctuation, case, emphasis": punctuation,
    "words added": aside,
    "answer extended": longer_answer,
    "a quarter struck out": shorter,
    "a third reworded": _reword(1 / 3),
    "answer rewritten": new_answer,
    "other kind, with a typo": other_kind,
    "sides swapped": swapped,
    "a gap less": fewer_gaps,
    "a gap more": more_gaps,
}
"""Edits after which any reader would say that it is the same card."""

HEAVY: dict[str, Edit] = {
    "question rewritten": new_question,
    "two thirds reworded": _reword(2 / 3),
}
"""Edits that leave little."""
