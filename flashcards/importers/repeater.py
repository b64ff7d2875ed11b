"""repeater: its parser for decks, and its database with the state of each card and few reviews.

Only sessions that an agent drives are logged, for a month. A card is identified by the BLAKE3 hash of its lines, in
lower case and with single spaces. Further gaps of a cloze are identified by the same text and their number. Older
versions had one card per cloze, the first gap.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from flashcards.importers import hashing_programs as hashing
from flashcards.importers.databases import check_integer, check_match, list_tables, open_database, read_local_time
from scheduler.model import Rating

if TYPE_CHECKING:
    from scheduler.clock import Clock

_REMEDY: Final = "Nothing was changed; name the `cards.db` in the data folder of repeater."
_SPACES: Final = re.compile(f"[{hashing.WHITE_SPACE}]+")
_GAP: Final = re.compile(r"\[([^\]]*)\]")
_DAY_MS: Final = 86_400_000
_LOG: Final = "drill_reviews"
_LOG_COLUMNS: Final = "card_hash, state, review_result, marked_at, interval_days, resulting_review_count"
_RATINGS: Final = {"fail": Rating.AGAIN, "pass": Rating.GOOD}
_RESULT: Final = re.compile("|".join(_RATINGS))


def read_repeater_file(text: str) -> Iterator[hashing.HashedCard]:
    """Yield the cards of a deck file, skipping text that repeater would refuse."""
    start = 0
    lines: list[str] = []
    for number, line in enumerate(text.split("\n"), start=1):
        begins = line.startswith(("Q:", "C:"))
        if begins or (line.startswith("---") and _normalize(lines)):
            yield from _finish(start, lines)
            start, lines = (number, []) if begins else (0, [])
        if start:
            lines.append(line)
    yield from _finish(start, lines)


def _normalize(lines: Sequence[str]) -> str:
    return _SPACES.sub(" ", "\n".join(lines).lower()).strip(hashing.WHITE_SPACE)


def _finish(line: int, lines: Sequence[str]) -> Iterator[hashing.HashedCard]:
    text = _normalize(lines)
    if text.startswith("q:"):
        question, answer = _split_answer(lines)
        if question and answer:
            yield hashing.HashedCard(line, hashing.hash_bytes(text.encode()), "Q", 0, question, answer)
    elif text:
        shown = "\n".join(lines)[2:]
        # Without the end, no bracket is searched for a partner that does not exist.
        for place, gap in enumerate(_GAP.finditer(shown[: shown.rfind("]") + 1])):
            name = hashing.hash_bytes((f"{text}\0cloze{place}" if place else text).encode())
            yield hashing.HashedCard(line, name, "C", place, gap[1])


def _split_answer(lines: Sequence[str]) -> tuple[str, str]:
    parts: dict[str, list[str]] = {"Q": [], "A": []}
    marker = "Q"
    for line in lines:
        stripped = line.strip(hashing.WHITE_SPACE)
        if stripped[:2] in ("Q:", "A:"):
            marker, stripped = stripped[0], stripped[2:]
            parts[marker].clear()
        parts[marker].append(stripped)
    return "\n".join(parts["Q"]).strip(hashing.WHITE_SPACE), "\n".join(parts["A"]).strip(hashing.WHITE_SPACE)


def is_repeater(path: Path) -> bool:
    """Return whether a database has the cards of repeater but not the reviews of hashcards."""
    names = list_tables(path)
    return "cards" in names and not {"reviews", "notes", "sessions"} & names


def _read_database(
    path: Path, clock: Clock
) -> tuple[dict[str, hashing.KnownCard], dict[str, list[hashing.KnownReview]]]:
    """Read repeater's data about its cards, by hash; raise ImportInvalid."""
    tables = ("cards", _LOG) if _LOG in list_tables(path) else ("cards",)
    with open_database(path, "repeater", tables, _REMEDY) as database:
        cards = hashing.read_cards(database, lambda now, row: _read_card(now, row, clock))
        found = list(hashing.read_rows(database, _LOG, _LOG_COLUMNS, _read_review)) if _LOG in tables else []
    return cards, hashing.group_reviews((name, review) for name, review in found if review and name in cards)


def _read_review(now: int, values: Sequence[Any]) -> tuple[str, hashing.KnownReview | None]:
    name, status, result, at, interval, number = values
    check_match("card_hash", name, hashing.HASH)
    if status != "marked":
        return name, None
    rating = _RATINGS[check_match("review_result", result, _RESULT)]
    days = check_integer("interval_days", interval, hashing.LONGEST_DAYS)
    count = check_integer("resulting_review_count", number, hashing.MOST_REVIEWS)
    return name, hashing.KnownReview(read_local_time("marked_at", at, now), rating, days, count)


def _read_card(now: int, row: hashing.CardRow, clock: Clock) -> hashing.KnownCard:
    reviewed = read_local_time("last_reviewed_at", row.last_reviewed_at, now)
    due_ms = read_local_time("due_date", row.due_date, now + hashing.LONGEST_DAYS * _DAY_MS)
    days = check_integer("interval_days", row.interval_days, hashing.LONGEST_DAYS)
    # Later versions store no memory state for cards on steps.
    memory = None if row.stability is None and row.difficulty is None else hashing.read_memory(row)
    if days == 0 and due_ms - reviewed < _DAY_MS:
        return hashing.KnownCard(reviewed, None, days, row.review_count, memory, due_ms)
    return hashing.KnownCard(reviewed, clock.day(due_ms), days, row.review_count, memory)


REPEATER: Final = hashing.HashingProgram("repeater", read_repeater_file, _read_database)
