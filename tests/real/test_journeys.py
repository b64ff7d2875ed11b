"""Random journeys of one collection between here and Anki: nothing is lost, nothing is there twice."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flashcards.anki.exports.export import export_package
from flashcards.anki.exports.notes import find_decks_in_use
from flashcards.anki.package.identifiers import Guids
from flashcards.anki.package.model import family
from flashcards.collection import Collection
from flashcards.importers.transaction import ImportReport
from tests.anki.imports.anki_world import World
from tests.anki.imports.home import Home
from tests.real.history_world import into, live

pytest.importorskip("anki.collection", reason="needs the anki wheel")

KINDS = (
    "Q: What is {}?\nA: It is *{}* and `{{{{x}}}}`.",
    "Q: Picture {} ![](@/img/a.png)\nA: ![](@/sub/a.png) {}",
    "Q: Typed {}?\nA: answer {}\n<!-- type; reverse; tags: a -->",
    "T: term {}\nD: definition {}",
    "pair {} ::: meaning {}",
    "C: The [gap {}] and [another {}] and $\\frac{{1}}{{{{2}}}}$.",
    "C: {{{{c1,2::both {}}}}} and {{{{c3::outer {{{{c2::inner {}}}}}}}}}",
    "Q: Points of {}?\nA:\n\n- [ ] first {}\n- [ ] second",
)
_WORD = re.compile(r"u\d+u")


class Journey:
    """A collection here, one in Anki, and what is done to both."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.chance = random.Random(seed)
        self.home = Home(folder / "decks")
        self.world = World(folder / "anki", fsrs=seed % 2 == 0, chance=self.chance)
        self._folder = folder
        self._words = iter(range(10_000))
        for name in ("img", "sub"):
            (self.home.root / name).mkdir()
            (self.home.root / name / "a.png").write_text(name)
        for name in ("one.md", "sub/two.md"):
            self.home.write(name, "".join(self._note() for _ in range(6)))

    def export(self) -> None:
        """Hand everything to Anki, where what is there stays."""
        before = self._there()
        package = self._folder / f"{time.time_ns()}.apkg"
        with Collection(self.home.root) as collection:
            collection.scan()
            export_package(collection, find_decks_in_use(collection), package)
            guids = Guids(collection.connection)
            here = {guids.of(each.id, each.key, family(each.note)) for each in collection.catalog.entries()}
        into(self.world, package)
        after = self._there()
        assert after["notes"] == before["notes"] | here
        assert before["cards"].items() <= after["cards"].items()
        assert before["log"] <= after["log"]
        self._check_there()

    def import_back(self) -> ImportReport:
        """Bring everything back, where no note is new and no review is lost."""
        endings = self.chance.choice([("apkg", False), ("apkg", True), ("colpkg", False)])
        package = self.world.export(self._folder / f"{time.time_ns()}.{endings[0]}", legacy=endings[1])
        notes, log = self._here()
        report = self.home.import_file(package)
        after, merged = self._here()
        assert after == notes
        assert report.added == report.media == 0
        with Collection(self.home.root) as collection:
            known = {row[0] for row in collection.connection.execute("SELECT id FROM cards")}
            assert collection.store.find_differences(lambda deck: collection.policy(deck).parameters) == []
        assert merged >= log | {number for number, card in self._there()["log"] if card in known}
        assert not self.home.import_file(package).changes_anything
        return report

    def live_here(self) -> None:
        """Review and edit here."""
        with Collection(self.home.root) as collection:
            collection.scan()
            live(collection, self.chance.randrange(15), 1, self.chance)
        for path in self.home.root.rglob("*.md"):
            notes = re.split(r"(?<=\n)\n(?=[QTC]:|pair)", path.read_text(encoding="utf-8"))
            place = self.chance.randrange(len(notes))
            match self.chance.choice(["reword", "remove", "add", "gap", "deck"]):
                case "reword":
                    notes[place] = _WORD.sub(lambda found: f"{found[0]} anew", notes[place], count=1)
                case "remove" if len(notes) > 3:
                    del notes[place]
                case "add":
                    notes.append(self._note())
                case "gap":
                    notes[place] = re.sub(r"\[(another[^\]]*)\]", r"\1", notes[place])
                case "deck" if not notes[0].startswith("---"):
                    notes[0] = f"---\ndeck: Renamed::{path.stem}\n---\n{notes[0]}"
            path.write_text("\n".join(f"{note.rstrip()}\n" for note in notes) + "\n", encoding="utf-8")

    def live_there(self) -> None:
        """Review and edit in Anki."""
        world, chance = self.world, self.chance
        world.answer(chance.randrange(2, 15))
        note = world.col.get_note(chance.choice(list(world.col.find_notes(""))))
        cards = [card.id for card in note.cards()]
        match chance.choice(["text", "tag", "deck", "suspend", "flag", "forget"]):
            case "text":
                note.fields[0 if "Text" in note else 1] += " <b>edited</b>"
                world.col.update_note(note)
            case "tag":
                note.tags.append("there")
                world.col.update_note(note)
            case "deck":
                world.col.set_deck(cards, world.decks.id("Moved"))
            case "suspend":
                world.sched.suspend_cards(cards)
            case "flag":
                world.col.set_user_flag_for_cards(chance.randrange(8), cards)
            case "forget":
                world.sched.schedule_cards_as_new(cards)

    def _note(self) -> str:
        word = f"u{next(self._words)}u"
        return self.chance.choice(KINDS).format(word, word) + "\n\n"

    def _here(self) -> tuple[set[int], set[int]]:
        with Collection(self.home.root) as collection:
            collection.scan()
            rows = collection.connection.execute("SELECT id FROM reviews").fetchall()
            return {each.id for each in collection.catalog.entries()}, {row[0] for row in rows}

    def _there(self) -> dict[str, Any]:
        db = self.world.db
        columns = "id, nid, did, ord, type, queue, due, ivl, reps, lapses, left, flags"
        return {
            "notes": set(db.list("SELECT guid FROM notes")),
            "cards": {row[0]: row[1:] for row in db.all(f"SELECT {columns} FROM cards")},
            "log": {tuple(row) for row in db.all("SELECT id, cid FROM revlog")},
        }

    def _check_there(self) -> None:
        cards = set(self.world.db.list("SELECT id FROM cards"))
        # The world moves what it answers into the past, which the core makes good.
        assert [each for each in self.world.col._backend.check_database() if "last review time" not in each] == []
        assert set(self.world.db.list("SELECT id FROM cards")) == cards
        assert not self.world.col.media.check().missing


@pytest.fixture(params=range(4))
def journey(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Journey]:
    made = Journey(tmp_path, request.param)
    yield made
    made.world.close()


@pytest.mark.slow
def test_nothing_is_lost_or_doubled_however_often_a_deck_goes_back_and_forth(journey: Journey) -> None:
    for _ in range(3):
        for step in (journey.export, journey.live_there, journey.import_back, journey.live_here):
            step()
            time.sleep(1.1)  # Anki counts the changes of notes in seconds
    journey.export()
