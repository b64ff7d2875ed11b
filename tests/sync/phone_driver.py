"""A phone: the real core as a client, in a process of its own, so that several versions of it can be tried.

Reads commands as JSON lines on standard input, answers each with a JSON line. `open` begins with a collection; after
`close` another one can be opened. Run by the Python of any environment that holds the wheel `anki`; imports nothing of
ours.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from anki.buildinfo import version
from anki.collection import Collection


class Driver:
    def __init__(self, folder: str, endpoint: str) -> None:
        self.path = str(Path(folder) / "collection.anki2")
        self.endpoint = endpoint
        self.col: Any = Collection(self.path)
        self.auth: Any = None
        self.servers: list[Any] = []

    def version(self) -> str:
        return version

    def endpoint_is(self, endpoint: str) -> None:
        self.endpoint = endpoint
        if self.auth:
            self.auth.endpoint = endpoint

    def login(self, user: str, password: str) -> None:
        self.auth = self.col.sync_login(user, password, self.endpoint)
        self.auth.endpoint = self.endpoint

    def sync(self, media: bool = False) -> str:
        out = self.col.sync_collection(self.auth, media)
        name = out.ChangesRequired.Name(out.required)
        self.media_usn = out.server_media_usn
        time.sleep(0.002)  # Anki regards an edit in the millisecond of a sync as brought by that sync
        return str(name)

    def full(self, upload: bool) -> None:
        self.col.close_for_full_sync()
        try:
            self.col.full_upload_or_download(auth=self.auth, server_usn=None, upload=upload)
        finally:
            self.col.reopen(after_full_sync=True)
            time.sleep(0.002)

    def sync_media(self) -> list[str]:
        self.col.sync_media(self.auth)
        for _ in range(600):
            status = self.col.media_sync_status()
            if not status.active:
                break
            time.sleep(0.02)
        folder = Path(self.col.media.dir())
        return sorted(each.name for each in folder.iterdir())

    def check(self) -> list[str]:
        problems = self.col._backend.check_database()
        problems = getattr(problems, "problems", problems)
        return [str(each) for each in problems]

    def undo(self) -> None:
        self.col.undo()

    def rows(self, query: str) -> list[Any]:
        return [list(row) for row in self.col.db.all(query)]

    def answer(self, cards: list[int], rating: int, at: int | None = None) -> None:
        for card_id in cards:
            card = self.col.get_card(card_id)
            card.start_timer()
            states = self.col._backend.get_scheduling_states(card_id)
            answer = self.col.sched.build_answer(card=card, states=states, rating=rating - 1)
            if at:
                answer.answered_at_millis = at
            self.col._backend.answer_card(answer)

    def edit(self, note: int, field: int, text: str) -> None:
        found = self.col.get_note(note)
        found.fields[field] = text
        self.col.update_note(found)

    def tag(self, note: int, tags: list[str]) -> None:
        found = self.col.get_note(note)
        found.tags = tags
        self.col.update_note(found)

    def add(self, kind: str, fields: list[str], deck: str, tags: list[str] | None = None) -> int:
        note = self.col.new_note(self.col.models.by_name(kind))
        for index, text in enumerate(fields):
            note.fields[index] = text
        note.tags = tags or []
        self.col.add_note(note, self.col.decks.id(deck))
        return int(note.id)

    def delete(self, notes: list[int]) -> None:
        self.col.remove_notes(notes)

    def suspend(self, cards: list[int], on: bool) -> None:
        (self.col.sched.suspend_cards if on else self.col.sched.unsuspend_cards)(cards)

    def bury(self, cards: list[int]) -> None:
        self.col.sched.bury_cards(cards)

    def flag(self, cards: list[int], flag: int) -> None:
        self.col.set_user_flag_for_cards(flag, cards)

    def forget(self, cards: list[int]) -> None:
        self.col.sched.schedule_cards_as_new(cards)

    def set_due(self, cards: list[int], days: str) -> None:
        self.col.sched.set_due_date(cards, days)

    def move(self, cards: list[int], deck: str) -> None:
        self.col.set_deck(cards, self.col.decks.id(deck))

    def rename_deck(self, old: str, new: str) -> None:
        self.col.decks.rename(self.col.decks.id(old), new)

    def make_deck(self, name: str) -> None:
        self.col.decks.id(name)

    def delete_deck(self, name: str) -> None:
        self.col.decks.remove([self.col.decks.id(name)])

    def filter(self, name: str, search: str) -> None:
        deck = self.col.sched.get_or_create_filtered_deck(deck_id=0)
        deck.name = name
        del deck.config.search_terms[1:]
        deck.config.search_terms[0].search = search
        deck.config.search_terms[0].limit = 100
        self.col.sched.add_or_update_filtered_deck(deck)

    def unfilter(self, name: str) -> None:
        self.col.sched.empty_filtered_deck(self.col.decks.id(name))

    def add_media(self, name: str, text: str) -> str:
        return str(self.col.media.write_data(name, text.encode()))

    def overwrite_media(self, name: str, text: str) -> None:
        time.sleep(1.1)  # the core looks at the folder's time, in seconds
        folder = Path(self.col.media.dir())
        (folder / "fresh").write_text(text, encoding="utf-8")
        (folder / "fresh").replace(folder / name)

    def read_media(self, name: str) -> str:
        return Path(self.col.media.dir(), name).read_text(encoding="utf-8")

    def trash_media(self, names: list[str]) -> None:
        self.col.media.trash_files(names)

    def add_type(self, name: str, like: str) -> None:
        kind = self.col.models.by_name(like)
        copy = self.col.models.copy(kind, add=False)
        copy["name"] = name
        self.col.models.add(copy)

    def add_field(self, kind: str, name: str) -> None:
        found = self.col.models.by_name(kind)
        self.col.models.add_field(found, self.col.models.new_field(name))
        self.col.models.update_dict(found)

    def remove_field(self, kind: str, name: str) -> None:
        found = self.col.models.by_name(kind)
        field = next(each for each in found["flds"] if each["name"] == name)
        self.col.models.remove_field(found, field)
        self.col.models.update_dict(found)

    def rename_field(self, kind: str, name: str, new: str) -> None:
        found = self.col.models.by_name(kind)
        field = next(each for each in found["flds"] if each["name"] == name)
        self.col.models.rename_field(found, field, new)
        self.col.models.update_dict(found)

    def add_template(self, kind: str) -> None:
        found = self.col.models.by_name(kind)
        template = self.col.models.new_template("More")
        template["qfmt"], template["afmt"] = "more {{Front}}", "{{Back}}"
        self.col.models.add_template(found, template)
        self.col.models.update_dict(found)

    def remove_template(self, kind: str, index: int) -> None:
        found = self.col.models.by_name(kind)
        self.col.models.remove_template(found, found["tmpls"][index])
        self.col.models.update_dict(found)

    def move_field(self, kind: str, name: str, index: int) -> None:
        found = self.col.models.by_name(kind)
        field = next(each for each in found["flds"] if each["name"] == name)
        self.col.models.reposition_field(found, field, index)
        self.col.models.update_dict(found)

    def change_type(self, notes: list[int], kind: str) -> None:
        from anki.models import ChangeNotetypeRequest

        old, new = self.col.get_note(notes[0]).mid, self.col.models.by_name(kind)["id"]
        info = self.col.models.change_notetype_info(old_notetype_id=old, new_notetype_id=new)
        request = ChangeNotetypeRequest()
        request.ParseFromString(info.input.SerializeToString())
        request.note_ids.extend(notes)
        self.col.models.change_notetype_of_notes(request)

    def set_option(self, deck: str, new_per_day: int) -> None:
        found = self.col.decks.config_dict_for_deck_id(self.col.decks.id(deck))
        found["new"]["perDay"] = new_per_day
        self.col.decks.update_config(found)

    def add_preset(self, deck: str, name: str, new_per_day: int) -> None:
        preset = self.col.decks.add_config(name)
        preset["new"]["perDay"] = new_per_day
        self.col.decks.update_config(preset)
        self.col.decks.set_config_id_for_deck_dict(self.col.decks.get(self.col.decks.id(deck)), preset["id"])

    def assign(self, deck: str, like: str) -> None:
        preset = self.col.decks.get(self.col.decks.id(like))["conf"]
        self.col.decks.set_config_id_for_deck_dict(self.col.decks.get(self.col.decks.id(deck)), preset)

    def options(self, deck: str) -> list[Any]:
        found = self.col.decks.config_dict_for_deck_id(self.col.decks.id(deck))
        return [found["new"]["perDay"], round(found["desiredRetention"], 4)]

    def config(self, name: str, value: Any) -> None:
        self.col.set_config(name, value)

    def due(self, deck: str) -> list[int]:
        self.col.decks.select(self.col.decks.id(deck))
        counts = self.col.sched.counts()
        return list(counts)

    def connect(self, **settings: Any) -> str:
        """Answer the actions of AnkiConnect from now on; return the address."""
        from anki_connect_standin import serve  # type: ignore[import-not-found]  # it is beside this script

        self.servers.append(serve(self.col, **settings))
        return f"http://127.0.0.1:{self.servers[-1].server_address[1]}"

    def close(self) -> None:
        for server in self.servers:
            server.shutdown()
            server.server_close()
        self.col.close()


def main() -> None:
    answers = sys.stdout
    sys.stdout = sys.stderr  # the core prints there when it was slow
    driver: Any = None
    for line in sys.stdin:
        name, arguments = json.loads(line)
        try:
            if name == "open":
                driver = Driver(**arguments)
                answer: dict[str, Any] = {"value": None}
            else:
                answer = {"value": getattr(driver, name)(**arguments)}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


main()
