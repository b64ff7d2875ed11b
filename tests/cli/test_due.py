"""`flashcards due`: what a review would ask, and which limits hold cards back."""

from __future__ import annotations

from pathlib import Path

from tests.cli.runner import Runner, question


def pairs(path: Path, count: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"- {path.stem} {number} :: back\n" for number in range(count)), encoding="utf-8")


def test_the_limit_at_the_top_applies_to_the_whole_collection(cli: Runner) -> None:
    for number in range(30):
        pairs(cli.root / f"{number}.md", 5)
    (cli.root / "flashcards.toml").write_text("new_per_day = 5\n", encoding="utf-8")
    assert cli("due", "--json").json == {
        "total": {"new": 5, "learning": 0, "review": 0},
        "decks": [{"deck": "0", "new": 5, "learning": 0, "review": 0}],
        "held_back": [{"setting": "new_per_day", "deck": "", "limit": 5, "kind": "new", "cards": 145}],
    }
    assert "145 new cards held back: `new_per_day = 5` of the whole collection.\n" in cli("due").out


def test_the_limit_of_a_deck_applies_within_that_of_the_collection(cli: Runner) -> None:
    pairs(cli.root / "a" / "x.md", 10)
    pairs(cli.root / "b.md", 10)
    (cli.root / "flashcards.toml").write_text("new_per_day = 8\n[decks.a]\nnew_per_day = 6\n", encoding="utf-8")
    found = cli("due", "--json").json
    assert {row["deck"]: row["new"] for row in found["decks"]} == {"a::x": 6, "b": 2}
    assert {(row["deck"], row["cards"]) for row in found["held_back"]} == {("a", 4), ("", 8)}


def test_due_cards_that_wait_for_a_limit_are_named(cli: Runner) -> None:
    pairs(cli.root / "a.md", 6)
    for line in range(1, 7):
        cli("answer", f"a.md:{line}", "easy")
    cli("set-due", "0", "a")
    (cli.root / "flashcards.toml").write_text("reviews_per_day = 9\n", encoding="utf-8")
    out = cli("due").out
    assert "3 due cards held back: `reviews_per_day = 9` of the whole collection.\n" in out  # six new ones were done


def test_without_a_limit_in_the_way_nothing_is_reported(cli: Runner) -> None:
    pairs(cli.root / "a.md", 3)
    assert "held_back" not in cli("due", "--json").json
    assert "held back" not in cli("due").out


def test_a_query_counts_what_its_review_would_ask(cli: Runner) -> None:
    pairs(cli.root / "a.md", 30)
    pairs(cli.root / "b.md", 30)
    assert cli("due", "--json", "deck:b").json["decks"] == [{"deck": "b", "new": 20, "learning": 0, "review": 0}]


def test_a_query_without_a_card_is_told_apart_from_nothing_due(cli: Runner) -> None:
    cli.write("a.md", question("one"))
    assert cli("due", "nosuch").err == "No card matches.\n"
    cli("suspend", "one")
    assert cli("due", "one").out == "Nothing is due today.\n"
