"""Update note types, decks, presets, tags and configuration in the mirror, and compare packages with it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from math import isclose
from typing import Any, Final

from flashcards.anki.package.identifiers import deck_id
from flashcards.anki.package.model import BASIC, CLOZE, Package
from flashcards.anki.package.notetypes import DESIGN_CHANGED, make_note_type
from flashcards.anki.package.presets import read_deck_json, read_preset_json
from flashcards.deck.parse import clean_deck_name
from flashcards.sync import deletions

OUR_TYPES: Final = tuple(int(make_note_type(family).model_id) for family in (BASIC, CLOZE))
_OURS_IN_CONF: Final = ("schedVer", "sched2021", "creationOffset", "rollover", "fsrs")
_COUNTED: Final = ("newToday", "revToday")
_OURS_IN_DECK: Final = ("name", "conf")
_NOT_COMPARED: Final = ("mod", "usn", "id")

Objects = dict[str, dict[str, Any]]


class ObjectUpdate:
    """Updates the objects of the mirror, attached as `mirror`, from the exported database `db`.

    A new mirror gets all objects unchanged. `usn` is the current change number, `now_s` the time in epoch seconds.
    """

    def __init__(self, db: sqlite3.Connection, usn: int, now_s: int, *, is_new: bool) -> None:
        self._db = db
        self._usn = usn
        self._now = now_s
        self._is_new = is_new
        names = ("conf", "models", "decks", "dconf", "tags")
        self._here: dict[str, Any] = _read_columns(db, "main", names)
        self._there: dict[str, Any] = _read_columns(db, "mirror", names)
        self._ids: dict[int, int] = {}
        self._changes = 0

    def deck_ids(self) -> Mapping[int, int]:
        """Return the mirror's ids of decks by their ids in a package, where these differ."""
        by_name = {each["name"].casefold(): int(key) for key, each in self._there["decks"].items()}
        for key, deck in self._here["decks"].items():
            found = by_name.get(deck["name"].casefold())
            if found is not None and found != int(key):
                self._ids[int(key)] = found
        return self._ids

    def apply(self) -> int:
        """Write the differences; return the number of changed objects."""
        if self._is_new:
            self._db.execute("UPDATE mirror.col SET crt = (SELECT crt FROM main.col)")
            self._there["conf"] = dict(self._here["conf"])
            self._changes += 1
        self._update_types()
        self._update_presets()
        self._update_decks()
        self._update_tags()
        self._update_conf()
        if self._changes:
            values = [json.dumps(value, ensure_ascii=False) for value in self._there.values()]
            self._db.execute(f"UPDATE mirror.col SET {', '.join(f'{name} = ?' for name in self._there)}", values)
        return self._changes

    def _update_types(self) -> None:
        types: Objects = self._there["models"]
        for family in (BASIC, CLOZE):
            ours = make_note_type(family).to_json(DESIGN_CHANGED, 1)
            key = str(int(ours["id"]))
            # A person's changes to the design stay until our design changes. So its date is that of the design. With
            # the date of the mirror, all earlier designs would seem older.
            if key not in types or types[key].get("mod", 0) < DESIGN_CHANGED:
                self._put(types, key, ours, modified=DESIGN_CHANGED)
            elif _has_renamed_fields(types[key], ours):
                self._put(types, key, ours)

    def _update_presets(self) -> None:
        presets: Objects = self._there["dconf"]
        for key, ours in self._here["dconf"].items():
            known = presets.get(key)
            if known is None or not _contains(known, ours):
                self._put(presets, key, _merge_objects(known or {}, ours))

    def _update_decks(self) -> None:
        decks: Objects = self._there["decks"]
        present = set()
        for key, ours in self._here["decks"].items():
            there = str(self._ids.get(int(key), int(key)))
            present.add(there)
            known = decks.get(there)
            if known is None:
                self._put(decks, there, ours)
                continue
            changes = {name: ours[name] for name in _OURS_IN_DECK if ours.get(name) != known.get(name)}
            if there == "1":
                changes.pop("name", None)
            changes |= {name: ours[name] for name in _COUNTED if _has_more(ours.get(name), known.get(name))}
            if changes:
                self._put(decks, there, known | changes)
        self._remove_decks(decks, present)

    def _remove_decks(self, decks: Objects, present: set[str]) -> None:
        """Remove our decks that no longer exist, if they have no cards or subdecks left."""
        used = {
            str(number)
            for (number,) in self._db.execute("SELECT did FROM mirror.cards UNION SELECT odid FROM mirror.cards")
        }
        for key in sorted(decks, key=lambda key: -decks[key]["name"].count("::")):
            name = decks[key]["name"]
            is_ours = int(key) == deck_id(name) and key != "1"
            has_below = any(each["name"].startswith(f"{name}::") for each in decks.values())
            if is_ours and key not in present | used and not has_below:
                deletions.keep_deck(self._db, decks.pop(key), self._usn, is_theirs=False, schema="mirror")
                self._db.execute("INSERT INTO mirror.graves VALUES (?, ?, ?)", (self._usn, int(key), deletions.DECK))
                self._changes += 1

    def _update_tags(self) -> None:
        tags: dict[str, int] = self._there["tags"]
        known = {tag.casefold() for tag in tags}
        for (text,) in self._db.execute("SELECT DISTINCT tags FROM main.notes WHERE tags <> ''"):
            for tag in text.split():
                if tag.casefold() not in known:
                    known.add(tag.casefold())
                    tags[tag] = 0 if self._is_new else self._usn
                    self._changes += 1

    def _update_conf(self) -> None:
        conf, ours = self._there["conf"], self._here["conf"]
        changes = {name: ours[name] for name in _OURS_IN_CONF if name in ours and ours[name] != conf.get(name)}
        if changes and not self._is_new:
            conf.update(changes)
            self._changes += 1

    def _put(self, objects: Objects, key: str, value: Mapping[str, Any], modified: int = 0) -> None:
        modified = modified or max(self._now, objects.get(key, {}).get("mod", 0))
        objects[key] = dict(value) | {"id": int(key), "usn": 0 if self._is_new else self._usn, "mod": modified}
        self._changes += 1


