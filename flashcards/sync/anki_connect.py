"""Call a running Anki through its add-on AnkiConnect, with one JSON request per action."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import orjson

from flashcards.errors import FlashcardsError
from flashcards.sync.client import check_url

DEFAULT_ADDRESS: Final = "http://127.0.0.1:8765"
_VERSION: Final = 6
_NEEDED: Final = frozenset(
    {
        *("multi", "deckNames", "exportPackage", "importPackage", "notesInfo", "updateNote", "deleteNotes"),
        *("changeDeck", "setSpecificValueOfCard", "insertReviews", "storeMediaFile"),
    }
)
_PROFILE: Final = "getActiveProfile"
_BATCH: Final = 100  # actions per request
_NOTES: Final = 500  # notes per request
_FIRST_SECONDS: Final = 15.0
_SECONDS: Final = 900.0  # a package of a large collection takes long
_UPDATE: Final = "Update it in Anki: Tools > Add-ons > Check for Updates"

Action = tuple[str, dict[str, Any]]


class AnkiUnusable(FlashcardsError):
    """Anki is not running, or it or its add-on lacks a required feature."""


class AnkiConnect:
    """Sends actions to a running Anki; `address` is the address of the add-on, `key` its API key, if any."""

    def __init__(self, address: str = DEFAULT_ADDRESS, key: str | None = None) -> None:
        check_url(address)
        self.address = address
        self._key = key
        # Bypass proxies, because Anki runs on this computer.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self._actions: frozenset[str] = frozenset()

    def begin(self) -> str:
        """Check that Anki can be used; return the name of the open profile, or "" if the add-on lacks that action."""
        hello = self._send("requestPermission", {}, _FIRST_SECONDS)
        if not isinstance(hello, dict) or hello.get("permission") != "granted":
            raise AnkiUnusable("AnkiConnect denies access. Allow this computer in the add-on's settings.")
        if hello.get("requireApiKey") and not self._key:
            raise AnkiUnusable("AnkiConnect asks for an API key. Name a file that holds it with --key-file.")
        version = hello.get("version")
        if not isinstance(version, int) or version < _VERSION:
            raise AnkiUnusable(f"AnkiConnect is too old: it speaks version {version}, not {_VERSION}. {_UPDATE}.")
        asked = {"scopes": ["actions"], "actions": [*sorted(_NEEDED), _PROFILE]}
        try:
            found = self.call("apiReflect", **asked)
        except AnkiUnusable as error:
            if "unsupported action" in str(error):
                raise AnkiUnusable(f"AnkiConnect is too old. {_UPDATE}.") from error
            raise
        self._actions = frozenset(found.get("actions") or ())
        if missing := sorted(_NEEDED - self._actions):
            raise AnkiUnusable(f"AnkiConnect is too old: it lacks `{missing[0]}`. {_UPDATE}.")
        return str(self.call(_PROFILE) or "") if _PROFILE in self._actions else ""

    def call(self, action: str, /, **params: Any) -> Any:
        """Perform one action and return its result. Raise `AnkiUnusable` if it fails."""
        return self._send(action, params, _SECONDS)

    def call_all(self, actions: Iterable[Action]) -> list[Any]:
        """Perform actions in few requests; return their results. Raise `AnkiUnusable` at the first that fails."""
        waiting = list(actions)
        found: list[Any] = []
        for start in range(0, len(waiting), _BATCH):
            batch = waiting[start : start + _BATCH]
            answers = self.call("multi", actions=[self._build_request(name, params) for name, params in batch])
            if not isinstance(answers, list) or len(answers) != len(batch):
                raise AnkiUnusable(_describe_refusal("multi", "the answer was unexpected"))
            found += [self._read(name, answer) for (name, _), answer in zip(batch, answers, strict=True)]
        return found

    def note_infos(self, notes: Sequence[int]) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield each note with what Anki tells of it, which is empty if there is no such note."""
        for start in range(0, len(notes), _NOTES):
            batch = notes[start : start + _NOTES]
            yield from zip(batch, self.call("notesInfo", notes=batch), strict=True)

    def _build_request(self, action: str, params: dict[str, Any]) -> dict[str, Any]:
        request: dict[str, Any] = {"action": action, "version": _VERSION, "params": params}
        return request | {"key": self._key} if self._key else request

    def _send(self, action: str, params: dict[str, Any], seconds: float) -> Any:
        request = urllib.request.Request(  # noqa: S310 - only http and https pass `check_url`
            self.address, json.dumps(self._build_request(action, params)).encode(), {"Content-Type": "application/json"}
        )
        try:
            with self._opener.open(request, timeout=seconds) as response:
                answer = orjson.loads(response.read())
        except TimeoutError as error:
            raise AnkiUnusable(
                "Anki is running but does not answer. Close its dialogs, wait for its sync to end, and try again."
            ) from error
        except (urllib.error.HTTPError, http.client.HTTPException, ValueError) as error:
            raise self._make_other_program_error() from error
        except OSError as error:
            raise AnkiUnusable(
                f"Anki does not answer at {self.address}. Open Anki with the add-on AnkiConnect (code 2055492159)."
            ) from error
        return self._read(action, answer)

    def _read(self, action: str, answer: Any) -> Any:
        if not isinstance(answer, dict) or "result" not in answer:
            raise self._make_other_program_error()
        if answer.get("error") is not None:
            reason = str(answer["error"])
            if "api key" in reason.lower():
                raise AnkiUnusable("AnkiConnect does not accept the API key. Check the file named with --key-file.")
            raise AnkiUnusable(_describe_refusal(action, reason))
        return answer["result"]

    def _make_other_program_error(self) -> AnkiUnusable:
        return AnkiUnusable(
            f"The program at {self.address} is not AnkiConnect. Give the address of AnkiConnect with --anki-address."
        )


def _describe_refusal(action: str, reason: str) -> str:
    return f"Anki did not do `{action}`: {reason.strip().rstrip('.')}."
