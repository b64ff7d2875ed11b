"""The queue kept up to date by `record_rating` is the queue built anew, whatever is done."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler import Counts, DeckPolicy, Policy, Queue, Rating, Store, build_queue, count_by_deck
from tests.scheduler.world import CLOCK, MINUTE, NOW, TODAY, add, make_due, open_store

policies = st.builds(
    Policy()._replace,
    new_per_day=st.integers(0, 8),
    reviews_per_day=st.integers(0, 12),
    bury_siblings=st.booleans(),
    learning_steps=st.sampled_from([(), (60, 600), (60, 86_400)]),
    relearning_steps=st.sampled_from([(), (600,)]),
    leech_threshold=st.sampled_from([0, 1]),
    leech_action=st.just("suspend"),
    review_order=st.sampled_from(["due", "random", "retrievability", "overdue"]),
    new_mix=st.sampled_from(["first", "last"]),
    new_order=st.sampled_from(["deck", "random"]),
    deadline=st.sampled_from(["", "", *(str(CLOCK.date(TODAY + days)) for days in (1, 5, 9, 30))]),
)
acts = st.lists(
    st.tuples(st.sampled_from([*Rating, "undo", "bury", "suspend"]), st.integers(0, 15)), min_size=1, max_size=25
)


def whole(queue: Queue, now: int) -> tuple[Counts, list[int], dict[int, int]]:
    """All a queue holds, in order."""
    queue.next_card(now)
    return queue.counts(), list(queue._main), queue._learning


def fill_parameters(store: Store) -> None:
    """Two decks of notes with two cards each, some due, some to come."""
    for deck in (1, 2):
        cards = add(store, 16, deck=deck, siblings=2)
        for step, card in enumerate(cards):
            if step % 3:
                make_due(store, card, TODAY + step % 5 - 3, interval_days=1 + step)


@given(st.tuples(policies, policies, policies), acts)
@settings(deadline=None, max_examples=60)
def test_an_updated_queue_equals_a_rebuilt_one(
    three: tuple[Policy, Policy, Policy], acts: list[tuple[Rating | str, int]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Path(folder))
        fill_parameters(store)
        decks = [DeckPolicy(9, (), three[0]), DeckPolicy(1, (9,), three[1]), DeckPolicy(2, (9,), three[2])]
        of_deck = {deck.id: deck.policy for deck in decks}
        queue, now = build_queue(store, decks, NOW), NOW
        for act, minutes in acts:
            now += minutes * MINUTE
            card = queue.next_card(now)
            if not isinstance(card, int):
                continue
            if isinstance(act, Rating):
                store.rate(card, act, of_deck[store.card(card).deck], now)
                queue.record_rating(card)
            else:
                _other(store, queue, act, card, now)
            assert whole(queue, now) == whole(build_queue(store, decks, now), now)
            counts = count_by_deck(store, decks, now)
            assert queue.counts() == Counts(*map(sum, zip(*counts.values(), strict=True)))
        store.connection.close()


def _other(store: Store, queue: Queue, act: str, card: int, now: int) -> None:
    if act == "bury":
        store.bury([card], TODAY)
    elif act == "suspend":
        store.suspend([card])
    elif any(store.done(TODAY).values()):
        store.undo(now)
    queue.refresh(now)
