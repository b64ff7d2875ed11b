"""Fit the FSRS parameters of a collection or of single decks to its reviews."""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from flashcards.catalog.imports import write_together
from flashcards.collection import Collection, now_ms
from flashcards.disk.atomic import read_file
from flashcards.disk.journal import Journal
from flashcards.settings import FILE_NAME, parse_settings
from flashcards.settings.file import edit_parameters
from flashcards.settings.values import read_setting
from flashcards.text import list_deck_path
from scheduler.clock import count_days
from scheduler.connection import transaction
from scheduler.fit import Fit, TooFewReviews, build_training_set, fit
from scheduler.intervals import find_moves
from scheduler.log_arrays import Ints, LogColumns, Mask, look_up, read_card_columns, read_log
from scheduler.memory import fill_parameters
from scheduler.replay import read_stated_memories

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from scheduler.policy import Policy

LEAST_GAIN = 0.001
"""The smallest gain in log loss for which a deck gets its own parameters."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Decks fitted together, and the result."""

    deck: str  # a deck and its subdecks; empty means all decks without their own parameters
    reviews: int  # the number of reviews available
    fit: Fit | None  # the result; None if there were too few reviews
    own: bool = False  # whether the deck already has its own parameters

    @property
    def is_better(self) -> bool:
        """Return whether the fitted parameters should replace the current ones."""
        if self.fit is None or not self.fit.is_better:
            return False
        return not self.deck or self.own or self.fit.current.log_loss - self.fit.chosen_figures.log_loss >= LEAST_GAIN


def fit_all(collection: Collection) -> list[Scope]:
    """Fit each set of parameters in the settings to the reviews of its decks.

    The collection's parameters come first, then those of single decks. Decks with equal parameters, as after an import
    of Anki's presets, are fitted together. Parameters in front matter are left alone.
    """
    log, decks = _read_log(collection)
    holders = _find_holders(collection)
    others = [deck for deck, holder in holders.items() if holder != ""]
    common = collection.settings.policy.parameters
    found = [_fit_scope(collection, "", log, decks, ~np.isin(decks, others), common)]
    groups: dict[tuple[float, ...], list[str]] = defaultdict(list)
    for name, table in collection.settings.decks.items():
        if name in holders.values():
            groups[table["parameters"]].append(name)
    for parameters, names in groups.items():
        inside = [deck for deck, holder in holders.items() if holder in names]
        scope = _fit_scope(collection, names[0], log, decks, np.isin(decks, inside), parameters)
        found += [replace(scope, deck=name, own=True) for name in names]
    return found


def fit_decks(collection: Collection, parameters: tuple[float, ...]) -> list[Scope]:
    """Fit each top-level deck without its own parameters, and compare the result with the collection's."""
    log, decks = _read_log(collection)
    holders = _find_holders(collection)
    heads: dict[str, list[int]] = defaultdict(list)
    for name, number in collection.catalog.decks().items():
        if holders.get(number) == "":
            heads[name.partition("::")[0]].append(number)
    return [
        _fit_scope(collection, head, log, decks, np.isin(decks, inside), parameters)
        for head, inside in sorted(heads.items())
    ]


def apply_parameters(collection: Collection, scopes: Sequence[Scope], *, reschedule: bool) -> tuple[int, int]:
    """Write the parameters and recompute memory states (due days, too, with `reschedule`); count both changes."""
    values = {scope.deck: list(scope.fit.parameters) for scope in scopes if scope.fit and scope.is_better}
    journal = Journal(collection.root, collection.import_folder)
    path = collection.root / FILE_NAME
    recomputed = moved = 0

    def finish() -> None:
        if values or recomputed or moved:
            collection.record_act("parameters of FSRS", journal.waiting_files)

    with write_together(collection.connection, journal, "optimize", now_ms(), finish):
        if values:
            before = read_file(path) if path.exists() else None
            after = edit_parameters(before or b"", values)
            journal.stage_bytes(FILE_NAME, after, before)
            collection.settings = parse_settings(after, collection.settings.inherited)
            collection.forget_policies()
        recomputed = collection.update_memory_states()
        if reschedule:
            moves = find_moves(collection.store, collection.policy)
            moved = collection.store.reschedule({move.card: move.after for move in moves}, now_ms())
    return recomputed, moved


@contextmanager
def preview_parameters(collection: Collection, scopes: Sequence[Scope]) -> Iterator[Callable[[int], Policy]]:
    """Recompute memory states with better parameters until the block ends; yields each deck's settings then."""
    names = collection.catalog.deck_names()
    holders = _find_holders(collection)
    fitted = {scope.deck: scope.fit.parameters for scope in scopes if scope.fit and scope.is_better}

    def policy_of(deck: int) -> Policy:
        policy, holder = collection.policy(deck), holders.get(deck)
        parameters = None if holder is None else fitted.get(holder)
        if holder == "":
            parameters = fitted.get(names[deck].partition("::")[0], parameters)
        return policy._replace(parameters=parameters) if parameters else policy

    with suppress(_OnlyALook), transaction(collection.connection):
        collection.store.repair(lambda deck: policy_of(deck).parameters)
        yield policy_of
        raise _OnlyALook


class _OnlyALook(Exception):
    """Raised to roll the transaction back."""


def _find_holders(collection: Collection) -> dict[int, str | None]:
    """Find the table of `flashcards.toml` that sets each deck's parameters: a deck, "" for the top one, or nothing."""
    front_matter = collection.catalog.deck_settings()
    found: dict[int, str | None] = {}
    for name, number in collection.catalog.decks().items():
        tables = (
            deck for deck in reversed(list_deck_path(name)) if "parameters" in collection.settings.decks.get(deck, {})
        )
        is_own = read_setting("parameters", front_matter.get(name, {}).get("parameters")) is not None
        found[number] = None if is_own else next(tables, "")
    return found


def _read_log(collection: Collection) -> tuple[LogColumns, Ints]:
    """Read the log, and the deck of each row's card."""
    log = read_log(collection.connection)
    cards, decks = read_card_columns(collection.connection, ("id", "deck"))
    return log, look_up(cards, decks, log.card)


def _fit_scope(
    collection: Collection,
    deck: str,
    log: LogColumns,
    decks: Ints,
    chosen: Mask,
    current: tuple[float, ...],
) -> Scope:
    ignored = np.zeros_like(decks)
    for each in collection.deck_policies:
        if each.policy.ignore_reviews_before:
            day = count_days(date.fromisoformat(each.policy.ignore_reviews_before))
            ignored[decks == each.id] = collection.clock.start_of(day)
    log = log.where(chosen)
    reviews = build_training_set(log, read_stated_memories(collection.connection, log), ignored[chosen])
    try:
        return Scope(deck, len(reviews), fit(reviews, fill_parameters(current)))
    except TooFewReviews:
        return Scope(deck, len(reviews), None)
