"""A whole mock interview in a real terminal."""

from __future__ import annotations

import json
import re
import signal
import time
from pathlib import Path

import pytest

from flashcards.collection import Collection
from tests.review.pty_driver import Terminal
from tests.review.small_collections import write

pytestmark = pytest.mark.slow

DECK = """Q: How do you begin?

A: With facts.

- [ ] find the goal
- [ ] find the sponsor
<!-- tags: skill:scope -->

Q: How do you end?

A: With thanks.

- [ ] write down what was learned
- [ ] thank the team
<!-- tags: skill:leadership -->
"""


def history(folder: Path) -> list[dict[str, object]]:
    with Terminal("-C", str(folder), "mock", "--history", "--json", columns=4000) as terminal:
        terminal.ended()
        return [json.loads(line) for line in terminal.text.splitlines() if line.startswith("{")]


def test_a_whole_mock_its_report_and_its_history_agree(tmp_path: Path) -> None:
    write(tmp_path, deck=DECK)
    report = tmp_path / "mock.md"
    with Terminal("-C", str(tmp_path), "mock", "--seed", "3", "--report", str(report)) as terminal:
        terminal.wait_for("Question 1 of 2. 4 min for it, 20 min in all.")
        terminal.act("first I would ask", "first I would ask")
        terminal.act("\r", "> ")
        drawn = terminal.act("\r", "0 of 2 covered.")
        assert "Your answer\nfirst I would ask\n" in drawn.replace("\r", "")
        assert "How do you" in drawn  # the question stays in sight
        terminal.act("a", "1 of 2")
        terminal.act("b", "2 of 2 covered: Easy.")
        terminal.act(" ", "A note to yourself")
        terminal.act("be brief\r", "Question 2 of 2")
        terminal.act("\r", "0 of 2 covered")
        terminal.act("1", "A note to yourself")
        terminal.act("\r", "2 of 2 questions, 2 of 4 points (50%)")
        terminal.wait_for("Wrote")  # a long path breaks the line before it
        assert terminal.ended() == 0
        assert terminal.mode_now() == terminal.mode
    text = report.read_text(encoding="utf-8")
    assert "2 of 2 questions, 2 of 4 points (50%)" in text
    assert "> first I would ask" in text
    assert "Note: be brief" in text
    assert text.count("- [x] ") == text.count("- [ ] ") == 2
    (found,) = history(tmp_path)
    assert (found["covered"], found["points"], found["answered"], found["finished"]) == (2, 4, 2, True)
    with Collection(tmp_path) as collection:
        assert collection.connection.execute("SELECT count(*) FROM reviews WHERE kind = 0").fetchone() == (2,)


def test_keys_and_thresholds_of_points_follow_the_settings(tmp_path: Path) -> None:
    write(tmp_path, deck=DECK)
    (tmp_path / "flashcards.toml").write_text(
        'rubric_thresholds = [0.1, 0.2, 0.5]\n[keys]\nagain = "x"\n', encoding="utf-8"
    )
    with Terminal("-C", str(tmp_path), "mock", "--seed", "3") as terminal:
        terminal.wait_for("Question 1 of 2")
        terminal.act("\r", "0 of 2 covered.")
        terminal.act("a", "1 of 2 covered: Easy.")
        terminal.act("x", "A note to yourself")
        terminal.act("\r", "Question 2 of 2")
    with Collection(tmp_path) as collection:
        assert collection.connection.execute("SELECT rating FROM reviews").fetchall() == [(1,)]


def test_the_end_of_the_time_is_reported_while_typing_and_cuts_nothing(tmp_path: Path) -> None:
    write(tmp_path, deck=DECK)
    with Terminal(
        "-C", str(tmp_path), "mock", "--questions", "1", "--per-question", "0.04", "--minutes", "0.04"
    ) as terminal:
        terminal.wait_for("0:02 / 0:02 > ")
        terminal.act("half of a sen", "half of a sen")
        time.sleep(3.2)
        terminal.wait_for("-0:0")
        terminal.act("tence", "half of a sentence")
        terminal.act("\r", "Time is up for this question.")
        terminal.act("\r", "0 of 2 covered")
        terminal.act("3", "A note to yourself")
        terminal.act("\r", "1 of 1 questions")
        drawn = terminal.wait_for("over time")
        assert re.search(r"[3-9] s of 2 s, over time", drawn)
        assert terminal.ended() == 0
    with Collection(tmp_path) as collection:
        assert collection.connection.execute("SELECT answer FROM mock_answers").fetchone() == ("half of a sentence",)


