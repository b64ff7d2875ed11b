from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from flashcards.collection import Collection
from tests.insight.made import collection_of, small

if TYPE_CHECKING:
    from tests.cli.runner import Runner


def day(ahead: int) -> str:
    return str(date.today() + timedelta(days=ahead))  # noqa: DTZ011 - the tests run at noon


def test_cards_never_seen_count_as_not_known(cli: Runner) -> None:
    small(cli.root).close()
    found = cli("readiness", "--on", day(10), "--json").json
    assert list(found) == [
        "on",
        "days",
        "total",
        "spread",
        "sampled",
        "decks",
        "plan",
        "gains",
        "curve",
        "speed_assumed",
        "past_error",
    ]
    assert (found["on"], found["days"]) == (day(10), 10)
    assert list(found["total"]) == ["cards", "seen", "idle", "kept"]
    assert (found["total"]["cards"], found["total"]["seen"]) == (3, 2)
    assert 0.3 < found["total"]["idle"] < 2 / 3
    assert found["total"]["kept"] > 0.85
    assert found["plan"]["new_left"] == 1
    assert found["plan"]["feasible"] is True
    assert found["curve"][-1]["date"] == day(10)
    assert [gain["gain"] for gain in found["gains"]] == sorted((gain["gain"] for gain in found["gains"]), reverse=True)


def test_a_card_that_gains_nothing_from_a_review_now_is_no_advice(cli: Runner) -> None:
    (cli.root / "deck.md").write_text("Q: a\nA: b\n", encoding="utf-8")
    assert cli("answer", "deck.md:1", "easy").code == 0
    assert cli("readiness", "--on", day(10), "--json").json["gains"] == []


def test_limits_that_leave_cards_unseen_are_named_with_what_to_set(cli: Runner) -> None:
    collection_of(cli.root, 60).close()
    (cli.root / "flashcards.toml").write_text("new_per_day = 1\n", encoding="utf-8")
    out = " ".join(cli("readiness", "--on", day(13)).out.split())
    assert "60 of 60 cards were never seen" in out
    assert "6 new cards a day" in out
    assert "Not feasible within your limits: 47 cards would stay unseen." in out
    assert "`new_per_day` allows 1 a day; set it to 6." in out


def test_a_deadline_in_a_deck_raises_its_new_cards_and_is_the_default_day(cli: Runner) -> None:
    text = "".join(f"Q: question {n}\nA: answer {n}\n\n" for n in range(60))
    (cli.root / "deck.md").write_text(f"---\ndeadline: {day(13)}\nnew_per_day: 1\n---\n{text}", encoding="utf-8")
    assert cli("check").code == 0
    assert cli("due", "--json").json["total"]["new"] == 6
    assert cli("readiness", "--json").json["on"] == day(13)
    with Collection(cli.root) as collection:
        collection.scan()
        assert collection.deck_policies[-1].policy.deadline == day(13)


def test_a_deadline_in_the_settings_is_a_date_of_toml(cli: Runner) -> None:
    collection_of(cli.root, 3).close()
    (cli.root / "flashcards.toml").write_text(f"deadline = {day(13)}\n", encoding="utf-8")
    assert cli("readiness", "--json").json["on"] == day(13)
    (cli.root / "flashcards.toml").write_text('deadline = "soon"\n', encoding="utf-8")
    assert "`deadline` must be a date such as 2026-12-15" in cli.fails("due", code=1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--on", "2020-01-01"], "2020-01-01 is not between tomorrow and ten years from now"),
        (["--on", "someday"], "is not a date. Write it like 2026-12-15"),
        ([], "No deck has a `deadline`. Choose a day"),
    ],
)
def test_a_day_that_cannot_be_is_refused(cli: Runner, arguments: list[str], said: str) -> None:
    small(cli.root).close()
    assert said in cli.fails("readiness", *arguments)


@pytest.mark.parametrize("columns", [20, 30, 50])
def test_every_line_fits_a_narrow_terminal(cli: Runner, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    small(cli.root).close()
    monkeypatch.setenv("COLUMNS", str(columns))
    out = cli("readiness", "--on", day(10)).out
    assert max(map(len, out.splitlines())) <= columns
    assert "…" not in out


def test_the_page_has_a_curve(cli: Runner) -> None:
    small(cli.root).close()
    cli("readiness", "--on", day(10), "--html", "ready.html")
    page = (cli.root / "ready.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 1
    assert f"Ready on {day(10)}?" in page


def test_the_curve_ends_on_the_day_with_the_stated_recall(cli: Runner) -> None:
    small(cli.root).close()
    for days in (5, 100):
        found = cli("readiness", "--on", day(days), "--json").json
        assert found["curve"][-1] == {
            "date": day(days),
            "idle": found["total"]["idle"],
            "kept": found["total"]["kept"],
        }


def test_the_limit_that_keeps_new_cards_back_is_named(cli: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    cli.write("deck.md", "".join(f"Q: question {number}\nA: answer\n\n" for number in range(30)))
    cli.write("flashcards.toml", "reviews_per_day = 1\n")
    assert "`reviews_per_day` also holds new cards back" in cli("readiness", "--on", day(30)).out
    cli.write("flashcards.toml", "new_per_day = 0\n")
    assert "`new_per_day` allows 0 a day; set it to 2" in cli("readiness", "--on", day(30)).out


def test_a_deadline_that_has_passed_is_reported(cli: Runner) -> None:
    small(cli.root).close()
    cli.write("flashcards.toml", f'deadline = "{day(0)}"\n')
    assert f"The last `deadline` of the decks, {day(0)}, has passed." in cli.fails("readiness")


def test_a_day_that_counts_from_today_counts_from_the_day_of_the_collection(
    cli: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.write("a.md", "Q: one?\nA: 1\n")
    noon = datetime.now().astimezone().replace(hour=12, minute=0)
    before_rollover = noon.replace(hour=1)
    for at, ahead in ((noon, 3), (before_rollover, 2)):
        monkeypatch.setattr("flashcards.collection.now_ms", lambda at=at: int(at.timestamp() * 1000))
        expected = (noon.date() + timedelta(ahead)).isoformat()
        assert cli("readiness", "--on", "+3", "--json").json["on"] == expected
