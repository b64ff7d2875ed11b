# ruff: noqa: N802, N803 - the names are those of the add-on
"""The actions of AnkiConnect that are needed, answered by the real core as the add-on's manual says.

The add-on itself needs a display. Runs in the process of `phone_driver.py` and imports nothing of ours.
"""

from __future__ import annotations

import base64
import json
import threading
import time
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from anki.exporting import AnkiPackageExporter  # type: ignore[attr-defined]
    from anki.importing import AnkiPackageImporter  # type: ignore[attr-defined]

_RISKY = {"did", "id", "ivl", "lapses", "left", "mod", "nid", "odid", "odue", "ord", "queue", "reps", "type", "usn"}


class Actions:
    """The add-on's actions.

    Args:
        col: the collection.
        key: the API key, if one is asked for.
        version: the version that it claims.
        missing: actions that it does not know.
        fails_at: the number of the action, from 1, at which Anki is gone, and from then on.
        profile: the name of the open profile.
    """

    def __init__(
        self,
        col: Any,
        key: str | None = None,
        version: int = 6,
        missing: tuple[str, ...] = (),
        fails_at: int = 0,
        profile: str = "User 1",
        pause: float = 0.0,
    ) -> None:
        self.col = col
        self.key = key
        self.api = version
        self.missing = missing
        self.fails_at = fails_at
        self.name = profile
        self.pause = pause
        self.count = 0
        self.lock = threading.Lock()

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            name = request["action"]
            action = getattr(self, name, None)
            if action is None or name in self.missing or name in ("answer", "col"):
                raise ValueError("unsupported action")
            if self.key and name != "requestPermission" and request.get("key") != self.key:
                raise ValueError("valid api key must be provided")
            self.count += name not in ("requestPermission", "apiReflect", "multi")
            if self.fails_at and self.count >= self.fails_at:
                raise ConnectionAbortedError
            return {"result": action(**request.get("params", {})), "error": None}
        except ConnectionAbortedError:
            raise
        except Exception as error:
            return {"result": None, "error": str(error)}

    def requestPermission(self) -> dict[str, Any]:
        time.sleep(self.pause)
        return {"permission": "granted", "requireApiKey": bool(self.key), "version": self.api}

    def apiReflect(self, scopes: list[str], actions: list[str]) -> dict[str, Any]:
        known = [name for name in actions if hasattr(self, name) and name not in self.missing]
        return {"scopes": scopes, "actions": known}

    def multi(self, actions: list[dict[str, Any]]) -> list[Any]:
        return [self.answer(each) for each in actions]

    def getActiveProfile(self) -> str:
        return self.name

    def deckNames(self) -> list[str]:
        return [deck.name for deck in self.col.decks.all_names_and_ids()]

    def exportPackage(self, deck: str, path: str, includeSched: bool = False) -> bool:
        if self.col.decks.by_name(deck) is None:
            return False
        exporter = AnkiPackageExporter(self.col)
        exporter.did = self.col.decks.id(deck)
        exporter.includeSched = includeSched
        exporter.exportInto(path)
        return True

    def importPackage(self, path: str) -> bool:
        AnkiPackageImporter(self.col, str(Path(self.col.media.dir()) / path)).run()
        return True

    def notesInfo(self, notes: list[int]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for number in notes:
            try:
                note = self.col.get_note(number)
            except Exception:
                found.append({})
                continue
            fields = {name: {"value": value, "order": 0} for name, value in note.items()}
            found.append({"noteId": number, "tags": note.tags, "fields": fields, "cards": note.card_ids()})
        return found

    def updateNote(self, note: dict[str, Any]) -> None:
        found = self.col.get_note(note["id"])
        for name, value in note["fields"].items():
            if name in found:
                found[name] = value
        found.tags = note["tags"]
        self.col.update_note(found)

    def deleteNotes(self, notes: list[int]) -> None:
        self.col.remove_notes(notes)

    def changeDeck(self, cards: list[int], deck: str) -> None:
        self.col.set_deck(cards, self.col.decks.id(deck))

    def setSpecificValueOfCard(
        self, card: int, keys: list[str], newValues: list[Any], warning_check: bool = False
    ) -> list[Any]:
        found = self.col.get_card(card)
        answers: list[Any] = []
        for key, value in zip(keys, newValues, strict=True):
            if key in _RISKY and not warning_check:
                answers.append(False)
                continue
            try:
                setattr(found, key, value)
                self.col.update_card(found, skip_undo_entry=True)
                answers.append(True)
            except Exception as error:
                answers.append([False, str(error)])
        return answers

    def insertReviews(self, reviews: list[list[int]]) -> None:
        if reviews:
            values = ",".join(f"({','.join(map(str, row))})" for row in reviews)
            self.col.db.execute(f"INSERT INTO revlog (id,cid,usn,ease,ivl,lastIvl,factor,time,type) VALUES {values}")

    def storeMediaFile(self, filename: str, data: str, deleteExisting: bool = True) -> str:
        if deleteExisting:
            Path(self.col.media.dir(), filename).unlink(missing_ok=True)
        return str(self.col.media.write_data(filename, base64.b64decode(data)))


def serve(col: Any, **settings: Any) -> ThreadingHTTPServer:
    """Begin to answer."""
    actions = Actions(col, **settings)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with actions.lock:
                try:
                    body = json.dumps(actions.answer(request)).encode()
                except ConnectionAbortedError:  # Anki was closed
                    self.connection.close()
                    return
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    return server