def find_changed_options(package: Package, decks: Objects, presets: Objects) -> frozenset[str]:
    """Return the decks of a package whose options differ from `decks` and `presets`, which are JSON by id."""
    found = set()
    for deck in package.decks.values():
        before = decks.get(str(deck.id))
        if before is None:
            continue
        known = read_deck_json(deck.id, before)
        preset, now = presets.get(str(known.preset)), package.presets.get(deck.preset or 0)
        if preset is None or now is None:
            continue
        if (deck.settings, now.settings) != (known.settings, read_preset_json(now.id, preset).settings):
            found.add(clean_deck_name(deck.name))
    return frozenset(found)


def with_our_names(package: Package) -> Package:
    """Restore the names of the fields of our note types, even if an app renamed them."""
    for family in (BASIC, CLOZE):
        ours = make_note_type(family)
        names = tuple(field["name"] for field in ours.fields)
        kind = package.note_types.get(int(ours.model_id))
        if kind is not None and len(kind.fields) == len(names) and not set(names) <= set(kind.fields):
            package.note_types[kind.id] = kind._replace(fields=names)
    return package


def _has_renamed_fields(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> bool:
    there, here = ([field["name"] for field in kind["flds"]] for kind in (theirs, ours))
    return len(there) == len(here) and set(there) != set(here)


def _read_columns(db: sqlite3.Connection, schema: str, names: tuple[str, ...]) -> dict[str, Any]:
    values = db.execute(f"SELECT {', '.join(names)} FROM {schema}.col").fetchone()
    return {name: json.loads(value) for name, value in zip(names, values, strict=True)}


def _has_more(ours: Any, theirs: Any) -> bool:
    """Return whether more was done today than the mirror has recorded; both values are a day and a count."""
    if not ours or not ours[0]:
        return False
    if not isinstance(theirs, list) or len(theirs) != len(ours):
        return True
    return bool(ours[0] > theirs[0] or (ours[0] == theirs[0] and ours[1] > theirs[1]))


def _contains(theirs: Any, ours: Any) -> bool:
    """Return whether an object contains all values of ours; numbers may be rounded."""
    if isinstance(ours, dict):
        if not isinstance(theirs, dict):
            return False
        return all(
            name in theirs and _contains(theirs[name], value)
            for name, value in ours.items()
            if name not in _NOT_COMPARED
        )
    if isinstance(ours, list):
        return isinstance(theirs, list) and len(ours) == len(theirs) and all(map(_contains, theirs, ours))
    if isinstance(ours, (int, float)) and isinstance(theirs, (int, float)):
        return isclose(ours, theirs, rel_tol=1e-5, abs_tol=1e-9)
    return bool(ours == theirs)


def _merge_objects(theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(theirs)
    for name, value in ours.items():
        known = found.get(name)
        found[name] = _merge_objects(known, value) if isinstance(value, dict) and isinstance(known, dict) else value
    return found
