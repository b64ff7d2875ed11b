"""Which settings order a session over the cards of several decks."""

from __future__ import annotations

import json
from itertools import takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flashcards.collection import Collection
    from scheduler.policy import Policy

_DECKS = "SELECT DISTINCT deck FROM cards WHERE active = 1"
_DECKS_OF = "SELECT DISTINCT deck FROM cards WHERE id IN (SELECT value FROM json_each(?))"


def ordering(collection: Collection, only: frozenset[int] | None = None) -> Policy:
    """The settings that order a session over `only` these cards (None is all).

    Those of the deck that holds them all; of several decks, of the nearest one above all of these; without one, those
    of the collection.
    """
    common = collection.settings.policy
    if all(_order(limit.policy) == _order(common) for limit in collection.limits):
        return common
    names = {number: name for name, number in collection.catalog.decks().items()}
    rows = collection.connection.execute(
        _DECKS if only is None else _DECKS_OF, () if only is None else (json.dumps(list(only)),)
    )
    paths = [names[deck].split("::") for (deck,) in rows if deck in names]
    shared = takewhile(lambda parts: len(set(parts)) == 1, zip(*paths, strict=False))
    nearest = "::".join(parts[0] for parts in shared)
    policies = {names[limit.deck]: limit.policy for limit in collection.limits if limit.deck in names}
    return policies.get(nearest, common)


def _order(policy: Policy) -> tuple[str, str]:
    return policy.review_order, policy.new_mix
