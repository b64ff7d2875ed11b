"""The settings of decks as Anki's deck options (a preset of schema 11)."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from flashcards.collection import Collection
    from scheduler.policy import Policy

MADE: Final = 1_767_225_600
"""When our presets say that they were last changed, epoch seconds: one that was changed in Anki says otherwise."""

_LARGEST_ID: Final = 2**53  # beyond it JavaScript cannot tell neighbours apart
_LEECH_ACTIONS: Final = {"suspend": 0, "tag": 1}
_NEW_MIX: Final = {"mix": 0, "last": 1, "first": 2}
_REVIEW_ORDER: Final = {"due": 0, "random": 8, "retrievability": 11, "overdue": 12}
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
            "leechAction": _LEECH_ACTIONS[policy.leech_action],
            "leechFails": policy.leech_threshold,
            "minInt": 1,
            "mult": 0.0,
        },
        "newMix": _NEW_MIX[policy.new_mix],
        "newPerDayMinimum": 0,
        "interdayLearningMix": 0,
        "reviewOrder": _REVIEW_ORDER[policy.review_order],
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
