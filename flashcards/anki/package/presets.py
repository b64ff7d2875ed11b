"""The settings of decks as Anki's deck options (a preset of schema 11)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flashcards.anki.package import protobuf
from flashcards.anki.package.model import Preset
from scheduler.intervals import WEEK

if TYPE_CHECKING:
    from flashcards.collection import Collection
    from scheduler.policy import Policy


MADE: Final = 1_767_225_600
"""When our presets say that they were last changed, epoch seconds: one that was changed in Anki says otherwise."""

_LARGEST_ID: Final = 2**53  # beyond it JavaScript cannot tell neighbours apart
_LEECH_TO_ANKI: Final = {"suspend": 0, "tag": 1}
_MIX_TO_ANKI: Final = {"mix": 0, "last": 1, "first": 2}
_ORDER_TO_ANKI: Final = {"due": 0, "random": 8, "retrievability": 11, "overdue": 12}
_PARAMETERS: Final = {17: "fsrsWeights", 19: "fsrsParams5", 21: "fsrsParams6"}


class Presets:
    """The presets of the decks of a package; decks with the same settings share one."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._decks = collection.catalog.decks()
        self._by_policy: dict[Policy, dict[str, Any]] = {}

    def of(self, deck: str) -> int:
        """The id of a deck's preset."""
        policy = self._collection.policy(self._decks[deck])
        if policy not in self._by_policy:
            name = "Flashcards" if policy == self._collection.settings.policy else f"Flashcards: {deck}"
            self._by_policy[policy] = preset(name, policy)
        number: int = self._by_policy[policy]["id"]
        return number

    def by_id(self) -> dict[str, dict[str, Any]]:
        """Those that `of` gave so far."""
        return {str(each["id"]): each for each in self._by_policy.values()}


def preset(name: str, policy: Policy) -> dict[str, Any]:
    """A preset with these settings; its id follows from its name, so that a later import finds it.

    Anki never changes a preset that it has: what a person set there stays.
    """
    random = policy.new_order == "random"
    found: dict[str, Any] = {
        "id": _preset_id(name),
        "mod": MADE,
        "name": name,
        "usn": -1,
        "maxTaken": 60,
        "autoplay": True,
        "timer": 0,
        "replayq": True,
        "dyn": False,
        "new": {
            "bury": policy.bury_siblings,
            "delays": _minutes(policy.learning_steps),
            "initialFactor": 2500,
            "ints": [1, 4, 0],
            "order": 0 if random else 1,
            "perDay": policy.new_per_day,
        },
        "rev": {
            "bury": policy.bury_siblings,
            "ease4": 1.3,
            "ivlFct": 1.0,
            "maxIvl": policy.maximum_interval,
            "perDay": policy.reviews_per_day,
            "hardFactor": 1.2,
        },
        "lapse": {
            "delays": _minutes(policy.relearning_steps),
            "leechAction": _LEECH_TO_ANKI[policy.leech_action],
            "leechFails": policy.leech_threshold,
            "minInt": 1,
            "mult": 0.0,
        },
        "newMix": _MIX_TO_ANKI[policy.new_mix],
        "newPerDayMinimum": 0,
        "interdayLearningMix": 0,
        "reviewOrder": _ORDER_TO_ANKI[policy.review_order],
        "newSortOrder": 4 if random else 1,
        "newGatherPriority": 4 if random else 0,
        "buryInterdayLearning": policy.bury_siblings,
        "fsrsWeights": [],
        "fsrsParams5": [],
        "fsrsParams6": [],
        "desiredRetention": policy.retention,
        "ignoreRevlogsBeforeDate": policy.ignore_reviews_before,
        "easyDaysPercentages": list(policy.easy_days),
        "sm2Retention": 0.9,
        "weightSearch": "",
        "stopTimerOnAnswer": False,
        "secondsToShowQuestion": 0.0,
        "secondsToShowAnswer": 0.0,
        "questionAction": 0,
        "answerAction": 0,
        "waitForAudio": True,
    }
    # The name of the field says which version of FSRS the parameters are of.
    found[_PARAMETERS[len(policy.parameters)]] = list(policy.parameters)
    return found


def is_as_given(number: int, name: str, changed: int) -> bool:
    """Whether a preset in Anki is one of ours that nobody has changed there."""
    return changed == MADE and number == _preset_id(name)


def _minutes(steps: tuple[int, ...]) -> list[float]:
    return [step / 60 for step in steps]


def _preset_id(name: str) -> int:
    """Positive, and never that of Anki's own preset, which is 1."""
    number = int.from_bytes(blake2b(f"preset\x1f{name}".encode(), digest_size=8).digest())
    return number % (_LARGEST_ID - 2) + 2


_RETENTION: Final = 0.9
_STEPS: Final = (1.0, 10.0)
_RELEARNING_STEPS: Final = (10.0,)
_UNITS: Final = (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))
_MOST: Final = (1 << 31) - 1
_MOST_SECONDS: Final = 1 << 62
_UNSET_DATE: Final = "1970-01-01"

# As Anki numbers them.
_LEECH_ACTIONS: Final = ("suspend", "tag")
_NEW_MIX: Final = {0: "mix", 1: "last", 2: "first"}
_REVIEW_ORDER: Final = {0: "due", 1: "due", 2: "due", 7: "overdue", 8: "random", 11: "retrievability", 12: "overdue"}
_UNKNOWN_ORDER: Final = {3: "shortest interval", 4: "longest interval", 5: "hardest", 6: "easiest", 9: "oldest"}
_RANDOM_GATHERED: Final = (3, 4, 5)
_HIGHEST_FIRST: Final = 2
_RANDOM_SORTED: Final = (2, 3, 4)


