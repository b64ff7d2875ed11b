"""Syncs that break off at any request, and clients that come at once: all or nothing, and the next sync mends it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from flashcards.sync import wire
from tests.sync.phones import PASSWORD, USER, PhoneError, World, state_of

DECK = "".join(f"Q: question {number}?\nA: {number}\n\n" for number in range(6))


class Client:
    """A client that sends what it is told, step by step."""

    def __init__(self, url: str, session: str) -> None:
        self.url = url
        self.session = session
        self.key = ""
        self.key = self.send("hostKey", {"u": USER, "p": PASSWORD})["key"]

    def send(self, method: str, payload: object, *, kind: str = "sync") -> Any:
        return json.loads(self.send_bytes(method, wire.pack(wire.pack_json(payload)), kind=kind))

    def send_bytes(self, method: str, body: bytes, *, kind: str = "sync", header: str | None = None) -> bytes:
        text = header or json.dumps({"v": 11, "k": self.key, "c": "test,1,linux", "s": self.session})
        request = urllib.request.Request(f"{self.url}{kind}/{method}", body, {wire.HEADER: text})
        with urllib.request.urlopen(request, timeout=20) as response:
            return wire.unpack(response.read())

    def status(self, method: str, payload: object) -> int:
        """The status of a request that is refused."""
        with pytest.raises(urllib.error.HTTPError) as refused:
            self.send(method, payload)
        refused.value.read()
        return refused.value.code

    def counts(self) -> list[Any]:
        """What a sanity check without any change says: ask for the counts by lying."""
        return list(self.send("sanityCheck2", {"client": [[0, 0, 0], 0, 0, 0, 0, 0, 0, 0]})["s"])


def fingerprint(root: Path) -> str:
    """What must not change: the decks, and the rows of the state."""
    import sqlite3

    digest = sha256()
    for path in sorted(root.rglob("*.md")):
        digest.update(path.as_posix().encode() + path.read_bytes())
    with sqlite3.connect(root / ".flashcards/state.db") as connection:
        for table in ("cards", "reviews", "notes", "origins", "anki_ids"):
            digest.update(repr(connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()).encode())
    connection.close()
    return digest.hexdigest()


STEPS = ("start", "applyGraves", "applyChanges", "chunk", "applyChunk", "sanityCheck2", "finish")


def walk(client: Client, card: int, *, until: str) -> None:
    """Sync a review of a card by hand, up to and with one step."""
    for step in STEPS[: STEPS.index(until) + 1]:
        payload: dict[str, Any] = {
            "start": {"minUsn": client.send("meta", {"v": 11, "cv": "x"})["usn"], "lnewer": True, "graves": None},
            "applyGraves": {"chunk": {"cards": [], "notes": [], "decks": []}},
            "applyChanges": {"changes": {"models": [], "decks": [[], []], "tags": ["x"]}},
            "applyChunk": {
                "chunk": {
                    "done": True,
                    "revlog": [[1_795_000_000_000 + card % 1000, card, -1, 3, 4, 0, 0, 1000, 0]],
                    "cards": [],
                    "notes": [],
                }
            },
        }.get(step, {})
        if step == "sanityCheck2":
            counts = client.counts()
            payload = {"client": counts}
        client.send(step, payload)


@pytest.mark.slow
@pytest.mark.parametrize("last", STEPS[:-1])
def test_a_sync_broken_off_after_any_request_leaves_everything_as_it_was(world: World, last: str) -> None:
    world.write("a.md", DECK)
    phone = world.phone()
    phone.download()
    before = fingerprint(world.root)
    card = phone.card("question 1")
    walk(Client(world.server.url, "broken"), card, until=last)
    world.restart()
    assert fingerprint(world.root) == before
    phone.do("answer", cards=[card], rating=3)
    phone.sync()
    assert len(world.reviews()) == 1
    phone.check()


def test_a_whole_sync_by_hand_is_adopted(world: World) -> None:
    world.write("a.md", DECK)
    phone = world.phone()
    phone.download()
    walk(Client(world.server.url, "whole"), phone.card("question 1"), until="finish")
    assert len(world.reviews()) == 1
    phone.sync()
    assert phone.rows("SELECT count(*) FROM revlog") == [[1]]


def test_the_first_of_two_simultaneous_clients_is_refused_and_changes_nothing(world: World) -> None:
    world.write("a.md", DECK)
    phone = world.phone()
    phone.download()
    card = phone.card("question 1")
    first, second = Client(world.server.url, "one"), Client(world.server.url, "two")
    walk(first, card, until="applyChunk")
    walk(second, card, until="start")
    assert first.status("sanityCheck2", {"client": [[0, 0, 0], 0, 0, 0, 0, 0, 0, 0]}) == 409
    assert first.status("finish", {}) == 409
    assert second.send("chunk", {})["done"]
    second.send("abort", {})
    assert world.reviews() == []


def test_a_sync_step_before_the_start_is_refused(world: World) -> None:
    world.write("a.md", DECK)
    client = Client(world.server.url, "x")
    for step in (*STEPS[1:], "abort"):
        assert client.status(step, {}) == 409


def test_a_client_with_a_wrong_sanity_check_gets_an_error_and_cannot_finish(world: World) -> None:
    world.write("a.md", DECK)
    phone = world.phone()
    phone.download()
    before = fingerprint(world.root)
    client = Client(world.server.url, "liar")
    walk(client, phone.card("question 1"), until="applyChunk")
    answer = client.send("sanityCheck2", {"client": [[0, 0, 0], 1, 1, 1, 0, 1, 1, 1]})
    assert answer["status"] == "bad"
    assert client.status("finish", {}) == 400
    assert fingerprint(world.root) == before


def test_an_aborted_sync_changes_nothing_and_the_next_one_completes_it(world: World) -> None:
    world.write("a.md", DECK)
    phone = world.phone()
    phone.download()
    before = fingerprint(world.root)
    client = Client(world.server.url, "aborts")
    walk(client, phone.card("question 1"), until="applyChunk")
    client.send("abort", {})
    assert fingerprint(world.root) == before
    walk(client, phone.card("question 1"), until="finish")
    assert len(world.reviews()) == 1


def test_an_answer_to_finish_that_never_arrives_doubles_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.write("a.md", DECK)
    phone = world.phone()
    phone.download()
    phone.do("answer", cards=[phone.card("question 1")], rating=3)
    phone.do("edit", note=phone.note("question 2"), field=1, text="edited")
    phone.do("add", kind="Flashcards Basic", fields=["added", "x"], deck="a")
    service = world.server.host._service
    answer = service.answer

    def lose_finish(kind: str, method: str, *rest: Any) -> bytes:
        data = answer(kind, method, *rest)
        if method == "finish":
            raise wire.BadRequest("the answer is lost")
        return data

    with monkeypatch.context() as patch:
        patch.setattr(service, "answer", lose_finish)
        with pytest.raises(PhoneError):
            phone.do("sync")
    assert len(world.reviews()) == 1
    phone.sync()
    assert len(world.reviews()) == 1
    assert phone.rows("SELECT count(*) FROM notes") == [[7]]
    assert world.read("a.md").count("added") == 1
    assert world.read("a.md").count("edited") == 1
    phone.check()


def test_a_deck_file_that_is_changed_during_a_sync_keeps_that_change(world: World) -> None:
    world.write("a.md", DECK)
    one, two = world.phone(), world.phone()
    one.download()
    two.download()
    one.do("edit", note=one.note("question 1"), field=1, text="by the phone")
    world.write("a.md", DECK.replace("A: 1\n", "A: by hand\n").replace("A: 2\n", "A: two by hand\n"))
    one.sync()
    two.sync()
    assert "A: by hand" in world.read("a.md")
    assert "A: two by hand" in world.read("a.md")
    assert state_of(one) == state_of(two)
