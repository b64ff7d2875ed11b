"""What no client may send, over the wire: the protocol's error, a line in the server's log, and nothing is changed."""

from __future__ import annotations

import io
import json
import sqlite3
import time
import urllib.error
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from flashcards.sync import wire
from flashcards.sync.validation import COLUMNS, Row, plain_field
from tests.sync.phones import PASSWORD, USER, World
from tests.sync.test_broken_off import Client, fingerprint

DECK = "Q: one? ![](p.png)\nA: 1\n\nC: a [gap]\n"


class Peer:
    """A client that may have begun a sync; `refuse` sends what must be refused."""

    def __init__(self, world: World) -> None:
        world.write("a.md", DECK)
        world.write("p.png", "picture")
        self.world = world
        self.client = Client(world.server.url, "bad")
        with closing(sqlite3.connect(":memory:")) as db:
            db.deserialize(self.client.send_bytes("download", wire.pack(b"{}")))
            self.rows: dict[str, Row] = {
                table: list(db.execute(f"SELECT {', '.join(COLUMNS[table])} FROM {table} ORDER BY id").fetchone())
                for table in ("notes", "cards")
            }
        self.before = fingerprint(world.root)

    def refuse(
        self, status: int, reason: str, method: str, body: bytes, *, kind: str = "sync", header: str | None = None
    ) -> None:
        with pytest.raises(urllib.error.HTTPError) as refused:
            self.client.send_bytes(method, body, kind=kind, header=header)
        answer = refused.value.read().decode()
        assert (refused.value.code, reason in answer) == (status, True), answer
        (*_, line) = self.world.server.sentences
        assert line.startswith(f"127.0.0.1: {method} refused: ")
        assert reason in line

    def check(self) -> None:
        """Nothing changed, and the next sync is possible."""
        self.client.send("start", {"minUsn": 0, "lnewer": True, "graves": None})
        self.client.send("abort", {})
        assert fingerprint(self.world.root) == self.before
        assert {path.name for path in self.world.root.iterdir()} == {"a.md", "p.png", ".flashcards"}


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    world = World(tmp_path_factory.mktemp("world"))
    yield Peer(world)
    world.close()


def change(table: str, column: str, value: Any) -> Callable[[Peer], dict[str, Any]]:
    """A chunk with a row that is right but for one value."""

    def make(peer: Peer) -> dict[str, Any]:
        row = list(peer.rows[table])
        row[COLUMNS[table].index(column)] = value
        return {table: [row]}

    return make


REVIEW: Row = [1_795_000_000_000, 1, -1, 3, 4, 0, 0, 1000, 0]


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (change("cards", "due", "tomorrow"), "a wrong value for `due`"),
        (change("cards", "queue", 9), "a queue that does not exist"),
        (change("cards", "id", -1), "a wrong value for `id`"),
        (change("notes", "flds", None), "a wrong value for `flds`"),
        (change("notes", "flds", "one field"), "a wrong number of fields"),
        (change("notes", "mid", 12_345), "a note type that does not exist"),
        (change("notes", "guid", ""), "a wrong value for `guid`"),
        (lambda _: {"revlog": [[*REVIEW[:3], "good", *REVIEW[4:]]]}, "a wrong value for `ease`"),
        (lambda _: {"revlog": [REVIEW[:-1]]}, "a wrong number of values"),
        (lambda peer: {"cards": [[*peer.rows["cards"], 0]]}, "a wrong number of values"),
        (lambda _: {"notes": {"id": 1}}, "The rows of notes cannot be understood"),
        (lambda _: {"revlog": [REVIEW] * 10_001}, "The rows of revlog cannot be understood"),
    ],
)
def test_rows_that_cannot_be_are_refused(peer: Peer, make: Callable[[Peer], dict[str, Any]], reason: str) -> None:
    peer.client.send("start", {"minUsn": 0, "lnewer": True, "graves": None})
    chunk = {"done": True, "revlog": [], "cards": [], "notes": []} | make(peer)
    peer.refuse(400, reason, "applyChunk", wire.pack(wire.pack_json({"chunk": chunk})))
    peer.check()


@pytest.mark.parametrize(
    ("method", "payload", "reason"),
    [
        ("applyGraves", {"chunk": {"notes": ["x"]}}, "list of deletions cannot be understood"),
        ("applyChanges", {"changes": {"models": [{"id": 1}]}}, "has no name"),
        ("applyChanges", {"changes": {"decks": [1, 2, 3]}}, "The decks cannot be understood"),
        ("sanityCheck2", {"client": [1, 2]}, "The counts cannot be understood"),
        ("finish", {}, "before its sanity check succeeded"),
        ("walk", {}, "There is no method"),
        ("applyChunk", [], "not a JSON object"),
    ],
)
def test_steps_that_cannot_be_are_refused(peer: Peer, method: str, payload: object, reason: str) -> None:
    peer.client.send("start", {"minUsn": 0, "lnewer": True, "graves": None})
    peer.refuse(400, reason, method, wire.pack(wire.pack_json(payload)))
    peer.check()


