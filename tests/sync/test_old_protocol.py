"""Apps from before 2023, which send forms: they sync like the others, and what is no such form is refused."""

from __future__ import annotations

import gzip
import io
import json
import urllib.error
import urllib.request
import zipfile
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flashcards.sync.wire import BadRequest, ClientHeader, LoginRefused, Refusal, read_boundary, read_form, unzip
from tests.sync.phones import PASSWORD, USER, World
from tests.sync.test_broken_off import fingerprint

DECK = "Q: one?\nA: 1\n\nQ: two? ![](p.png)\nA: 2\n"


class OlderClient:
    """An app of 2022, step by step: what it sends was read off Anki 2.1.54."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.fields: dict[str, bytes] = {}
        self.fields = {"k": self.send("sync/hostKey", {"u": USER, "p": PASSWORD})["key"].encode(), "s": b"session1"}

    def send(self, method: str, payload: object) -> Any:
        return json.loads(self.post(method, gzip.compress(json.dumps(payload).encode()), {"c": b"1"} | self.fields))

    def post(self, method: str, data: bytes, fields: Mapping[str, bytes]) -> bytes:
        boundary = "4a02909be9d2ce10-78bbfed5"
        body = b"".join(
            b'--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
            % (boundary.encode(), name.encode(), value)
            for name, value in {"data": data, **fields}.items()
        )
        head = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        request = urllib.request.Request(f"{self.url}{method}", body + f"--{boundary}--\r\n".encode(), head)
        with urllib.request.urlopen(request, timeout=20) as answer:
            found: bytes = answer.read()
        return found


def test_an_older_app_downloads_and_its_review_comes_into_the_log(world: World) -> None:
    world.write("a.md", DECK)
    client = OlderClient(world.server.url)
    meta = client.send("sync/meta", {"v": 10, "cv": "anki,2.1.54 (b6a7760c),linux"})
    assert client.post("sync/download", b"{}", client.fields).startswith(b"SQLite format 3\0")
    card = world.card("one?")
    client.send("sync/start", {"minUsn": meta["usn"], "lnewer": True, "graves": None})
    client.send("sync/applyChanges", {"changes": {"models": [], "decks": [[], []], "tags": []}})
    assert client.send("sync/chunk", {})["done"]
    review = [1_795_000_000_123, card, -1, 3, 4, 0, 0, 1000, 0]
    client.send("sync/applyChunk", {"chunk": {"done": True, "revlog": [review], "cards": [], "notes": []}})
    counts = client.send("sync/sanityCheck2", {"client": [[0, 0, 0], 0, 0, 0, 0, 0, 0, 0]})["s"]
    assert client.send("sync/sanityCheck2", {"client": counts})["status"] == "ok"
    assert client.send("sync/finish", {}) > meta["mod"]
    assert world.reviews() == [(1_795_000_000_123, card, 3)]


def test_media_files_go_both_ways_in_forms(world: World) -> None:
    world.write("a.md", DECK)
    world.write("p.png", "picture")
    client = OlderClient(world.server.url)
    client.send("sync/meta", {"v": 10, "cv": "x"})
    key = client.fields["k"].decode()
    with urllib.request.urlopen(f"{client.url}msync/begin?k={key}&v=anki%2C2.1.54") as answer:
        begun = json.load(answer)["data"]
    session = {"sk": begun["sk"].encode()}
    changes = json.loads(client.post("msync/mediaChanges", b'{"lastUsn":0}', session))["data"]
    assert [row[0] for row in changes] == ["p.png"]
    files = zipfile.ZipFile(io.BytesIO(client.post("msync/downloadFiles", b'{"files":["p.png"]}', session)))
    assert files.read("0") == b"picture"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("0", b"from there")
        archive.writestr("_meta", '[["q.png","0"]]')
    assert json.loads(client.post("msync/uploadChanges", packed.getvalue(), session))["data"][0] == 1
    assert world.read("media/q.png") == "from there"


@pytest.mark.parametrize(
    ("method", "payload", "fields", "status"),
    [
        ("sync/meta", {"v": 7}, {}, 501),
        ("sync/meta", {"v": 12}, {}, 501),
        ("sync/meta", {"v": 10}, {"k": b"wrong"}, 403),
        ("sync/hostKey", {"u": USER, "p": "wrong"}, {}, 403),
        ("sync/finish", {}, {}, 409),
        ("sync/meta", [], {}, 400),
        ("sync/meta", {"v": 10}, {"k": b"x" * 1000}, 400),
        ("sync/meta", {"v": 10}, {"data": gzip.compress(b"{}")[:-9]}, 400),
        ("sync/meta", {"v": 10}, {"data": b"no gzip"}, 400),
    ],
)
def test_a_request_that_an_older_app_may_not_send_changes_nothing(
    world: World, method: str, payload: object, fields: Mapping[str, bytes], status: int
) -> None:
    world.write("a.md", DECK)
    client = OlderClient(world.server.url)
    client.send("sync/meta", {"v": 10, "cv": "x"})
    before = fingerprint(world.root)
    with pytest.raises(urllib.error.HTTPError) as refused:
        client.post(method, gzip.compress(json.dumps(payload).encode()), {"c": b"1", **client.fields, **fields})
    refused.value.read()
    assert refused.value.code == status
    assert fingerprint(world.root) == before
    assert any("refused" in sentence for sentence in world.server.sentences)


def test_only_the_begin_of_media_is_answered_without_a_body(world: World) -> None:
    world.write("a.md", DECK)
    for method, status in (("sync/meta", 405), ("msync/mediaChanges", 405), ("msync/begin?k=wrong", 403)):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{world.server.url}{method}")
        refused.value.read()
        assert refused.value.code == status


def test_a_part_that_unpacks_to_more_than_the_limit_is_refused() -> None:
    with pytest.raises(BadRequest, match="more than 1,000,000"):
        unzip(gzip.compress(bytes(5_000_000)), 1_000_000)


def test_nothing_is_decompressed_for_an_unknown_client() -> None:
    def refuse(_header: ClientHeader) -> None:
        raise LoginRefused

    form = b'--x\r\nname="c"\r\n\r\n1\r\n--x\r\nname="data"\r\n\r\nno gzip\r\n--x--'
    with pytest.raises(LoginRefused):
        read_form(form, "x", refuse)
    with pytest.raises(BadRequest, match="gzip"):
        read_form(form, "x", lambda _: None)


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/form-data; boundary=abc", "abc"),
        ('multipart/form-data; charset=x; boundary="a b"', "a b"),
        ('Multipart/Form-Data; boundary="a-b"', "a-b"),
        ("application/octet-stream", None),
        ("multipart/form-data", None),
        (None, None),
    ],
)
def test_a_form_is_recognised_by_its_content_type(content_type: str | None, boundary: str | None) -> None:
    assert read_boundary(content_type) == boundary


@given(st.binary(max_size=300), st.lists(st.sampled_from([b"--x\r\n", b"\r\n\r\n", b'name="data"', b'name="c"', b"1"])))
def test_any_bytes_are_read_or_refused(data: bytes, pieces: list[bytes]) -> None:
    try:
        header, body = read_form(b"".join(pieces) + data, "x", lambda _: None)
    except Refusal as refused:
        assert refused.status == 400
    else:
        assert header.version == 10
        assert isinstance(body, bytes)
