"""Read what Obsidian's spaced repetition plugin stores: settings that decide which cards a note holds, and schedules.

Schedules are in comments beside the cards. Those stored outside of the notes lie in the plugin's `data.json` or in a
file of the vault, by a hash of each card's text:
`{"cardSchedules": {"c4ddf78ff81fe": [{"dueDate": "2026-12-16", "interval": 51, "ease": 230}]}}`.
"""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache
from itertools import zip_longest
from typing import Any, Final

from flashcards.deck.model import StatedSchedule
from flashcards.disk.paths import matches_glob

HIGHLIGHT: Final = "==[123;;]answer[;;hint]=="
BOLD: Final = "**[123;;]answer[;;hint]**"
CURLY: Final = "{{[123;;]answer[;;hint]}}"

_OLD_SWITCHES: Final = (
    ("convertHighlightsToClozes", True, HIGHLIGHT),
    ("convertBoldTextToClozes", False, BOLD),
    ("convertCurlyBracketsToClozes", False, CURLY),
)
_OLD_NAMES: Final = {
    "singleLineCardSeparator": "singlelineCardSeparator",
    "singleLineReversedCardSeparator": "singlelineReversedCardSeparator",
}


@dataclass(frozen=True, slots=True)
class ObsidianSettings:
    """The settings in the plugin's `data.json`."""

    tags: tuple[str, ...] = ("#flashcards",)  # tags that mark a note's cards as flashcards, with `#`
    ignored_tags: tuple[str, ...] = ()  # tags that exclude a whole note
    ignored_folders: tuple[str, ...] = ("**/*.excalidraw.md",)  # excluded paths or globs
    folders_are_decks: bool = False  # decks come from folders instead of tags
    inline: str = "::"  # the separators within a line
    inline_reversed: str = ":::"
    lines: str = "?"  # the separators on a line of their own
    lines_reversed: str = "??"
    end_marker: str = ""  # the line that ends a card of several lines, or "" for a blank line
    cloze_patterns: tuple[str, ...] = (HIGHLIGHT,)  # patterns such as `==[123;;]answer[;;hint]==`
    schedule_folder: str = "Spaced Repetition"  # the folder of the vault that may hold schedules

    def is_flashcard_tag(self, tag: str) -> bool:
        """Return whether a tag, with its `#`, is a flashcard tag or a subtag of one."""
        return is_in_tags(tag, self.tags)

    def is_ignored(self, path: str) -> bool:
        """Return whether a path within the vault is excluded."""
        return any(path.startswith(folder) or matches_glob(path, folder) for folder in self.ignored_folders if folder)


def is_in_tags(tag: str, tags: tuple[str, ...]) -> bool:
    """Return whether a tag is one of `tags` or a subtag of one."""
    return any(tag == each or tag.startswith(f"{each}/") for each in tags)


def read_data(text: str) -> dict[str, Any]:
    """Read a `data.json`; raise ValueError if it is not a JSON object."""
    try:
        data = json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(data, dict):
        raise ValueError("it is not a JSON object")
    return data


def pick_settings(data: Mapping[str, Any]) -> ObsidianSettings:
    """Return the settings in a `data.json`."""
    given = data.get("settings")
    values: dict[str, Any] = given if isinstance(given, dict) else {}
    default = ObsidianSettings()

    def text_of(name: str, otherwise: str) -> str:
        value = values.get(name, values.get(_OLD_NAMES.get(name, name)))
        return value.strip() if isinstance(value, str) else otherwise

    def texts_of(name: str, otherwise: tuple[str, ...]) -> tuple[str, ...]:
        value = values.get(name)
        if not isinstance(value, list):
            return otherwise
        return tuple(each.strip() for each in value if isinstance(each, str) and each.strip())

    return ObsidianSettings(
        tags=tuple(map(_with_hash, texts_of("flashcardTags", default.tags))),
        ignored_tags=tuple(map(_with_hash, texts_of("flashcardTagsToIgnore", ()))),
        ignored_folders=texts_of("noteFoldersToIgnore", default.ignored_folders),
        folders_are_decks=values.get("convertFoldersToDecks") is True,
        inline=text_of("singleLineCardSeparator", default.inline),
        inline_reversed=text_of("singleLineReversedCardSeparator", default.inline_reversed),
        lines=text_of("multilineCardSeparator", default.lines),
        lines_reversed=text_of("multilineReversedCardSeparator", default.lines_reversed),
        end_marker=text_of("multilineCardEndMarker", ""),
        cloze_patterns=_cloze_patterns(values, texts_of("clozePatterns", ())),
        schedule_folder=text_of("scheduleDataVaultLocation", "").strip("/") or default.schedule_folder,
    )


