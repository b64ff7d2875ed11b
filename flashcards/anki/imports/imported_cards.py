"""Import the reviews and statuses of a package's cards, and merge cards that are the same in the collection."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

from flashcards.anki.exports.notes import LEECH_TAG
from flashcards.anki.imports.matching import PlacedNote
from flashcards.anki.package.model import AnkiCard, LogRow, Package
from flashcards.anki.package.schedule_reader import (
    SUSPENDED,
    HistoryReader,
    convert_log,
    find_foreign_data,
    make_anki_days,
)
from flashcards.catalog.imports import GIVEN_AGAIN, GIVEN_BY_WHOLE, Origins, SeenStatus
from scheduler.clock import Clock
from scheduler.log import CardHistory, ImportedState, make_imported_row
from scheduler.merge import merge
from scheduler.model import Rating, ReviewKind, State

if TYPE_CHECKING:
    from flashcards.collection import Collection
    from flashcards.importers.transaction import ImportReport
    from flashcards.settings import Settings
    from scheduler.memory import Model
    from scheduler.store import Store


class MatchedCard(NamedTuple):
    """A card of a package that exists in the collection."""

    card: AnkiCard
    ours: int  # our id
    deck: int  # our deck


def separate_duplicates(
    matched: Iterable[MatchedCard],
) -> tuple[list[MatchedCard], Mapping[int, Sequence[AnkiCard]]]:
    """Separate cards of a package that are one card in the collection; the one that changed last counts.

    If both changed in the same second, the one with more repetitions counts. Returns the ones that count, and the
    duplicates by our card's id.
    """
    found: dict[int, MatchedCard] = {}
    duplicates: dict[int, list[AnkiCard]] = defaultdict(list)
    for each in matched:
        first = found.setdefault(each.ours, each)
        if first is not each:
            both = found[each.ours].card, each.card
            older, newer = sorted(both, key=lambda card: (card.changed, card.reps, card.id))
            duplicates[each.ours].append(older)
            found[each.ours] = each._replace(card=newer)
    return list(found.values()), duplicates


def join_histories(history: CardHistory, duplicates: Sequence[CardHistory]) -> CardHistory:
    """Merge a history with the reviews of its duplicates: each review counts once."""
    if not duplicates:
        return history
    reviews = {each.at_ms: each for one in (*duplicates, history) for each in one.reviews}
    ratings = [each for each in reviews.values() if each.kind is ReviewKind.RATING]
    lapses = sum(each.rating is Rating.AGAIN and each.state_before is State.REVIEW for each in ratings)
    states = [history.imported, *[each.imported for each in duplicates]]
    # A duplicate also counts its original reviews, though Anki keeps these rows with only one of the two.
    return history._replace(
        reviews=[reviews[at] for at in sorted(reviews)],
        imported=history.imported._replace(
            reps=max(len(ratings), *[each.reps for each in states]),
            lapses=max(lapses, *[each.lapses for each in states]),
        ),
    )


@dataclass(frozen=True, slots=True)
class KnownChanges:
    """The changes in Anki since both sides were equal, if known. Times are then not compared."""

    # the notes edited in Anki, by guid, and whether each was also edited here; None if times decide
    edits: Mapping[str, bool] | None
    new_cards: Set[int]  # the ids of cards added in Anki
    status_before: Callable[[AnkiCard], SeenStatus]  # returns the earlier suspension and flag of a card in Anki
    settings: bool  # whether deck options changed in Anki
    back_up: bool  # whether to back up the state first
    adopts_ids: bool = False  # whether existing notes get the ids that they have in Anki
    # the decks whose options a person changed in Anki; these replace our settings
    options: Set[str] = frozenset()


class StatusImport:
    """Adopts the status of cards changed in Anki since the last import.

    A burial before `today` has expired. Values of a package older than `package_ms` are outdated.
    """

    def __init__(self, store: Store, origins: Origins, reader: HistoryReader, today: int, package_ms: int) -> None:
        self.remembered = 0  # the number of cards with new stored values
        self._package_ms = package_ms
        self._store = store
        self._origins = origins
        self._reader = reader
        self._today = today
        self._suspensions: dict[bool, list[int]] = {True: [], False: []}
        self._flags: dict[int, list[int]] = defaultdict(list)
        self._buried: dict[tuple[int, bool], list[int]] = defaultdict(list)

    def apply(self, pairs: Iterable[tuple[AnkiCard, int]], before: Mapping[int, SeenStatus] | None = None) -> int:
        """Apply the statuses of cards, each given with our id; return the number of changed cards.

        `before` contains the earlier status of cards in Anki, by our ids; by default, that of the last import.
        """
        before = self._origins.statuses() if before is None else before
        fresh = []
        for card, ours in pairs:
            status = self._compare(card, ours, before.get(ours))
            if status is not None:
                fresh.append((ours, status))
        self._origins.remember_statuses(fresh)
        self.remembered = len(fresh)
        store = self._store
        changed = store.suspend(self._suspensions[True]) + store.unsuspend(self._suspensions[False])
        changed += sum(store.flag(cards, flag) for flag, cards in self._flags.items())
        buried = self._buried.items()
        return changed + sum(store.bury(cards, day, by_hand=by_hand) for (day, by_hand), cards in buried)

    def _compare(self, card: AnkiCard, ours: int, before: SeenStatus | None) -> SeenStatus | None:
        """Collect the changes to make for a card; return its status if it must be stored."""
        suspended, flag = card.queue == SUSPENDED, card.flags & 7
        extra = max(card.factor, 0), find_foreign_data(card)
        before = before or SeenStatus(-1, suspended=False, flag=0)
        known = _find_known(before, card, ours)
        given = before.given, before.given_s
        if card.id == ours and (not (before.given or 0) & GIVEN_AGAIN or card.changed == before.given_s):
            given = None, 0  # Anki has had it since then
        now = SeenStatus(card.changed, suspended, flag, self._package_ms, *extra, *given, is_own=card.id == ours)
        before = known[0]
        if now == before or card.changed < before.changed_s or self._package_ms < before.package_ms:
            return None
        burial = self._reader.find_burial(card) if card.changed != before.changed_s else None
        if burial and burial[0] >= self._today:
            self._buried[burial].append(ours)
        if before.flag is None and card.changed == before.changed_s:
            return now
        if suspended not in {bool(each.suspended) for each in known}:
            self._suspensions[suspended].append(ours)
        if flag not in {each.flag or 0 for each in known}:  # Anki sets a flag without changing the time of the card
            self._flags[flag].append(ours)
        return now


def _find_known(before: SeenStatus, card: AnkiCard, ours: int) -> list[SeenStatus]:
    """Find the statuses that a card of a package may have had before a person changed them in Anki.

    An export gives its status only to a card that Anki lacks: one unknown here, or one deleted there. Its time tells.
    """
    if before.given is None or card.id != ours:
        return [before]
    given = SeenStatus(-1, bool(before.given & 1), before.given >> 1 & 7)
    if not before.is_own and before.changed_s >= 0 and card.changed >= before.given_s:  # the first that has our id
        return [given._replace(package_ms=before.package_ms)]
    has_time = card.changed == before.given_s
    if before.given & GIVEN_AGAIN and not has_time:
        return [before]
    if before.changed_s >= 0 and before.changed_s != before.given_s:
        if card.changed == before.changed_s:
            return [before]
        if has_time:
            return [given._replace(package_ms=before.package_ms)]
    if before.given & GIVEN_AGAIN:
        return [before, given]
    is_sure = before.given & GIVEN_BY_WHOLE or before.changed_s < 0
    return [given] if is_sure else [before, given]


_FARTHEST_SHIFT: Final = 10  # milliseconds


class CardImport:
    """Imports the cards of one package; `settings` are those after the import."""

    def __init__(
        self, collection: Collection, package: Package, origins: Origins, settings: Settings, at_ms: int
    ) -> None:
        self.remembered = 0  # the number of cards whose stored status changed
        self.matched: list[MatchedCard] = []  # the cards of the package that exist here
        self._collection = collection
        self._package = package
        self._origins = origins
        self._settings = settings
        self._at = at_ms
        self._clock = Clock(settings.rollover, collection.clock.zone)
        self._reader = HistoryReader(package, self._clock)
        self._models: dict[int, Model] = {}

    def apply(
        self,
        notes: Iterable[PlacedNote],
        report: ImportReport,
        progress: Callable[[int, int], None],
        changes: KnownChanges | None = None,
    ) -> None:
        """Merge the reviews, and adopt suspension, flag and burial where these changed in Anki.

        `changes` are the changes in Anki, if known.
        """
        if changes is None and not self._package.tells_schedules:
            return
        matched, duplicates = separate_duplicates(self._match_cards(notes))
        self.matched = matched
        leeches = self._find_leeches(matched)

        def history(card: AnkiCard, ours: int, deck: int) -> CardHistory:
            self._restore_ids(card, ours)
            found = self._reader.read_history(card, ours, leech=card.id in leeches, model=self._find_model(deck))
            if changes is None or card.id in changes.new_cards:
                return found
            return found._replace(imported=found.imported._replace(log_is_whole=True))

        histories = (
            join_histories(history(card, ours, deck), [history(each, ours, deck) for each in duplicates.get(ours, ())])
            for card, ours, deck in matched
        )
        days = make_anki_days(self._clock, self._at)
        connection = self._collection.connection
        merged = merge(connection, histories, days, self._find_model, lambda done: progress(done, len(matched)))
        report.reviews = merged.reviews
        statuses = StatusImport(
            self._collection.store, self._origins, self._reader, self._clock.day(self._at), self._package.changed_ms
        )
        before = {ours: changes.status_before(card) for card, ours, _ in matched} if changes else None
        report.cards = merged.cards + statuses.apply(((card, ours) for card, ours, _ in matched), before)
        self.remembered = statuses.remembered

    def apply_reviews(self, logs: Mapping[int, Sequence[LogRow]]) -> int:
        """Merge reviews of cards whose note is gone in Anki, by our ids; return the number of new ones."""
        days = make_anki_days(self._clock, self._at)
        cards = {card.id: card for card in self._collection.store.cards(logs)}
        histories = []
        for number, log in logs.items():
            reviews = convert_log(log)
            if number not in cards or not reviews:
                continue
            last = make_imported_row(number, reviews[-1].at_ms, reviews[-1], days)
            state = ImportedState(
                last.state_after,
                last.due_day,
                last.due_ms,
                last.steps_left,
                last.interval_after,
                reps=0,
                lapses=0,
                leech=False,
                changed_ms=last.id,
                log_is_whole=True,
            )
            histories.append(CardHistory(number, reviews, state))
        return merge(self._collection.connection, histories, days, self._find_model).reviews

    def _restore_ids(self, card: AnkiCard, ours: int) -> None:
        """Restore our ids of log rows, where an export had to change them."""
        own = self._shifted_rows.get(ours)
        if own is None:
            return
        rows = self._package.log.get(card.id, [])
        for index, row in enumerate(rows):
            if row.id not in own:
                known = next((row.id - shift for shift in range(1, _FARTHEST_SHIFT) if row.id - shift in own), row.id)
                rows[index] = row._replace(id=known)

    @cached_property
    def _shifted_rows(self) -> dict[int, set[int]]:
        """The ids of the log of each card whose note went to Anki as another kind."""
        found: dict[int, set[int]] = defaultdict(set)
        rows = self._collection.connection.execute(
            "SELECT r.card, r.id FROM reviews r JOIN cards c ON c.id = r.card"
            " JOIN exported_notes e ON e.note = c.note WHERE e.shifted > 0"
        )
        for card, row in rows:
            found[card].add(row)
        return found

    def _match_cards(self, notes: Iterable[PlacedNote]) -> Iterable[MatchedCard]:
        """Yield each card of the package that is here."""
        rows = self._collection.connection.execute("SELECT note, slot, id, deck FROM cards")
        here = {(note, slot): (card, deck) for note, slot, card, deck in rows}
        by_guid = {note.guid: note.id for note in self._package.notes}
        for draft, note in notes:
            slots = dict(draft.cards)
            for card in self._package.cards[by_guid[draft.source]]:
                # Anki keeps a card whose gap is gone; its reviews belong to the card that had the gap here.
                found = here.get((note, slots.get(card.ord) or f"c{card.ord + 1}"))
                if found:
                    yield MatchedCard(card, *found)

    def _find_leeches(self, matched: Iterable[MatchedCard]) -> set[int]:
        """Find, for each note that is tagged as a leech, its leeches here or else the card that lapsed most."""
        here = {card for (card,) in self._collection.connection.execute("SELECT id FROM cards WHERE leech = 1")}
        known = [card for card, ours, _ in matched if ours in here]
        found, notes = {card.id for card in known}, {card.note for card in known}
        for note in self._package.notes:
            if note.id not in notes and any(tag.lower() == LEECH_TAG for tag in note.tags):
                worst = max(self._package.cards[note.id], key=lambda card: card.lapses, default=None)
                if worst and worst.lapses:
                    found.add(worst.id)
        return found

    def _find_model(self, deck: int) -> Model:
        if deck not in self._models:
            names = self._collection.catalog.deck_names()
            front_matter = self._collection.catalog.deck_settings()
            for number, name in names.items():
                policy = self._settings.policy_for(name, front_matter.get(name, {}))
                self._models[number] = self._collection.store.model(policy.parameters)
        return self._models[deck]
