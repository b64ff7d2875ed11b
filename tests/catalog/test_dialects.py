"""What a scan does with files of other tools' dialects."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flashcards.dialects.choose import DATA
from scheduler import Rating
from scheduler.model import ReviewKind, State
from tests.catalog.world import LONG_AGO_NS, World

if TYPE_CHECKING:
    from scheduler import Card

HEAD = "#flashcards\n\n"


def set_up(world: World, **settings: object) -> None:
    world.write(DATA, json.dumps({"settings": settings}))


@pytest.fixture
def vault(world: World) -> World:
    set_up(world)
    return world


def card(world: World, front: str, slot: str = "forward") -> Card:
    return world.cards(world.note(front).id)[slot]


def date_of(world: World, days: int) -> str:
    """The date that is so many days from today."""
    clock = world.collection.clock
    return clock.date(clock.day(time.time_ns() // 1_000_000) + days).isoformat()


def comment(world: World, due: int, interval: int, ease: int = 250) -> str:
    return f"<!--SR:!{date_of(world, due)},{interval},{ease}-->"


class TestReading:
    def test_each_card_of_a_vault_is_in_the_deck_of_its_tag(self, vault: World) -> None:
        vault.write("a.md", "#flashcards/one\na::b\n\n#flashcards/two\nc:::d\n")
        vault.scan()
        assert [(entry.deck, entry.note.fields, entry.note.slots) for entry in vault.entries()] == [
            ("flashcards::one", ("a", "b"), ("forward",)),
            ("flashcards::two", ("c", "d"), ("forward", "reverse")),
        ]
        assert vault.collection.catalog.dialects() == {"a.md": "obsidian"}

    def test_no_byte_of_the_vault_changes(self, vault: World) -> None:
        vault.write("a.md", HEAD + "a::b\n<!--SR:!2026-12-16,51,230-->\n", mtime_ns=LONG_AGO_NS)
        before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files(vault.root)}
        vault.scan()
        vault.rate("a")
        vault.scan()
        assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files(vault.root)} == before

    def test_other_settings_of_the_plugin_read_the_files_again(self, vault: World) -> None:
        vault.write("a.md", HEAD + "a::b\n\nc>>d\n", mtime_ns=LONG_AGO_NS)
        vault.scan()
        assert vault.fronts() == ["a"]
        set_up(vault, singleLineCardSeparator=">>")
        vault.scan()
        assert vault.fronts() == ["c"]
        set_up(vault, singleLineCardSeparator=">>", baseEase=270)
        assert not vault.scan()

    def test_a_former_vault_is_read_natively(self, vault: World) -> None:
        vault.write("a.md", HEAD + "a::b\n\nc :: d\n", mtime_ns=LONG_AGO_NS)
        vault.scan()
        assert vault.fronts() == ["a", "c"]
        (vault.root / DATA).unlink()
        vault.scan()
        assert vault.fronts() == ["c"]
        assert vault.orphans() == ["a"]

    def test_a_file_that_a_card_came_back_to_keeps_its_history(self, vault: World) -> None:
        vault.write("a.md", HEAD + "a::b\n")
        vault.scan()
        rated = vault.rate("a")
        (vault.root / DATA).unlink()
        vault.scan()
        set_up(vault)
        vault.scan()
        assert card(vault, "a").id == rated
        assert vault.reviews(rated) == 1


class TestIdentity:
    def test_reviewing_in_obsidian_is_not_an_edit(self, vault: World) -> None:
        text = HEAD + "a::b ^id-1\n\nq\n?\nlong\nanswer\n\n==x== and ==y==\n"
        vault.write("a.md", text)
        vault.scan()
        ids = {entry.id: entry.fingerprint for entry in vault.entries()}
        one, two = comment(vault, 3, 4), comment(vault, 5, 6)
        reviewed = text.replace("^id-1", f"{one} ^id-1").replace("answer", f"answer\n{one}")
        vault.write("a.md", reviewed.replace("==y==", f"==y==\n{one[:-3]}{two[7:]}"))
        report = vault.scan()
        assert not (report.added or report.edited or report.removed)
        assert {entry.id: entry.fingerprint for entry in vault.entries()} == ids

    def test_a_tag_in_front_of_a_card_moves_the_card_without_an_edit(self, vault: World) -> None:
        vault.write("a.md", HEAD + "a::b\n")
        vault.scan()
        rated = vault.rate("a")
        vault.write("a.md", HEAD + "#flashcards/other a::b\n")
        report = vault.scan()
        assert (len(report.moved), len(report.edited)) == (1, 0)
        assert vault.note("a").deck == "flashcards::other"
        assert vault.reviews(rated) == 1

    def test_an_edited_card_keeps_its_history(self, vault: World) -> None:
        vault.write("a.md", HEAD + "What is the capital of France?::Paris\nother::card\n")
        vault.scan()
        rated = vault.rate("What is the capital of France?")
        vault.write("a.md", HEAD + "What is the capital city of France?::Paris\nother::card\n")
        vault.scan()
        assert card(vault, "What is the capital city of France?").id == rated

    def test_a_card_seen_beside_a_similar_scheduled_card_is_not_its_copy(self, vault: World) -> None:
        other = "What does the amygdala do in the brain?::It processes fear.\n"
        vault.write("a.md", HEAD + f"What does the amygdala do?::It processes fear. {comment(vault, 3, 10)}\n\n{other}")
        vault.scan()
        vault.write("a.md", HEAD + other)
        report = vault.scan()
        assert (len(report.removed), len(report.moved)) == (1, 0)
        assert card(vault, "What does the amygdala do in the brain?").state is State.NEW


def store(world: World, **cards: object) -> None:
    data = {"settings": {"dataStore": "PLUGIN_DATA"}, "scheduleState": {"version": 1, "cardSchedules": cards}}
    world.write(DATA, json.dumps(data))


def stored(world: World, due: int, interval: int) -> dict[str, object]:
    return {"dueDate": date_of(world, due), "interval": interval, "ease": 250}


class TestStoredSchedules:
    def test_a_schedule_in_the_data_of_the_plugin_is_adopted_once(self, world: World) -> None:
        store(world, c4ddf78ff81fe=[stored(world, 3, 10)])
        world.write("a.md", HEAD + "Q1::A1\n", mtime_ns=LONG_AGO_NS)
        world.scan()
        found = card(world, "Q1")
        assert (found.state, found.interval) == (State.REVIEW, 10 * 86_400)
        world.write("b.md", HEAD + "other::card\n")
        world.scan()
        assert len(world.collection.store.log(found.id)) == 1

    def test_a_newer_stored_schedule_is_adopted_even_if_no_note_changed(self, world: World) -> None:
        store(world, c4ddf78ff81fe=[stored(world, 3, 10)])
        world.write("a.md", HEAD + "Q1::A1 ^id-1\n", mtime_ns=LONG_AGO_NS)
        world.scan()
        store(world, c4ddf78ff81fe=[stored(world, 20, 20)])
        world.scan()
        assert card(world, "Q1").interval == 20 * 86_400
        assert len(world.collection.store.log(card(world, "Q1").id)) == 2

    def test_of_a_comment_and_a_stored_schedule_the_later_one_counts(self, world: World) -> None:
        store(world, c4ddf78ff81fe=[stored(world, 3, 10)])
        world.write("a.md", HEAD + f"Q1::A1 {comment(world, 6, 8)}\n")
        world.scan()
        assert card(world, "Q1").interval == 8 * 86_400
        assert len(world.collection.store.log(card(world, "Q1").id)) == 1

    def test_schedules_in_a_file_of_the_vault_are_adopted(self, world: World) -> None:
        set_up(world, scheduleDataVaultLocation="My SR")
        text = json.dumps({"version": 1, "cardSchedules": {"a.md::c4ddf78ff81fe": [stored(world, 3, 10)]}}, indent=2)
        world.write("My SR/Schedule Data/card-schedule-data.sr.md", f"# Data\n\n```json\n{text}\n```\n")
        world.write("a.md", HEAD + "Q1::A1\n")
        world.scan()
        assert card(world, "Q1").interval == 10 * 86_400

    @pytest.mark.parametrize("broken", ["", "```json\n[\n```\n", '```json\n{"cardSchedules": {"x": 3}}\n```\n'])
    def test_stored_schedules_that_cannot_be_read_cost_no_card(self, world: World, broken: str) -> None:
        store(world, c4ddf78ff81fe=[{"dueDate": "soon"}, 3], other="no list")
        world.write("Spaced Repetition/Schedule Data/card-schedule-data.sr.md", broken)
        world.write("a.md", HEAD + "Q1::A1\n")
        world.scan()
        assert card(world, "Q1").state is State.NEW


class TestSchedules:
    def test_a_schedule_becomes_one_row_without_an_invented_review(self, vault: World) -> None:
        vault.write("a.md", HEAD + f"a::b {comment(vault, 3, 10, 310)}\n")
        vault.scan()
        found = card(vault, "a")
        today = vault.collection.clock.day(time.time_ns() // 1_000_000)
        assert (found.state, found.due_day, found.interval) == (State.REVIEW, today + 3, 10 * 86_400)
        assert (found.stability, found.last_day) == (10, today - 7)
        assert found.difficulty == pytest.approx(3.25)
        (row,) = vault.collection.store.log(found.id)
        assert (row.kind, row.rating) == (ReviewKind.TAKEN_OVER, None)

    def test_the_same_comment_is_adopted_once(self, vault: World) -> None:
        text = HEAD + f"a::b {comment(vault, 3, 10)}\n"
        vault.write("a.md", text)
        vault.scan()
        vault.write("a.md", text + "\nprose\n")
        vault.scan()
        assert vault.reviews(card(vault, "a").id) == 1

    def test_a_comment_that_moved_on_is_newer(self, vault: World) -> None:
        vault.write("a.md", HEAD + f"a::b {comment(vault, -3, 10)}\n")
        vault.scan()
        vault.write("a.md", HEAD + f"a::b {comment(vault, 20, 22)}\n")
        vault.scan()
        found = card(vault, "a")
        today = vault.collection.clock.day(time.time_ns() // 1_000_000)
        assert (found.due_day, found.stability, found.last_day) == (today + 20, 22, today - 2)
        assert vault.reviews(found.id) == 2

    def test_a_different_comment_of_the_same_day_counts(self, vault: World) -> None:
        vault.write("a.md", HEAD + f"a::b {comment(vault, 1, 1)}\n")
        vault.scan()
        vault.write("a.md", HEAD + f"a::b {comment(vault, 4, 4)}\n")
        vault.scan()
        assert card(vault, "a").stability == 4

    def test_an_older_comment_changes_nothing(self, vault: World) -> None:
        newer = HEAD + f"a::b {comment(vault, 20, 22)}\n"
        vault.write("a.md", newer)
        vault.scan()
        vault.write("a.md", HEAD + f"a::b {comment(vault, -3, 10)}\n")
        vault.scan()
        assert card(vault, "a").stability == 22
        vault.write("a.md", newer)
        vault.scan()
        assert vault.reviews(card(vault, "a").id) == 1

    def test_a_review_here_that_is_newer_than_the_comment_counts(self, vault: World) -> None:
        vault.write("a.md", HEAD + f"a::b {comment(vault, -3, 10)}\n")
        vault.scan()
        rated = vault.rate("a")
        after = vault.collection.store.card(rated)
        vault.write("a.md", HEAD + f"a::b {comment(vault, -3, 10)}\nc::d\n")
        vault.scan()
        assert vault.collection.store.card(rated) == after

    def test_a_review_in_obsidian_after_one_here_counts(self, vault: World) -> None:
        vault.write("a.md", HEAD + "a::b\n")
        vault.scan()
        found = card(vault, "a")
        days_ago = time.time_ns() // 1_000_000 - 5 * 86_400_000
        vault.collection.store.rate(found.id, Rating.EASY, vault.collection.policy(found.deck), days_ago)
        vault.write("a.md", HEAD + f"a::b {comment(vault, 30, 31)}\n")
        vault.scan()
        after = vault.collection.store.card(found.id)
        assert (after.stability, after.reps) == (31, 1)
        assert [row.kind for row in vault.collection.store.log(found.id)] == [ReviewKind.RATING, ReviewKind.TAKEN_OVER]

    def test_each_sibling_has_its_own_and_2000_01_01_is_new(self, vault: World) -> None:
        one = comment(vault, 3, 10)
        vault.write("a.md", HEAD + f"a:::b {one[:-3]}!2000-01-01,1,250-->\n")
        vault.scan()
        assert card(vault, "a").state is State.REVIEW
        assert card(vault, "a", "reverse").state is State.NEW

    def test_the_schedule_of_a_gap_stays_with_its_gap(self, vault: World) -> None:
        one, two = comment(vault, 3, 10), comment(vault, 5, 20)
        vault.write("a.md", HEAD + f"==x== and ==y== {one[:-3]}{two[7:]}\n")
        vault.scan()
        three = comment(vault, 50, 60)
        vault.write("a.md", HEAD + f"==new==, ==x== and ==y== {three[:-3]}{one[7:-3]}{two[7:]}\n")
        vault.scan()
        entry = vault.note("==new==, ==x== and ==y==")
        hidden = {
            f"c{gap.numbers[0]}": entry.note.fields[0][gap.inner_start : gap.inner_end] for gap in entry.note.gaps
        }
        known = {hidden[slot]: each.stability for slot, each in vault.cards(entry.id).items()}
        assert known == {"new": 60, "x": 10, "y": 20}

    def test_a_card_in_steps_of_fsrs_is_due_at_its_instant(self, vault: World) -> None:
        now = time.time_ns() // 1_000_000_000
        last, due = (time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(at)) for at in (now - 60, now + 540))
        vault.write("a.md", HEAD + f"a::b <!--SR:!fsrs,{due},0,2.3065,2.118,1,1,0,1,{last}-->\n")
        vault.scan()
        found = card(vault, "a")
        assert (found.state, found.due_day, found.due_ms) == (State.LEARNING, None, (now + 540) * 1000)
        assert (found.reps, found.stability) == (1, 2.3065)

    def test_many_cards_of_one_day_are_adopted(self, vault: World) -> None:
        lines = "".join(f"front {number}::back {comment(vault, 3, 10)}\n" for number in range(2000))
        vault.write("a.md", HEAD + lines)
        vault.scan()
        (count,) = vault.collection.connection.execute("SELECT count(*) FROM cards WHERE state = 2").fetchone()
        assert count == 2000

    def test_the_log_gives_the_same_cards_again(self, vault: World) -> None:
        vault.write("a.md", HEAD + f"a::b {comment(vault, -3, 10)}\nc::d {comment(vault, 3, 10)}\n")
        vault.scan()
        vault.rate("a")
        assert vault.collection.store.find_differences(lambda deck: vault.collection.policy(deck).parameters) == []


def files(root: Path) -> list[Path]:
    return [path for path in sorted(root.rglob("*")) if path.is_file() and ".flashcards" not in path.parts]


def test_pinning_is_refused_with_what_to_do(vault: World) -> None:
    from flashcards.links import PinForeign, write_pins

    vault.write("a.md", HEAD + "a::b\n")
    vault.scan()
    with pytest.raises(PinForeign, match=r"a\.md is read as `obsidian`"):
        write_pins(vault.collection, vault.entries())
    assert (vault.root / "a.md").read_text("utf-8") == HEAD + "a::b\n"
