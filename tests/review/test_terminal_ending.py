"""How sessions on a real terminal begin and end: by leaving, by signals, by a kill; and two at once."""

from __future__ import annotations

import random
import signal
from pathlib import Path

import pytest

from flashcards.collection import Collection
from scheduler import Rating
from tests.review.pty_driver import Terminal
from tests.review.small_collections import collection_in, questions, ratings, write

pytestmark = pytest.mark.slow

SHOW = "shows the answer"
BUTTONS = "4 Easy"


@pytest.mark.parametrize("key", ["q", "\x1b", "\x04"])
def test_leaving_tells_how_many_cards_are_left(tmp_path: Path, key: str) -> None:
    write(tmp_path, deck=questions(2))
    with Terminal("-C", str(tmp_path), "review") as terminal:
        terminal.wait_for(SHOW)
        terminal.act(key, "Left for today: 2 new, 0 learning, 0 review.")
        assert terminal.ended() == 0
        assert terminal.mode_now() == terminal.mode


@pytest.mark.parametrize("shown", [False, True])
def test_ctrl_c_leaves_with_130_and_what_was_rated_is_saved(tmp_path: Path, shown: bool) -> None:
    write(tmp_path, deck=questions(3))
    with Terminal("-C", str(tmp_path), "review") as terminal:
        terminal.wait_for(SHOW)
        terminal.act(" ", BUTTONS)
        terminal.act("2", SHOW)
        if shown:
            terminal.act(" ", BUTTONS)
        terminal.act("\x03", "Interrupted. Every rating so far is saved.")
        assert terminal.ended() == 130
        assert "Traceback" not in terminal.text
        assert terminal.mode_now() == terminal.mode
    assert ratings(tmp_path) == [Rating.HARD]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
@pytest.mark.parametrize("typed", [False, True])
def test_a_request_to_terminate_is_followed_quietly(tmp_path: Path, number: signal.Signals, typed: bool) -> None:
    write(tmp_path, deck="Q: Typed?\nA: yes\n<!-- type -->\n" if typed else questions(1))
    with Terminal("-C", str(tmp_path), "review") as terminal:
        terminal.wait_for("Type the answer" if typed else SHOW)
        terminal.process.send_signal(number)
        assert terminal.ended() == 128 + number
        assert "Traceback" not in terminal.text
        assert "Error" not in terminal.text
        assert terminal.mode_now() == terminal.mode


def test_a_terminal_that_is_closed_ends_the_session(tmp_path: Path) -> None:
    write(tmp_path, deck=questions(2))
    with Terminal("-C", str(tmp_path), "review") as terminal:
        terminal.wait_for(SHOW)
        terminal.act(" ", BUTTONS)
        terminal.act("3", SHOW)
        terminal.hang_up()
        terminal.process.wait(timeout=30)
    assert ratings(tmp_path) == [Rating.GOOD]


@pytest.mark.parametrize(("key", "code", "words"), [("\x03", 130, "Interrupted."), ("\x04", 0, "Nothing was rated.")])
def test_the_typed_answer_can_be_left(tmp_path: Path, key: str, code: int, words: str) -> None:
    write(tmp_path, deck="Q: Capital of France?\nA: Paris\n<!-- type -->\n")
    with Terminal("-C", str(tmp_path), "review") as terminal:
        terminal.wait_for("Type the answer:")
        terminal.act(key, words)
        assert terminal.ended() == code
        assert terminal.mode_now() == terminal.mode


def test_two_sessions_at_once_never_rate_a_card_twice(tmp_path: Path) -> None:
    with collection_in(tmp_path, deck=questions(6)):
        pass
    arguments = ("-C", str(tmp_path), "review")
    with Terminal(*arguments) as one, Terminal(*arguments) as two:
        one.wait_for(SHOW)
        two.wait_for(SHOW)
        one.act(" ", BUTTONS)
        two.act(" ", BUTTONS)
        one.act("4", SHOW)
        assert "answered elsewhere" in two.act("4", SHOW)
        two.act(" ", BUTTONS)
        two.act("4", SHOW)
        assert "elsewhere" not in one.text
    with Collection(tmp_path) as collection:
        logs = [len(collection.store.log(row[0])) for row in collection.connection.execute("SELECT id FROM cards")]
    assert max(logs) == 1


@pytest.mark.parametrize("seed", range(6))
def test_a_killed_session_keeps_every_rating_after_which_a_question_was_shown(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    with collection_in(tmp_path, deck="---\nnew_per_day: 100\n---\n" + questions(60)):
        pass
    acknowledged = []
    with Terminal("-C", str(tmp_path), "review") as terminal:
        terminal.wait_for(SHOW)
        for _ in range(chance.randrange(3, 20)):
            terminal.act(" ", BUTTONS)
            rating = chance.choice([Rating.AGAIN, Rating.HARD, Rating.GOOD, Rating.EASY])
            terminal.act(str(int(rating)), SHOW)
            acknowledged.append(rating)
        # Somewhere within a burst of keys, the program is gone.
        terminal.send(" 3" * chance.randrange(1, 6))
        if chance.random() < 0.5:
            terminal.wait_for("learning")
        terminal.kill()
    found = ratings(tmp_path)
    assert found[: len(acknowledged)] == acknowledged
    with Collection(tmp_path) as collection:
        assert collection.connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert collection.store.find_differences(lambda _deck: collection.settings.policy.parameters) == []


def test_if_nothing_is_due_the_next_due_time_is_shown(tmp_path: Path) -> None:
    write(tmp_path, deck=questions(1))
    arguments = ("-C", str(tmp_path), "review")
    with Terminal(*arguments) as terminal:
        terminal.wait_for(SHOW)
        terminal.act(" ", BUTTONS)
        terminal.act("4", "Done: 1 card")
    with Terminal(*arguments) as terminal:
        terminal.wait_for("Nothing is due now.")
        terminal.wait_for("Due next: 1 card in ")
        assert terminal.ended() == 0


def test_a_folder_without_cards_gets_advice(tmp_path: Path) -> None:
    with Terminal("-C", str(tmp_path), "review") as terminal:
        terminal.wait_for("creates an example deck")
        assert terminal.ended() == 0


def test_a_query_without_results_is_reported(tmp_path: Path) -> None:
    write(tmp_path, deck=questions(1))
    with Terminal("-C", str(tmp_path), "review", "tag:none-such") as terminal:
        terminal.wait_for("No card matches `tag:none-such`.")
        assert terminal.ended() == 0


def test_the_name_of_a_deck_narrows_the_session_to_it(tmp_path: Path) -> None:
    write(tmp_path, one=questions(2, "One"), two=questions(2, "Two"))
    with Terminal("-C", str(tmp_path), "review", "two") as terminal:
        drawn = terminal.wait_for(SHOW)
        assert "Two 1?" in drawn
        assert "2 new · 0 learning" in drawn
