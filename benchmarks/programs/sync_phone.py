"""`python -m benchmarks.programs.sync_phone COLLECTION FOLDER ROUNDS`: Anki's own core syncs with our server.

The server is a process of its own. Prints, as JSON, for each sync by its kind: the seconds, the processor time of both
processes, the number of requests.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.programs.counting_server import PASSWORD, USER
from flashcards.collection import Collection, now_ms
from scheduler import Rating

_CHANGED = 1_000  # cards of each round, each with a review
_REST = 1.0  # seconds, in which the server prepares for the next client

Sync = tuple[float, float, int]


class Phone:
    """A device, new or not, that syncs with a server; keeps the time and the number of requests of each sync."""

    def __init__(self, url: str, folder: Path, found: dict[str, list[Sync]]) -> None:
        from anki.collection import Collection as AnkiCollection

        folder.mkdir(parents=True)
        self.core: Any = AnkiCollection(str(folder / "collection.anki2"))
        self._url = url
        self._found = found
        self._auth = self.core.sync_login(USER, PASSWORD, url)
        self._auth.endpoint = url

    def download(self) -> None:
        """Sync for the first time."""

        def work() -> None:
            self.core.sync_collection(self._auth, False)
            self.core.close_for_full_sync()
            self.core.full_upload_or_download(auth=self._auth, server_usn=None, upload=False)

        self._time("download", work)
        self.core.reopen(after_full_sync=True)

    def sync(self, kind: str) -> None:
        """Sync as every day."""
        self._time(kind, lambda: self.core.sync_collection(self._auth, False))

    def review(self) -> None:
        """Review cards that were not reviewed yet today."""
        for card_id in self.core.db.list("SELECT id FROM cards ORDER BY mod, id LIMIT ?", _CHANGED):
            card = self.core.get_card(card_id)
            card.start_timer()
            states = self.core._backend.get_scheduling_states(card_id)
            self.core._backend.answer_card(self.core.sched.build_answer(card=card, states=states, rating=2))

    def _time(self, kind: str, work: Callable[[], object]) -> None:
        self._read_figures()
        started, cpu = time.perf_counter(), time.process_time()
        work()
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
        requests, cpu_there = self._read_figures()
        self._found[kind].append((seconds, cpu + cpu_there, requests))
        time.sleep(_REST)

    def _read_figures(self) -> tuple[int, float]:
        with urllib.request.urlopen(f"{self._url}figures") as answer:
            requests, cpu = json.load(answer)
        return int(requests), float(cpu)


def rate_here(root: Path) -> None:
    """Rate cards as the terminal does."""
    with Collection(root) as collection:
        query = "SELECT id FROM cards ORDER BY last_day NULLS FIRST, id DESC LIMIT ?"
        for (card,) in collection.connection.execute(query, (_CHANGED,)).fetchall():
            before = collection.store.card(card)
            collection.store.rate(card, Rating.GOOD, collection.policy(before.deck), now_ms(), 4_000)


def measure(root: Path, folder: Path, url: str, rounds: int) -> dict[str, list[Sync]]:
    """Download on `rounds` devices; on the last one, sync what changed there and here as often."""
    found: dict[str, list[Sync]] = defaultdict(list)
    for number in range(rounds):
        phone = Phone(url, folder / str(number), found)
        phone.download()
    for _ in range(rounds):
        phone.sync("nothing")
        phone.review()
        phone.sync("from the phone")
        phone.sync("after it")
        rate_here(root)
        phone.sync("to the phone")
    return found


def main(root: Path, folder: Path, rounds: int) -> None:
    """Serve the collection meanwhile."""
    command = [sys.executable, "-m", "benchmarks.programs.counting_server", str(root)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout
        print(json.dumps(measure(root, folder, server.stdout.readline().strip(), rounds)))
    finally:
        server.terminate()
        server.communicate()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
