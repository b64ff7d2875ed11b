"""A review log as CSV."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from flashcards import cards as cards_of
from flashcards.collection import Collection
from flashcards.importers.transaction import ImportInvalid
from scheduler import Policy, Rating
from scheduler.intervals import Load
from scheduler.model import Card
from scheduler.store import Store
from tests.anki.imports.home import Home

START = 1_600_000_000_000
DAY_MS = 86_400_000


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log.csv"


@pytest.fixture
def decks(home: Home) -> Home:
    home.write("a.md", "Q: one\nA: eins\n\nQ: two\nA: zwei\n")
    return home


def names(home: Home) -> list[str]:
    with Collection(home.root) as collection:
        collection.scan()
        return [entry.key for entry in collection.catalog.entries()]


def cards(home: Home) -> list[tuple[object, ...]]:
    with Collection(home.root) as collection:
        ids = [row[0] for row in collection.connection.execute("SELECT id FROM cards ORDER BY id")]
        return [tuple(collection.store.card(card))[5:16] for card in ids]


def test_imported_reviews_have_the_same_effect_as_reviews_here(decks: Home, log: Path, tmp_path: Path) -> None:
    chance = random.Random(3)
    key = names(decks)[0]
    rows = [(START + (n * 9 + chance.randint(1, 3)) * DAY_MS, chance.choice([1, 2, 3, 3, 4])) for n in range(12)]
    rows.sort()
    log.write_text("card,rating,time,duration\n" + "".join(f"{key},{r},{t},{900}\n" for t, r in rows))
    assert decks.import_file(log).reviews == 12
    other = Home(tmp_path / "other")
    other.write("a.md", decks.read("a.md"))
    with Collection(other.root) as collection:
        collection.scan()
        # Fuzz is drawn by the card, so the two collections must agree on its id.
        collection.connection.execute("PRAGMA foreign_keys = OFF")
        with Collection(decks.root) as first:
            ids = [row[0] for row in first.connection.execute("SELECT id FROM cards ORDER BY id")]
        for new, (old,) in zip(
            ids, collection.connection.execute("SELECT id FROM cards ORDER BY id").fetchall(), strict=True
        ):
            collection.connection.execute("UPDATE cards SET id = ? WHERE id = ?", (-new, old))
        collection.connection.execute("UPDATE cards SET id = -id")
        for at, rating in rows:
            policy = collection.policy(collection.store.card(ids[0]).deck)
            collection.store.rate(ids[0], Rating(rating), policy, at, 900)
    mine, theirs = cards(decks)[0], cards(other)[0]
    assert mine[0:4] == theirs[0:4]
    assert mine[4:6] == pytest.approx(theirs[4:6], rel=1e-4)
    assert mine[6:] == theirs[6:]


def test_the_same_log_again_changes_nothing(decks: Home, log: Path) -> None:
    log.write_text(f"card,rating,time\n{names(decks)[0]},good,2024-03-29T20:32:32+00:00\na.md:4,1,{START}\n")
    assert decks.import_file(log, dry_run=True).reviews == 2
    assert decks.import_file(log).reviews == 2
    assert not decks.import_file(log).changes_anything


def test_names_of_columns_as_other_logs_have_them_are_known(decks: Home, log: Path) -> None:
    log.write_text(
        "card_id,review_rating,review_time,review_duration\na.md:1,3,2024-03-29T20:32:32.250000+00:00,25060\n"
    )
    decks.import_file(log)
    with Collection(decks.root) as collection:
        assert collection.connection.execute("SELECT duration_ms FROM reviews").fetchall() == [(25060,)]


def test_a_missing_card_is_named_and_skipped(decks: Home, log: Path) -> None:
    log.write_text(f"card,rating,time\nnobody,3,{START}\na.md:1,3,{START}\n")
    report = decks.import_file(log)
    assert report.reviews == 1
    assert "`nobody`" in report.remarks[0].message


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "first line"),
        ("a,b,c\n1,2,3\n", "first line"),
        (f"card,rating,time\na.md:1,3,{START}\na.md:1,9,{START}\n", "line 3"),
        ("card,rating,time\na.md:1,3,yesterday\n", "line 2"),
        ("card,rating,time\na.md:1\n", "line 2"),
        ("card,rating,time,duration\na.md:1,3,2024-01-01T10:00:00,-5\n", "line 2"),
        ("card,rating,time\na.md:1,3,9999-12-31T23:59:59\n", "line 2, `time` cannot be 9999"),
        ("card,rating,time\na.md:1,3,0001-01-01T00:00:00\n", "line 2, `time` cannot be 0001"),
        ("card,rating,time\na.md:1,3,100000000\n", "line 2, `time` cannot be 100000000"),
        (f"card,rating,time\n,3,{START}\n", "line 2, `card` is empty"),
        (f"card,rating,time,duration\na.md:1,3,{START},nan\n", "line 2, `duration` cannot be nan"),
        (f"card,rating,time,duration\na.md:1,3,{START},86400001\n", "line 2, `duration` cannot be 8"),
        ('card,rating,time\n"a.md:1,3', "CSV"),
    ],
)
def test_a_line_that_cannot_be_read_ends_in_a_sentence_and_changes_nothing(
    decks: Home, log: Path, text: str, what: str
) -> None:
    log.write_text(text)
    before = decks.state()
    with pytest.raises(ImportInvalid, match=what):
        decks.import_file(log)
    assert decks.state() == before


def test_a_log_that_is_not_utf_8_is_refused(decks: Home, log: Path) -> None:
    log.write_bytes(b"card,rating,time\n\xff,3,1\n")
    with pytest.raises(ImportInvalid, match="UTF-8"):
        decks.import_file(log)


@pytest.mark.parametrize("start", [b"", b"card,rating,time\n", b'card,rating,time\n"'])
def test_a_line_without_end_is_refused_before_it_fills_the_memory(decks: Home, log: Path, start: bytes) -> None:
    log.write_bytes(start)
    with log.open("r+b") as file:
        file.truncate(1 << 40)  # a hole, which takes no space
    with pytest.raises(ImportInvalid, match=r"is not CSV|must name the columns"):
        decks.import_file(log)


def test_the_same_rating_at_the_same_instant_is_one_review(decks: Home, log: Path) -> None:
    key = names(decks)[0]
    log.write_text(f"card,rating,time,duration\n{key},3,{START},4200\n{key},good,{START},4200\n{key},3,{START},100\n")
    assert decks.import_file(log).reviews == 1


def test_undo_after_an_imported_review_recomputes_the_state_from_the_log(home: Home, tmp_path: Path) -> None:
    home.write("a.md", "Q: one?\nA: eins\n")
    with Collection(home.root) as collection:
        collection.scan()
        (card,) = (row[0] for row in collection.connection.execute("SELECT id FROM cards"))
        policy = collection.policy(collection.store.card(card).deck)
        for day in (1, 9):
            collection.store.rate(card, Rating.GOOD, policy, START + day * DAY_MS)
    log = tmp_path / "reviews.csv"
    log.write_text(f"card,rating,time\na.md:1,again,{START + 5 * DAY_MS}\n", encoding="utf-8")
    assert home.import_file(log).reviews == 1
    with Collection(home.root) as collection:
        before = collection.store.card(card)
        collection.store.rate(card, Rating.EASY, policy, START + 20 * DAY_MS)
        collection.store.undo(START + 20 * DAY_MS + 1)
        assert collection.store.card(card).memory == pytest.approx(before.memory, rel=1e-4)
        assert collection.store.find_differences(lambda deck: collection.policy(deck).parameters) == []


def test_reviews_of_one_day_are_balanced_with_one_look_at_the_days_ahead(
    decks: Home, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []
    load = Store.load

    def count(self: Store, card: Card, policy: Policy, now_ms: int) -> Load | None:
        looks.append(now_ms)
        return load(self, card, policy, now_ms)

    monkeypatch.setattr(Store, "load", count)
    log.write_text("card,rating,time\n" + "".join(f"a.md:1,{1 + n % 4},{START + n * 1000}\n" for n in range(40)))
    assert decks.import_file(log).reviews == 40
    assert len(looks) == 1


def test_no_hint_is_looked_for_when_a_card_is_missing(decks: Home, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cards_of, "_find_nearest_place", pytest.fail)
    log.write_text(f"card,rating,time\na.md:9,3,{START}\nzz,3,{START}\na.md:1,3,{START}\n")
    report = decks.import_file(log)
    assert (report.reviews, len(report.remarks)) == (1, 2)
