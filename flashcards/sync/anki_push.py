"""Write what changed here into a running Anki through AnkiConnect."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from flashcards.anki.package.archive import write_archive
from flashcards.sync.anki_connect import AnkiUnusable
from flashcards.sync.validation import COLUMNS, Table

if TYPE_CHECKING:
    from flashcards.sync.anki_connect import Action, AnkiConnect
    from flashcards.sync.anki_contents import AnkiContents
    from flashcards.sync.media_store import MediaStore
    from flashcards.sync.mirror import Mirror, Pending

_BATCH: Final = 250
_CARD_KEYS: Final = ("type", "queue", "due", "ivl", "reps", "lapses", "left", "factor", "flags")
_COMPARED: Final = ("type", "queue", "ivl", "reps", "lapses", "flags")
_SEPARATOR: Final = "\x1f"


class AnkiPush:
    """Sends what the mirror holds and Anki does not yet; `folder` is one that Anki can read."""

    def __init__(self, anki: AnkiConnect, mirror: Mirror, contents: AnkiContents, folder: Path) -> None:
        self._anki = anki
        self._mirror = mirror
        self._contents = contents
        self._folder = folder
        self._decks = {int(key): str(each["name"]) for key, each in mirror.objects("decks").items()}
        self._fields = {
            int(key): [str(field["name"]) for field in each["flds"]] for key, each in mirror.objects("models").items()
        }

    def send(self, pending: Pending) -> int:
        """Send rows and deletions; return how many rows went."""
        notes = self._rows("notes", pending.rows["notes"])
        cards = self._rows("cards", pending.rows["cards"])
        gone = [number for number in pending.graves.notes if not self._has("notes", number)]
        remade = [row["id"] for row in notes if self._is_of_other_type(row)]
        deleted = [number for number in (*gone, *remade) if self._contents.row("notes", number)]
        if deleted:
            self._anki.call("deleteNotes", notes=deleted)
        added = self._add(notes, cards, set(remade))
        went = len(added) + self._update_notes([row for row in notes if row["id"] not in added])
        new_cards = {row["id"] for row in cards if row["nid"] in added} | {
            row["id"] for row in cards if not self._contents.row("cards", row["id"])
        }
        went += self._send_log(pending.rows["revlog"], new_cards)
        return went + self._update_cards([row for row in cards if row["id"] not in new_cards])

    def send_media(self, store: MediaStore) -> int:
        """Store in Anki the files that it lacks, or has otherwise; return how many went."""
        digests, there = store.digests(), store.agreed_files()
        names = sorted(name for name, digest in digests.items() if there.get(name) != digest)
        for name in names:
            path = store.path_of(name)
            if path is not None:
                data = base64.b64encode(path.read_bytes()).decode()
                self._anki.call("storeMediaFile", filename=name, data=data, deleteExisting=True)
        store.keep_server(0, {name: digests[name] for name in names})
        return len(names)

    def _add(
        self, notes: Sequence[Mapping[str, Any]], cards: Sequence[Mapping[str, Any]], remade: set[int]
    ) -> set[int]:
        """Let Anki import the notes that it lacks, with their cards and their log; return their ids.

        Notes that have cards of which Anki knows nothing go the same way: it would give such a card another id.
        """
        added = {row["id"] for row in notes if row["id"] in remade or not self._contents.row("notes", row["id"])}
        more = {row["nid"] for row in cards if not self._contents.row("cards", row["id"])}
        sent = sorted(added | more)
        if not sent:
            return added
        path = self._folder / "new.apkg"
        with closing(self._mirror.copy_notes(sent)) as copy:
            write_archive(path, copy.serialize(), {})
        if not self._anki.call("importPackage", path=str(path)):
            raise AnkiUnusable(f"Anki did not import {path}.")
        self._check_added(sent)
        return added

    def _check_added(self, notes: Sequence[int]) -> None:
        for start in range(0, len(notes), _BATCH):
            batch = notes[start : start + _BATCH]
            for number, info in zip(batch, self._anki.call("notesInfo", notes=batch), strict=True):
                cards = {row for (row,) in self._query("SELECT id FROM cards WHERE nid = ?", number)}
                if not info or not cards.issubset(info.get("cards") or ()):
                    raise AnkiUnusable(
                        f"Anki did not take note {number} as it was sent. Check its database (Tools > Check Database)"
                        " and try again."
                    )

    def _update_notes(self, notes: Iterable[Mapping[str, Any]]) -> int:
        actions: list[Action] = []
        for row in notes:
            there = self._contents.row("notes", row["id"])
            tags = row["tags"].split()
            if there and there["flds"] == row["flds"] and sorted(there["tags"].split()) == sorted(tags):
                continue
            fields = dict(zip(self._fields[row["mid"]], row["flds"].split(_SEPARATOR), strict=False))
            actions.append(("updateNote", {"note": {"id": row["id"], "fields": fields, "tags": tags}}))
        self._anki.call_all(actions)
        return len(actions)

    def _send_log(self, numbers: Iterable[int], new_cards: set[int]) -> int:
        """Insert the reviews that Anki lacks; those of new cards came with them."""
        rows = [
            [*row[:2], -1, *row[3:]]
            for row in self._mirror.rows("revlog", numbers)
            if row[1] not in new_cards and not self._contents.row("revlog", row[0])
        ]
        for start in range(0, len(rows), _BATCH):
            self._anki.call("insertReviews", reviews=rows[start : start + _BATCH])
        return len(rows)

    def _update_cards(self, cards: Iterable[Mapping[str, Any]]) -> int:
        moved: dict[str, list[int]] = {}
        actions: list[Action] = []
        for row in cards:
            there = self._contents.row("cards", row["id"]) or {}
            if (there["odid"] or there["did"]) != row["did"] or (there["odid"] and not row["odid"]):
                moved.setdefault(self._decks[row["did"]], []).append(row["id"])
            if self._is_same_card(row, there) and row["id"] not in moved.get(self._decks[row["did"]], ()):
                continue
            values = {key: row[key] for key in _CARD_KEYS}
            # Anki computes the memory state from the log again.
            values |= {"memory_state": None, "last_review_time": self._last_review(row["id"])}
            actions.append(
                (
                    "setSpecificValueOfCard",
                    {"card": row["id"], "keys": [*values], "newValues": [*values.values()], "warning_check": True},
                )
            )
        for deck, ids in moved.items():
            self._anki.call("changeDeck", cards=ids, deck=deck)
        for action, answer in zip(actions, self._anki.call_all(actions), strict=True):
            if not isinstance(answer, list) or not all(each is True for each in answer):
                raise AnkiUnusable(f"Anki did not change card {action[1]['card']}. Close its windows and try again.")
        return len(actions)

    def _is_same_card(self, row: Mapping[str, Any], there: Mapping[str, Any]) -> bool:
        is_due = row["type"] == 0 or row["due"] == there["due"]
        return is_due and all(row[name] == there[name] for name in _COMPARED)

    def _last_review(self, card: int) -> int | None:
        query = "SELECT max(id) / 1000 FROM revlog WHERE cid = ? AND ease > 0 AND NOT (type = 3 AND factor = 0)"
        found: int | None = self._query(query, card)[0][0]
        return found

    def _is_of_other_type(self, row: Mapping[str, Any]) -> bool:
        there = self._contents.row("notes", row["id"])
        return there is not None and there["mid"] != row["mid"]

    def _rows(self, table: Table, numbers: Iterable[int]) -> list[dict[str, Any]]:
        return [dict(zip(COLUMNS[table], row, strict=True)) for row in self._mirror.rows(table, numbers)]

    def _has(self, table: Table, number: int) -> bool:
        return bool(self._query(f"SELECT 1 FROM {table} WHERE id = ?", number))

    def _query(self, query: str, number: int) -> list[Any]:
        return self._mirror.connection.execute(query, (number,)).fetchall()
