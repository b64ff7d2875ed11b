"""Servers and phones for tests: our server in a thread, the real core as its client in a process of its own."""

from __future__ import annotations

import atexit
import itertools
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from flashcards.collection import Collection, now_ms
from flashcards.sync.account import Account
from flashcards.sync.server import SyncHost, listen
from flashcards.sync.service import SyncReport
from scheduler import Rating
from tests.server_thread import ServerThread

USER, PASSWORD = "me", "secret-word"
DRIVER = Path(__file__).with_name("phone_driver.py")
ANKIDROID = Path(sys.prefix, "ankidroid/bin/python")
"""The Python of an environment with the version of the wheel `anki` that AnkiDroid ships: `make test` installs it."""


class Server:
    """A running server."""

    def __init__(self, root: Path, account: Account) -> None:
        self.reports: list[SyncReport] = []
        self.sentences: list[str] = []
        self.host = SyncHost(root, account, self.reports.append, self.sentences.append)
        listener = listen("127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        self._serving = ServerThread(self.host.build_server(), listener)

    def close(self) -> None:
        if self._serving.is_alive():
            self._serving.stop()
            self.host.close()


class PhoneError(Exception):
    """What the core said when it failed."""


class Phone:
    """A phone; its methods are those of `Driver` in `phone_driver.py`."""

    def __init__(self, folder: Path, url: str = "", python: str = sys.executable) -> None:
        """Begin; without the address of a server it is an Anki that syncs with nothing."""
        folder.mkdir(parents=True, exist_ok=True)
        self._python = python
        idle = _IDLE[python]
        self.process = idle.pop() if idle else _start_driver(python)
        self.do("open", folder=str(folder), endpoint=url)
        if url:
            self.do("login", user=USER, password=PASSWORD)

    def do(self, command: str, /, **arguments: Any) -> Any:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps([command, arguments]) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline() or '{"error": "the phone is gone"}')
        if "error" in answer:
            raise PhoneError(answer["error"])
        return answer["value"]

    def download(self) -> None:
        """Sync for the first time."""
        required = self.do("sync")
        assert required in ("FULL_DOWNLOAD", "FULL_SYNC"), required
        self.do("full", upload=False)

    def sync(self) -> None:
        """Sync as one does every day, twice, so that what the server makes of the first comes back."""
        for _ in range(2):
            assert self.do("sync") == "NO_CHANGES"

    def rows(self, query: str) -> list[Any]:
        found: list[Any] = self.do("rows", query=query)
        return found

    def card(self, front: str) -> int:
        """The first card of the note whose fields begin so."""
        return int(
            self.rows(f"SELECT c.id FROM cards c JOIN notes n ON n.id = c.nid WHERE n.flds LIKE '{front}%'")[0][0]
        )

    def note(self, front: str) -> int:
        return int(self.rows(f"SELECT id FROM notes WHERE flds LIKE '{front}%'")[0][0])

    def check(self) -> None:
        """The database check of the core finds nothing."""
        before = self.rows("SELECT id, nid, ord FROM cards ORDER BY id")
        assert self.do("check") == []
        assert self.rows("SELECT id, nid, ord FROM cards ORDER BY id") == before

    def close(self) -> None:
        if self.process.poll() is None:
            try:
                self.do("close")
            except (PhoneError, OSError):
                self.process.kill()
            else:
                _IDLE[self._python].append(self.process)
                return
        _end_driver(self.process)


_IDLE: defaultdict[str, list[subprocess.Popen[str]]] = defaultdict(list)
"""Processes whose phone is closed, by their Python: starting the core takes longer than most tests."""


def _start_driver(python: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [python, str(DRIVER)],
        cwd=DRIVER.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def _end_driver(process: subprocess.Popen[str]) -> None:
    for stream in (process.stdin, process.stdout):
        if stream:
            with suppress(BrokenPipeError):  # a command that a killed phone did not read
                stream.close()
    process.wait(60)


@atexit.register
def _end_idle_drivers() -> None:
    for process in itertools.chain.from_iterable(_IDLE.values()):
        _end_driver(process)


class World:
    """A collection, its server, and phones."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "decks"
        self.root.mkdir()
        self.account = Account.create(USER, PASSWORD)
        self._server: Server | None = None
        self._phones: list[Phone] = []

    @property
    def server(self) -> Server:
        if self._server is None:
            self._server = Server(self.root, self.account)
        return self._server

    def restart(self) -> None:
        if self._server:
            self._server.close()
            self._server = None
        for phone in self._phones:
            phone.do("endpoint_is", endpoint=self.server.url)

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def read(self, name: str) -> str:
        return (self.root / name).read_text(encoding="utf-8")

    def phone(self, python: str = sys.executable) -> Phone:
        phone = Phone(self.folder / f"phone-{len(self._phones)}", self.server.url, python)
        self._phones.append(phone)
        return phone

    def collection(self) -> Collection:
        collection = Collection(self.root)
        collection.scan()
        return collection

    def card(self, front: str, slot: str | None = None) -> int:
        """The id here of a card of the note whose text begins so."""
        with self.collection() as collection:
            for entry in collection.catalog.entries():
                if entry.note.fields[0].startswith(front):
                    chosen = slot or entry.note.slots[0]
                    query = "SELECT id FROM cards WHERE note = ? AND slot = ?"
                    return int(collection.connection.execute(query, (entry.id, chosen)).fetchone()[0])
        raise AssertionError(f"there is no note {front}")

    def rate(self, front: str, rating: Rating, at_ms: int | None = None) -> None:
        """Rate a card as the terminal does."""
        number = self.card(front)
        with self.collection() as collection:
            policy = collection.policy(collection.store.card(number).deck)
            collection.store.rate(number, rating, policy, at_ms or now_ms(), 1000)

    def reviews(self) -> list[tuple[int, int, int]]:
        """The log here: instants, cards, ratings."""
        with self.collection() as collection:
            query = "SELECT id, card, rating FROM reviews WHERE rating IS NOT NULL ORDER BY id"
            return collection.connection.execute(query).fetchall()

    def close(self) -> None:
        for phone in self._phones:
            phone.close()
        if self._server:
            self._server.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    found = World(tmp_path)
    yield found
    found.close()


def state_of(phone: Phone) -> dict[str, list[Any]]:
    """What must be the same on all phones."""
    return {
        "notes": phone.rows("SELECT id, guid, mid, trim(tags), flds FROM notes ORDER BY id"),
        "cards": phone.rows(
            "SELECT id, nid, did, ord, type, queue, due, ivl, reps, lapses, flags FROM cards ORDER BY id"
        ),
        "reviews": phone.rows("SELECT id, cid, ease, ivl, lastIvl, type FROM revlog ORDER BY id"),
    }
