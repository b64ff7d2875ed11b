"""Collections of the real Anki core with histories, and the packages it writes."""

from __future__ import annotations

import base64
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from anki.collection import Collection
    from anki.notes import Note

DAY_MS = 86_400_000
_PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
_MASK = "{{{{c{}::image-occlusion:rect:left={}:top=.1:width=.1:height=.2:oi=1}}}}<br>"


class Marks(NamedTuple):
    """What a person sets on a card."""

    suspended: bool = False
    flag: int = 0


class World:
    """A collection of the real core whose days can be moved into the past."""

    def __init__(
        self, folder: Path, *, fsrs: bool = True, chance: random.Random | None = None, limits: bool = False
    ) -> None:
        from anki.collection import Collection

        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "collection.anki2"
        self.col: Collection = Collection(str(self.path))
        self.chance = chance or random.Random(1)
        if not limits:
            preset = self.decks.get_config(1)
            preset["new"]["perDay"] = preset["rev"]["perDay"] = 9999
            self.decks.save(preset)
        self.col.set_config("fsrs", fsrs)

    @property
    def decks(self) -> Any:
        return self.col.decks

    @property
    def sched(self) -> Any:
        return self.col.sched

    @property
    def db(self) -> Any:
        assert self.col.db is not None
        return self.col.db

    def add(self, kind: str, deck: str, tags: tuple[str, ...] = (), /, **values: str) -> Note:
        """A note of one of the stock types; a blank in a field's name is written `_`."""
        note_type = self.col.models.by_name(kind)
        assert note_type is not None, kind
        note = self.col.new_note(note_type)
        for name, value in values.items():
            note[name.replace("_", " ")] = value
        note.tags = list(tags)
        deck_id = self.col.decks.id(deck)
        assert deck_id is not None
        self.col.add_note(note, deck_id)
        return note

    def add_kind(self, kind: str, name: str, tags: tuple[str, ...] = ()) -> None:
        """Add notes that begin with a name: `twins`, `two decks`, `hints`, `picture`, `occlusion` or a type."""
        deck = self.chance.choice(["A", "A::B"])
        match kind:
            case "Cloze":
                self.add("Cloze", "A", tags, Text=f"{name} {{{{c1::a}}}} and {{{{c2::b}}}}")
            case "hints":
                text = f"{name} {{{{c1::a::a *hint*}}}}, {{{{c2::{{{{c1::b}}}} c::why?}}}}"
                self.add("Cloze", deck, tags, Text=text, Back_Extra="more")
            case "twins":
                self.add("Basic", "A", tags, Front=name, Back="same")
                self.add("Basic", "A::B", ("twin",), Front=name, Back="same")
            case "two decks":
                note = self.add("Basic (and reversed card)", "A", tags, Front=name, Back=f"back {name}")
                self.col.set_deck([note.cards()[1].id], self.decks.id("C"))
            case "picture":
                picture = self.col.media.write_data(f"{name}.png", name.encode())
                self.add("Basic", deck, tags, Front=f'{name} <img src="{picture}">', Back="back")
            case "occlusion":
                path = self.path.with_name(f"{name}.png")
                path.write_bytes(_PIXEL + name.encode())
                self.col.add_image_occlusion_notetype()
                kind_id = self.col.models.id_for_name("Image Occlusion")
                assert kind_id is not None
                masks = "".join(_MASK.format(number, number / 5) for number in (1, 2))
                self.col.add_image_occlusion_note(kind_id, str(path), masks, f"{name} there", "", list(tags))
            case "Flashcards Basic":
                self.add(kind, deck, tags, Front=name, Back="back", Reverse=self.chance.choice(["", "1"]))
            case _:
                self.add(kind, deck, tags, Front=name, Back="back")

    def study(self, days: int, answers: int) -> None:
        """Answer cards at random, so many a day, and move everything a day back after each."""
        for _ in range(days):
            self.answer(answers)
            self.let_pass(self.chance.choice([1, 1, 2, 5, 20]))

    def answer(self, answers: int) -> None:
        """Answer whatever is next in a deck at random, at random."""
        decks = [each.id for each in self.col.decks.all_names_and_ids() if "::" not in each.name]
        for number in range(answers):
            self.decks.select(self.chance.choice(decks))
            queued = self.sched.get_queued_cards(fetch_limit=1)
            if not queued.cards:
                continue
            card = self.col.get_card(queued.cards[0].card.id)
            card.start_timer()
            self.sched.answerCard(card, self.chance.choice([1, 2, 3, 3, 3, 4]))
            self._move_last_row(card.id, number * 7_000)

    def _move_last_row(self, card: int, milliseconds: int) -> None:
        """Move the last row of a card back: Anki numbers rows by the instant, and answers here come in one second."""
        last = self.db.scalar("SELECT max(id) FROM revlog WHERE cid = ?", card)
        to = last - milliseconds
        while to != last and self.db.scalar("SELECT 1 FROM revlog WHERE id = ?", to):
            to -= 1
        self.db.execute("UPDATE revlog SET id = ? WHERE id = ?", to, last)

    def let_pass(self, days: int) -> None:
        """Move all that happened some days into the past."""
        self.db.execute("UPDATE revlog SET id = id - ?", days * DAY_MS)
        self.db.execute("UPDATE cards SET due = due - ? WHERE type = 1 AND due > 1000000000", days * 86_400)
        self.db.execute("UPDATE cards SET due = due - ? WHERE type = 3 AND due > 1000000000", days * 86_400)
        self.db.execute("UPDATE cards SET due = due - ? WHERE type > 0 AND due < 1000000000", days)
        self.db.execute(
            "UPDATE cards SET data = json_set(data, '$.lrt', json_extract(data, '$.lrt') - ?)"
            " WHERE json_valid(data) AND json_extract(data, '$.lrt') IS NOT NULL",
            days * 86_400,
        )
        self.col.close()
        self.col.reopen()

    def read_log(self) -> set[tuple[int, int, int]]:
        """Each row of the log: its id, card and rating."""
        return {(at, card, ease) for at, card, ease in self.db.all("SELECT id, cid, ease FROM revlog")}

    def read_marks(self) -> dict[int, Marks]:
        """The marks of each card."""
        rows = self.db.all("SELECT id, queue = -1, flags & 7 FROM cards")
        return {card: Marks(bool(suspended), flag) for card, suspended, flag in rows}

    def read(self) -> dict[str, Any]:
        """The notes by guid, the cards by id, and the log."""
        columns = "id, nid, did, ord, type, queue, due, ivl, reps, lapses, left, flags"
        notes = "SELECT n.guid, t.name, n.flds, n.tags FROM notes n JOIN notetypes t ON t.id = n.mid"
        return {
            "notes": {row[0]: tuple(row[1:]) for row in self.db.all(notes)},
            "cards": {row[0]: row[1:] for row in self.db.all(f"SELECT {columns} FROM cards")},
            "log": self.read_log(),
        }

    def export(self, path: Path, *, legacy: bool = False, deck: str | None = None) -> Path:
        """Write a package with everything that goes into one."""
        from anki.collection import DeckIdLimit, ExportAnkiPackageOptions

        if path.suffix == ".colpkg":
            self.col.export_collection_package(str(path), include_media=True, legacy=legacy)
            self.col.reopen()
            return path
        options = ExportAnkiPackageOptions(with_scheduling=True, with_deck_configs=True, with_media=True, legacy=legacy)
        limit = None
        if deck is not None:
            deck_id = self.col.decks.id_for_name(deck)
            assert deck_id is not None
            limit = DeckIdLimit(deck_id)
        self.col.export_anki_package(out_path=str(path), options=options, limit=limit)
        return path

    def close(self) -> None:
        self.col.close()
