"""A running Anki, reached by a stand-in for AnkiConnect over the real core: both sides come to the same."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from flashcards.collection import now_ms
from flashcards.sync.anki_connect import AnkiConnect, AnkiUnusable
from flashcards.sync.client import ServerSync
from flashcards.sync.live_anki import LiveAnki, OtherProfile
from scheduler import Rating
from tests.sync.phones import Phone, World

DECK = "Q: one?\nA: 1\n\nQ: two? ![](img/a.png)\nA: **2**\n\nC: a [gap] and [more]\n"


class Anki(Phone):
    """An Anki with the stand-in for its add-on."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.do("config", name="fsrs", value=True)
        self.address = self.do("connect")

    def connect(self, **settings: Any) -> None:
        self.address = self.do("connect", **settings)


@pytest.fixture
def anki(tmp_path: Path) -> Iterator[Anki]:
    """An Anki with a note of its own type that was reviewed."""
    found = Anki(tmp_path / "anki")
    found.do("add", kind="Basic", fields=["theirs?", "<b>yes</b>"], deck="Their deck::sub")
    found.do("answer", cards=[found.card("theirs?")], rating=4)
    yield found
    found.close()


def sync(world: World, anki: Anki, sentences: list[str] | None = None) -> ServerSync:
    tell = (sentences if sentences is not None else []).append
    with closing(LiveAnki(world.root, AnkiConnect(anki.address), tell)) as live:
        return live.sync()


def compare(world: World, anki: Anki) -> None:
    """Hold what Anki has against the collection."""
    from flashcards.catalog.imports import Origins

    anki.check()
    there = {row[0]: row[1:] for row in anki.rows("SELECT id, type, queue, flags & 7, reps, lapses, ivl FROM cards")}
    with world.collection() as collection:
        ids = Origins(collection.connection).ids("card")
        log = collection.connection.execute("SELECT id FROM reviews WHERE kind NOT IN (5, 6) ORDER BY id").fetchall()
        for number, *here in collection.connection.execute(
            "SELECT id, state, suspended, flag, reps, lapses, interval FROM cards WHERE active = 1"
        ):
            kind, queue, flags, reps, lapses, interval = there.pop(ids.get(number, number))
            assert [kind, queue == -1, flags, reps, lapses] == [here[0], bool(here[1]), *here[2:5]]
            assert kind != 2 or interval == here[5] // 86_400
    assert there == {}
    assert [tuple(row) for row in anki.rows("SELECT id FROM revlog ORDER BY id")] == log


def assert_nothing_to_do(world: World, anki: Anki) -> None:
    before = anki.rows("SELECT id, mod FROM cards"), anki.rows("SELECT id, mod, flds FROM notes")
    sentences: list[str] = []
    done = sync(world, anki, sentences)
    assert (done.rows_came, done.rows_went, done.media_came, done.media_went, sentences) == (0, 0, 0, 0, [])
    assert (anki.rows("SELECT id, mod FROM cards"), anki.rows("SELECT id, mod, flds FROM notes")) == before


def test_both_sides_get_everything_of_the_other_with_its_history(world: World, anki: Anki) -> None:
    world.write("a.md", DECK)
    world.write("img/a.png", "pixels")
    world.rate("one?", Rating.EASY)
    done = sync(world, anki)
    assert "Q: theirs?\nA: **yes**" in world.read("Their deck/sub.md")
    assert done.came is not None
    assert (done.came.added, done.came.reviews, done.media_went) == (1, 1, 1)
    assert anki.rows("SELECT count(*) FROM notes") == [[4]]
    assert anki.do("read_media", name="a.png") == "pixels"
    data = anki.rows(f"SELECT data FROM cards WHERE id = {anki.card('one?')}")[0][0]
    assert json.loads(data)["s"] > 5
    compare(world, anki)
    assert_nothing_to_do(world, anki)
    compare(world, anki)


