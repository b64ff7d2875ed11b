"""Random days with two phones and the terminal in turn, in a process of its own so that its clock can be moved.

`python -m tests.sync.random_days FOLDER SEED DAYS [PYTHON]`: the second phone runs under PYTHON. With libfaketime
preloaded and FAKETIME_TIMESTAMP_FILE set, each day is a day later; without it, all happens on one day.
"""

from __future__ import annotations

import json
import os
import random
import re
import sys
import time
from datetime import datetime, timedelta
from difflib import ndiff
from pathlib import Path
from typing import Any

from flashcards.collection import Collection, now_ms
from scheduler import Rating
from tests.sync.phones import Phone, PhoneError, World, state_of

_TOKEN = re.compile(r"t\d+x")
_CLOCK = os.environ.get("FAKETIME_TIMESTAMP_FILE", "")


class Days:
    """The days of one world, drawn from a seed, and what must hold after each."""

    def __init__(self, folder: Path, seed: int, second: str) -> None:
        self.random = random.Random(seed)
        self.world = World(folder)
        self.serial = 0
        self.reviews = 0
        self.texts: set[str] = set()
        self.acts: list[str] = []
        for name in ("a", "b/c"):
            self.world.write(f"{name}.md", "".join(self._note() for _ in range(12)))
        self.phones = [self.world.phone(), self.world.phone(second)]
        for phone in self.phones:
            phone.download()

    def live(self, days: int) -> None:
        for day in range(days):
            self._next_day()
            self.acts.append(f"day {day}")
            self._at_terminal()
            for phone in self.phones:
                self._tick(minutes=1)
                self._on_phone(phone)
            self._tick(minutes=1)
            if self.random.random() < 0.2:
                self.world.restart()
            order = self.random.sample(self.phones, 2)
            for phone in order if self.random.random() < 0.7 else order[:1]:
                self.acts.append(f"phone {self.phones.index(phone)} syncs")
                phone.sync()
            if self.random.random() < 0.4 or day == days - 1:
                self._settle()
        self._check()

    def close(self) -> None:
        self.world.close()

    def _settle(self) -> None:
        self.acts.append("all sync twice")
        for _ in range(2):
            for phone in self.phones:
                phone.sync()
        self._check()

    # What people do

    def _at_terminal(self) -> None:
        for _ in range(self.random.randrange(6)):
            act = self.random.choice(
                (self._rate, self._rate, self._rate, self._edit, self._add, self._delete, self._mark)
            )
            act()

    def _on_phone(self, phone: Phone) -> None:
        for _ in range(self.random.randrange(7)):
            act = self.random.choice(
                ("answer",) * 5
                + ("edit", "edit", "add", "delete", "suspend", "flag", "bury", "tag", "forget", "set_due")
            )
            notes = [row[0] for row in phone.rows("SELECT id FROM notes ORDER BY id")]
            cards = [row[0] for row in phone.rows("SELECT id FROM cards WHERE queue >= 0 ORDER BY id")]
            if not notes or not cards:
                return
            note, card = self.random.choice(notes), self.random.choice(cards)
            if act == "answer":
                phone.do("answer", cards=[card], rating=self.random.choice((1, 2, 3, 3, 3, 4)))
                self.reviews += 1
                time.sleep(0.002)
            elif act == "edit":
                self._edit_on_phone(phone, note)
            elif act == "add":
                self.serial += 1
                deck = self.random.choice(("a", "b::c", "phone"))
                phone.do("add", kind="Flashcards Basic", fields=[f"t{self.serial}x", "added"], deck=deck)
                self.acts.append(f"phone {self.phones.index(phone)} adds t{self.serial}x")
                self.texts.add(f"t{self.serial}x")
            elif act == "delete" and self.random.random() < 0.5:
                fields = phone.rows(f"SELECT flds FROM notes WHERE id = {note}")[0][0]
                self.acts.append(f"phone {self.phones.index(phone)} deletes {note} {fields}")
                self._give_up(fields)
                phone.do("delete", notes=[note])
            elif act == "tag":
                self.acts.append(f"phone {self.phones.index(phone)} tags {note}")
                phone.do("tag", note=note, tags=[self.random.choice(("one", "two", "three"))])
            elif act in ("suspend", "flag", "bury", "forget", "set_due"):
                more: dict[str, Any] = {
                    "suspend": {"on": True},
                    "flag": {"flag": self.random.randrange(4)},
                    "set_due": {"days": "3"},
                }
                phone.do(act, cards=[card], **more.get(act, {}))
                if act in ("forget", "set_due"):
                    time.sleep(0.002)

    def _edit_on_phone(self, phone: Phone, note: int) -> None:
        fields = phone.rows(f"SELECT flds FROM notes WHERE id = {note}")[0][0].split("\x1f")
        self.serial += 1
        token = f"t{self.serial}x"
        field = 0 if len(fields) == 3 else 1
        text = _TOKEN.sub(token, fields[0]) if field == 0 else f"edited {token}"
        self.acts.append(f"phone {self.phones.index(phone)} writes {token} into {note} {fields}")
        phone.do("edit", note=note, field=field, text=text)
        self._give_up(fields[field])
        self.texts.add(token)

    def _give_up(self, text: str) -> None:
        """Take note that a person who sees a text replaces or deletes it."""
        self.texts -= set(_TOKEN.findall(text))

    def _rate(self) -> None:
        with self.world.collection() as collection:
            rows = collection.connection.execute(
                "SELECT id FROM cards WHERE active = 1 AND suspended = 0 ORDER BY id"
            ).fetchall()
            if not rows:
                return
            (card,) = self.random.choice(rows)
            policy = collection.policy(collection.store.card(card).deck)
            collection.store.rate(card, Rating(self.random.choice((1, 2, 3, 3, 4))), policy, now_ms(), 1000)
        self.reviews += 1
        time.sleep(0.002)

    def _mark(self) -> None:
        with self.world.collection() as collection:
            rows = collection.connection.execute("SELECT id FROM cards WHERE active = 1 ORDER BY id").fetchall()
            (card,) = self.random.choice(rows)
            store = collection.store
            act = self.random.randrange(5)
            if act == 0:
                store.suspend([card])
            elif act == 1:
                store.unsuspend([card])
            elif act == 2:
                store.flag([card], self.random.randrange(4))
            elif act == 3:
                store.forget([card], now_ms())
            else:
                store.set_due([card], collection.clock.day(now_ms()) + 2, now_ms())
        time.sleep(0.002)

    def _files(self) -> list[Path]:
        return sorted(path for path in self.world.root.rglob("*.md") if ".flashcards" not in path.parts)

    def _write(self, path: Path, text: str) -> None:
        before = path.read_text(encoding="utf-8").splitlines()
        self.acts.append(f"{path.name}: {[line for line in ndiff(before, text.splitlines()) if line[0] in '+-']}")
        self.world.write(path.relative_to(self.world.root).as_posix(), text)
        self.world.collection().close()

    def _edit(self) -> None:
        path = self.random.choice(self._files())
        text = path.read_text(encoding="utf-8")
        found = list(_TOKEN.finditer(text))
        if found:
            match = self.random.choice(found)
            self.serial += 1
            token = f"t{self.serial}x"
            self._give_up(match[0])
            self.texts.add(token)
            self._write(path, text[: match.start()] + token + text[match.end() :])

    def _add(self) -> None:
        path = self.random.choice(self._files())
        self._write(path, path.read_text(encoding="utf-8").rstrip() + "\n\n" + self._note())

    def _delete(self) -> None:
        path = self.random.choice(self._files())
        blocks = re.split(r"\n{2,}(?=[QC]:)", path.read_text(encoding="utf-8").rstrip())
        if len(blocks) > 3:
            self._give_up(blocks.pop(self.random.randrange(1, len(blocks))))
            self._write(path, "\n\n".join(blocks) + "\n")

    def _note(self) -> str:
        self.serial += 1
        token = f"t{self.serial}x"
        self.texts.add(token)
        if self.random.random() < 0.3:
            return f"C: the [{token}] of [gap{self.serial}]\n\n"
        both_ways = "<!-- reverse -->\n" if self.random.random() < 0.3 else ""
        return f"Q: question {self.serial}\nA: answer {token}\n{both_ways}\n"

    def _next_day(self) -> None:
        self._tick(minutes=24 * 60 + self.random.randrange(-300, 300))

    def _tick(self, minutes: int) -> None:
        """Move the clock, which begins again at that instant in every process: so no two act in one millisecond.

        It stays away from the first second of a day, which Anki counts with the day before (docs/scheduling.md).
        """
        if _CLOCK:
            now = datetime.now().astimezone().replace(second=30) + timedelta(minutes=minutes)
            Path(_CLOCK).write_text(now.strftime("@%Y-%m-%d %H:%M:%S"), encoding="utf-8")

    # What must hold

    def _check(self) -> None:
        one, two = (state_of(phone) for phone in self.phones)
        for name in one:
            assert one[name] == two[name], (
                name,
                [row for row in one[name] if row not in two[name]],
                [row for row in two[name] if row not in one[name]],
            )
        for phone in self.phones:
            phone.check()
        with self.world.collection() as collection:
            self._compare_logs(collection)
            self._compare_memories(collection)
            self._compare_cards(collection)
        self._find_texts()

    def _find_texts(self) -> None:
        """Each text that somebody wrote is in a file or kept aside, unless somebody who saw it took it out."""
        found = set(_TOKEN.findall("".join(path.read_text(encoding="utf-8") for path in self.world.root.rglob("*.md"))))
        assert self.texts <= found, f"lost: {self.texts - found}"

    def _compare_cards(self, collection: Collection) -> None:
        from flashcards.catalog.imports import Origins

        ids = Origins(collection.connection).ids("card")
        there = {
            row[0]: row[1:]
            for row in self.phones[0].rows("SELECT id, type, queue, flags, reps, lapses, ivl FROM cards")
        }
        for number, *here in collection.connection.execute(
            "SELECT id, state, suspended, flag, reps, lapses, interval FROM cards WHERE active = 1"
        ):
            kind, queue, flags, reps, lapses, interval = there.pop(ids.get(number, number))
            assert [kind, queue == -1, flags, reps, lapses] == [*here[:1], bool(here[1]), *here[2:5]], number
            assert kind != 2 or interval == here[5] // 86_400, number
        assert not there, f"cards that are on the phones only: {there}"

    def _compare_logs(self, collection: Collection) -> None:
        here = {row[0] for row in collection.connection.execute("SELECT id FROM reviews WHERE kind NOT IN (5, 6)")}
        there = {row[0] for row in self.phones[0].rows("SELECT id FROM revlog")}
        rated = collection.connection.execute("SELECT count(*) FROM reviews WHERE rating IS NOT NULL").fetchone()[0]
        assert there - here == set(), f"reviews that are on the phones only: {there - here}"
        assert rated == self.reviews, (rated, self.reviews)

    def _compare_memories(self, collection: Collection) -> None:
        from flashcards.catalog.imports import Origins

        ids = Origins(collection.connection).ids("card")
        there = dict(self.phones[1].rows("SELECT id, data FROM cards"))
        for number, stability, difficulty in collection.connection.execute(
            "SELECT id, stability, difficulty FROM cards WHERE active = 1 AND state > 0"
        ):
            data = json.loads(there[ids.get(number, number)] or "{}")
            for name, ours in (("s", stability), ("d", difficulty)):
                theirs = data.get(name)
                assert (ours is None) == (theirs is None), (number, name, ours, theirs)
                assert ours is None or abs(ours - theirs) <= 2e-3 * abs(ours), (number, name, ours, theirs)


def main() -> None:
    folder, seed, days = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    found = Days(folder, seed, sys.argv[4] if len(sys.argv) > 4 else sys.executable)
    try:
        found.live(days)
    except (AssertionError, PhoneError):
        for sentence in (*found.acts[-60:], *found.world.server.sentences[-10:]):
            sys.stderr.write(f"{sentence}\n")
        raise
    finally:
        found.close()
    sys.stdout.write(f"lived {days} days: {found.reviews} reviews\n")


if __name__ == "__main__":
    main()
