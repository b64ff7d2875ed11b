"""The database of hashcards: reviews of cards that it names by a hash of their text."""

from __future__ import annotations

import datetime
import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from flashcards.importers.foreign import check_integer, check_match, open_database, read_date, read_local_time
from flashcards.importers.hashcards_files import read_hashcards_file
from flashcards.importers.hashed_cards import (
    CARD_COLUMNS,
    HASH,
    LONGEST_DAYS,
    MOST_REVIEWS,
    HashingProgram,
    KnownCard,
    KnownReview,
    read_memory,
    read_rows,
)
from flashcards.importers.transaction import Malformed
from scheduler.model import DAY_SECONDS, Rating

if TYPE_CHECKING:
    from scheduler.clock import Clock

_GRADES: Final = {"forgot": Rating.AGAIN, "hard": Rating.HARD, "good": Rating.GOOD, "easy": Rating.EASY}
_EPOCH_ORDINAL: Final = datetime.date(1970, 1, 1).toordinal()
_REVIEW_COLUMNS: Final = "card_hash, reviewed_at, grade, interval_days"
_GRADE: Final = re.compile("|".join(_GRADES))
_REMEDY: Final = "Nothing was changed; name the `hashcards.db` that lies beside the decks."


def _read_database(path: Path, _clock: Clock) -> tuple[dict[str, KnownCard], dict[str, list[KnownReview]]]:
    """Read the cards of hashcards and their reviews, by their hashes.

    Raises:
        ImportInvalid: it is another database, is damaged, or a row in it has an impossible value.
    """
    reviews: dict[str, list[KnownReview]] = defaultdict(list)
    with open_database(path, "hashcards", ("cards", "reviews"), _REMEDY) as database:
        cards = dict(read_rows(database, "cards", CARD_COLUMNS, _read_card))
        for name, review in read_rows(database, "reviews", _REVIEW_COLUMNS, _read_review):
            if name not in cards:
                raise Malformed(f"its `reviews` name a card that is not there: {name[:16]}…")
            reviews[name].append(review)
    for log in reviews.values():
        log.sort(key=lambda review: review.at_ms)
    return cards, reviews


def _read_card(now: int, values: Sequence[Any]) -> tuple[str, KnownCard]:
    name = check_match("card_hash", values[0], HASH)
    count = check_integer("review_count", values[6], MOST_REVIEWS)
    at, stability, difficulty, interval, due = values[1:6]
    if count == 0 and at is None:
        return name, KnownCard(None, None, 0, 0, None)
    reviewed = read_local_time("last_reviewed_at", at, now)
    memory = read_memory(stability, difficulty)
    latest = datetime.date.fromordinal(_EPOCH_ORDINAL + reviewed // (DAY_SECONDS * 1000) + LONGEST_DAYS + 1)
    due_day = read_date("due_date", due, latest).toordinal() - _EPOCH_ORDINAL
    return name, KnownCard(reviewed, due_day, check_integer("interval_days", interval, LONGEST_DAYS), count, memory)


def _read_review(now: int, values: Sequence[Any]) -> tuple[str, KnownReview]:
    name, at, grade, interval = values
    check_match("card_hash", name, HASH)
    rating = _GRADES[check_match("grade", grade, _GRADE)]
    at_ms = read_local_time("reviewed_at", at, now)
    return name, KnownReview(at_ms, rating, check_integer("interval_days", interval, LONGEST_DAYS))


HASHCARDS: Final = HashingProgram("hashcards", read_hashcards_file, _read_database)
