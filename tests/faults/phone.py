"""Takes over what a phone sends: the parts of a sync and of an upload that change the collection, without a phone."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from flashcards.sync.media_store import MediaStore
from flashcards.sync.mirror import Mirror
from flashcards.sync.session import SyncSession
from flashcards.sync.synced_collection import SyncedCollection
from flashcards.sync.validation import CARD_COLUMNS, NOTE_COLUMNS
from flashcards.sync.wire import UPLOAD_TAKEN

FIELDS, QUEUE = NOTE_COLUMNS.index("flds"), CARD_COLUMNS.index("queue")
AT = 1_785_000_000_000
UPLOAD = ".upload.anki2"


def make_mirror(root: Path) -> None:
    """Make what a server keeps for phones, as after a first download."""
    with closing(Mirror(_folder(root) / "mirror.anki2")) as mirror:
        collection, media = _open(root)
        collection.refresh(mirror)
        collection.close()
        media.close()


def apply_sync(root: Path) -> int:
    """Take over two reviews, a text that was edited and a card that was suspended; say so after it is kept."""
    with closing(Mirror(_folder(root) / "mirror.anki2")) as mirror:
        collection, media = _open(root)
        notes, cards = ([*map(list, mirror.rows(table, _ids(mirror, table)))] for table in ("notes", "cards"))
        session = SyncSession(mirror, "key", mirror.state.usn, client_is_newer=True)
        edited, suspended = next(row for row in notes if "eins" in row[FIELDS]), cards[-1]
        edited[FIELDS] = edited[FIELDS].replace("eins", "one in German")
        suspended[QUEUE] = -1
        reviews = [[AT + place, card[0], 0, 3, 5, 1, 0, 1000, 1] for place, card in enumerate(cards[:2])]
        session.apply_chunk({"chunk": {"notes": [edited], "cards": [suspended], "revlog": reviews}})
        session.check({"client": [[0, 0, 0], *session.counts()[:3], 0, *session.counts()[3:]]})
        session.finish(collection.take)
        os.write(1, b"taken over\n")
        collection.close()
        media.close()
    return 0


def make_upload(root: Path) -> None:
    """Make what a server keeps for phones, and what a phone will upload: a note edited, one more review."""
    make_mirror(root)
    with closing(Mirror(_folder(root) / "mirror.anki2")) as mirror, closing(sqlite3.connect(":memory:")) as phone:
        phone.deserialize(mirror.file_bytes())
        (card,) = phone.execute("SELECT min(id) FROM cards").fetchone()
        phone.execute("UPDATE notes SET mod = mod + 9, flds = replace(flds, 'eins', 'one in German')")
        phone.execute("INSERT INTO revlog VALUES (?, ?, 0, 3, 5, 1, 0, 1000, 1)", (AT, card))
        phone.commit()
        (root / UPLOAD).write_bytes(phone.serialize())


def take_upload(root: Path) -> int:
    """Take over the collection of `make_upload`; say so after it is kept."""
    with closing(Mirror(_folder(root) / "mirror.anki2")) as mirror:
        collection, media = _open(root)
        said = collection.take_upload(mirror, (root / UPLOAD).read_bytes())
        os.write(1 if said == UPLOAD_TAKEN else 2, said.encode())
        collection.close()
        media.close()
    return int(said != UPLOAD_TAKEN)


def _folder(root: Path) -> Path:
    folder = root / ".flashcards" / "phone"
    folder.mkdir(exist_ok=True)
    return folder


def _open(root: Path) -> tuple[SyncedCollection, MediaStore]:
    media = MediaStore(_folder(root) / "media.db", root)
    return SyncedCollection(root, media, lambda _sentence: None), media


def _ids(mirror: Mirror, table: str) -> list[int]:
    return [row[0] for row in mirror.connection.execute(f"SELECT id FROM {table} ORDER BY id")]