def of_json(key: int, value: Mapping[str, Any]) -> Preset:
    """A preset of schema 11."""
    new, review, lapse = value.get("new") or {}, value.get("rev") or {}, value.get("lapse") or {}
    parameters = value.get("fsrsParams6") or value.get("fsrsParams5") or value.get("fsrsWeights") or ()
    settings = _settings(
        retention=value.get("desiredRetention") or _RETENTION,
        learning=new.get("delays") or (),
        relearning=lapse.get("delays") or (),
        maximum=review.get("maxIvl") or 36_500,
        new_per_day=new.get("perDay", 20),
        reviews_per_day=review.get("perDay", 200),
        bury=bool(new.get("bury") or review.get("bury")),
        leech=(lapse.get("leechFails", 8), lapse.get("leechAction", 1)),
        parameters=parameters,
        ignored_before=value.get("ignoreRevlogsBeforeDate") or "",
        easy_days=value.get("easyDaysPercentages") or (),
    )
    orders = _Orders(*(value.get(name) or 0 for name in ("newMix", "reviewOrder", "newGatherPriority", "newSortOrder")))
    changed = value.get("mod")
    changed = int(changed) if isinstance(changed, int | float) and 0 <= changed < _MOST_SECONDS else 0
    return Preset(key, str(value.get("name", "")), settings | orders.settings(), orders.problems(), changed)


def of_message(key: int, name: str, message: bytes, changed: int) -> Preset:
    """A preset of schema 14 and later: the message `DeckConfig.Config`."""
    settings = _settings(
        retention=protobuf.float_in(message, 37) or _RETENTION,
        learning=protobuf.floats_in(message, 1),
        relearning=protobuf.floats_in(message, 2),
        maximum=protobuf.number_in(message, 16) or 36_500,
        new_per_day=protobuf.number_in(message, 9),
        reviews_per_day=protobuf.number_in(message, 10),
        bury=bool(protobuf.number_in(message, 27) or protobuf.number_in(message, 28)),
        leech=(protobuf.number_in(message, 22), protobuf.number_in(message, 21)),
        parameters=protobuf.floats_in(message, 6) or protobuf.floats_in(message, 5) or protobuf.floats_in(message, 3),
        ignored_before=protobuf.text_in(message, 46),
        easy_days=protobuf.floats_in(message, 4),
    )
    orders = _Orders(*(protobuf.number_in(message, number) for number in (30, 33, 34, 32)))
    return Preset(key, name, settings | orders.settings(), orders.problems(), changed)


class _Orders(NamedTuple):
    """The order in which cards are asked, by Anki's numbers."""

    new_mix: int
    review_order: int
    gathered: int
    sorted: int

    def settings(self) -> dict[str, Any]:
        """As settings of ours, the nearest that there is."""
        random = self.gathered in _RANDOM_GATHERED or self.sorted in _RANDOM_SORTED
        return {
            "new_order": "random" if random else "deck",
            "review_order": _REVIEW_ORDER.get(self.review_order, "due"),
            "new_mix": _NEW_MIX.get(self.new_mix, "mix"),
        }

    def problems(self) -> tuple[str, ...]:
        """What there is no setting for."""
        found = []
        if self.review_order not in _REVIEW_ORDER:
            order = _UNKNOWN_ORDER.get(self.review_order, "newest")
            found.append(f"reviews cannot be asked {order} first here; they are asked as they fall due")
        if self.gathered == _HIGHEST_FIRST and self.sorted not in _RANDOM_SORTED:
            found.append("new cards cannot be asked last first here; they are asked as they stand in the deck")
        return tuple(found)


def _settings(
    *,
    retention: float,
    learning: Sequence[float],
    relearning: Sequence[float],
    maximum: int,
    new_per_day: int,
    reviews_per_day: int,
    bury: bool,
    leech: tuple[int, int],
    parameters: Iterable[float],
    ignored_before: str,
    easy_days: Sequence[float],
) -> dict[str, Any]:
    threshold, action = leech
    settings: dict[str, Any] = {
        "retention": round(float(retention), 4),
        "learning_steps": _steps(learning),
        "relearning_steps": _steps(relearning),
        "maximum_interval": int(maximum),
        "new_per_day": count(new_per_day),
        "reviews_per_day": count(reviews_per_day),
        "bury_siblings": bury,
        "leech_threshold": count(threshold),
        "leech_action": _LEECH_ACTIONS[1 if action else 0],
        "easy_days": _easy_days(easy_days),
        "ignore_reviews_before": "" if ignored_before == _UNSET_DATE else str(ignored_before),
    }
    if found := [float(f"{value:.7g}") for value in parameters]:
        settings["parameters"] = found
    return settings


def count(value: float) -> int:
    """A number of cards, or of lapses, that Anki can have."""
    return min(max(int(value), 0), _MOST)


def _easy_days(shares: Sequence[float]) -> str:
    """Shares of the days of a week, Monday first, as `sat=0.5 sun=0`."""
    pairs = zip(WEEK, map(float, shares), strict=False)
    return " ".join(f"{day}={max(share, 0):.2f}".rstrip("0").rstrip(".") for day, share in pairs if share < 1)


def _steps(minutes: Sequence[float]) -> str:
    """Steps in minutes as `1m 10m`."""
    return " ".join(_step(round(float(each) * 60)) for each in minutes if 0 < float(each) * 60 < 3e9)


def _step(seconds: int) -> str:
    unit, size = next((unit, size) for unit, size in _UNITS if seconds % size == 0)
    return f"{seconds // size}{unit}"
