"""Kills the server or the phone at random points of syncs: `python -m tests.sync.kills FOLDER SEED COUNT`."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from tests.sync.phones import PASSWORD, USER, Phone, PhoneError, state_of


class Kills:
    """A server process and two phones, of which one is killed again and again."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.random = random.Random(seed)
        self.folder = folder
        self.root = folder / "decks"
        self.root.mkdir()
        (self.root / "a.md").write_text("".join(f"Q: q{n}?\nA: a{n}\n\n" for n in range(300)), encoding="utf-8")
        (folder / "password").write_text(PASSWORD, encoding="utf-8")
        self.answers = 0
        self.compared = 0
        self.start()
        self.phone = Phone(folder / "phone", self.url)
        self.phone.download()

    def start(self) -> None:
        self.server = subprocess.Popen(
            [
                *(sys.executable, "-m", "flashcards", "-C", str(self.root), "serve", "--json", "--port", "0"),
                *("--user", USER, "--password-file", str(self.folder / "password")),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.server.stdout
        self.url = json.loads(self.server.stdout.readline())["url"]

    def one(self) -> str:
        """Work on the phone, sync, and kill one side meanwhile; then sync again and compare."""
        cards = [row[0] for row in self.phone.rows("SELECT id FROM cards ORDER BY random() LIMIT 20")]
        self.phone.do("answer", cards=cards, rating=3)
        self.answers += len(cards)
        note = self.phone.rows("SELECT id FROM notes ORDER BY random() LIMIT 1")[0][0]
        self.phone.do("edit", note=note, field=1, text=f"edited {self.answers}")
        self.phone.do("add", kind="Flashcards Basic", fields=[f"new {self.answers}", "x"], deck="a")
        side = self.random.choice(("server", "phone"))
        process = self.server if side == "server" else self.phone.process
        timer = threading.Timer(self.random.random() * 0.35, process.kill)
        timer.start()
        try:
            for _ in range(3):
                self.phone.do("sync")
        except (PhoneError, OSError):
            pass
        timer.join()
        process.wait(10)
        if side == "server":
            self.start()
            self.phone.do("endpoint_is", endpoint=self.url)
        else:
            time.sleep(0.1)
            self.phone.close()
            self.phone = Phone(self.folder / "phone", self.url)
        self.phone.sync()
        return side

    def compare(self) -> None:
        """Hold a fresh download against the phone."""
        self.phone.check()
        self.compared += 1
        fresh = Phone(self.folder / f"fresh-{self.compared}", self.url)
        fresh.download()
        here, there = state_of(fresh), state_of(self.phone)
        assert here == there, "\n".join(_list_differences(here, there))
        fresh.close()
        assert self.phone.rows("SELECT count(*) FROM revlog") == [[self.answers]]
        text = (self.root / "a.md").read_text(encoding="utf-8")
        assert all(text.count(f"new {n}\n") == 1 for n in range(20, self.answers + 1, 20))

    def close(self) -> None:
        self.phone.close()
        self.server.kill()
        self.server.communicate()


def _list_differences(here: Any, there: Any) -> list[str]:
    """List the rows that a fresh download and the phone do not share."""
    return [
        f"{side}: {row}"
        for kind in here
        for side, one, other in (("fresh", here[kind], there[kind]), ("phone", there[kind], here[kind]))
        for row in one
        if row not in other
    ]


def main() -> None:
    kills = Kills(Path(sys.argv[1]), int(sys.argv[2]))
    try:
        for number in range(int(sys.argv[3])):
            kills.one()
            if number % 10 == 9:
                kills.compare()
        kills.compare()
    finally:
        kills.close()
    sys.stdout.write(f"survived {sys.argv[3]} kills, {kills.answers} reviews, process {os.getpid()}\n")


if __name__ == "__main__":
    main()
