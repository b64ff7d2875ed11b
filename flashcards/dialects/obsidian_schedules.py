"""Read the schedules of Obsidian's spaced repetition plugin: in comments beside its cards, or in its data file.

What is stored outside of the notes lies in the plugin's `data.json` or in a file of the vault, by a hash of each card's
text: `{"cardSchedules": {"c4ddf78ff81fe": [{"dueDate": "2026-12-16", "interval": 51, "ease": 230}]}}`.
"""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import zip_longest
from typing import Any, Final

from flashcards.deck.model import StatedSchedule

Schedules = tuple[StatedSchedule | None, ...]
"""What is said of the cards of one note, in order; nothing means a new card."""

_LOWEST_EASE: Final = 130
_HIGHEST_EASE: Final = 370
_FARTHEST: Final = 36_500.0  # days
_NEW: Final = date(2000, 1, 1)
_REVIEW: Final = 2
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_PLAIN_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_YEAR_FIRST: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_DAY_FIRST: Final = re.compile(r"(\d{1,2})-(\d{1,2})-(\d{4})")
_IN_WORDS: Final = re.compile(r"[A-Za-z]{3} ([A-Za-z]{3}) (\d{1,2}) (\d{4})")
# Of opened ones that nothing closes the last counts.
_COMMENT: Final = re.compile(r"[ \t]?<!--SR:((?:[^<\n-]++|<(?!!--)|-(?!->))*+)-->")
_BLOCK: Final = re.compile(r"```json\s*(.*?)\s*^```", re.DOTALL | re.MULTILINE)
_WORD: Final = 0xFFFFFFFF


def cut_schedules(line: str) -> tuple[str, list[str]]:
    """Return a line without its schedule comments, and what each comment holds."""
    if "<!--SR:" not in line:
        return line, []
    parts = _COMMENT.split(line)
    return "".join(parts[::2]), parts[1::2]


def read_schedules(comment: str) -> tuple[Schedules, bool]:
    """Read what a comment says of the cards of one note, in order; nothing means a new card.

    Returns also whether every part of it could be read; one that cannot is a new card.
    """
    found: list[StatedSchedule | None] = []
    is_readable = True
    for part in comment.split("!"):
        if not part or part.isspace():
            continue
        try:
            found.append(_read_part(part.split(",")))
        except (ValueError, OverflowError, IndexError):
            found.append(None)
            is_readable = False
    return tuple(found), is_readable


def read_stored(data: Mapping[str, Any]) -> dict[str, Schedules]:
    """Read the schedules that a `data.json`, or a file like it, stores by the hashes of cards."""
    stored: dict[str, Schedules] = {}
    for holder in (data, data.get("scheduleState"), data.get("scheduleData")):
        cards = holder.get("cardSchedules") if isinstance(holder, dict) else None
        for key, values in cards.items() if isinstance(cards, dict) else ():
            if isinstance(values, list):
                name = key.rpartition("::")[2]  # earlier keys begin with the path of the note
                stored[name] = choose_later(stored.get(name, ()), tuple(map(_read_value, values)))
    return stored


def read_stored_file(text: str) -> dict[str, Schedules]:
    """Read the schedules of a Markdown file that holds them as a block of JSON."""
    match = _BLOCK.search(text)
    try:
        data = json.loads(match[1]) if match else None
    except (ValueError, RecursionError):
        return {}
    return read_stored(data) if isinstance(data, dict) else {}


def _read_value(value: Any) -> StatedSchedule | None:
    if not isinstance(value, dict):
        return None
    names: tuple[str, ...] = ("dueDate", "interval", "ease")
    if "stability" in value:
        names = ("dueDate", "interval", "stability", "difficulty", "state", "reps", "lapses", "learningSteps")
    fields = [str(value.get(name, 0)) for name in names]
    try:
        if "stability" in value:
            return _read_fsrs([*fields, str(value.get("lastReview") or "-")])
        return _read_sm2(fields)
    except (ValueError, OverflowError):
        return None


def choose_later(first: Schedules, second: Schedules) -> Schedules:
    """Return of each card the schedule of the later review; of the same day, that of `second`."""

    def choose(a: StatedSchedule | None, b: StatedSchedule | None) -> StatedSchedule | None:
        return a if b is None or (a is not None and a.last[:10] > b.last[:10]) else b

    return tuple(choose(a, b) for a, b in zip_longest(first, second))