def test_later_changes_go_both_ways(world: World, anki: Anki) -> None:
    world.write("a.md", DECK)
    schema = anki.rows("SELECT scm FROM col")
    sync(world, anki)
    anki.do("edit", note=anki.note("one?"), field=1, text="edited in Anki")
    anki.do("answer", cards=[anki.card("one?")], rating=3)
    anki.do("add", kind="Basic", fields=["another?", "x"], deck="a")
    anki.do("suspend", cards=[anki.card("two?")], on=True)
    name = anki.do("add_media", name="new.png", text="new pixels")
    anki.do("edit", note=anki.note("another?"), field=1, text=f'<img src="{name}">')
    world.rate("theirs?", Rating.GOOD)
    world.write("a.md", DECK.replace("**2**", "two\n<!-- tags: new -->"))
    done = sync(world, anki)
    assert done.came is not None
    assert (done.came.added, done.came.updated, done.came.reviews) == (1, 1, 1)
    text = world.read("a.md")
    assert "A: edited in Anki" in text
    assert "A: two" in text
    assert "Q: another?" in text
    assert world.read(f"media/{name}") == "new pixels"
    assert anki.rows(f"SELECT flds, trim(tags) FROM notes WHERE id = {anki.note('two?')}")[0][1] == "new"
    assert anki.rows(f"SELECT reps FROM cards WHERE id = {anki.card('theirs?')}") == [[2]]
    assert anki.rows("SELECT scm FROM col") == schema, "AnkiWeb would ask for a full sync"
    compare(world, anki)
    assert_nothing_to_do(world, anki)


def test_an_added_gap_becomes_a_card_in_anki_with_our_id(world: World, anki: Anki) -> None:
    world.write("a.md", DECK)
    sync(world, anki)
    world.rate("a [gap]", Rating.GOOD)
    before = anki.rows("SELECT id FROM cards ORDER BY id")
    world.write("a.md", DECK.replace("[more]", "[more] and [most]"))
    with world.collection() as collection:
        (number,) = collection.connection.execute("SELECT max(id) FROM cards").fetchone()
        collection.store.rate(number, Rating.EASY, collection.policy(collection.store.card(number).deck), *clock())
    sync(world, anki)
    after = anki.rows("SELECT id FROM cards ORDER BY id")
    assert [row for row in after if row not in before] == [[number]]
    assert "{{c3::most}}" in anki.rows(f"SELECT flds FROM notes WHERE id = {anki.note('a {{c1')}")[0][0]
    compare(world, anki)
    assert_nothing_to_do(world, anki)


def test_a_removed_gap_leaves_a_harmless_empty_card_in_anki(world: World, anki: Anki) -> None:
    world.write("a.md", DECK)
    sync(world, anki)
    world.write("a.md", DECK.replace("[more]", "more"))
    sync(world, anki)
    assert anki.rows("SELECT count(*) FROM cards") == [[5]]
    assert_nothing_to_do(world, anki)
    world.write("a.md", DECK)
    sync(world, anki)
    compare(world, anki)


def test_notes_deleted_on_one_side_go_from_the_other(world: World, anki: Anki) -> None:
    world.write("a.md", DECK)
    sync(world, anki)
    anki.do("delete", notes=[anki.note("one?")])
    world.write("a.md", DECK.replace("Q: two? ![](img/a.png)\nA: **2**\n\n", ""))
    sentences: list[str] = []
    sync(world, anki, sentences)
    assert world.read("a.md") == "C: a [gap] and [more]\n"
    assert "1 note deleted" in " ".join(sentences)
    assert anki.rows("SELECT count(*) FROM notes") == [[2]]
    compare(world, anki)
    assert_nothing_to_do(world, anki)


def test_a_note_of_another_kind_keeps_its_ids_and_its_history(world: World, anki: Anki) -> None:
    world.write("a.md", "Q: The capital of France?\nA: Paris, the capital of France\n")
    world.rate("The capital", Rating.GOOD)
    sync(world, anki)
    note, card = anki.note("The capital"), anki.card("The capital")
    world.write("a.md", "C: The capital of France is [Paris, the capital of France]\n")
    sync(world, anki)
    assert (anki.note("The capital"), anki.card("The capital")) == (note, card)
    assert anki.rows("SELECT count(*) FROM revlog") == [[2]]
    compare(world, anki)
    assert_nothing_to_do(world, anki)


def test_a_text_changed_on_both_sides_stays_here_and_the_other_version_is_kept(world: World, anki: Anki) -> None:
    world.write("a.md", DECK)
    sync(world, anki)
    anki.do("edit", note=anki.note("one?"), field=1, text="said in Anki")
    world.write("a.md", DECK.replace("A: 1", "A: said here"))
    sentences: list[str] = []
    sync(world, anki, sentences)
    assert "A: said here" in world.read("a.md")
    assert anki.rows(f"SELECT flds FROM notes WHERE id = {anki.note('one?')}")[0][0].split("\x1f")[1] == "said here"
    kept = [path.read_text(encoding="utf-8") for path in (world.root / ".flashcards/phone/set-aside").iterdir()]
    assert "said in Anki" in kept[0]
    assert "changed on the computer and" in sentences[0]
    assert_nothing_to_do(world, anki)