def test_wrong_counts_in_the_sanity_check_are_refused_and_both_counts_logged(peer: Peer) -> None:
    peer.client.send("start", {"minUsn": 0, "lnewer": True, "graves": None})
    assert peer.client.send("sanityCheck2", {"client": [[0, 0, 0], 9, 9, 9, 0, 2, 2, 2]})["status"] == "bad"
    assert "app and the server differ: [[0, 0, 0], 9, 9, 9, 0, 2, 2, 2]" in peer.world.server.sentences[-1]
    peer.refuse(400, "before its sanity check succeeded", "finish", wire.pack(b"{}"))
    peer.check()


def test_the_first_of_two_clients_at_once_is_refused(peer: Peer) -> None:
    peer.client.send("start", {"minUsn": 0, "lnewer": True, "graves": None})
    Client(peer.world.server.url, "other").send("start", {"minUsn": 0, "lnewer": True, "graves": None})
    peer.refuse(409, "Another sync has begun", "chunk", wire.pack(b"{}"))
    peer.check()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"no zstd", "not compressed by zstd"),
        (b'{"v": 11}', "not compressed by zstd"),
        (wire.pack(b"{}")[:-3], "cut short"),
        (wire.pack(b"\xff\xfe"), "not JSON"),
        (wire.pack(bytes(3_000_000)), "unpacks to more than 2,000,000 bytes"),
        (bytes(1_100_000), "larger than 1,000,000 bytes"),
    ],
)
def test_bodies_that_cannot_be_unpacked_are_refused(
    peer: Peer, monkeypatch: pytest.MonkeyPatch, body: bytes, reason: str
) -> None:
    monkeypatch.setattr("flashcards.sync.wire.MOST_PACKED", 1_000_000)
    monkeypatch.setattr("flashcards.sync.wire.MOST_UNPACKED", 2_000_000)
    peer.refuse(400, reason, "meta", body)
    peer.check()


@pytest.mark.parametrize(
    ("header", "status", "reason"),
    [
        ('{"v": 12, "k": "", "c": "x", "s": "y"}', 501, "Version 12 of the sync protocol is not supported"),
        ('{"v": 7, "k": "", "c": "x", "s": "y"}', 501, "Version 7 of the sync protocol is not supported"),
        ("x", 400, "not JSON"),
        ('{"v": 11, "k": "wrong", "c": "x", "s": "y"}', 403, "The key is unknown"),
    ],
)
def test_headers_of_other_versions_or_strangers_are_refused(peer: Peer, header: str, status: int, reason: str) -> None:
    peer.refuse(status, reason, "meta", wire.pack(b'{"v": 11, "cv": "x"}'), header=header)
    peer.check()


@pytest.mark.parametrize("name", ["../a.md", "sub/p.png", "..\\x.png", "/etc/passwd", "c:p.png", "a\nb"])
def test_media_files_named_with_separators_are_refused(peer: Peer, name: str) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("0", b"evil")
        archive.writestr("_meta", json.dumps([["good.png", "0"], [name, "0"]]))
    peer.refuse(400, "is not a valid file name", "uploadChanges", wire.pack(packed.getvalue()), kind="msync")
    peer.check()


def test_an_archive_of_media_that_unpacks_to_too_much_is_refused(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flashcards.sync.media_store.MOST_UNPACKED", 2_000_000)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0", bytes(3_000_000))
        archive.writestr("_meta", '[["bomb.png", "0"]]')
    peer.refuse(400, "is too large when unpacked", "uploadChanges", wire.pack(packed.getvalue()), kind="msync")
    peer.check()


def test_after_five_wrong_passwords_even_the_right_one_has_to_wait(world: World) -> None:
    peer = Peer(world)
    wrong, right = (wire.pack(wire.pack_json({"u": USER, "p": word})) for word in ("wrong", PASSWORD))
    for _ in range(5):
        peer.refuse(403, "The name or the password is wrong", "hostKey", wrong)
    peer.refuse(403, "Too many wrong passwords from 127.0.0.1", "hostKey", right)
    peer.check()


def test_an_invalid_uploaded_collection_is_reported_to_the_app_and_in_the_log(peer: Peer) -> None:
    answer = peer.client.send_bytes("upload", wire.pack(b"no database"))
    assert answer.startswith(b"The collection was not accepted: ")
    assert answer.decode() in peer.world.server.sentences[-1]
    peer.check()


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("a <b>b</b><!-- <i> -->&nbsp;<STYLE>i{}</style>c<script>x</script> &lt;", "a b c <"),
        ("a<IMG alt=x src='b c.png'>d<img>e<!-- <img src=x> -->", "a b c.png de"),
        ("a <!-- b> c <style> d < e", "a  c  d < e"),
    ],
)
def test_a_field_is_sorted_by_its_text_and_the_names_of_its_pictures(html: str, text: str) -> None:
    assert plain_field(html) == text


@pytest.mark.parametrize("opening", ["<!--", "<style", "<script>", "<img src=", "<img src=a src=", "<"])
def test_endless_openings_in_a_field_are_read_in_linear_time(opening: str) -> None:
    started = time.process_time()
    plain_field(opening * 50_000)
    plain_field(opening * 50_000 + ">")
    assert time.process_time() - started < 2