def find_stored(stored: Mapping[str, Schedules], texts: Iterable[str]) -> Schedules:
    """Return what is stored for the first of `texts`, spellings of a card with its tags, for which anything is."""
    bare = ("\n".join(map(_cut_from_first_to_last, text.split("\n"))).rstrip() for text in texts)
    found = (stored.get(hash_text(text)) for text in bare)
    return next((each for each in found if each), ())


def _cut_from_first_to_last(line: str) -> str:
    """Return a line without all that lies from its first comment to the end of its last, as the plugin does."""
    start, end = line.find("<!--SR:"), line.rfind("-->")
    return line[:start] + line[end + 3 :] if 0 <= start < end - len("<!--SR:") else line


def hash_text(text: str) -> str:
    """Return the hash by which the plugin knows a card: cyrb53 of its UTF-16, in hexadecimal digits."""
    first, second = 0xDEADBEEF, 0x41C6CE57
    for unit in array("H", text.encode("utf-16-le", "surrogatepass")):
        first = (first ^ unit) * 2654435761 & _WORD
        second = (second ^ unit) * 1597334677 & _WORD
    first = ((first ^ first >> 16) * 2246822507 & _WORD) ^ ((second ^ second >> 13) * 3266489909 & _WORD)
    second = ((second ^ second >> 16) * 2246822507 & _WORD) ^ ((first ^ first >> 13) * 3266489909 & _WORD)
    return format((second & 0x1FFFFF) << 32 | first, "x")


def _read_part(fields: list[str]) -> StatedSchedule | None:
    return _read_fsrs([field.strip() for field in fields[1:]]) if fields[0].strip() == "fsrs" else _read_sm2(fields)


def _read_sm2(fields: list[str]) -> StatedSchedule | None:
    due = _read_date(fields[0].strip())
    if due == _NEW:
        return None
    interval, ease = _number(fields[1]), _number(fields[2])
    days = max(1, round(interval))
    last = due - timedelta(days)
    stability = min(max(0.1, interval), _FARTHEST)
    return StatedSchedule(str(due), str(last), days, stability, _difficulty(ease), _REVIEW)


def _difficulty(ease: float) -> float:
    """Convert an ease as the plugin does: 130 is a difficulty of 10, 370 is one of 1."""
    ease = min(max(ease, _LOWEST_EASE), _HIGHEST_EASE)
    return 10 - 9 * (ease - _LOWEST_EASE) / (_HIGHEST_EASE - _LOWEST_EASE)


def _read_fsrs(fields: list[str]) -> StatedSchedule | None:
    due, interval, stability, difficulty, state, reps, lapses, _steps, last = fields[:9]
    if due == "-" or last == "-":
        return None
    due_at, last_at = _read_instant(due), _read_instant(last)
    stage = int(_number(state))
    if stage not in (1, 2, 3):
        return None
    return StatedSchedule(
        due=due_at.isoformat(),
        last=last_at.isoformat(),
        interval=max(0, round(_number(interval))),
        stability=min(max(0.001, _number(stability)), _FARTHEST),
        difficulty=min(max(1.0, _number(difficulty)), 10.0),
        state=stage,
        reps=max(1, int(_number(reps))),
        lapses=max(0, int(_number(lapses))),
    )


def _number(text: str) -> float:
    value = float(text)
    if not -10 * _FARTHEST <= value <= 10 * _FARTHEST:  # or no number at all
        raise ValueError(text)
    return value


def _read_instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    _check_year(at)
    return at


@lru_cache(4096)
def _read_date(text: str) -> date:
    if _PLAIN_DATE.fullmatch(text):
        found = date.fromisoformat(text)
    elif match := _YEAR_FIRST.fullmatch(text):
        found = date(int(match[1]), int(match[2]), int(match[3]))
    elif match := _DAY_FIRST.fullmatch(text):
        found = date(int(match[3]), int(match[2]), int(match[1]))
    elif match := _IN_WORDS.fullmatch(text):
        found = date(int(match[3]), _MONTHS.index(match[1].lower()) + 1, int(match[2]))
    else:
        raise ValueError(text)
    _check_year(found)
    return found


def _check_year(found: date) -> None:
    if not 1980 <= found.year <= 2200:
        raise ValueError(found.isoformat())
