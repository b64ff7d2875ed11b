"""Collections of the real Anki core with histories, and the packages it writes."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from anki.collection import Collection
    from anki.notes import Note

DAY_MS = 86_400_000


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
