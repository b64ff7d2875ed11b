"""The client of a self-hosted sync server of Anki's own: both sides come to the same."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from flashcards.errors import UsageError
from flashcards.sync.client import AnkiWebRefused, Connection, ServerClient, ServerSync, ServerUnusable, check_url
from scheduler import Rating
from tests.sync.phones import PASSWORD, USER, Phone, World, state_of

DECK = "Q: one?\nA: 1\n\nQ: two? ![](img/a.png)\nA: **2**\n\nC: a [gap] and [more]\n"


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """The address of Anki's own sync server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "SYNC_USER1": f"{USER}:{PASSWORD}",
        "SYNC_BASE": str(tmp_path / "server"),
        "SYNC_HOST": "127.0.0.1",
        "SYNC_PORT": str(port),
        "RUST_LOG": "error",
    }
    process = subprocess.Popen(
        [sys.executable, "-c", "from anki.syncserver import run_sync_server as run; run()"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}/"
    process.kill()
    process.wait()


def sync(world: World, url: str, sentences: list[str] | None = None) -> ServerSync:
    connection = Connection(url)
    connection.log_in(USER, PASSWORD)
    client = ServerClient(world.root, connection, (sentences if sentences is not None else []).append)
    try:
        return client.sync()
    finally:
        client.close()


@pytest.fixture
def anki(tmp_path: Path, url: str) -> Iterator[Phone]:
    """An app that uses the server, with a note of its own type that was reviewed."""
    phone = Phone(tmp_path / "anki", url)
    phone.do("add", kind="Basic", fields=["theirs?", "<b>yes</b>"], deck="Their deck")
    phone.do("answer", cards=[phone.card("theirs?")], rating=4)
    assert phone.do("sync") == "FULL_UPLOAD"
    phone.do("full", upload=True)
    yield phone
    phone.close()


def test_both_sides_get_everything_of_the_other_and_nothing_is_doubled(world: World, url: str, anki: Phone) -> None:
    world.write("a.md", DECK)
    world.write("img/a.png", "pixels")
    world.rate("one?", Rating.EASY)
    sync(world, url)
    assert "Q: theirs?\nA: **yes**" in world.read("Their deck.md")
    assert len(world.reviews()) == 2
    assert anki.do("sync") == "NO_CHANGES"
    assert anki.rows("SELECT count(*) FROM notes") == [[4]]
    assert anki.rows("SELECT count(*) FROM revlog") == [[2]]
    assert anki.rows("SELECT n.name FROM notes o JOIN notetypes n ON n.id = o.mid WHERE o.flds LIKE 'theirs%'") == [
        ["Basic"]
    ]
    assert anki.do("sync_media") == ["a.png"]
    anki.check()
    before = state_of(anki)
    done = sync(world, url)
    assert (done.rows_came, done.rows_went, done.media_came, done.media_went) == (0, 0, 0, 0)
    assert anki.do("sync") == "NO_CHANGES"
    assert state_of(anki) == before


def test_later_changes_go_both_ways(world: World, url: str, anki: Phone) -> None:
    world.write("a.md", DECK)
    sync(world, url)
    assert anki.do("sync") == "NO_CHANGES"
    anki.do("edit", note=anki.note("one?"), field=1, text="edited in Anki")
    anki.do("answer", cards=[anki.card("one?")], rating=3)
    anki.do("add", kind="Basic", fields=["another?", "x"], deck="a")
    anki.do("suspend", cards=[anki.card("theirs?")], on=True)
    name = anki.do("add_media", name="new.png", text="new pixels")
    assert anki.do("sync") == "NO_CHANGES"
    anki.do("sync_media")
    world.rate("theirs?", Rating.GOOD)
    world.write("a.md", DECK.replace("**2**", "two"))
    done = sync(world, url)
    assert done.came is not None
    assert (done.came.added, done.came.updated, done.came.reviews) == (1, 1, 1)
    text = world.read("a.md")
    assert "A: edited in Anki" in text
    assert "A: two" in text
    assert "Q: another?" in text
    assert world.read(f"media/{name}") == "new pixels"
    with world.collection() as collection:
        assert collection.store.card(world.card("theirs?")).suspended
    sync(world, url)
    assert anki.do("sync") == "NO_CHANGES"
    assert anki.rows("SELECT count(*) FROM revlog") == [[3]]
    assert anki.rows(f"SELECT reps, queue FROM cards WHERE id = {anki.card('theirs?')}") == [[2, -1]]
    anki.check()


def test_a_sync_that_breaks_off_before_its_end_changes_nothing(
    world: World, url: str, anki: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.write("a.md", DECK)
    send = Connection.send_bytes

    def fail(self: Connection, method: str, body: bytes, kind: str = "sync") -> bytes:
        if method == "finish":
            raise ServerUnusable(url, "the network is gone")
        return send(self, method, body, kind)

    with monkeypatch.context() as patch:
        patch.setattr(Connection, "send_bytes", fail)
        with pytest.raises(ServerUnusable, match="the network is gone"):
            sync(world, url)
    sync(world, url)
    assert world.read("Their deck.md").count("theirs?") == 1
    assert len(world.reviews()) == 1
    assert anki.do("sync") == "NO_CHANGES"
    assert anki.rows("SELECT count(*) FROM notes") == [[4]]
    anki.check()


def test_our_own_server_can_be_synced_with_as_well(world: World, tmp_path: Path) -> None:
    world.write("a.md", DECK)
    (tmp_path / "other").mkdir()
    other = World(tmp_path / "other")
    try:
        other.write("b.md", "Q: other?\nA: o\n")
        sync(other, world.server.url)
        assert "Q: one?" in other.read("a.md")
        assert "Q: other?" in world.read("b.md")
        other.rate("one?", Rating.GOOD)
        sync(other, world.server.url)
        assert len(world.reviews()) == 1
    finally:
        other.close()


@pytest.mark.parametrize(
    "address",
    ["https://sync.ankiweb.net/", "http://ANKIWEB.NET.", "https://x.ankiweb.net:443/a", "https://ankiuser.net"],
)
def test_ankiweb_is_refused_with_the_alternatives(address: str) -> None:
    with pytest.raises(AnkiWebRefused, match="flashcards serve"):
        check_url(address)


@pytest.mark.parametrize("address", ["", "example.org", "ftp://example.org", "http://", "http://a:b:c/"])
def test_an_invalid_address_is_reported(address: str) -> None:
    with pytest.raises(UsageError, match="is not an address"):
        check_url(address)


def test_a_server_that_cannot_be_reached_or_is_something_else_is_reported(world: World, url: str) -> None:
    world.write("a.md", DECK)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(ServerUnusable, match="cannot be used"):
        Connection(f"http://127.0.0.1:{port}/").log_in(USER, PASSWORD)
    with pytest.raises(ServerUnusable, match="rejects the name and password"):
        Connection(url).log_in(USER, "wrong")


def run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "flashcards", "-C", str(root), "sync", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


@pytest.mark.slow
def test_the_command_keeps_the_login_and_reports_the_changes(
    world: World, url: str, anki: Phone, tmp_path: Path
) -> None:
    assert anki
    world.write("a.md", DECK.replace("![](img/a.png)", ""))
    (tmp_path / "password").write_text(PASSWORD, encoding="utf-8")
    first = run(world.root, "--anki-server", url, "--user", USER, "--password-file", str(tmp_path / "password"))
    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith("1 review, 1 new note came, ")
    login = world.root / ".flashcards/anki-server/login.json"
    assert PASSWORD not in login.read_text(encoding="utf-8")
    assert login.stat().st_mode & 0o077 == 0
    again = run(world.root, "--anki-server", url, "--json")
    assert again.returncode == 0
    assert '"sent": {"rows": 0, "media": 0}' in again.stdout


def test_the_command_refuses_ankiweb_and_needs_a_password_once(world: World, url: str) -> None:
    world.write("a.md", DECK)
    refused = run(world.root, "--anki-server", "https://sync.ankiweb.net/")
    assert refused.returncode == 2
    assert "AnkiWeb serves Anki's own apps only" in refused.stderr
    asked = run(world.root, "--anki-server", url, "--user", USER)
    assert asked.returncode == 2
    assert "--password-file" in asked.stderr


def test_a_text_written_into_a_note_that_is_deleted_here_is_kept(world: World, url: str, anki: Phone) -> None:
    world.write("a.md", DECK)
    sync(world, url)
    assert anki.do("sync") == "NO_CHANGES"
    anki.do("edit", note=anki.note("one?"), field=1, text="written in Anki")
    assert anki.do("sync") == "NO_CHANGES"
    world.write("a.md", DECK.removeprefix("Q: one?\nA: 1\n\n"))
    sentences: list[str] = []
    sync(world, url, sentences)
    assert any("deleted elsewhere" in sentence for sentence in sentences)
    assert "written in Anki" in "".join(path.read_text(encoding="utf-8") for path in world.root.rglob("*.md"))
    assert anki.do("sync") == "NO_CHANGES"
    assert not anki.rows("SELECT 1 FROM notes WHERE flds LIKE 'one?%'")
    anki.check()
