"""Deck options of Anki as settings of ours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from flashcards.importing import wire
from flashcards.importing.model import Preset

_RETENTION: Final = 0.9
_STEPS: Final = (1.0, 10.0)
_RELEARNING_STEPS: Final = (10.0,)
_UNITS: Final = (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))
_LEECH_ACTIONS: Final = ("suspend", "tag")  # as Anki numbers them


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
    )
    return Preset(key, str(value.get("name", "")), settings)


def of_message(key: int, name: str, message: bytes) -> Preset:
    """A preset of schema 14 and later: the message `DeckConfig.Config`."""
    settings = _settings(
        retention=wire.float_in(message, 37) or _RETENTION,
        learning=wire.floats_in(message, 1),
        relearning=wire.floats_in(message, 2),
        maximum=wire.number_in(message, 16) or 36_500,
        new_per_day=wire.number_in(message, 9),
        reviews_per_day=wire.number_in(message, 10),
        bury=bool(wire.number_in(message, 27) or wire.number_in(message, 28)),
        leech=(wire.number_in(message, 22), wire.number_in(message, 21)),
        parameters=wire.floats_in(message, 6) or wire.floats_in(message, 5) or wire.floats_in(message, 3),
    )
    return Preset(key, name, settings)


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
) -> dict[str, Any]:
    threshold, action = leech
    settings: dict[str, Any] = {
        "retention": round(float(retention), 4),
        "learning_steps": _steps(learning),
        "relearning_steps": _steps(relearning),
        "maximum_interval": int(maximum),
        "new_per_day": int(new_per_day),
        "reviews_per_day": int(reviews_per_day),
        "bury_siblings": bury,
        "leech_threshold": int(threshold),
        "leech_action": _LEECH_ACTIONS[1 if action else 0],
    }
    if found := [float(f"{value:.7g}") for value in parameters]:
        settings["parameters"] = found
    return settings


def _steps(minutes: Sequence[float]) -> str:
    """Steps in minutes as `1m 10m`."""
    return " ".join(_step(round(float(each) * 60)) for each in minutes if 0 < float(each) * 60 < 3e9)


def _step(seconds: int) -> str:
    unit, size = next((unit, size) for unit, size in _UNITS if seconds % size == 0)
    return f"{seconds // size}{unit}"
