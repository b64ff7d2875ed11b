"""Import a review log as CSV: card, rating, time, and optionally duration."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from flashcards.cards import find_only_card
from flashcards.collection import Collection, now_ms
from flashcards.importers.databases import check_instant, check_match, check_number, read_local_time
from flashcards.importers.transaction import ImportInvalid, ImportReport, Malformed, Remark, merge_histories, run_import
from scheduler.answer import Moment, apply_rating, compute_outcome, decide_leech
from scheduler.log import CardHistory, ImportedReview, ImportedState, advance, fold_log, read_reviews
from scheduler.model import Rating, Review, ReviewKind

if TYPE_CHECKING:
    from flashcards.disk.journal import Journal

_NAMES: Final = {
    "card": ("card", "card_id"),
    "rating": ("rating", "review_rating"),
    "time": ("time", "review_time"),
    "duration": ("duration", "review_duration"),
}
_RATINGS: Final = {str(int(rating)): rating for rating in Rating} | {rating.name.lower(): rating for rating in Rating}
_RATING: Final = re.compile("|".join(_RATINGS))
_NAME: Final = re.compile(r"[^\x00-\x1f\x7f]{1,4096}")
_DURATION: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{0,20})?")
_LONGEST_MS: Final = 86_400_000
_EPOCH: Final = re.compile(r"[0-9]{9,14}")
_MILLISECONDS: Final = 100_000_000_000  # a larger epoch time is in milliseconds
_REMEDY: Final = "Nothing was changed; each line needs card,rating,time,duration, and the first one their names."
_SHOWN: Final = 20
_LONGEST_LINE: Final = 1 << 20  # characters; longer lines are split


class _Line(NamedTuple):
    at_ms: int
    rating: Rating
    duration_ms: int


def import_csv(collection: Collection, path: Path, *, dry_run: bool = False) -> ImportReport:
    """Import the reviews listed in a file; each changes its card as if made in flashcards.

    A card is given as an id, a prefix of one, or `path:line`; a rating by its number or name. A time is in ISO 8601
    (local without an offset) or in epoch seconds or milliseconds, a duration in milliseconds. Raises ImportInvalid if a
    line cannot be read.
    """
    report = ImportReport(path.name)
    by_card: dict[int, list[_Line]] = defaultdict(list)
    cards: dict[str, int | None] = {}
    for name, line in _read_lines(path):
        if name not in cards:
            cards[name] = find_only_card(collection, name)
        card = cards[name]
        if card is not None:
            by_card[card].append(line)
    unknown = [name for name, card in cards.items() if card is None]
    for name in unknown[:_SHOWN]:
        report.remarks.append(Remark(path.name, f"`{name}` is not a card, or several; its reviews were left out."))
    if len(unknown) > _SHOWN:
        report.remarks.append(Remark(path.name, f"{len(unknown) - _SHOWN:,} more cards were not found."))
    histories = [_make_history(collection, card, lines) for card, lines in by_card.items()]

    def bring_in(_journal: Journal) -> bool:
        merge_histories(collection, histories, report)
        return False

    return run_import(collection, report, bring_in, dry_run=dry_run)


def _read_lines(path: Path) -> Iterator[tuple[str, _Line]]:
    now = now_ms()
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(iter(partial(file.readline, _LONGEST_LINE), ""), strict=True)
            columns = _find_columns(next(reader, []))
            if columns is None:
                raise ImportInvalid(path, "its first line must name the columns card, rating and time", _REMEDY)
            for row in reader:
                if any(row):
                    try:
                        yield _read_line(row, columns, now)
                    except Malformed as error:
                        raise ImportInvalid(path, f"in line {reader.line_num}, {error}", _REMEDY) from error
    except csv.Error as error:
        raise ImportInvalid(path, f"line {reader.line_num} is not CSV", _REMEDY) from error
    except UnicodeDecodeError as error:
        raise ImportInvalid(path, "it is not CSV in UTF-8", _REMEDY) from error


def _find_columns(header: list[str]) -> dict[str, int] | None:
    names = [name.strip().lower() for name in header]
    found = {what: names.index(name) for what, known in _NAMES.items() for name in known if name in names}
    return found if {"card", "rating", "time"} <= found.keys() else None


def _read_line(row: list[str], columns: Mapping[str, int], now: int) -> tuple[str, _Line]:
    if len(row) <= max(columns.values()):
        raise Malformed(f"there are {len(row)} values, fewer than in the first line")
    values = {what: row[column].strip() for what, column in columns.items()}
    rating = _RATINGS[check_match("rating", values["rating"].lower(), _RATING)]
    duration = check_match("duration", values.get("duration") or "0", _DURATION)
    at_ms = _read_time(values["time"], now)
    line = _Line(at_ms, rating, round(check_number("duration", float(duration), _LONGEST_MS, 0)))
    return check_match("card", values["card"], _NAME), line


def _read_time(text: str, now: int) -> int:
    if not _EPOCH.fullmatch(text):
        return read_local_time("time", text, now)
    value = int(text)
    return check_instant("time", value if value >= _MILLISECONDS else value * 1000, now, text)


def _make_history(collection: Collection, card_id: int, lines: list[_Line]) -> CardHistory:
    """Compute the effects of a card's reviews, except existing ones."""
    store, clock = collection.store, collection.clock
    policy = collection.policy(store.card(card_id).deck)
    log: list[Review] = read_reviews(collection.connection, card_id)
    known = {row.id for row in store.log(card_id, include_voided=True)}
    past: list[ImportedReview] = []
    card = fold_log(store.card(card_id), ())
    model, load = store.model(policy.parameters), None
    # The same rating at the same instant is one review, with the longest duration.
    for line in sorted({(line.at_ms, line.rating): line for line in sorted(lines)}.values()):
        while log and log[0].id <= line.at_ms:
            card = advance(card, [log.pop(0)])
        if line.at_ms in known:
            continue
        moment = Moment(line.at_ms, clock.day(line.at_ms), clock.offset_minutes(line.at_ms))
        if load is None or load.today != moment.day:  # nothing is written meanwhile
            load = store.load(card, policy, line.at_ms)
        outcome = compute_outcome(card, line.rating, policy, line.at_ms, clock, model, load)
        leech = decide_leech(card, line.rating, policy)
        after = apply_rating(card, line.rating, outcome, leech, moment)
        states = (card.state, after.state, card.interval, after.interval)
        past.append(ImportedReview(line.at_ms, ReviewKind.RATING, line.rating, line.duration_ms, *states))
        card = after
    card = advance(card, log)
    return CardHistory(card_id, past, ImportedState.of_card(card, card.last_ms or 0))
