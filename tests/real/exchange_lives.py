"""Random lives of one collection here and in Anki: nothing is lost, doubled, or changed by the exchange itself.

`python -m tests.real.exchange_lives [LIVES] [FIRST_SEED]` lives many and prints what failed. Notes of both sides are in
them: ours, which go to Anki, and Anki's, twins and notes in several decks among them. Between exchanges both sides
review, undo, edit, tag, move, delete, suspend and flag. Packages go both ways, as .apkg and as .colpkg.
"""

from __future__ import annotations

import os
import random
import re
import sys
import tempfile
import time
import traceback
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from itertools import count
from pathlib import Path

from flashcards.anki.exports.export import export_package
from flashcards.anki.exports.notes import find_decks_in_use
from flashcards.anki.package.identifiers import Guids
from flashcards.anki.package.model import family
from flashcards.collection import Collection
from scheduler import ReviewKind
from tests.anki.imports.anki_world import Marks, World
from tests.anki.imports.home import Home
from tests.anki.imports.judge import find_slot
from tests.real.history_world import ACTS, into, live, profile_of

KINDS = (
    "Q: What is {}?\nA: It is *{}* and `{{{{x}}}}`.",
    "Q: Picture {} ![](@/img/a.png)\nA: ![](@/sub/a.png) {}",
    "Q: Typed {}?\nA: answer {}\n<!-- type; reverse; tags: a -->",
    "T: term {}\nD: definition {}",
    "C: The [gap {}] and [another {}] and $\\frac{{1}}{{{{2}}}}$.",
    "C: A list of {}: {{{{c1::one\n\n- two {}\n\nand three}}}} and {{{{c2::more}}}}.",
    "C: Hints {}: {{{{c1::one::a *hint*}}}} and {{{{c2::two {}::`code`}}}}.",
    "C: {{{{c1,2::both {}}}}} and {{{{c3::outer {{{{c2::inner {}}}}}}}}}",
    "Q: Points of {}?\nA:\n\n- [ ] first {}\n- [ ] second",
)
"""Notes of ours, each with its name twice."""
THEIRS = ("twins", "two decks", "Cloze", "hints", "picture", "occlusion")
"""Notes of Anki; see `World.add_kind`."""
PAIR = "pair {} ::: meaning {}"
"""A note on one line; it stays first in its file, because it would be part of a note before it."""

_BLOCK = re.compile(r"(?m)^(?=[QTC]: |pair )")
_NAME = re.compile(r"\b[nh]\d+[nh]\b")
_STAYS = re.compile(r"\Apair|\]\((?!@/)")  # a note that cannot move, or whose pictures would be lost
_TAGS = "<!-- tags: "


_Placed = tuple[str, str, set[str]]  # the file, deck and tags of a note
Row = tuple[int, int, int]
"""A row of a log: its id, card and rating."""


