"""Random lives of notes that came from Anki, twins and notes in several decks among them, edited on both sides."""

from __future__ import annotations

import random
import re
import time
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from flashcards.collection import Collection
from tests.anki.imports.anki_world import World
from tests.anki.imports.home import Home
from tests.anki.imports.judge import find_slot
from tests.real.history_world import live

pytest.importorskip("anki.collection", reason="needs the anki wheel")

BLOCK = re.compile(r"(?m)^(?=[QC]: )")
SIDE = re.compile(r"(?m)^([QAC]: \S.*?)(\\?)$")


class Marks(NamedTuple):
    """What a person sets on a card."""

    suspended: bool
    flag: int


class Life:
    """A collection in Anki, what was imported of it, and what a person does on both sides."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.chance = random.Random(seed)
        self.home = Home(folder / "decks")
        self.world = World(folder / "anki", fsrs=seed % 2 == 0, chance=self.chance)
        self.words_here: set[str] = set()
        self.words_there: dict[str, int] = {}
        self.said = ""
        self.marks_there: dict[int, Marks] = {}  # as of the last import, by the ids of the cards in Anki
        self._folder = folder
        self._number = 0
        self._changed = int(time.time()) + 100  # Anki counts changes of notes in seconds
        for kind in ("Basic", "twins", "Basic (and reversed card)", "two decks", "Cloze") * 2:
            self._add_there(kind)

    def _name(self, letter: str) -> str:
        self._number += 1
        return f"{letter}{self._number}{letter}"

    def _add_there(self, kind: str) -> None:
        world, name, tags = self.world, self._name("n"), tuple(self.chance.sample(["x", "y::z", "m"], 2))
        if kind == "Cloze":
            world.add("Cloze", "A", tags, Text=f"{name} {{{{c1::a}}}} and {{{{c2::b}}}}")
        elif kind == "twins":
            world.add("Basic", "A", tags, Front=name, Back="same")
            world.add("Basic", "A::B", ("twin",), Front=name, Back="same")
        elif kind == "two decks":
            note = world.add("Basic (and reversed card)", "A", tags, Front=name, Back="back")
            world.col.set_deck([note.cards()[1].id], world.decks.id("C"))
        else:
            world.add(kind, self.chance.choice(["A", "A::B"]), tags, Front=name, Back="back")

    def act_there(self) -> None:
        """Do something in Anki."""
        world, chance = self.world, self.chance
        world.answer(chance.randrange(3))
        note = world.col.get_note(chance.choice(list(world.col.find_notes(""))))
        cards = [card.id for card in note.cards()]
        match chance.choice(["edit", "edit", "tag", "deck", "suspend", "unsuspend", "flag", "forget", "add"]):
            case "edit":
                word = self._name("t")
                self.words_there[word] = note.id
                note.fields[0] += f" {word}"
                self._update(note)
            case "tag":
                note.tags.append(self._name("g"))
                self._update(note)
            case "deck":
                world.col.set_deck(cards, world.decks.id("Moved"))
            case "suspend":
                world.sched.suspend_cards(cards)
            case "unsuspend":
                world.sched.unsuspend_cards(cards)
            case "flag":
                world.col.set_user_flag_for_cards(chance.randrange(8), cards)
            case "forget":
                world.sched.schedule_cards_as_new(cards)
            case "add":
                self._add_there(chance.choice(["Basic", "twins", "Cloze"]))

    def _update(self, note: Any) -> None:
        self.world.col.update_note(note)
        self._changed += 1
        self.world.db.execute("UPDATE notes SET mod = ? WHERE id = ?", self._changed, note.id)

    def act_here(self) -> None:
        """Review, or edit, tag or move a note in its file."""
        with Collection(self.home.root) as collection:
            collection.scan()
            live(collection, self.chance.randrange(4), 1, self.chance, {"rate": 9, "undo": 1, "flag": 3, "suspend": 2})
            cards = [row[0] for row in collection.connection.execute("SELECT id FROM cards ORDER BY id")]
            collection.store.unsuspend(self.chance.sample(cards, len(cards) // 5))
        files = sorted(path for path in self.home.root.rglob("*.md") if BLOCK.search(path.read_text("utf-8")))
        path, other = self.chance.choice(files), self.chance.choice(files)
        blocks = BLOCK.split(path.read_text("utf-8"))
        place = self.chance.randrange(1, len(blocks))
        match self.chance.choice(["reword", "tag", "move"]):
            case "reword":
                word = self._name("h")
                self.words_here.add(word)
                blocks[place] = SIDE.sub(rf"\1 {word}\2", blocks[place], count=1)
            case "tag" if "<!-- tags: " in blocks[place]:
                blocks[place] = blocks[place].replace("<!-- tags: ", f"<!-- tags: {self._name('g')}, ", 1)
            case "move" if other != path and len(blocks) > 2:
                text = other.read_text("utf-8").rstrip()
                other.write_text(f"{text}\n\n{blocks.pop(place)}", "utf-8")
        path.write_text("".join(blocks), "utf-8")

    def bring_over(self) -> None:
        """Import what Anki has: nothing of either side is lost, and nothing is there twice."""
        package = self.world.export(self._folder / f"{self._number}.apkg", legacy=self.chance.random() < 0.5)
        before, marks_before = self._read_notes(), self._read_marks()
        report = self.home.import_file(package)
        self.said += " ".join(remark.message for remark in report.remarks)
        after = self._read_notes()
        text = "\n".join(path.read_text("utf-8") for path in self.home.root.rglob("*.md"))
        assert {word for word in self.words_here if word not in text} == set()
        assert {word for word in self.words_there if word not in text and word not in self.said} == set()
        assert {note: after[note][0] for note in before} == {note: path for note, (path, _) in before.items()}
        assert all(tags <= after[note][1] for note, (_, tags) in before.items())  # no tag is ever taken off
        with Collection(self.home.root) as collection:
            rows = {row for (row,) in collection.connection.execute("SELECT id FROM reviews")}
            assert len(rows) >= self.world.db.scalar("SELECT count() FROM revlog")
            assert collection.store.find_differences(lambda deck: collection.policy(deck).parameters) == []
        assert not self.home.import_file(package).changes_anything
        self._check_marks(marks_before)
        self._check_decks(after.keys() - before.keys())

    def _check_marks(self, before: dict[int, Marks]) -> None:
        """Check that a mark is as it was set last, on whichever side: what changed there came, all else stayed."""
        now = self._read_marks()
        for there, ours in self._pair_cards().items():
            suspended, flag = self.world.db.first("SELECT queue = -1, flags & 7 FROM cards WHERE id = ?", there)
            then, marks = self.marks_there.get(there, Marks(suspended=False, flag=0)), Marks(bool(suspended), flag)
            here = before.get(ours, Marks(suspended=False, flag=0))
            assert now[ours] == Marks(
                here.suspended if marks.suspended == then.suspended else marks.suspended,
                here.flag if marks.flag == then.flag else marks.flag,
            )
            self.marks_there[there] = marks

    def _check_decks(self, added: set[int]) -> None:
        """Check that new notes are in the decks that their cards have in Anki."""
        with Collection(self.home.root) as collection:
            collection.scan()
            for there, ours in self._pair_cards().items():
                card = collection.store.card(ours)
                deck = self.world.decks.name(self.world.db.scalar("SELECT did FROM cards WHERE id = ?", there))
                entry = next(iter(collection.catalog.entries([card.note])))
                assert card.note not in added or entry.deck == deck

    def _read_marks(self) -> dict[int, Marks]:
        with Collection(self.home.root) as collection:
            rows = collection.connection.execute("SELECT id, suspended, flag FROM cards")
            return {card: Marks(bool(suspended), flag) for card, suspended, flag in rows}

    def _pair_cards(self) -> dict[int, int]:
        """The cards of Anki that are here, and their ids here."""
        found = {}
        with Collection(self.home.root) as collection:
            for source, part, note in collection.connection.execute("SELECT source, part, note FROM origins"):
                slots = dict(collection.connection.execute("SELECT slot, id FROM cards WHERE note = ?", (note,)))
                query = "SELECT c.id, c.ord FROM cards c JOIN notes n ON n.id = c.nid WHERE n.guid = ?"
                for card, number in self.world.db.execute(query, source):
                    if (slot := find_slot(number, part, slots)) is not None:
                        found[card] = slots[slot]
        return found

    def _read_notes(self) -> dict[int, tuple[str, frozenset[str]]]:
        with Collection(self.home.root) as collection:
            collection.scan()
            return {each.id: (each.path, frozenset(each.note.tags)) for each in collection.catalog.entries()}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_no_text_of_a_note_from_anki_is_lost_whatever_both_sides_do(tmp_path: Path, seed: int) -> None:
    life = Life(tmp_path, seed)
    for _ in range(3):
        life.bring_over()
        for _ in range(8):
            life.act_there()
            life.act_here()
    life.bring_over()
    life.world.close()
