"""Sync with a running Anki through AnkiConnect: pull its changes, merge them, push ours.

The add-on has no change numbers. So a copy of the mirror is kept in the last common state, and every difference in Anki
is a change made there. If a push is interrupted, the next sync finds the pushed part in Anki.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from flashcards.anki.package.model import BASIC, CLOZE
from flashcards.anki.package.notetypes import make_note_type
from flashcards.disk.atomic import read_record, write_record
from flashcards.errors import FlashcardsError
from flashcards.sync.anki_connect import AnkiConnect, AnkiUnusable
from flashcards.sync.anki_contents import AnkiContents, AnkiPush
from flashcards.sync.client import ServerSync
from flashcards.sync.media_store import is_plain_name
from flashcards.sync.mirror import Mirror
from flashcards.sync.session import SyncSession
from flashcards.sync.synced_collection import SyncState
from flashcards.sync.validation import Graves

FOLDER: Final = "anki"
_AGREED: Final = "agreed.anki2"
_STATE: Final = "anki.json"


class OtherProfile(FlashcardsError):
    """Another profile is open in Anki than the one that this folder syncs with."""

    def __init__(self, known: str, folder: Path) -> None:
        name = f"the profile `{known}`" if known else "the collection"
        super().__init__(
            f"Another profile is open in Anki: this folder syncs with {name}. Open it in Anki, or delete"
            f" {folder} to start over with the open profile."
        )


class LiveAnki:
    """Syncs a collection with a running Anki; only one process may do so at a time."""

    def __init__(self, root: Path, anki: AnkiConnect, tell: Callable[[str], None]) -> None:
        self._state = SyncState(root, FOLDER, "flashcards sync", tell)
        self._folder, self._mirror, self._media = self._state.folder, self._state.mirror, self._state.media
        self._collection = self._state.collection
        self._anki = anki
        self._agreement = read_record(self._folder / _STATE)

    def close(self) -> None:
        """Close everything; a running sync ends without effect."""
        self._state.close()

    def sync(self) -> ServerSync:
        """Synchronize both sides.

        Raise `AnkiUnusable` if Anki cannot be used or stops; the next sync continues. Raise `OtherProfile` if another
        profile is open. Raise `Refusal` if the collection cannot be used or Anki contains invalid data.
        """
        profile = self._anki.begin()
        # Not the system's temporary folder, because a sandboxed Anki has a different one.
        with TemporaryDirectory(prefix="exchange-", dir=self._folder) as exchange:
            contents = AnkiContents.pull(self._anki, Path(exchange))
            try:
                self._check_profile(profile, contents.created)
                return self._exchange(profile, contents, Path(exchange))
            finally:
                contents.close()

    def _exchange(self, profile: str, contents: AnkiContents, exchange: Path) -> ServerSync:
        done = ServerSync()
        check_note_types(contents.objects["models"])
        is_first = self._begin(contents)
        agreed = exchange / _AGREED if is_first else self._folder / _AGREED
        if not is_first:
            self._collection.refresh(self._mirror)
        done.media_came = self._pull_media(contents, exchange)
        self._receive(contents, agreed, done, is_first=is_first)
        if is_first:
            self._keep_agreed(profile, contents)
        self._collection.refresh(self._mirror)
        push = AnkiPush(self._anki, self._mirror, contents, exchange)
        done.media_went = push.send_media(self._media)
        done.rows_went = push.send(self._mirror.pending(self._mirror.state.usn))
        self._keep_agreed(profile, contents)
        self._mirror.finish_at(time.time_ns() // 1_000_000, self._mirror.state.usn + 1)
        return done

    def _begin(self, contents: AnkiContents) -> bool:
        """Return whether both sides must be compared completely."""
        agreed = self._folder / _AGREED
        if agreed.exists() and not self._mirror.is_new:
            with closing(Mirror(agreed)) as known:
                if not contents.has_other_shape(known):
                    contents.use_ids_of(self._mirror)
                    return False
        agreed.unlink(missing_ok=True)
        self._mirror.start_from(time.time_ns() // 1_000_000)
        return True

    def _receive(self, contents: AnkiContents, agreed: Path, done: ServerSync, *, is_first: bool) -> None:
        """Apply the changes in Anki since the last common state."""
        mirror = self._mirror
        usn = mirror.state.usn
        # Received rows get a smaller number than sent ones, so that they are not sent back.
        session = SyncSession(mirror, FOLDER, usn, client_is_newer=True, usn=max(0, usn - 1))
        session.received.is_first = is_first
        try:
            with closing(Mirror(agreed)) as known:
                changes = contents.changes(known, None if is_first else self._agreement.get("dconf"))
            parts, graves = self._find_changes(contents, agreed)
            session.apply_graves({"chunk": graves._asdict()})
            mirror.set_created(contents.created)
            session.apply_changes({"changes": changes})
            for part in parts:
                session.apply_chunk({"chunk": part})
                done.rows_came += sum(map(len, part.values()))
            if not session.received.is_empty:
                self._collection.take(mirror, session.received)
                done.came = self._collection.taken
            mirror.finish_at(time.time_ns() // 1_000_000, max(1, usn))
            mirror.commit()
        except BaseException:
            session.close()
            raise

    def _find_changes(self, contents: AnkiContents, agreed: Path) -> tuple[list[dict[str, Any]], Graves]:
        with contents.attach(self._mirror.path, agreed):
            return list(contents.changed_rows()), self._confirm(contents.missing())

    def _confirm(self, missing: Graves) -> Graves:
        """Ask Anki whether the rows missing from its packages are really gone."""
        notes: dict[int, set[int]] = {}
        asked = sorted({*missing.notes, *(row[1] for row in self._mirror.rows("cards", missing.cards))})
        for number, info in self._anki.note_infos(asked):
            if info:
                notes[number] = set(info.get("cards") or ())
        there = set().union(*notes.values())
        gone = [number for number in missing.notes if number not in notes]
        return Graves([number for number in missing.cards if number not in there], gone, [])

    def _pull_media(self, contents: AnkiContents, exchange: Path) -> int:
        """Copy the files that only Anki has, or that changed only in Anki."""
        agreed, ours = self._media.agreed_files(), self._media.digests()
        theirs: dict[str, str] = {}
        came = 0
        target = exchange / "medium"
        for name, digest in contents.media_files(target):
            theirs[name] = digest
            is_ours = name in ours and ours[name] != agreed.get(name)
            if is_plain_name(name) and ours.get(name) != digest and not is_ours and target.stat().st_size:
                self._media.take_file(name, target.read_bytes())
                came += 1
        self._media.keep_server(0, theirs)
        return came

    def _check_profile(self, profile: str, created: int) -> None:
        known = self._agreement
        if not known or not (self._folder / _AGREED).exists():
            return
        if (profile and known["profile"] and profile != known["profile"]) or created != known["created"]:
            raise OtherProfile(str(known["profile"]), self._folder)

    def _keep_agreed(self, profile: str, contents: AnkiContents) -> None:
        agreed = self._folder / _AGREED
        fresh = agreed.with_name(f"{_AGREED}.part")
        fresh.unlink(missing_ok=True)
        with closing(sqlite3.connect(fresh)) as copy:
            self._mirror.connection.backup(copy)
        state = {"profile": profile, "created": contents.created, "dconf": contents.objects["dconf"]}
        write_record(self._folder / _STATE, state)
        fresh.replace(agreed)


def check_note_types(there: Mapping[str, Any]) -> None:
    """Raise `AnkiUnusable` if one of our note types has other fields in Anki."""
    for family in (BASIC, CLOZE):
        ours = make_note_type(family).to_json(0, 1)
        theirs = there.get(str(ours["id"]))
        if theirs and [each["name"] for each in theirs["flds"]] != [each["name"] for each in ours["flds"]]:
            raise AnkiUnusable(
                f"The note type `{theirs['name']}` has other fields in Anki than here. Take the change back there, or"
                " move the notes to a note type of your own."
            )
