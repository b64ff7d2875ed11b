"""The schedules, marks and reviews of a package's cards into the store."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

from flashcards.importing.deck_files import Placed
from flashcards.importing.history import HistoryReader, anki_days
from flashcards.importing.marks_import import MarksImport
from flashcards.importing.model import AnkiCard, Package
from flashcards.importing.twins import apart, joined
from scheduler.clock import Clock
from scheduler.merge import merge

if TYPE_CHECKING:
    from flashcards.catalog.origins import Origins
    from flashcards.collection import Collection
    from flashcards.importing.report import ImportReport
    from flashcards.settings import Settings
    from scheduler.memory import Model
    from scheduler.past import CardHistory

_LEECH: Final = "leech"  # the tag that Anki gives to the note of one


class CardImport:
    """Brings the cards of one package in.

    Args:
        collection: open, in a transaction.
        package: where they come from.
        origins: what was known of them.
        settings: those that will hold after the import.
        at_ms: now.

    Attributes:
        remembered: of how many cards the marks are no longer those that were known.
    """

    def __init__(
        self, collection: Collection, package: Package, origins: Origins, settings: Settings, at_ms: int
    ) -> None:
        self.remembered = 0
        self._collection = collection
        self._package = package
        self._origins = origins
        self._settings = settings
        self._at = at_ms
        self._clock = Clock(settings.rollover, collection.clock.zone)
        self._reader = HistoryReader(package, self._clock)
        self._models: dict[int, Model] = {}

    def apply(self, notes: Iterable[Placed], report: ImportReport, progress: Callable[[int, int], None]) -> None:
        """Merge the reviews, and take over suspension, flag and burial where they changed there."""
        if not _tells_schedules(self._package):
            return
        pairs, twins = apart(self._pairs(notes))
        leeches = self._leeches()

        def history(card: AnkiCard, ours: int, deck: int) -> CardHistory:
            return self._reader.history(card, ours, leech=card.id in leeches, model=self._model(deck))

        histories = (
            joined(history(card, ours, deck), [history(twin, ours, deck) for twin in twins.get(ours, ())])
            for card, ours, deck in pairs
        )
        days = anki_days(self._clock, self._at)
        connection = self._collection.connection
        merged = merge(connection, histories, days, self._model, lambda done: progress(done, len(pairs)))
        report.reviews = merged.reviews
        marks = MarksImport(self._collection.store, self._origins, self._reader, self._clock.day(self._at))
        report.cards = merged.cards + marks.take((card, ours) for card, ours, _ in pairs)
        self.remembered = marks.remembered

    def _pairs(self, notes: Iterable[Placed]) -> Iterable[tuple[AnkiCard, int, int]]:
        """Each card of the package that is here: the card, its id here, its deck here."""
        rows = self._collection.connection.execute("SELECT note, slot, id, deck FROM cards")
        here = {(note, slot): (card, deck) for note, slot, card, deck in rows}
        by_guid = {note.guid: note.id for note in self._package.notes}
        for draft, note in notes:
            slots = dict(draft.cards)
            for card in self._package.cards[by_guid[draft.source]]:
                found = here.get((note, slots.get(card.ord, "")))
                if found:
                    yield card, *found

    def _leeches(self) -> set[int]:
        """Of each note that Anki marked as a leech, the card that lapsed most."""
        found = set()
        for note in self._package.notes:
            if any(tag.lower() == _LEECH for tag in note.tags):
                worst = max(self._package.cards[note.id], key=lambda card: card.lapses, default=None)
                if worst and worst.lapses:
                    found.add(worst.id)
        return found

    def _model(self, deck: int) -> Model:
        if deck not in self._models:
            names = {number: name for name, number in self._collection.catalog.decks().items()}
            front_matter = self._collection.catalog.deck_settings()
            for number, name in names.items():
                policy = self._settings.policy_for(name, front_matter.get(name, {}))
                self._models[number] = self._collection.store.model(policy.parameters)
        return self._models[deck]


def _tells_schedules(package: Package) -> bool:
    """Whether a package says how cards stand: in one exported without schedules all are new and nothing is marked."""
    return any(package.log.values()) or any(
        card.type or card.queue or card.flags or card.reps or card.lapses for card in package.all_cards()
    )