def test_status_forgotten_cards_and_set_days_go_both_ways(world: World, anki: Anki) -> None:
    world.write("a.md", DECK)
    for front in ("one?", "two?", "a [gap]"):
        world.rate(front, Rating.EASY)
    sync(world, anki)
    anki.do("flag", cards=[anki.card("one?")], flag=3)
    anki.do("forget", cards=[anki.card("theirs?")])
    one, two, gap = (world.card(front) for front in ("one?", "two?", "a [gap]"))
    with world.collection() as collection:
        collection.store.suspend([two])
        collection.store.forget([gap], clock()[0])
        collection.store.set_due([one], collection.clock.day(clock()[0]) + 9, clock()[0] + 1)
    sync(world, anki)
    with world.collection() as collection:
        assert collection.store.card(one).flag == 3
    compare(world, anki)
    assert_nothing_to_do(world, anki)


def test_cards_in_a_filtered_deck_stay_there_until_they_are_rated_here(world: World, anki: Anki) -> None:
    world.write("a.md", DECK)
    sync(world, anki)
    anki.do("filter", name="Filtered", search="deck:a")
    sync(world, anki)
    filtered = "SELECT count(*) FROM cards WHERE odid <> 0"
    assert anki.rows(filtered) == [[4]]
    assert_nothing_to_do(world, anki)
    world.rate("one?", Rating.EASY)
    sync(world, anki)
    assert anki.rows(filtered) == [[3]]
    assert_nothing_to_do(world, anki)
    anki.do("unfilter", name="Filtered")
    sync(world, anki)
    compare(world, anki)


def test_a_card_moved_to_another_deck_in_anki_is_moved_back_and_reported(world: World, anki: Anki) -> None:
    world.write("a.md", DECK)
    sync(world, anki)
    card = anki.card("one?")
    anki.do("move", cards=[card], deck="elsewhere")
    sentences: list[str] = []
    sync(world, anki, sentences)
    assert "1 card moved" in sentences[0]
    assert anki.rows(f"SELECT d.name FROM cards c JOIN decks d ON d.id = c.did WHERE c.id = {card}") == [["a"]]
    assert_nothing_to_do(world, anki)


@pytest.mark.parametrize("number", [4, 9, *(pytest.param(each, marks=pytest.mark.slow) for each in (7, 11, 13))])
def test_a_sync_that_breaks_off_at_any_action_is_ended_by_the_next(world: World, anki: Anki, number: int) -> None:
    world.write("a.md", DECK)
    world.rate("one?", Rating.EASY)
    if number % 2:
        sync(world, anki)
        anki.do("edit", note=anki.note("one?"), field=1, text="edited in Anki")
        anki.do("answer", cards=[anki.card("one?")], rating=3)
    world.rate("two?", Rating.EASY)
    world.rate("a [gap]", Rating.GOOD)
    world.write("a.md", DECK.replace("**2**", "two").replace("[more]", "[more] and [most]") + "\nQ: new?\nA: n\n")
    anki.connect(fails_at=number)
    try:
        sync(world, anki)
    except AnkiUnusable as error:
        assert "does not answer" in str(error) or "is not AnkiConnect" in str(error)
    anki.connect()
    world.rate("new?", Rating.GOOD)
    sync(world, anki)
    assert "A: two" in world.read("a.md")
    compare(world, anki)
    assert_nothing_to_do(world, anki)


def test_another_profile_is_refused(world: World, anki: Anki) -> None:
    world.write("a.md", DECK)
    sync(world, anki)
    before = world.read("a.md")
    anki.connect(profile="Somebody else")
    with pytest.raises(OtherProfile, match="syncs with the profile `User 1`"):
        sync(world, anki)
    assert world.read("a.md") == before


def test_a_field_added_to_our_note_type_there_is_reported(world: World, anki: Anki) -> None:
    world.write("a.md", DECK)
    sync(world, anki)
    anki.do("add_field", kind="Flashcards Basic", name="Mine")
    with pytest.raises(AnkiUnusable, match="`Flashcards Basic` has other fields"):
        sync(world, anki)


