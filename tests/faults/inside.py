"""Acts of commands that need a terminal, a browser, a phone or a language model, without them."""

from __future__ import annotations

import io
import json
import os
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from mcp.server.mcpserver.exceptions import ToolError

from flashcards.assistant import Assistant
from flashcards.cli.sync_commands import _open_account
from flashcards.collection import Collection
from flashcards.mock.plan import MockPlan, begin_interview, sample_questions
from flashcards.mock.session import Over
from flashcards.review.views import Answer, Finished, View
from flashcards.sync import server
from flashcards.sync.media_store import MediaStore
from flashcards.sync.mirror import Mirror
from flashcards.sync.session import SyncSession
from flashcards.sync.synced_collection import SyncedCollection, make_folder
from flashcards.sync.validation import CARD_COLUMNS, NOTE_COLUMNS
from flashcards.sync.wire import UPLOAD_TAKEN
from flashcards.web import review_pages
from flashcards.web.guard import keep_token
from flashcards.web.shared_state import Site, Visit
from scheduler import Rating
from tests.faults.anki import sync_with_anki

FIELDS, QUEUE = NOTE_COLUMNS.index("flds"), CARD_COLUMNS.index("queue")
AT = 1_785_000_000_000
UPLOAD = ".upload.anki2"


def rate_all(root: Path) -> int:
    """Rate every card in one session; say each rating after it was recorded."""
    with Collection(root) as collection:
        collection.scan()
        for number, (card,) in enumerate(collection.connection.execute("SELECT id FROM cards ORDER BY id").fetchall()):
            collection.store.rate(card, Rating.GOOD, collection.policy(1), 1_790_000_000_000 + number, 0)
            os.write(1, b"rated\n")
    return 0


def rate_in_browser(root: Path) -> int:
    """Rate every card by the forms of the pages; say each rating after the next page was shown."""
    site = Site(root)

    def press(button: str) -> View:
        fields = {"stamp": [site.review.stamp], "do": [button]}
        review_pages.act(site, Visit(path={}, query={}, form=fields))
        return site.review.view

    try:
        view: View | None = None
        while not isinstance(view, Finished):
            site._worker.submit(press, "show").result()
            view = site._worker.submit(press, "good").result()
            if isinstance(view, Answer):  # it was not recorded, and says why
                os.write(2, view.message.encode())
                return 1
            os.write(1, b"rated\n")
    finally:
        site.close()
    return 0


def hold_mock(root: Path) -> int:
    """Answer, tick, rate and comment all questions of a mock interview; say each rating after it was recorded."""
    with Collection(root) as collection:
        collection.scan()
        drawn = sample_questions(collection, None, 3, AT, 1)
        _, session = begin_interview(collection, MockPlan(3, 4, 12), "", drawn, AT, schedule=True)
        for second in range(AT, AT + 3_600_000, 1000):
            if isinstance(session.view, Over):
                break
            session.keep_text(second, "dra")
            session.answer(second, "draft")
            session.tick(0)
            session.rate(second, Rating.GOOD)
            os.write(1, b"rated\n")
            session.note(second, "say it louder")
    return 0


def add_for_model(root: Path) -> int:
    """Add a note for a language model."""
    return _act_for_model(lambda: Assistant(root).add("a", "Q: What is new?\nA: This."))


def answer_for_model(root: Path) -> int:
    """Rate a card for a language model."""
    return _act_for_model(lambda: Assistant(root).answer("a.md:1", "good"))


def _act_for_model(act: Callable[[], object]) -> int:
    try:
        act()
    except ToolError as error:  # what the model is told
        os.write(2, str(error).encode())
        return 1
    os.write(1, b"done\n")
    return 0


def begin_serving(root: Path) -> int:
    """Do what a server does before its first request, and stop."""
    with Collection(root) as collection:
        collection.scan()
    folder = make_folder(root, server.FOLDER)
    account, _ = _open_account(folder, "me", None, reset=False)
    host = server.SyncHost(root, account, lambda _report: None, lambda _sentence: None)
    keep_token(folder / "web-token")
    host.close()
    os.write(1, b"waiting\n")
    return 0


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


def make_media(root: Path) -> None:
    """Make what a server keeps for phones, which have a picture."""
    (root / "a.md").write_text("Q: one ![](media/a.png)\nA: eins\n")
    (root / "media").mkdir()
    (root / "media" / "a.png").write_bytes(b"pixels")
    make_mirror(root)


def take_media(root: Path) -> int:
    """Take over a changed picture and a new one."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("0", b"other pixels")
        archive.writestr("1", b"new pixels")
        archive.writestr("_meta", json.dumps([["a.png", "0"], ["b.png", "1"]]))
    collection, media = _open(root)
    media.answer("uploadChanges", stream.getvalue())
    os.write(1, b"taken over\n")
    collection.close()
    media.close()
    return 0


def _folder(root: Path) -> Path:
    folder = root / ".flashcards" / "phone"
    folder.mkdir(exist_ok=True)
    return folder


def _open(root: Path) -> tuple[SyncedCollection, MediaStore]:
    media = MediaStore(_folder(root) / "media.db", root)
    return SyncedCollection(root, media, lambda _sentence: None), media


def _ids(mirror: Mirror, table: str) -> list[int]:
    return [row[0] for row in mirror.connection.execute(f"SELECT id FROM {table} ORDER BY id")]


INSIDE = {
    "rate-all": rate_all,
    "rate-in-browser": rate_in_browser,
    "hold-mock": hold_mock,
    "add-for-model": add_for_model,
    "answer-for-model": answer_for_model,
    "begin-serving": begin_serving,
    "apply-sync": apply_sync,
    "take-upload": take_upload,
    "take-media": take_media,
    "sync-with-anki": sync_with_anki,
}
"""The acts, by the word that replaces the words of a command."""

INSIDE_OF = {
    "review": ("rate-all", "rate-in-browser"),
    "mock": ("hold-mock",),
    "mcp": ("add-for-model", "answer-for-model"),
    "serve": ("begin-serving", "apply-sync", "take-upload", "take-media"),
    "sync": ("sync-with-anki",),
}
"""The acts of each command that cannot run here as a whole."""
