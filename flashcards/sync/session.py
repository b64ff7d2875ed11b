"""Run one sync of one client: the steps of the protocol, all in one transaction of the mirror."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any, Final

from flashcards.sync.deletions import Deletions
from flashcards.sync.mirror import CHUNK_ROWS, OBJECTS, Mirror, Pending
from flashcards.sync.validation import (
    CARD_COLUMNS,
    USN,
    Graves,
    Row,
    get_user_values,
    read_conf,
    read_graves,
    read_mapping,
    read_objects,
    read_rows,
)
from flashcards.sync.wire import BadRequest

Objects = dict[str, dict[str, Any]]

_MOST_TAGS: Final = 100_000
_DID: Final = CARD_COLUMNS.index("did")


@dataclass(slots=True)
class Received:
    """The data that a client sent in one sync, and which of it also changed here unseen by the client."""

    since: int = 0  # the first change number that the client had not seen
    notes: list[Row] = field(default_factory=list)
    cards: list[Row] = field(default_factory=list)
    reviews: list[Row] = field(default_factory=list)
    # reviews at the instant of a known one, where the mirror cannot store them, moved to later instants
    collided: list[Row] = field(default_factory=list)
    graves: Graves = field(default_factory=lambda: Graves([], [], []))
    gone: list[Row] = field(default_factory=list)  # the deleted rows
    # the rows of notes that were edited after their deletion elsewhere
    late: list[Row] = field(default_factory=list)
    is_first: bool = False  # whether this is the first contact; then only times show what is newer
    # the previous rows of notes and cards in the mirror, by table and id; None if there was no row
    before: dict[str, dict[int, Row | None]] = field(default_factory=lambda: {"notes": {}, "cards": {}})
    # the ids of notes whose text, and of cards whose marks, also changed elsewhere, by table
    contested: dict[str, set[int]] = field(default_factory=lambda: {"notes": set(), "cards": set()})
    objects: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    # the previous versions of the received decks and presets, by column and id
    options: dict[str, Objects] = field(default_factory=lambda: {"decks": {}, "dconf": {}})

    @property
    def is_empty(self) -> bool:
        """Return whether nothing was received that changes a collection."""
        rows = self.notes or self.late or self.cards or self.reviews or self.collided or self.objects
        return not rows and self.graves.is_empty


class SyncSession:
    """A running sync.

    Args:
        mirror: used in a transaction, which `finish` commits.
        key: the client's name for this sync.
        since: the first change number that the client has not seen.
        client_is_newer: whether the client changed last; its configuration wins then.
        usn: the server's current change number if this side is the client, since a server keeps the rows' numbers.
    """

    def __init__(self, mirror: Mirror, key: str, since: int, *, client_is_newer: bool, usn: int | None = None) -> None:
        self.key = key
        self.received = Received(since)
        self.sent = 0
        self._mirror = mirror
        self._client_is_newer = client_is_newer
        mirror.begin()
        self._usn = mirror.state.usn if usn is None else usn
        self._stamps = usn is not None
        self._pending: Pending = mirror.pending(since)
        self._deletions = Deletions(mirror.connection, since)
        self._chunks = self._read_rows()
        self._ahead: list[tuple[str, Row]] = []
        self._is_sane = False

    def close(self) -> None:
        """End the sync without effect."""
        self._mirror.roll_back()

    def start(self) -> dict[str, Any]:
        """Return the deletions made here."""
        return self._deletions.graves()._asdict()

    def apply_graves(self, payload: Mapping[str, Any]) -> None:
        """Apply the client's deletions."""
        graves = read_graves(payload.get("chunk"))
        received = self.received
        self._deletions.drop(graves)
        for note in graves.notes:
            received.gone += self._mirror.rows("notes", [note])
            if self._mirror.has_changed("note", note, received.since):
                received.contested["notes"].add(note)
        self._mirror.apply_graves(graves, self._usn)
        for name in Graves._fields:
            getattr(received.graves, name).extend(getattr(graves, name))

    def apply_changes(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Apply the client's note types, decks, presets, tags and configuration; return ours."""
        answer = self.take_changes()
        changes = read_mapping(payload.get("changes"))
        decks = changes.get("decks") or [[], []]
        if not isinstance(decks, list) or len(decks) != len(OBJECTS) - 1:
            raise BadRequest("The decks cannot be understood.")
        for name, value in zip(OBJECTS, (changes.get("models") or [], *decks), strict=True):
            self._put_objects(name, value)
        self._put_tags(changes.get("tags") or [])
        if self._client_is_newer:
            self._mirror.write_json("conf", read_conf(changes.get("conf"), self._mirror.read_json("conf")))
        else:
            answer |= {"conf": self._mirror.read_json("conf"), "crt": self._mirror.created_s}
        return answer

    def take_chunk(self) -> dict[str, Any]:
        """Return the next rows that the client has not seen, and count them as sent."""
        found: dict[str, Any] = {"done": False}
        rows = [*self._ahead, *islice(self._chunks, CHUNK_ROWS + 1 - len(self._ahead))]
        rows, self._ahead = rows[:CHUNK_ROWS], rows[CHUNK_ROWS:]
        for table, row in rows:
            found.setdefault(table, []).append(row)
        self.sent += len(rows)
        found["done"] = not self._ahead
        return found

    def apply_chunk(self, payload: Mapping[str, Any]) -> None:
        """Apply the client's rows."""
        chunk = read_mapping(payload.get("chunk"))
        received = self.received
        reviews, cards, notes = (read_rows(table, chunk.get(table)) for table in ("revlog", "cards", "notes"))
        self._mirror.check_references(notes)
        received.collided += self._mirror.separate_reviews(reviews)
        received.reviews += self._mirror.put_rows("revlog", reviews, self._usn)
        received.notes += self._put("notes", self._set_aside_deleted(notes))
        self._deletions.add_cards(cards)
        cards = [row for row in cards if not self._deletions.has_card(row[0])]
        moved = self._restore_decks(cards)
        received.cards += self._put("cards", cards)
        self._mirror.send_cards_again(moved, self._usn + 1)

    def check(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Compare the numbers of rows and objects on both sides; due counts and deletions are ignored."""
        theirs, ours = payload.get("client"), self.counts()
        if not isinstance(theirs, list) or len(theirs) != len(ours) + 2:
            raise BadRequest("The counts cannot be understood.")
        _, cards, notes, reviews, _, *objects = theirs
        self._is_sane = [cards, notes, reviews, *objects] == ours
        counts = [[0, 0, 0], *ours[:3], 0, *ours[3:]]
        return {"status": "ok" if self._is_sane else "bad", "c": theirs, "s": counts}

    def counts(self) -> list[int]:
        """Return the current numbers of cards, notes, reviews, note types, decks and presets of the other side."""
        cards, notes, reviews, types, decks, presets = self._mirror.counts()
        more_cards, more_notes, more_decks = self._deletions.counts()
        return [cards + more_cards, notes + more_notes, reviews, types, decks + more_decks, presets]

    def finish(self, take: Callable[[Mirror, Received], None]) -> int:
        """Commit everything, first to the collection with `take`, then to the mirror; return the modification time."""
        if not self._is_sane:
            raise BadRequest("The sync ended before its sanity check succeeded.")
        if not self.received.is_empty:
            take(self._mirror, self.received)
        if not self._stamps:
            self._mirror.keep_times("notes", self.received.before["notes"])
            self._mirror.keep_times("cards", self.received.before["cards"])
        at = max(time.time_ns() // 1_000_000, self._mirror.state.modified + 1)
        self._mirror.finish(at)
        self._mirror.keep_sync(self._usn + 1, self.received.since)
        if self._mirror.has_untold(self._usn + 1):
            self._mirror.touch()  # otherwise the app would assume that there is nothing to sync
        self._mirror.commit()
        return at

    def take_changes(self) -> dict[str, Any]:
        """Return our note types, decks, presets and tags that the other side has not seen; count them as sent."""
        found = {}
        stamp = {"usn": self._usn} if self._stamps else {}
        for name in OBJECTS:
            objects = self._mirror.read_json(name)
            found[name] = [objects[key] | stamp for key in self._pending.objects[name]]
            if name == "decks":
                found[name] += self._deletions.decks()
            self.sent += len(found[name])
        return {"models": found["models"], "decks": [found["decks"], found["dconf"]], "tags": list(self._pending.tags)}

    def _read_rows(self) -> Iterator[tuple[str, Row]]:
        for table, ids in self._pending.rows.items():
            for row in chain(self._mirror.rows(table, ids), self._deletions.rows(table)):
                if self._stamps:
                    row[USN[table]] = self._usn
                yield table, row

    def _set_aside_deleted(self, notes: list[Row]) -> list[Row]:
        """Return the notes that were not deleted elsewhere; keep the others in `late` if their text changed."""
        kept = []
        for row in notes:
            deleted = self._deletions.note(row[0])
            if deleted is None:
                kept.append(row)
            elif get_user_values("notes", deleted) != get_user_values("notes", row):
                self.received.late.append(row)
        return kept

    def _restore_decks(self, cards: list[Row]) -> list[int]:
        """Restore deleted decks for received cards, or use the decks that now have their names; return these cards."""
        moved = []
        decks = self._mirror.read_json("decks")
        names = {each["name"].casefold(): each["id"] for each in decks.values()}
        for row in cards:
            if str(row[_DID]) in decks or not (deck := self._deletions.release_deck(row[_DID])):
                continue
            moved.append(row[0])
            row[_DID] = names.setdefault(deck["name"].casefold(), deck["id"])
            if row[_DID] == deck["id"]:
                decks[str(deck["id"])] = deck | {"usn": self._usn}
                self._mirror.write_json("decks", decks)
        return moved

    def _put(self, table: str, rows: list[Row]) -> list[Row]:
        received, mirror = self.received, self._mirror
        kind = table.removesuffix("s")
        changed = []
        for row in rows:
            before = next(mirror.rows(table, [row[0]]), None)
            if row[0] not in received.before[table]:
                received.before[table][row[0]] = before
                if mirror.has_changed(kind, row[0], received.since):
                    received.contested[table].add(row[0])
            if before is None or get_user_values(table, before) != get_user_values(table, row):
                changed.append(row[0])
        mirror.note_change(kind, changed, self._usn)
        return mirror.put_rows(table, rows, self._usn)

    def _put_objects(self, name: str, value: Any) -> None:
        if not value:
            return
        objects = self._mirror.read_json(name)
        for each in read_objects(name, value, objects):
            key = str(each["id"])
            known = objects.get(key)
            if known and known["usn"] >= self.received.since and known.get("mod", 0) >= each.get("mod", 0):
                continue
            if name == "decks":
                self._deletions.release_deck(int(key))
            if known and name in self.received.options:
                self.received.options[name].setdefault(key, known)
            objects[key] = each | {"usn": self._usn}
            self.received.objects.setdefault(name, []).append(objects[key])
        self._mirror.write_json(name, objects)

    def _put_tags(self, value: Any) -> None:
        if not isinstance(value, list) or len(value) > _MOST_TAGS or not all(isinstance(tag, str) for tag in value):
            raise BadRequest("The tags cannot be understood.")
        if value:
            tags = self._mirror.read_json("tags")
            self._mirror.write_json("tags", tags | dict.fromkeys(value, self._usn))
