"""Mutated requests: each ends in an answer or the protocol's error, and the collection is as it was or sound."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from flashcards.sync import wire
from flashcards.sync.account import Account
from flashcards.sync.server import SyncHost
from flashcards.sync.wire import ClientHeader, Refusal
from tests.sync.phones import PASSWORD, USER, World
from tests.sync.test_broken_off import fingerprint

DECK = "".join(f"Q: question {number}? ![](p.png)\nA: {number}\n\n" for number in range(5)) + "C: a [gap] here\n"
ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**53, 2**63 - 1, 2**64, -(2**63), 1.5, 1e300, 10**30),
    *("", "a", "\0", "a\x1fb", "\ud800", "x" * 10_000, "<script>", "../../etc", [], [[]], {}, {"id": 1}, [None] * 20),
)


class Fuzzer:
    """Sends the steps of a sync to a service, some of them changed at random."""

    def __init__(self, world: World, seed: int) -> None:
        self.random = random.Random(seed)
        account = Account.create(USER, PASSWORD)
        self.host = SyncHost(world.root, account, lambda _: None, lambda _: None)
        self.key = account.log_in(USER, PASSWORD) or ""
        self.send("download", b"{}")
        self.cards = self.rows("cards")
        self.notes = self.rows("notes")
        self.refused = 0
        self.answered = 0

    def rows(self, table: str) -> list[list[Any]]:
        mirror = self.host._state.mirror
        ids = self.host._worker.submit(
            lambda: [row[0] for row in mirror.connection.execute(f"SELECT id FROM {table}")]
        ).result()
        return self.host._worker.submit(lambda: list(mirror.rows(table, ids))).result()

    def send(self, method: str, body: bytes, kind: str = "sync") -> bytes:
        header = ClientHeader(11, self.key, "fuzz", "s")
        return self.host._worker.submit(self.host._service.answer, kind, method, header, body, "peer").result()

    def steps(self) -> Iterator[tuple[str, Any]]:
        """A valid sync: a review, an edited note, a new note, a new deck, a tag."""
        mirror = self.host._state.mirror
        models = self.host._worker.submit(lambda: list(mirror.read_json("models").values())).result()
        serial = self.random.randrange(1 << 40)
        card, note = list(self.random.choice(self.cards)), list(self.random.choice(self.notes))
        card[4], card[6:9] = 1_795_000_000, [2, 2, 5]
        fresh = [1_700_000_000_000 + serial, f"guid{serial}", note[2], 1_795_000_000, -1, "", note[6], "", "", 0, ""]
        deck = {"id": 1_600_000_000_000 + serial, "name": "new", "mod": 1_795_000_000, "usn": -1, "conf": 1}
        review = [1_790_000_000_000 + serial % 10**9, card[0], -1, 3, 5, -600, 0, 1000, 1]
        new_card = [fresh[0], fresh[0], deck["id"], 0, 1_795_000_000, -1, *([0] * 11), ""]
        yield "meta", {"v": 11, "cv": "x"}
        yield "start", {"minUsn": 1, "lnewer": True, "graves": None}
        yield "applyGraves", {"chunk": {"cards": [], "notes": [], "decks": []}}
        yield "applyChanges", {"changes": {"models": models[:1], "decks": [[deck], []], "tags": ["t"], "conf": {}}}
        yield "chunk", {}
        yield (
            "applyChunk",
            {"chunk": {"done": True, "revlog": [review], "cards": [card, new_card], "notes": [note, fresh]}},
        )

    def mutate(self, value: Any) -> Any:
        """A value with one part of it changed."""
        choose = self.random
        if isinstance(value, dict) and value and choose.random() < 0.85:
            key = choose.choice(list(value))
            if choose.random() < 0.15:
                return {name: each for name, each in value.items() if name != key}
            return value | {key: self.mutate(value[key])}
        if isinstance(value, list) and value and choose.random() < 0.85:
            index = choose.randrange(len(value))
            if choose.random() < 0.15:
                return value[:index] + value[index + 1 :]
            return [*value[:index], self.mutate(value[index]), *value[index + 1 :]]
        return choose.choice(ODD)

    def run(self, *, finish: bool) -> None:
        """Send a sync in which one request is changed; its end is `finish`, or nothing."""
        steps = list(self.steps())
        chosen = self.random.randrange(len(steps))
        for number, (method, payload) in enumerate(steps):
            if number == chosen:
                payload = self.mutate(payload)
                method = self.random.choice((*[method] * 20, "nothing", "finish", "abort"))
            try:
                body = json.dumps(payload).encode()
                if number == chosen and self.random.random() < 0.05:
                    body = bytes(self.random.randrange(256) for _ in range(20))
                self.send(method, body)
                self.answered += 1
            except Refusal:
                self.refused += 1
                return
        if finish:
            try:
                counts = json.loads(self.send("sanityCheck2", b'{"client": [[0,0,0],0,0,0,0,0,0,0]}'))["s"]
                self.send("sanityCheck2", json.dumps({"client": counts}).encode())
                self.send("finish", b"{}")
            except Refusal:
                self.refused += 1

    def run_media(self) -> None:
        for method in ("begin", "mediaChanges", "downloadFiles", "uploadChanges", "mediaSanity"):
            payload = self.mutate({"lastUsn": 0, "files": ["p.png", "q"], "local": 1, "v": "x"})
            try:
                self.send(method, json.dumps(payload).encode(), "msync")
                self.answered += 1
            except Refusal:
                self.refused += 1


@pytest.mark.parametrize("count", [100, pytest.param(2500, marks=pytest.mark.slow)])
def test_mutated_requests_that_never_finish_leave_the_collection_as_it_was(world: World, count: int) -> None:
    world.write("a.md", DECK)
    world.write("p.png", "x")
    fuzzer = Fuzzer(world, count)
    before = fingerprint(world.root)
    for _ in range(count):
        fuzzer.run(finish=False)
        fuzzer.run_media()
    assert fuzzer.refused > count // 4
    assert fuzzer.answered > count
    assert fingerprint(world.root) == before
    fuzzer.host.close()


@pytest.mark.parametrize("count", [40, pytest.param(800, marks=pytest.mark.slow)])
def test_mutated_syncs_that_finish_leave_a_collection_that_a_phone_can_download(world: World, count: int) -> None:
    world.write("a.md", DECK)
    fuzzer = Fuzzer(world, count)
    for _ in range(count):
        fuzzer.run(finish=True)
    fuzzer.host.close()
    with world.collection() as collection:
        assert collection.connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert collection.store.find_differences(lambda deck: collection.policy(deck).parameters) == []
    phone = world.phone()
    phone.download()
    phone.sync()


@pytest.mark.parametrize("body", [b"", b"x", wire.pack(b"{}")[:-2], b"\x28\xb5\x2f\xfd" + bytes(20)])
def test_bytes_that_are_no_body_are_refused(body: bytes) -> None:
    with pytest.raises(Refusal):
        wire.unpack(body)
