"""Whole sessions on a real terminal."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from flashcards.collection import Collection
from scheduler import Rating
from tests.review.pty_driver import Terminal
from tests.review.small_collections import DECK, questions, ratings, write

pytestmark = pytest.mark.slow

SHOW = "shows the answer"
BUTTONS = "4 Easy"


def test_a_whole_session_from_the_first_question_to_the_summary(tmp_path: Path) -> None:
    write(tmp_path, deck=DECK)
    with Terminal("-C", str(tmp_path), "review") as terminal:
        first = terminal.wait_for(SHOW)
        assert "Neuro::Synapses > Synapses" in first
        assert "What do vesicles store?" in first
        assert "3 new · 0 learning · 0 review" in first
        assert "Neurotransmitters" not in first
        assert "Neurotransmitters" in terminal.act(" ", BUTTONS)
        assert "agonist" in terminal.act("4", SHOW)
        terminal.act("\r", BUTTONS)
        assert "in […] area" in terminal.act("4", SHOW)
        assert "in Broca's area" in terminal.act(" ", BUTTONS)
        terminal.act("4", "Done: 3 cards (3 new)")
        assert terminal.ended() == 0
        assert terminal.mode_now() == terminal.mode
    assert ratings(tmp_path) == [Rating.EASY] * 3


def test_space_gives_good_once_the_answer_is_shown(tmp_path: Path) -> None:
    write(tmp_path, deck=questions(2))
    with Terminal("-C", str(tmp_path), "review") as terminal:
        terminal.wait_for(SHOW)
        terminal.act(" ", BUTTONS)
        terminal.act(" ", SHOW)
        terminal.act("q", "Good 1")
    assert ratings(tmp_path) == [Rating.GOOD]


def test_keys_typed_ahead_are_neither_lost_nor_echoed(tmp_path: Path) -> None:
    write(tmp_path, deck=questions(3))
    with Terminal("-C", str(tmp_path), "review") as terminal:
        terminal.wait_for(SHOW)
        terminal.send(" 4 2 4 4")
        terminal.wait_for("Done: 3 cards")
        assert terminal.ended() == 0
        assert "4 2" not in terminal.text
    assert ratings(tmp_path)[:3] == [Rating.EASY, Rating.HARD, Rating.EASY]


def test_keys_typed_while_the_program_starts_are_not_lost(tmp_path: Path) -> None:
    write(tmp_path, deck=questions(1))
    with Terminal("-C", str(tmp_path), "review") as terminal:
        terminal.send(" 4")
        terminal.wait_for("Done: 1 card")
    assert ratings(tmp_path) == [Rating.EASY]


def test_undo_asks_the_last_card_again(tmp_path: Path) -> None:
    write(tmp_path, deck=questions(2))
    with Terminal("-C", str(tmp_path), "review") as terminal:
        terminal.wait_for(SHOW)
        terminal.act(" ", BUTTONS)
        terminal.act("1", "Question 2?")
        assert "Question 1?" in terminal.act("u", "Again was undone.")
        terminal.act("q", "Nothing was rated.")
    assert ratings(tmp_path) == []


def test_a_key_from_the_settings_is_used_and_named(tmp_path: Path) -> None:
    write(tmp_path, deck=questions(1))
    (tmp_path / "flashcards.toml").write_text('[keys]\nshow = "s"\ngood = "g"\n')
    with Terminal("-C", str(tmp_path), "review") as terminal:
        terminal.wait_for("s shows the answer")
        terminal.act("s", "g Good")
        terminal.send("g")
        terminal.wait_for("1 learning")
    assert ratings(tmp_path) == [Rating.GOOD]


def test_an_unknown_action_in_the_settings_is_one_sentence(tmp_path: Path) -> None:
    write(tmp_path, deck=questions(1))
    (tmp_path / "flashcards.toml").write_text('[keys]\nundoo = "z"\n')
    with Terminal("-C", str(tmp_path), "review", columns=200) as terminal:
        terminal.wait_for("Did you mean `undo`?")
        assert terminal.ended() == 1


def test_arrow_and_function_keys_do_nothing(tmp_path: Path) -> None:
    write(tmp_path, deck=questions(1))
    with Terminal("-C", str(tmp_path), "review") as terminal:
        terminal.wait_for(SHOW)
        terminal.send("\x1b[A\x1bOP\x1b[15~é")
        terminal.act(" ", BUTTONS)
        terminal.act("q", "Nothing was rated.")


def test_a_typed_answer_is_compared_on_the_screen(tmp_path: Path) -> None:
    write(tmp_path, deck="Q: Capital of France?\nA: Paris\n<!-- type -->\n")
    with Terminal("-C", str(tmp_path), "review", NO_COLOR="1") as terminal:
        terminal.wait_for("Type the answer:")
        assert "Typed: Par[-o-]{+i+}s" in terminal.act("Paros\r", BUTTONS)
        terminal.act("q", "Nothing was rated.")


def test_a_typed_answer_can_be_corrected_while_it_is_typed(tmp_path: Path) -> None:
    write(tmp_path, deck="Q: Capital of France?\nA: Paris\n<!-- type -->\n")
    with Terminal("-C", str(tmp_path), "review") as terminal:
        terminal.wait_for("Type the answer:")
        assert "Right." in terminal.act("Parix\x7fs\r", BUTTONS)


def test_enter_alone_shows_the_answer_of_a_typed_card(tmp_path: Path) -> None:
    write(tmp_path, deck="Q: Capital of France?\nA: Paris\n<!-- type -->\n")
    with Terminal("-C", str(tmp_path), "review") as terminal:
        terminal.wait_for("Type the answer:")
        assert "Typed:" not in terminal.act("\r", BUTTONS)


def scripted_editor(folder: Path, old: str, new: str) -> str:
    """An editor that notes its arguments in `arguments` and replaces a text."""
    script = folder / "editor.py"
    script.write_text(
        "import pathlib, sys\n"
        f"pathlib.Path({str(folder / 'arguments')!r}).write_text(' '.join(sys.argv[1:]))\n"
        "path = pathlib.Path(sys.argv[-1])\n"
        f"path.write_text(path.read_text().replace({old!r}, {new!r}))\n"
    )
    return f"{sys.executable} {script}"


def test_editing_opens_the_line_and_shows_the_new_text_at_once(tmp_path: Path) -> None:
    decks = tmp_path / "decks"
    write(decks, deck="\n# Head\n\nQ: Capitol of France?\nA: Paris\n<!-- id: france -->\n")
    editor = scripted_editor(tmp_path, "Capitol", "Capital")
    with Terminal("-C", str(decks), "review", EDITOR=editor) as terminal:
        terminal.wait_for(SHOW)
        assert "Capital of France?" in terminal.act("e", SHOW)
        assert (tmp_path / "arguments").read_text() == f"+4 {decks / 'deck.md'}"
        terminal.act(" ", BUTTONS)
        terminal.act("4", "Done: 1 card")


def test_deleting_the_card_in_the_editor_shows_the_next_one(tmp_path: Path) -> None:
    decks = tmp_path / "decks"
    write(decks, deck=questions(2))
    editor = scripted_editor(tmp_path, "Q: Question 1?\nA: Answer 1.\n", "")
    with Terminal("-C", str(decks), "review", EDITOR=editor) as terminal:
        terminal.wait_for(SHOW)
        drawn = terminal.act("e", SHOW)
        assert "Question 2?" in drawn
        assert "gone" in drawn


def test_a_missing_editor_leaves_the_card_shown(tmp_path: Path) -> None:
    write(tmp_path, deck=questions(1))
    with Terminal("-C", str(tmp_path), "review", EDITOR="no-such-editor") as terminal:
        terminal.wait_for(SHOW)
        terminal.act("e", "The editor `no-such-editor` cannot be started.")
        terminal.act(" ", BUTTONS)


def test_an_edit_that_breaks_the_note_is_reported_and_can_be_undone(tmp_path: Path) -> None:
    decks = tmp_path / "decks"
    write(decks, deck=questions(2))
    editor = scripted_editor(tmp_path, "A: Answer 1.\n", "")
    with Terminal("-C", str(decks), "review", EDITOR=editor) as terminal:
        terminal.wait_for(SHOW)
        assert "deck.md:1: " in terminal.act("e", "u: discard the edit")
        assert "Question 1?" in terminal.act("u", SHOW)
        assert "Answer 1." in terminal.act(" ", BUTTONS)
    assert (decks / "deck.md").read_text() == questions(2)


def test_an_edit_that_breaks_the_note_can_be_kept(tmp_path: Path) -> None:
    decks = tmp_path / "decks"
    write(decks, deck=questions(2))
    editor = scripted_editor(tmp_path, "A: Answer 1.\n", "")
    with Terminal("-C", str(decks), "review", EDITOR=editor) as terminal:
        terminal.wait_for(SHOW)
        terminal.act("e", "any other key: keep it")
        assert "Question 2?" in terminal.act("k", SHOW)
    assert "Answer 1." not in (decks / "deck.md").read_text()


TALL = "Q: Which?\nA: begin\n\n" + "".join(f"  line {number}\n\n" for number in range(60)) + "  end\n"


def test_a_tall_answer_is_scrolled_with_keys_and_leaves_nothing_on_the_normal_screen(tmp_path: Path) -> None:
    write(tmp_path, deck=TALL)
    with Terminal("-C", str(tmp_path), "review") as terminal:
        terminal.wait_for(SHOW)
        first = terminal.act(" ", BUTTONS)
        assert "begin" in first
        assert "line 59" not in first
        terminal.act("\x1b[6~", "line 10\n")
        terminal.act("\x1b[F", "end\n")
        terminal.act("\x1b[A", "line 5")
        terminal.act("\x1b[H", "begin")
        terminal.act("4", "Done: 1 card")
        terminal.ended()
        normal = terminal.raw.partition("\x1b[?1049l")[2]
    assert "Done: 1 card" in normal
    assert "begin" not in normal


def test_another_size_of_the_window_draws_the_card_again(tmp_path: Path) -> None:
    write(tmp_path, deck="Q: " + "word " * 30 + "?\nA: b\n")
    with Terminal("-C", str(tmp_path), "review") as terminal:
        terminal.wait_for(SHOW)
        terminal.resize(40, 20)
        drawn = terminal.wait_for("the answer")
        assert max(map(len, drawn.splitlines())) <= 40
        terminal.act(" ", "4 Easy")
        terminal.act("4", "Done: 1 card")


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_after_ctrl_z_and_fg_the_card_is_drawn_again(tmp_path: Path) -> None:
    write(tmp_path, deck=questions(1))
    with Terminal("--norc", "--noprofile", "-i", program=[shutil.which("bash") or ""], PS1="ready> ") as terminal:
        terminal.wait_for("ready> ")
        terminal.act(f"{sys.executable} -m flashcards -C {tmp_path} review\n", SHOW)
        terminal.act("\x1a", "Stopped")
        terminal.wait_for("ready> ")
        assert "\x1b[?1049l" in terminal.raw, "the shell is seen on the normal screen"
        assert "Question 1?" in terminal.act("fg\n", SHOW)
        terminal.act(" ", BUTTONS)
        terminal.act("4", "Done: 1 card")
        terminal.wait_for("ready> ")


def test_ctrl_z_only_redraws_the_card_without_a_shell_to_resume_it(tmp_path: Path) -> None:
    write(tmp_path, deck=questions(1))
    with Terminal("-C", str(tmp_path), "review") as terminal:
        terminal.wait_for(SHOW)
        assert "Question 1?" in terminal.act("\x1a", SHOW)
        assert terminal.raw.rpartition("\x1b[?1049h")[2].count("\x1b[?1049l") == 0
        terminal.act(" ", BUTTONS)
        terminal.act("4", "Done: 1 card")


def test_flag_bury_suspend_and_information(tmp_path: Path) -> None:
    write(tmp_path, deck=questions(4))
    with Terminal("-C", str(tmp_path), "review") as terminal:
        terminal.wait_for(SHOW)
        terminal.act("*", "Flag, 0 to 7:")
        terminal.act("2", "flag 2")
        terminal.wait_for(SHOW)
        terminal.act("i", "Place: deck.md:1")
        terminal.act("?", "this list")
        terminal.act("o", "This side has no picture, sound or video.")
        assert "Question 2?" in terminal.act("-", "Buried until tomorrow.")
        assert "Question 3?" in terminal.act("@", "Suspended.")
        assert "Question 4?" in terminal.act("!", "The whole note is suspended.")
        assert "Question 3?" in terminal.act("u", "No longer suspended.")
    with Collection(tmp_path) as collection:
        rows = collection.connection.execute("SELECT flag, suspended, buried_day IS NOT NULL FROM cards ORDER BY id")
        assert rows.fetchall() == [(2, 0, 1), (0, 1, 0), (0, 0, 0), (0, 0, 0)]


def test_the_help_begins_with_its_first_line_and_is_closed_by_the_key_that_leaves(tmp_path: Path) -> None:
    write(tmp_path, deck=questions(2))
    with Terminal("-C", str(tmp_path), "review", rows=12) as terminal:
        terminal.wait_for(SHOW)
        for key, text, closing in (("?", "show the answer, then Good", "q"), ("i", "Place: deck.md:1", "\x1b")):
            terminal.act(key, text)
            terminal.wait_for(SHOW)
            terminal.act(closing, SHOW)
        terminal.act(" ", BUTTONS)
        terminal.act("3", "Question 2?")
        terminal.act("q", "Done: 1 card")


def test_plain_draws_labels_and_no_escape_sequence(tmp_path: Path) -> None:
    write(tmp_path, deck="Q: One?\nA: | a | b |\n|---|---|\n| 1 | 2 |\n")
    with Terminal("-C", str(tmp_path), "review", "--plain") as terminal:
        terminal.wait_for("Press space for the answer.")
        terminal.act(" ", "4 Easy")
        terminal.act("4", "Done: 1 card")
        assert terminal.ended() == 0
        assert "\x1b" not in terminal.raw
        assert "Question:\nOne?" in terminal.text
        assert "Answer:\na | b" in terminal.text


def test_a_window_of_twenty_columns_shows_every_word(tmp_path: Path) -> None:
    write(tmp_path, deck="Q: Which responsibilities does a technical programme manager have?\nA: Many.\n")
    with Terminal("-C", str(tmp_path), "review", columns=20) as terminal:
        drawn = terminal.wait_for("help")
        assert " ".join(drawn.split()).count("Which responsibilities does a technical programme manager have?") == 1
        assert max(map(len, drawn.splitlines())) <= 20
        terminal.act(" ", BUTTONS)


def test_text_that_looks_like_markup_is_asked_as_typed(tmp_path: Path) -> None:
    write(tmp_path, deck="Q: Is [bold]x[/bold] or [/b] markup? :smile:\nA: [red]no[/red]\n")
    with Terminal("-C", str(tmp_path), "review") as terminal:
        assert "[bold]x[/bold] or [/b] markup? :smile:" in terminal.wait_for(SHOW)
        assert "[red]no[/red]" in terminal.act(" ", BUTTONS)


def test_a_crammed_session_is_marked_and_adds_no_review(tmp_path: Path) -> None:
    write(tmp_path, deck=questions(2))
    with Terminal("-C", str(tmp_path), "review", "--cram") as terminal:
        assert "Cramming: the schedule does not change." in terminal.wait_for(SHOW)
        terminal.act(" ", BUTTONS)
        terminal.act("3", SHOW)
        terminal.act(" ", BUTTONS)
        terminal.act("3", "Done: 2 cards")
        assert terminal.ended() == 0
    with Collection(tmp_path) as collection:
        collection.scan()
        assert collection.connection.execute("SELECT count(*) FROM cards WHERE reps > 0").fetchone() == (0,)


def test_a_time_limit_ends_the_session_after_the_card_that_is_asked(tmp_path: Path) -> None:
    write(tmp_path, deck=questions(3))
    with Terminal("-C", str(tmp_path), "review", "--minutes", "0.00001") as terminal:
        terminal.wait_for(SHOW)
        terminal.act(" ", BUTTONS)
        terminal.act("4", "Your time is up.")
        terminal.wait_for("Done: 1 card")
        assert terminal.ended() == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--count"], "--count needs --cram"),
        (["--cram", "--new", "3"], "--cram cannot be combined with --new"),
        (["--backlog", "--order", "due"], "--backlog cannot be combined with --order"),
    ],
)
def test_options_that_do_not_go_together_are_refused(tmp_path: Path, options: list[str], said: str) -> None:
    write(tmp_path, deck=questions(1))
    with Terminal("-C", str(tmp_path), "review", *options) as terminal:
        terminal.wait_for(said)
        assert terminal.ended() == 2
