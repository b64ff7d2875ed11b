"""Whatever is done to the files, no review is lost, and every text there is has exactly one note."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from flashcards.anki.exports.export import export_package
from flashcards.anki.exports.notes import find_decks_in_use
from scheduler import Rating
from tests.catalog.world import World, question

FILES = ("a.md", "b.md", "sub/c.md")
# Nothing in these may be taken for an edit of another.
TEXTS = {
    "Which river runs through Vienna?": "The Danube",
    "acetylcholine esterase": "breaks down a transmitter in the synaptic cleft",
    "2 + 2": "four",
    "Wer schrieb den Faust?": "Goethe, in zwei Teilen, über sechzig Jahre hin",
}

_Contents = list[str]
_Step = tuple[str, object]

edits = st.tuples(
    st.just("write"), st.tuples(st.sampled_from(FILES), st.lists(st.sampled_from(list(TEXTS)), max_size=4))
)
deletes = st.tuples(st.just("delete"), st.sampled_from(FILES))
moves = st.tuples(st.just("rename"), st.tuples(st.sampled_from(FILES), st.sampled_from(FILES)))
ratings = st.tuples(st.just("rate"), st.integers(0, 20))
scans = st.tuples(st.just("scan"), st.none())
exports = st.tuples(st.just("export"), st.none())
steps = st.lists(
    st.one_of(edits, edits, deletes, moves, ratings, ratings, scans, scans, exports), min_size=3, max_size=14
)


@dataclass
class Model:
    """What the files hold, and how often each text was rated."""

    files: dict[str, _Contents] = field(default_factory=dict)
    ratings: Counter[str] = field(default_factory=Counter)

    def texts(self) -> Counter[str]:
        return Counter(text for contents in self.files.values() for text in contents)


def do(world: World, model: Model, what: str, value: object, *, unique: bool) -> None:
    """One step, in the files and in the model. With `unique` no text stands anywhere twice."""
    match what, value:
        case "write", (str(path), list(texts)):
            others = {text for other, held in model.files.items() if other != path for text in held}
            kept = [text for text in dict.fromkeys(texts) if text not in others] if unique else texts
            model.files[path] = kept
            world.write(path, *(question(text, TEXTS[text]) for text in kept))
        case "delete", str(path):
            if model.files.pop(path, None) is not None:
                (world.root / path).unlink()
        case "rename", (str(path), str(target)):
            if path in model.files and path != target:
                model.files[target] = model.files.pop(path)
                (world.root / target).parent.mkdir(exist_ok=True)
                (world.root / path).replace(world.root / target)
        case "rate", int(number):
            world.scan()
            if entries := world.entries():
                entry = entries[number % len(entries)]
                card = world.cards(entry.id)["forward"]
                world.collection.store.flag([card.id], 1)
                model.ratings[entry.note.fields[0]] += 1
                now = 1_700_000_000_000 + sum(model.ratings.values())
                world.collection.store.rate(card.id, Rating.GOOD, world.collection.policy(card.deck), now)
        case "export", _:
            world.scan()
            export_package(world.collection, find_decks_in_use(world.collection), world.root / "all.apkg")
        case _:
            world.scan()


def rated(world: World) -> Counter[str]:
    """How often the cards of each text were rated, those of orphans too."""
    found: Counter[str] = Counter()
    for active in (True, False):
        for entry in world.collection.catalog.entries(active=active):
            for card in world.collection.store.cards_of(entry.id):
                assert card.active == active
                assert world.reviews(card.id) == card.reps
                found[entry.note.fields[0]] += card.reps
    return +found


def play(steps: list[_Step], *, unique: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        try:
            model = Model()
            keys: dict[int, str] = {}
            for what, value in steps:
                do(world, model, what, value, unique=unique)
                keys |= check(world, model, keys)
            world.scan()
            assert not world.scan(), "a second scan changes nothing"
            assert Counter(world.fronts()) == model.texts()
            assert Counter((entry.path, entry.note.fields[0]) for entry in world.entries()) == Counter(
                (path, text) for path, texts in model.files.items() for text in texts
            )
            assert rated(world) == +model.ratings
            if unique:
                for front in world.fronts():
                    assert world.cards(world.note(front).id)["forward"].reps == model.ratings[front]
        finally:
            world.close()


def check(world: World, model: Model, keys: dict[int, str]) -> dict[int, str]:
    """What holds after every step; returns the key of every note that was ever rated."""
    assert rated(world) == +model.ratings
    now = dict(
        world.collection.connection.execute(
            "SELECT id, key FROM notes WHERE id IN (SELECT note FROM cards WHERE reps > 0)"
        ).fetchall()
    )
    assert {note: now.get(note) for note in keys} == keys
    return now


@settings(max_examples=50, deadline=None)
@given(steps)
def test_a_text_with_no_duplicates_always_keeps_its_own_history(steps: list[_Step]) -> None:
    play(steps, unique=True)


@settings(max_examples=50, deadline=None)
@given(steps)
def test_repeated_texts_lose_no_review(steps: list[_Step]) -> None:
    play(steps, unique=False)