def test_a_field_added_to_another_note_type_there_loses_nothing(world: World, anki: Anki) -> None:
    world.write("a.md", DECK)
    sync(world, anki)
    anki.do("add_field", kind="Basic", name="Mine")
    world.write("a.md", DECK.replace("A: 1", "A: 1 more"))
    sync(world, anki)
    assert "A: 1 more" in world.read("a.md")
    assert world.read("Their deck/sub.md").count("theirs?") == 1
    compare(world, anki)
    assert_nothing_to_do(world, anki)


def clock() -> tuple[int, int]:
    """The present instant, and a time that an answer took."""
    return now_ms(), 1000


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"version": 5}, "AnkiConnect is too old: it speaks version 5, not 6"),
        ({"missing": ["insertReviews"]}, "AnkiConnect is too old: it lacks `insertReviews`"),
        ({"missing": ["apiReflect"]}, "AnkiConnect is too old"),
        ({"key": "secret"}, "Name a file that holds it with --key-file"),
    ],
)
def test_an_add_on_that_cannot_do_what_is_needed_is_reported(
    world: World, anki: Anki, settings: dict[str, Any], sentence: str
) -> None:
    world.write("a.md", DECK)
    anki.connect(**settings)
    with pytest.raises(AnkiUnusable, match=sentence):
        sync(world, anki)
    assert anki.rows("SELECT count(*) FROM notes") == [[1]]


def run(world: World, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "flashcards", "-C", str(world.root), "sync", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


@pytest.mark.slow
def test_the_command_syncs_with_a_key_and_reports_the_changes(world: World, anki: Anki, tmp_path: Path) -> None:
    world.write("a.md", DECK.replace("![](img/a.png)", ""))
    anki.connect(key="secret")
    key = tmp_path / "key"
    key.write_text("secret\n", encoding="utf-8")
    done = run(world, "--anki", "--anki-address", anki.address, "--key-file", str(key))
    assert (done.returncode, done.stdout) == (0, "1 review, 1 new note came, 3 rows went.\n"), done.stderr
    key.write_text("wrong", encoding="utf-8")
    refused = run(world, "--anki", "--anki-address", anki.address, "--key-file", str(key))
    assert refused.returncode == 1
    assert "does not accept the API key" in refused.stderr
    anki.connect()
    again = run(world, "--anki", "--anki-address", anki.address, "--json")
    assert '"sent": {"rows": 0, "media": 0}' in again.stdout


def test_the_command_reports_in_one_sentence_that_anki_is_not_running(world: World) -> None:
    world.write("a.md", DECK)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
    done = run(world, "--anki", "--anki-address", address)
    assert done.returncode == 1
    said = done.stderr.splitlines()[-1]
    assert said == f"Error: Anki does not answer at {address}. Open Anki with the add-on AnkiConnect (code 2055492159)."


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "Say what to sync with"),
        (("--anki", "--anki-server", "http://localhost/"), "Say what to sync with"),
        (("--anki", "--user", "me"), "go with --anki-server"),
        (("--anki-server", "http://localhost/", "--anki-address", "http://localhost/"), "go with --anki."),
        (("--anki", "--anki-address", "https://sync.ankiweb.net/"), "AnkiWeb serves Anki's own apps only"),
    ],
)
def test_the_command_refuses_options_that_do_not_go_together(
    world: World, arguments: tuple[str, ...], sentence: str
) -> None:
    world.write("a.md", DECK)
    done = run(world, *arguments)
    assert done.returncode == 2
    assert sentence in done.stderr


def test_a_text_written_in_anki_is_kept_if_its_note_is_deleted_here(world: World, anki: Anki) -> None:
    world.write("a.md", DECK)
    world.write("img/a.png", "pixels")
    sync(world, anki)
    anki.do("edit", note=anki.note("one?"), field=1, text="written in Anki")
    world.write("a.md", DECK.removeprefix("Q: one?\nA: 1\n\n"))
    sentences: list[str] = []
    sync(world, anki, sentences)
    assert any("deleted elsewhere" in sentence for sentence in sentences)
    assert "written in Anki" in "".join(path.read_text(encoding="utf-8") for path in world.root.rglob("*.md"))
    assert not anki.rows("SELECT 1 FROM notes WHERE flds LIKE 'one?%'")
    compare(world, anki)
    assert_nothing_to_do(world, anki)