def pick_scheduling(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the scheduling settings of a `data.json` by our names; midnight is no choice of the user."""
    given = data.get("settings")
    values: dict[str, Any] = given if isinstance(given, dict) else {}
    found: dict[str, Any] = {}
    hour = re.match(r"\s*(\d\d?):", str(values.get("startOfDay")))
    if hour and 1 <= int(hour[1]) <= 23:
        found["rollover"] = int(hour[1])
    retention = values.get("fsrsDesiredRetention")
    if values.get("algorithm") == "FSRS" and isinstance(retention, float) and retention > 0:
        found["retention"] = min(max(retention, 0.7), 0.99)
    return found


def _cloze_patterns(values: dict[str, Any], patterns: tuple[str, ...]) -> tuple[str, ...]:
    """Return the patterns, or those equivalent to the switches of older versions."""
    if isinstance(values.get("clozePatterns"), list):
        return patterns
    if values.get("disableClozeCards") is True and not any(name in values for name, _, _ in _OLD_SWITCHES):
        return ()
    return tuple(pattern for name, default, pattern in _OLD_SWITCHES if values.get(name, default) is True)


def _with_hash(tag: str) -> str:
    return f"#{tag.strip('#/')}"


Schedules = tuple[StatedSchedule | None, ...]
"""The schedules of the cards of one note, in order; None means a new card."""

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
# Of several unclosed comments, the last one counts.
_COMMENT: Final = re.compile(r"[ \t]?<!--SR:((?:[^<\n-]++|<(?!!--)|-(?!->))*+)-->")
_BLOCK: Final = re.compile(r"```json\s*(.*?)\s*^```", re.DOTALL | re.MULTILINE)
_WORD: Final = 0xFFFFFFFF


def cut_schedules(line: str) -> tuple[str, list[str]]:
    """Return a line without its schedule comments, and the contents of each comment."""
    if "<!--SR:" not in line:
        return line, []
    parts = _COMMENT.split(line)
    return "".join(parts[::2]), parts[1::2]


def read_schedules(comment: str) -> tuple[Schedules, bool]:
    """Read a note's schedules in a comment, with nothing for a new card, and whether all could be read."""
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
    """Read the schedules in a `data.json`, or a file like it, by the hashes of cards."""
    stored: dict[str, Schedules] = {}
    for holder in (data, data.get("scheduleState"), data.get("scheduleData")):
        cards = holder.get("cardSchedules") if isinstance(holder, dict) else None
        for key, values in cards.items() if isinstance(cards, dict) else ():
            if isinstance(values, list):
                name = key.rpartition("::")[2]  # earlier keys begin with the path of the note
                stored[name] = choose_later(stored.get(name, ()), tuple(map(_read_value, values)))
    return stored


def read_stored_file(text: str) -> dict[str, Schedules]:
    """Read the schedules of a Markdown file that contains them as a block of JSON."""
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
    """Return for each card the schedule with the later review; on the same day, that of `second`."""

    def choose(a: StatedSchedule | None, b: StatedSchedule | None) -> StatedSchedule | None:
        return a if b is None or (a is not None and a.last[:10] > b.last[:10]) else b

    return tuple(choose(a, b) for a, b in zip_longest(first, second))


def find_stored(stored: Mapping[str, Schedules], texts: Iterable[str]) -> Schedules:
    """Return the stored schedules for the first of `texts`, spellings of a card with its tags, that has any."""
    bare = ("\n".join(map(_cut_from_first_to_last, text.split("\n"))).rstrip() for text in texts)
    found = (stored.get(hash_text(text)) for text in bare)
    return next((each for each in found if each), ())


def _cut_from_first_to_last(line: str) -> str:
    """Return a line without everything from its first comment to the end of its last, as the plugin does."""
    start, end = line.find("<!--SR:"), line.rfind("-->")
    return line[:start] + line[end + 3 :] if 0 <= start < end - len("<!--SR:") else line


def hash_text(text: str) -> str:
    """Return the hash by which the plugin identifies a card: cyrb53 of its UTF-16, in hexadecimal."""
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
    last = date.fromordinal(due.toordinal() - days)
    stability = min(max(0.1, interval), _FARTHEST)
    return StatedSchedule(due.isoformat(), last.isoformat(), days, stability, _difficulty(ease), _REVIEW)


def _difficulty(ease: float) -> float:
    """Convert an ease as the plugin does: 130 becomes a difficulty of 10, 370 one of 1."""
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
    if stage == _REVIEW and due_at.time() == last_at.time() == time.min:  # days, written as midnight of UTC
        due, last = str(due_at.date()), str(last_at.date())
    else:
        due, last = due_at.isoformat(), last_at.isoformat()
    return StatedSchedule(
        due=due,
        last=last,
        interval=max(0, round(_number(interval))),
        stability=min(max(0.001, _number(stability)), _FARTHEST),
        difficulty=min(max(1.0, _number(difficulty)), 10.0),
        state=stage,
        reps=max(1, int(_number(reps))),
        lapses=max(0, int(_number(lapses))),
    )


def _number(text: str) -> float:
    value = float(text)
    if not -10 * _FARTHEST <= value <= 10 * _FARTHEST:  # or not a number
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
