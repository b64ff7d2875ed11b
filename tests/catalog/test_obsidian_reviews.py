"""Reviewing on both sides: in Obsidian, which rewrites the schedules in the notes, and here, day after day."""

from __future__ import annotations

import json
import random
import time
from typing import NamedTuple

import pytest

from flashcards.dialects.choose import DATA
from scheduler import Card, Rating
from scheduler.model import ReviewKind
from tests.catalog.world import World

DAY_MS = 86_400_000
DAYS = 24
NOTES = {
    "inline": ("front::back", 1),
    "reversed": ("one:::two", 2),
    "lines": ("- a question\n?\n| a | b |\n|---|---|\n| 1 | 2 |", 1),
    "cloze": ("==x== and ==y;;hint== of z", 2),
}


class Reviewed(NamedTuple):
    """The last review of a card in Obsidian: its day, counted back from today, and the days until the next one."""

    ago: int
    interval: int


class Plugin:
    """Writes a note as the plugin does after reviews: a segment a sibling in one comment."""

    def __init__(self, world: World, *, is_fsrs: bool) -> None:
        self._clock = world.collection.clock
        self._now_ms = time.time_ns() // 1_000_000
        self._is_fsrs = is_fsrs

    def write(self, text: str, reviewed: list[Reviewed | None], place: str) -> str:
        """Return the note with its comment, if anything in it was reviewed."""
        if not any(reviewed):
            return text
        comment = f"<!--SR:{''.join('!' + self._segment(each) for each in reviewed)}-->"
        return {
            "below": f"{text}\n{comment}",
            "beside": f"{text} {comment}",
            "behind an id": f"{text} ^id-1\n{comment}",
            "callout": f"{text}\n> [!sr|card-metadata]\n> {comment}",
        }[place]

    def _segment(self, reviewed: Reviewed | None) -> str:
        if reviewed is None:
            return "fsrs,-,0,0,0,0,0,0,0,-" if self._is_fsrs else "2000-01-01,1,250"
        ago, interval = reviewed
        if not self._is_fsrs:
            day = self._clock.day(self._now_ms) - ago + interval
            return f"{self._clock.date(day).isoformat()},{interval},250"
        last, due = (
            time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime((self._now_ms + days * DAY_MS) // 1000))
            for days in (-ago, interval - ago)
        )
        return f"fsrs,{due},{interval},{interval + 0.25},5.5,2,{DAYS - ago},0,0,{last}"


@pytest.fixture
def vault(world: World) -> World:
    world.write(DATA, json.dumps({"settings": {}}))
    return world


def cards_of(world: World) -> list[Card]:
    return [card for entry in world.entries() for card in world.cards(entry.id).values()]


@pytest.mark.parametrize("is_fsrs", [False, True], ids=["SM-2", "FSRS"])
@pytest.mark.parametrize("kind", NOTES)
def test_reviews_of_both_sides_are_kept_and_the_last_one_counts(vault: World, kind: str, *, is_fsrs: bool) -> None:
    text, siblings = NOTES[kind]
    plugin, choose = Plugin(vault, is_fsrs=is_fsrs), random.Random(f"{kind} {is_fsrs}")
    places = ["below", "behind an id"] if kind == "lines" else ["below", "beside", "behind an id"]
    place = choose.choice(places)
    reviewed: list[Reviewed | None] = [None] * siblings
    vault.write("a.md", f"#flashcards\n\n{text}\n")
    vault.scan()
    ids = [card.id for card in cards_of(vault)]
    rows = dict.fromkeys(ids, 0)
    for ago in range(DAYS, 0, -1):
        number = choose.randrange(siblings)
        card = ids[number]
        if choose.random() < 0.5:
            reviewed[number] = Reviewed(ago, choose.randint(1, 90))
            expected = plugin.write(text, reviewed, place)
            vault.write("a.md", f"#flashcards\n\n{expected}\n\nday {ago}\n")
        else:
            policy = vault.collection.policy(vault.collection.store.card(card).deck)
            vault.collection.store.rate(card, Rating.GOOD, policy, plugin._now_ms - ago * DAY_MS)
        rows[card] += 1
        vault.scan()
        assert [each.id for each in cards_of(vault)] == ids
        assert {each: vault.reviews(each) for each in ids} == rows
        last = vault.collection.store.log(card)[-1]
        after = vault.collection.store.card(card)
        if last.kind is ReviewKind.TAKEN_OVER:
            assert reviewed[number] is not None
            assert after.interval == reviewed[number].interval * 86_400  # type: ignore[union-attr]
        assert after.last_day == vault.collection.clock.day(plugin._now_ms) - ago
    assert vault.collection.store.find_differences(lambda deck: vault.collection.policy(deck).parameters) == []


def test_a_comment_may_move_and_change_from_sm_2_to_fsrs(vault: World) -> None:
    text = "front::back"
    sm2, fsrs = Plugin(vault, is_fsrs=False), Plugin(vault, is_fsrs=True)
    steps = [(sm2, "beside"), (sm2, "below"), (sm2, "behind an id"), (fsrs, "callout"), (fsrs, "below")]
    vault.write("a.md", f"#flashcards\n\n{text}\n")
    vault.scan()
    (card,) = [each.id for each in cards_of(vault)]
    for number, (plugin, place) in enumerate(steps, start=1):
        reviewed: list[Reviewed | None] = [Reviewed(20 - number, 10 + number)]
        vault.write("a.md", f"#flashcards\n\n{plugin.write(text, reviewed, place)}\n")
        report = vault.scan()
        assert not (report.added or report.removed or report.edited)
        vault.write("a.md", f"#flashcards\n\n{plugin.write(text, reviewed, 'below')}\n\nprose\n")
        vault.scan()
        assert [each.id for each in cards_of(vault)] == [card]
        assert (vault.reviews(card), vault.collection.store.card(card).interval) == (number, (10 + number) * 86_400)