def test_in_a_narrow_window_the_line_stays_one_line(tmp_path: Path) -> None:
    write(tmp_path, deck=DECK)
    with Terminal("-C", str(tmp_path), "mock", "--questions", "1", columns=24) as terminal:
        terminal.wait_for(" > ")
        terminal.act("a long answer that does not fit", "does not fit"[-6:])
        terminal.act("\r", "> ")
        terminal.act("\r", "covered")
        terminal.act("3", "A note")
        terminal.act("\r", "1 of 1 questions")
        assert terminal.ended() == 0
    with Collection(tmp_path) as collection:
        kept = collection.connection.execute("SELECT answer FROM mock_answers").fetchone()
    assert kept == ("a long answer that does not fit",)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_whatever_ends_it_what_was_rated_is_kept(tmp_path: Path, number: int) -> None:
    write(tmp_path, deck=DECK)
    with Terminal("-C", str(tmp_path), "mock") as terminal:
        terminal.wait_for("Question 1 of 2")
        terminal.act("\r", "covered")
        terminal.act("a", "1 of 2")
        terminal.act("3", "A note to yourself")
        terminal.process.send_signal(number)
        terminal.process.wait()
    (found,) = history(tmp_path)
    assert (found["answered"], found["covered"], found["finished"]) == (1, 1, False)
    with Collection(tmp_path) as collection:
        assert collection.connection.execute("SELECT count(*) FROM reviews").fetchone() == (1,)


def test_after_an_interruption_the_report_is_of_what_was_done(tmp_path: Path) -> None:
    write(tmp_path, deck=DECK)
    report = tmp_path / "mock.md"
    with Terminal("-C", str(tmp_path), "mock", "--seed", "3", "--report", str(report)) as terminal:
        terminal.wait_for("Question 1 of 2.")
        terminal.act("first I would ask", "first I would ask")
        terminal.act("\r", "> ")
        terminal.act("\r", "0 of 2 covered.")
        terminal.act("a", "1 of 2")
        terminal.act(" ", "A note to yourself")
        terminal.act("half a no\x03", "1 of 2 questions, 1 of 2 points (50%)")
        terminal.wait_for("Every rating so far is saved")
        assert terminal.ended() == 130
    assert "> first I would ask" in report.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("until", "answer", "covered"),
    [("line", "said\nhalf a li", "[]"), ("model answer", "said", "[]"), ("tick", "said", '["find the goal"]')],
)
def test_ctrl_c_before_the_rating_keeps_what_was_written_and_ticked(
    tmp_path: Path, until: str, answer: str, covered: str
) -> None:
    write(tmp_path, deck=DECK.partition("Q: How do you end")[0])
    with Terminal("-C", str(tmp_path), "mock") as terminal:
        terminal.wait_for("Question 1 of 1.")
        terminal.act("said\r", "> said")
        if until == "line":
            terminal.act("half a li", "half a li")
        else:
            terminal.act("\r", "0 of 2 covered")
        if until == "tick":
            terminal.act("a", "1 of 2 covered")
        terminal.act("\x03", "0 of 1 questions")
        terminal.wait_for("1. How do you begin?")
        terminal.wait_for("not rated")
        assert terminal.ended() == 130
    with Collection(tmp_path) as collection:
        found = collection.connection.execute("SELECT answer, covered, missed, rating FROM mock_answers").fetchall()
        assert found == [(answer, covered, "[]", 0)]
        assert collection.connection.execute("SELECT count(*) FROM reviews").fetchone() == (0,)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_terminal_that_closes_keeps_the_line_that_was_begun(tmp_path: Path, number: int) -> None:
    write(tmp_path, deck=DECK)
    with Terminal("-C", str(tmp_path), "mock") as terminal:
        terminal.wait_for("Question 1 of 2.")
        terminal.act("half a li", "half a li")
        terminal.process.send_signal(number)
        assert terminal.ended() == 128 + number
        assert terminal.mode_now() == terminal.mode
    with Collection(tmp_path) as collection:
        assert collection.connection.execute("SELECT answer FROM mock_answers").fetchall() == [("half a li",)]


