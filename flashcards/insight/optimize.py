"""Fitting the parameters of a collection, or of single decks, to its own reviews."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

import numpy as np

from flashcards.settings_edit import write_settings
from scheduler.columns import LogColumns, read_log
from scheduler.connection import transaction
from scheduler.fit import LEAST_REVIEWS, Fit, TooFewReviews, fit
from scheduler.memory import filled
from scheduler.replay import stated_memories
from scheduler.training import training_set

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from flashcards.collection import Collection
    from scheduler.policy import Policy

LEAST_GAIN = 0.001
"""In log loss: a deck gets parameters of its own only if they predict it so much better than those of all decks."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What was fitted together: a deck with those below it, or, with an empty name, all decks; and what came of it.

    `fit` is None where there were too few reviews. `wanted` says whether the parameters are to be written.
    """

    deck: str
    reviews: int
    fit: Fit | None

    @property
    def wanted(self) -> bool:
        """Whether other parameters than the present ones are to be taken."""
        if self.fit is None or not self.fit.better:
            return False
        return not self.deck or self.fit.present.log_loss - self.fit.chosen.log_loss >= LEAST_GAIN


def fit_all(collection: Collection) -> Scope:
    """Fit the collection's parameters to the reviews of all decks that have none of their own.

    Raises:
        TooFewReviews: there are less than `LEAST_REVIEWS`.
    """
    log, decks = _log(collection)
    own = {limit.deck for limit in collection.limits if limit.policy.parameters != _common(collection)}
    return _scope(collection, "", log, decks, ~np.isin(decks, list(own)), _common(collection))


def fit_decks(collection: Collection, parameters: tuple[float, ...]) -> list[Scope]:
    """Fit each top-level deck by itself, and compare with `parameters`, those of all decks together."""
    log, decks = _log(collection)
    names = {number: name for name, number in collection.catalog.decks().items()}
    found = []
    for head in sorted({name.partition("::")[0] for name in names.values()}):
        inside = [number for number, name in names.items() if name.partition("::")[0] == head]
        try:
            found.append(_scope(collection, head, log, decks, np.isin(decks, inside), parameters))
        except TooFewReviews as error:
            found.append(Scope(head, error.reviews, None))
    return found


def write(collection: Collection, scopes: list[Scope]) -> None:
    """Write the parameters that are wanted into the settings."""
    values = {scope.deck: list(scope.fit.parameters) for scope in scopes if scope.fit and scope.wanted}
    if values:
        write_settings(collection.root, "parameters", values)


@contextmanager
def previewed(collection: Collection, scopes: Sequence[Scope]) -> Iterator[Callable[[int], Policy]]:
    """Let the memory states be for a while what the wanted parameters make of them; yields each deck's settings then.

    In the end everything is as it was.
    """
    names = {number: name for name, number in collection.catalog.decks().items()}
    fitted = {scope.deck: scope.fit.parameters for scope in scopes if scope.fit and scope.wanted}

    def policy_of(deck: int) -> Policy:
        policy = collection.policy(deck)
        common = fitted.get("") if policy.parameters == _common(collection) else None
        parameters = fitted.get(names[deck].partition("::")[0]) or common
        return replace(policy, parameters=parameters) if parameters else policy

    with suppress(_OnlyALook), transaction(collection.connection):
        collection.store.rebuild(lambda deck: policy_of(deck).parameters, apply=True)
        yield policy_of
        raise _OnlyALook


class _OnlyALook(Exception):
    """Takes the transaction back."""


def _common(collection: Collection) -> tuple[float, ...]:
    return collection.settings.policy.parameters


def _log(collection: Collection) -> tuple[LogColumns, NDArray[np.int64]]:
    """The log, and the deck of each row's card."""
    log = read_log(collection.connection)
    rows = collection.connection.execute("SELECT id, deck FROM cards ORDER BY id").fetchall()
    cards = np.array([row[0] for row in rows], dtype=np.int64)
    decks = np.array([row[1] for row in rows], dtype=np.int64)
    return log, decks[np.searchsorted(cards, log.card)] if cards.size else np.zeros(0, dtype=np.int64)


def _scope(
    collection: Collection,
    deck: str,
    log: LogColumns,
    decks: NDArray[np.int64],
    chosen: NDArray[np.bool_],
    present: tuple[float, ...],
) -> Scope:
    ignored = np.zeros_like(decks)
    for limit in collection.limits:
        if limit.policy.ignore_reviews_before:
            ignored[decks == limit.deck] = _instant_ms(collection, limit.policy.ignore_reviews_before)
    log = log.where(chosen)
    reviews = training_set(log, stated_memories(collection.connection, log), ignored[chosen])
    return Scope(deck, len(reviews), fit(reviews, filled(present)))


def _instant_ms(collection: Collection, text: str) -> int:
    day = (date.fromisoformat(text) - datetime(1970, 1, 1).date()).days  # noqa: DTZ001 - a date alone
    return collection.clock.start_of(day)


__all__ = ["LEAST_GAIN", "LEAST_REVIEWS", "Scope", "fit_all", "fit_decks", "previewed", "write"]