class Life:
    """A collection here, one in Anki, and what a person does to both."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.steps = 0
        self.chance = random.Random(seed)
        self.home = Home(folder / "decks")
        self.world = World(folder / "anki", fsrs=seed % 2 == 0, chance=self.chance)
        self._folder = folder
        self._number = 0
        self._ours: set[str] = set()  # the names of our notes
        self._words: dict[str, str] = {}  # each word that a person wrote, and the name of its note
        # the names of notes that a person removed here and in Anki, and the tags that a person removed there
        self._removed, self._deleted, self._untagged = set[str](), set[str](), set[str]()
        self._pictures: dict[bytes, str] = {}  # what each picture added in Anki holds, and the name of its note
        self._twice: set[int] = set()  # our cards that were twice in Anki
        self._said = ""
        self._acts: list[str] = []  # what was done, for the report of a failure
        self._marks: dict[int, Marks] = {}  # as of the last exchange, by the ids of the cards in Anki
        self._seen: dict[int, Marks] = {}  # as of the last import, even if the card was deleted there since
        self._again: set[int] = set()  # cards that were deleted in Anki and came again since the last import
        for name in ("img", "sub"):
            (self.home.root / name).mkdir()
            (self.home.root / name / "a.png").write_text(name)
        for name in ("one.md", "sub/two.md"):
            self.home.write(name, self._note(PAIR) + "".join(self._note() for _ in range(4)))
        for kind in ("Basic", "Basic (and reversed card)", *THEIRS):
            self._add_there(kind)

    def exchange(self, rounds: int) -> None:
        """Let days pass on both sides, and packages go both ways."""
        try:
            for _ in range(rounds):
                self.bring_over()
                self.act_here()
                self.hand_over()
                for _ in range(4):
                    self.act_there()
                    self.act_here()
            self.bring_over()
        except Exception as error:
            error.add_note("\n".join(self._acts[-12:]))
            raise

    # What a person does

    def act_there(self) -> None:
        """Do something in Anki."""
        world, chance = self.world, self.chance
        answers = chance.randrange(4)
        world.answer(answers)
        self.steps += answers + 1
        note = world.col.get_note(chance.choice(sorted(world.col.find_notes(""))))
        cards = [card.id for card in note.cards()]
        field = 2 if "Occlusion" in note else chance.choice([0, 0 if "Text" in note else 1])
        text = " ".join(note.fields)
        act = chance.choice([*"eeetttud", "suspend", "unsuspend", "flag", "forget", "due", "bury", "add", "delete"])
        self._acts.append(f"{answers} answers, {act} in Anki, cards {cards}: {note.fields}")
        match act:
            case "e":
                note.fields[field] += f" {self._write('t', text)}"
                world.col.update_note(note)
            case "t":
                note.tags.append(self._name("g"))
                world.col.update_note(note)
            case "u" if note.tags:
                self._untagged.add(note.tags.pop(chance.randrange(len(note.tags))))
                world.col.update_note(note)
            case "d":
                world.col.set_deck(cards, world.decks.id("Moved"))
            case "suspend":
                world.sched.suspend_cards(cards)
            case "unsuspend":
                world.sched.unsuspend_cards(cards)
            case "flag":
                world.col.set_user_flag_for_cards(chance.randrange(8), cards)
            case "forget":
                world.sched.schedule_cards_as_new(cards)
            case "due":
                world.sched.set_due_date(cards, str(chance.randrange(9)))
            case "bury":
                world.sched.bury_cards(cards, manual=True)
            case "add":
                self._add_there(chance.choice(["Basic", *THEIRS]))
            case "delete" if world.col.note_count() > 8:
                self._deleted |= set(_NAME.findall(text))
                world.col.remove_notes([note.id])

    def act_here(self) -> None:
        """Review, and edit, tag, move, add or remove a note in its file."""
        chance = self.chance
        acts = chance.randrange(4)
        self.steps += acts + 1
        with Collection(self.home.root) as collection:
            collection.scan()
            live(collection, acts, 1, chance, ACTS | {"flag": 6, "suspend": 6})
            cards = [row[0] for row in collection.connection.execute("SELECT id FROM cards ORDER BY id")]
            collection.store.unsuspend(chance.sample(cards, len(cards) // 8))
        files = sorted(path for path in self.home.root.rglob("*.md") if _BLOCK.search(path.read_text("utf-8")))
        path, other = chance.choice(files), chance.choice(files)
        start, *blocks = _BLOCK.split(path.read_text("utf-8"))
        place = chance.randrange(len(blocks))
        act = chance.choice(["reword", "reword", "reword", "tag", "move", "add", "remove", "gap", "deck", "picture"])
        self._acts.append(f"{acts} acts, {act} in {path.name}: {blocks[place]!r}")
        match act:
            case "picture":
                (self.home.root / chance.choice(["img", "sub"]) / "a.png").write_text(self._name("p"))
            case "reword":
                names = _NAME.findall(blocks[place])
                name = chance.choice(names)
                word = self._write("h", name)
                blocks[place] = re.sub(rf"\b{name}\b", f"{name} {word}", blocks[place], count=1)
            case "tag" if _TAGS in blocks[place]:
                blocks[place] = blocks[place].replace(_TAGS, f"{_TAGS}{self._name('g')}, ", 1)
            case "move" if other != path and len(blocks) > 2 and not _STAYS.search(blocks[place]):
                text = other.read_text("utf-8").rstrip()
                other.write_text(f"{text}\n\n{blocks.pop(place)}", "utf-8")
            case "add":
                blocks[-1] = f"{blocks[-1].rstrip()}\n\n{self._note()}"
            case "remove" if len(blocks) > 3:
                self._removed |= set(_NAME.findall(blocks.pop(place)))
            case "gap":
                blocks[place] = re.sub(r"\[(another[^\]]*)\]", r"\1", blocks[place])
            case "deck" if not start.strip():
                start = f"---\ndeck: Renamed::{path.stem}\n---\n"
        path.write_text("".join([start, *blocks]), "utf-8")

    # The exchange

    def bring_over(self) -> None:
        """Import what Anki has: nothing of either side is lost, and nothing is there twice."""
        self.steps += 1
        ending, legacy = self.chance.choice([("apkg", False), ("apkg", True), ("colpkg", False), ("colpkg", True)])
        package = self.world.export(self._folder / f"{time.time_ns()}.{ending}", legacy=legacy)
        self._acts.append(f"import of {package.name}{' of an old version' if legacy else ''}")
        before, marks_before, log_before = self._read_notes(), self._read_marks(), self._read_log()
        report = self.home.import_file(package)
        self._said += " ".join(remark.message for remark in report.remarks)
        after = self._read_notes()
        self._check_words()
        pairs = self._pair_cards()
        self._check_places(pairs, before, after)
        there = {(row, pairs[card], ease) for row, card, ease in self.world.read_log() if card in pairs}
        now = self._read_log()
        assert log_before <= now
        missing = self._find_missing(there, now)
        assert not missing, self._describe_rows(missing, there, now)
        assert len(now) == len(log_before) + len(self._find_missing(there, log_before))
        with Collection(self.home.root) as collection:
            assert collection.store.find_differences(lambda deck: collection.policy(deck).parameters) == []
        assert not self.home.import_file(package).changes_anything
        self._check_marks(pairs, marks_before)
        time.sleep(1.1)  # Anki counts the changes of notes in seconds

    def hand_over(self) -> None:
        """Hand everything to Anki: what is there stays, unless a .colpkg replaces it."""
        self.steps += 1
        replaces = self.chance.random() < 0.15
        package = self._folder / f"{time.time_ns()}.{'colpkg' if replaces else 'apkg'}"
        with Collection(self.home.root) as collection:
            collection.scan()
            export_package(collection, find_decks_in_use(collection), package)
            guids = Guids(collection.connection)
            here = {guids.of(each.id, each.key, family(each.note)) for each in collection.catalog.entries()}
        before = self.world.read()
        if replaces:
            self.world.close()
            self.world = profile_of(package, self._folder / f"{time.time_ns()}")
            self.world.chance, self._seen = self.chance, {}
            assert self.world.read()["notes"].keys() == here
        else:
            into(self.world, package)
        after = self.world.read()
        if not replaces:
            assert after["notes"].keys() == before["notes"].keys() | here
            assert before["cards"].items() <= after["cards"].items()
            assert before["log"] <= after["log"]
            foreign = {guid: note for guid, note in before["notes"].items() if not note[0].startswith("Flashcards")}
            assert foreign.items() <= after["notes"].items()
        new = after["cards"].keys() - ({} if replaces else before["cards"]).keys()
        self._check_new_cards(new)
        self._check_collection_there()
        # Cards that were deleted in Anki are new there again, with the marks in the package.
        marks = self.world.read_marks()
        self._marks = {card: marks[card] if card in new else self._marks.get(card, marks[card]) for card in marks}
        self._again = set() if replaces else new & self._seen.keys()
        time.sleep(1.1)

    # What must hold

    def _check_words(self) -> None:
        text = "\n".join(path.read_text("utf-8") for path in self.home.root.rglob("*.md"))
        gone = self._removed | self._deleted
        missing = {word for word, name in self._words.items() if word not in text and name not in gone}
        lost = {word for word in missing if word not in self._said}
        assert not lost, lost
        found = Counter(name for block in _BLOCK.split(text) for name in set(_NAME.findall(block)))
        assert {name for name in self._ours if found[name] > 1} == set()
        pictures = {path.read_bytes() for path in self.home.root.rglob("*.png")}
        assert not {held for held, name in self._pictures.items() if held not in pictures and name not in gone}

    def _check_places(self, pairs: dict[int, int], before: dict[int, _Placed], after: dict[int, _Placed]) -> None:
        """Check that notes keep their files and decks, new ones have those of Anki, and tags change only by hand."""
        assert {note: after[note][:2] for note in before} == {note: placed[:2] for note, placed in before.items()}
        there: dict[int, list[set[str]]] = defaultdict(list)  # by our notes, which may be several in Anki
        with Collection(self.home.root) as collection:
            notes = dict(collection.connection.execute("SELECT id, note FROM cards"))
        for card, deck, tags in self.world.db.all("SELECT c.id, did, tags FROM cards c JOIN notes n ON n.id = nid"):
            note = notes.get(pairs.get(card, 0), 0)
            there[note].append(set(tags.split()))
            assert note in before or note not in after or after[note][1] == self.world.decks.name(deck)
        for note, (*_, kept) in before.items():
            now = after[note][2]
            assert now - kept <= set().union(*there[note])
            assert kept - now <= self._untagged
            assert all(any(tag not in each for each in there[note]) for tag in kept - now)

    def _check_new_cards(self, cards: set[int]) -> None:
        """Check that every row of the log of cards that are new in Anki is there.

        Anki keeps the rows of deleted cards and of a card that is there twice, and has each row once.
        """
        rows = self.world.read_log()
        with Collection(self.home.root) as collection:
            for card in cards:
                kept = [row for row in collection.store.log(card) if row.kind is not ReviewKind.TAKEN_OVER]
                own = [ease for _, of, ease in sorted(rows) if of == card]
                missing = {row.id for row in kept} - {row for row, _, _ in rows}
                assert not missing or own == [int(row.rating or 0) for row in kept]

    def _check_collection_there(self) -> None:
        cards = set(self.world.db.list("SELECT id FROM cards"))
        # The world moves what it answers into the past, which the core makes good.
        assert [each for each in self.world.col._backend.check_database() if "last review time" not in each] == []
        assert set(self.world.db.list("SELECT id FROM cards")) == cards
        assert not self.world.col.media.check().missing

    def _check_marks(self, pairs: dict[int, int], before: dict[int, Marks]) -> None:
        """Check that a mark is as it was set last, on whichever side: what changed there came, all else stayed.

        Of two cards in Anki that are one here, the one that changed last counts, even if it is deleted later.
        """
        now, there = self._read_marks(), self.world.read_marks()
        self._twice |= {card for card, number in Counter(pairs.values()).items() if number > 1}
        wrong = []
        for card, ours in pairs.items():
            if ours in self._twice:
                continue
            then, here, seen = self._marks.get(card, Marks()), before.get(ours, Marks()), self._seen.get(card)
            for past, mark, kept, last, found in zip(then, there[card], here, seen or then, now[ours], strict=True):
                right = {kept if mark == past else mark}
                # Anki got the card again, and it is as it was before: no package tells that from a card that stayed.
                right |= {kept} if card in self._again and mark == last else set()
                wrong += [] if found in right else [f"{card} {ours}: {then} {there[card]} {here} {now[ours]}"]
            self._marks[card] = self._seen[card] = there[card]
        assert not wrong, wrong

    def _read_notes(self) -> dict[int, _Placed]:
        with Collection(self.home.root) as collection:
            collection.scan()
            return {each.id: (each.path, each.deck, set(each.note.tags)) for each in collection.catalog.entries()}

    def _read_log(self) -> set[Row]:
        """Each row of the log that Anki would have, too."""
        query = "SELECT id, card, coalesce(rating, 0) FROM reviews WHERE kind NOT IN (3, 4)"
        with Collection(self.home.root) as collection:
            return set(collection.connection.execute(query))

    def _find_missing(self, rows: set[Row], log: set[Row]) -> set[Row]:
        """Find the rows that are not in the log, not even moved past rows of other cards of the same millisecond."""
        with Collection(self.home.root) as collection:
            taken = {row for (row,) in collection.connection.execute("SELECT id FROM reviews")}
        moved, missing = log - rows, set()
        for row in sorted(rows - log):
            free = next(at for at in count(row[0]) if at not in taken)
            found = [each for each in moved if row[0] < each[0] < free and each[1:] == row[1:]]
            moved -= {min(found)} if found else set()
            missing |= set() if found else {row}
        return missing

    def _describe_rows(self, missing: set[Row], there: set[Row], now: set[Row]) -> str:
        """Describe the logs of both sides for the cards of these rows."""
        cards = {card for _, card, _ in missing}
        logs = ([row for row in sorted(log) if row[1] in cards] for log in (there, now))
        with Collection(self.home.root) as collection:
            query = f"SELECT id, note, slot, active FROM cards WHERE id IN ({', '.join(map(str, cards))})"
            return (
                f"{missing} of {collection.connection.execute(query).fetchall()}; there {next(logs)}, here {next(logs)}"
            )

    def _read_marks(self) -> dict[int, Marks]:
        with Collection(self.home.root) as collection:
            rows = collection.connection.execute("SELECT id, suspended, flag FROM cards")
            return {card: Marks(bool(suspended), flag) for card, suspended, flag in rows}

    def _pair_cards(self) -> dict[int, int]:
        """The cards of Anki that are here, and their ids here."""
        cards = {card for (card,) in self.world.db.all("SELECT id FROM cards")}
        with Collection(self.home.root) as collection:
            connection = collection.connection
            found = {card: card for (card,) in connection.execute("SELECT id FROM cards") if card in cards}
            for source, part, note in connection.execute("SELECT source, part, note FROM origins ORDER BY 1, 2"):
                slots = dict(connection.execute("SELECT slot, id FROM cards WHERE note = ?", (note,)))
                query = "SELECT c.id, c.ord FROM cards c JOIN notes n ON n.id = c.nid WHERE n.guid = ?"
                for card, number in self.world.db.execute(query, source):
                    slot = find_slot(number, part, slots)
                    if card not in found and slot is not None:
                        found[card] = slots[slot]
        return found

    def _name(self, letter: str) -> str:
        self._number += 1
        return f"{letter}{self._number}{letter}"

    def _write(self, letter: str, text: str) -> str:
        """A new word in a note."""
        word = self._name(letter)
        self._words[word] = _NAME.findall(text)[0]
        return word

    def _note(self, kind: str = "") -> str:
        name = self._name("n")
        self._ours.add(name)
        return (kind or self.chance.choice(KINDS)).format(name, name) + "\n\n"

    def _add_there(self, kind: str) -> None:
        name, tags = self._name("n"), tuple(self.chance.sample(["x", "y::z", "m"], 2))
        if self.world.col.models.by_name("Basic") is None:  # a .colpkg of ours has our note types
            kind = "Flashcards Basic"
        self.world.add_kind(kind, name, tags)
        if kind == "picture":
            self._pictures[name.encode()] = name


def _live_one(seed: int, rounds: int) -> tuple[int, str]:
    """Live one life; return its steps and what failed."""
    with tempfile.TemporaryDirectory() as folder:
        life, problem = Life(Path(folder), seed), ""
        try:
            life.exchange(rounds)
        except Exception:
            problem = f"life {seed}, step {life.steps}: {traceback.format_exc(limit=-3)}"
        life.world.close()
        return life.steps, problem


def main() -> int:
    """Live many lives, and print what failed."""
    lives, first, *_ = [*map(int, sys.argv[1:]), *(50, 0)[len(sys.argv) - 1 :]]
    with ProcessPoolExecutor(4 * (os.cpu_count() or 1)) as pool:  # a life mostly waits for the next second
        found = list(pool.map(_live_one, range(first, first + lives), [10] * lives))
    problems = [problem for _, problem in found if problem]
    steps = sum(number for number, _ in found)
    sys.stdout.write("\n".join([*problems, f"{lives} lives, {steps:,} steps, {len(problems)} failed\n"]))
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