def test_a_line_is_kept_as_soon_as_it_is_entered(tmp_path: Path) -> None:
    write(tmp_path, deck=DECK)
    with Terminal("-C", str(tmp_path), "mock") as terminal:
        terminal.wait_for("Question 1 of 2.")
        terminal.act("first\r", "> first")
        terminal.act("second", "second")
        terminal.kill()
    with Collection(tmp_path) as collection:
        assert collection.connection.execute("SELECT answer FROM mock_answers").fetchall() == [("first",)]


def test_the_editor_continues_with_a_line_that_was_begun(tmp_path: Path) -> None:
    write(tmp_path, deck=DECK)
    with Terminal("-C", str(tmp_path), "mock", "--questions", "1", EDITOR="true", VISUAL="") as terminal:
        terminal.wait_for(" > ")
        terminal.act("begun", "begun")
        terminal.act("\x05", "> ")
        terminal.act("\r", "covered")
        terminal.act("3", "A note to yourself")
        terminal.act("note\x05", "1 of 1 questions")
    with Collection(tmp_path) as collection:
        found = collection.connection.execute("SELECT answer, note FROM mock_answers").fetchall()
    assert found == [("begun", "note")]


def test_in_a_narrow_window_the_report_is_broken_between_words(tmp_path: Path) -> None:
    write(tmp_path, deck=DECK)
    with Terminal("-C", str(tmp_path), "mock", "--seed", "3", columns=30) as terminal:
        terminal.wait_for("Question 1 of 2.")
        terminal.act("\r", "covered")
        terminal.act("a", "1 of 2")
        terminal.act("\x03", "0 of 2")
        terminal.ended()
    with Terminal("-C", str(tmp_path), "mock", "--show", "last", columns=20) as terminal:
        assert terminal.ended() == 0
        lines = terminal.text.splitlines()
    assert max(map(len, lines)) <= 20
    at = lines.index("Questions:")
    assert lines[at + 1 : at + 3] == ["  1. How do you", "    begin?"]


def test_the_report_names_a_cloze_by_what_was_asked(tmp_path: Path) -> None:
    write(tmp_path, deck="C: a [gap] here\n")
    with Terminal("-C", str(tmp_path), "mock") as terminal:
        terminal.wait_for("Question 1 of 1.")
        terminal.act("\r", "1 Again")
        terminal.act("3", "A note to yourself")
        terminal.act("\r", "1. a […] here")
        assert terminal.ended() == 0


def test_ratings_that_are_not_to_count_leave_the_schedule(tmp_path: Path) -> None:
    write(tmp_path, deck=DECK)
    with Terminal("-C", str(tmp_path), "mock", "--questions", "1", "--no-schedule", "--plain") as terminal:
        terminal.wait_for("Left: ")
        terminal.act("\r", "covered")
        terminal.act("4", "A note to yourself")
        terminal.act("\r", "1 of 1 questions")
        assert terminal.ended() == 0
    with Collection(tmp_path) as collection:
        assert collection.connection.execute("SELECT kind FROM reviews").fetchall() == [(5,)]
        assert collection.connection.execute("SELECT count(*) FROM cards WHERE reps > 0").fetchone() == (0,)


def test_an_answer_is_written_in_the_editor(tmp_path: Path) -> None:
    write(tmp_path, deck=DECK)
    editor = tmp_path / "editor.sh"
    editor.write_text('#!/bin/sh\nfor last; do :; done\nprintf "\\nwritten there" >> "$last"\n')
    editor.chmod(0o755)
    with Terminal("-C", str(tmp_path), "mock", "--questions", "1", EDITOR=str(editor), VISUAL="") as terminal:
        terminal.wait_for(" > ")
        terminal.act("begun\r", "> ")
        terminal.act("\x05", "> ")
        terminal.act("\r", "covered")
        terminal.act("3", "A note to yourself")
        terminal.act("\r", "1 of 1 questions")
        assert terminal.ended() == 0
    with Collection(tmp_path) as collection:
        kept = collection.connection.execute("SELECT answer FROM mock_answers").fetchone()
    assert kept == ("begun\nwritten there",)
