"""What is drawn, as characters: the screen writes to standard output as on a terminal."""

from __future__ import annotations

import re

import pytest
from rich.text import Text

from flashcards.deck.model import Face
from flashcards.review.keys import Action, KeyMap
from flashcards.review.screen import Screen
from flashcards.review.screen_parts import draw_typed, flow_parts
from flashcards.review.views import Answer, Asked, Question
from flashcards.text import fold_details
from scheduler import State
from scheduler.queue import Counts
from tests.review.fake_backend import asked, card

INTERVALS = (60, 360, 600, 4 * 86_400)
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of 80 columns, with colour, whatever the tests run in."""
    for name in ("NO_COLOR", "COLORTERM", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")


def shown(capsys: pytest.CaptureFixture[str], *views: Question | Answer, plain: bool = False) -> str:
    screen = Screen({}, KeyMap({}), plain=plain)
    for view in views:
        capsys.readouterr()
        screen.show(view)
    return capsys.readouterr().out


def question(of: Asked, message: str = "") -> Question:
    return Question(of, Counts(12, 3, 40), message)


def answer(of: Asked, given: str | None = None) -> Answer:
    return Answer(of, Counts(12, 3, 40), INTERVALS, given)


def test_a_question_is_shown_between_its_breadcrumb_and_the_counts(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [line for line in ESCAPES.sub("", shown(capsys, question(asked(card(1))))).splitlines() if line]
    assert lines == ["Deck > Heading", "front 1", "12 new · 3 learning · 40 review   space shows the answer · ? help"]


@pytest.mark.parametrize(
    ("state", "number"), [(State.NEW, "12"), (State.LEARNING, "3"), (State.RELEARNING, "3"), (State.REVIEW, "40")]
)
def test_the_count_of_the_present_kind_is_underlined(
    capsys: pytest.CaptureFixture[str], state: State, number: str
) -> None:
    underlined = re.findall(r"\x1b\[[0-9;]*\b4;[0-9;]*m(\d+)", shown(capsys, question(asked(card(1, state)))))
    assert underlined == [number]


def test_an_answer_is_shown_below_the_question_and_a_rule(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [line for line in ESCAPES.sub("", shown(capsys, answer(asked(card(1))))).splitlines() if line]
    assert lines[1:4] == ["front 1", "─" * 80, "back 1"]


def test_the_buttons_show_key_rating_and_interval(capsys: pytest.CaptureFixture[str]) -> None:
    assert "1 Again 1m · 2 Hard 6m · 3 Good 10m · 4 Easy 4d" in ESCAPES.sub("", shown(capsys, answer(asked(card(1)))))


def test_a_cloze_answer_shows_the_revealed_text_alone(capsys: pytest.CaptureFixture[str]) -> None:
    cloze = asked(card(1))._replace(face=Face("in ⦉[…]⦊ area", "in ⦉Broca's⦊ area", ("⦉", "⦊")))
    assert "in […] area" in ESCAPES.sub("", shown(capsys, question(cloze)))
    text = ESCAPES.sub("", shown(capsys, answer(cloze)))
    assert "in Broca's area" in text
    assert "[…]" not in text


@pytest.mark.parametrize("text", ["[bold]loud[/bold]", "[/b]", "[link=x]y[/link]", ":smile: 😀", "[red]"])
@pytest.mark.parametrize("plain", [False, True])
def test_text_that_looks_like_markup_is_shown_as_typed(
    capsys: pytest.CaptureFixture[str], text: str, plain: bool
) -> None:
    of = asked(card(1), front=text)
    assert text in ESCAPES.sub("", shown(capsys, question(of, message=text), plain=plain))


@pytest.mark.parametrize("plain", [False, True])
def test_no_text_can_drive_the_terminal(capsys: pytest.CaptureFixture[str], plain: bool) -> None:
    hostile = "a\x1b]0;title\x07b\x1b[2Jc"
    of = asked(card(1), front=hostile)
    of = of._replace(entry=of.entry._replace(deck=hostile))
    rest = ESCAPES.sub("", shown(capsys, answer(of, given=hostile)._replace(message=hostile), plain=plain))
    assert "\x1b" not in rest
    assert "\x07" not in rest
    assert "title" in rest


def test_plain_labels_its_parts_and_sends_no_escape(capsys: pytest.CaptureFixture[str]) -> None:
    of = asked(card(1))
    text = shown(capsys, question(of), plain=True)
    assert text.splitlines() == [
        "",
        "Deck > Heading",
        "New 12, learning 3, review 40. This card is new.",
        "Question:",
        "front 1",
        "Press space for the answer.",
    ]


def test_plain_reads_out_only_what_is_new(capsys: pytest.CaptureFixture[str]) -> None:
    of = asked(card(1))
    text = shown(capsys, question(of), answer(of), plain=True)
    assert text.splitlines() == ["Answer:", "back 1", "1 Again 1m, 2 Hard 6m, 3 Good 10m, 4 Easy 4d"]
    flagged = answer(of)._replace(message="Flag 3.")
    assert shown(capsys, question(of), answer(of), flagged, plain=True) == "Flag 3.\n"


def test_each_view_is_painted_from_the_top_but_never_in_plain(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, question(asked(card(1)))).startswith("\x1b[H")
    assert "\x1b" not in shown(capsys, question(asked(card(1))), answer(asked(card(1)), "x"), plain=True)


def test_a_dumb_terminal_gets_no_escapes(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b" not in shown(capsys, answer(asked(card(1))))


def test_no_color_leaves_styles_but_no_colour(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    text = shown(capsys, answer(asked(card(1), typed=True), "bakc 1"))
    codes = {code for codes in re.findall(r"\x1b\[([0-9;]*)m", text) for code in codes.split(";") if code}
    assert codes <= {"0", "1", "2", "3", "4", "7", "9"}
    assert "[-" in text


@pytest.mark.parametrize("columns", [20, 30, 80])
@pytest.mark.parametrize("plain", [False, True])
def test_no_line_is_wider_than_the_window_and_no_word_is_lost(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: int, plain: bool
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("LINES", "200")
    words = "What does the programme manager of several teams answer for? " * 3
    view = answer(asked(card(1), front=words, back="supercalifragilisticexpialidocious"), "x")._replace(message=words)
    text = ESCAPES.sub("", shown(capsys, view, plain=plain))
    assert max(map(len, text.splitlines())) <= columns
    for word in words.split():
        assert word in text
    assert "supercalifragilisticexpialidocious" in re.sub(r"\s", "", text)
    assert "4 Easy 4d" in text


def test_wide_windows_are_not_filled_beyond_what_reads_well(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    text = ESCAPES.sub("", shown(capsys, answer(asked(card(1), front="word " * 100))))
    assert max(len(line.rstrip()) for line in text.splitlines()) == 100


def test_only_the_last_lines_are_written_on_the_normal_screen(
    capsys: pytest.CaptureFixture[str],
) -> None:
    screen = Screen({}, KeyMap({}), plain=False)
    screen.open()
    screen.show(question(asked(card(1))))
    screen.close(["Done."])
    before, _, after = capsys.readouterr().out.partition("\x1b[?1049l")
    assert before.startswith("\x1b[?1049h")
    assert after == "Done.\n"
    screen = Screen({}, KeyMap({}), plain=True)
    screen.open()
    screen.close([])
    assert capsys.readouterr().out == ""


TALL = "\n\n".join(f"line {number}" for number in range(40))


def test_a_card_taller_than_the_window_is_scrolled_and_nothing_is_cut_at_the_top(
    capsys: pytest.CaptureFixture[str],
) -> None:
    screen = Screen({}, KeyMap({}), plain=False)
    screen.show(question(asked(card(1), front=TALL)))
    first = ESCAPES.sub("", capsys.readouterr().out).split("\n")
    assert "line 0\r" in first
    assert "line 39\r" not in first
    assert any(re.match(r" Lines 1-\d+ of \d+ ↓", line) for line in first)
    assert any("12 new" in line for line in first)
    screen.scroll(Action.PAGE_DOWN)
    second = ESCAPES.sub("", capsys.readouterr().out).split("\n")
    assert len(set(second) & set(first) & {f"line {n}\r" for n in range(40)}) <= 1, "a page overlaps by one line"
    screen.scroll(Action.BOTTOM)
    assert "line 39\r" in ESCAPES.sub("", capsys.readouterr().out).split("\n")
    screen.scroll(Action.UP)
    screen.scroll(Action.TOP)
    assert "line 0\r" in ESCAPES.sub("", capsys.readouterr().out).split("\n")


def test_the_answer_to_a_long_question_is_visible_immediately(capsys: pytest.CaptureFixture[str]) -> None:
    assert "back 1" in ESCAPES.sub("", shown(capsys, answer(asked(card(1), front=TALL))))


def test_a_tick_leaves_a_long_card_where_it_was_scrolled_to(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen({}, KeyMap({}), plain=False)
    view = answer(asked(card(1), back=TALL))
    screen.show(view)
    screen.scroll(Action.BOTTOM)
    capsys.readouterr()
    screen.show(view._replace(message="Flag 1."))
    text = ESCAPES.sub("", capsys.readouterr().out)
    assert "line 39" in text
    assert "Flag 1." in text


@pytest.mark.parametrize(
    "text",
    [
        "Ask.\n\n<details><summary>Hint</summary>\n\nthe *hidden* part\n\n</details>\n\nAfter.",
        "Ask.\n> [!tip]- Hint\n> the *hidden* part\n\nAfter.",
    ],
)
def test_details_stay_closed_until_they_are_opened(capsys: pytest.CaptureFixture[str], text: str) -> None:
    screen = Screen({}, KeyMap({}), plain=False)
    view = question(asked(card(1), front=text))
    screen.show(view)
    closed = ESCAPES.sub("", capsys.readouterr().out)
    assert "Hint" in closed
    assert "After." in closed
    assert "hidden" not in closed
    assert "Tab opens details" in closed
    screen.toggle_details()
    screen.show(view)
    opened = ESCAPES.sub("", capsys.readouterr().out)
    assert "the hidden part" in opened
    assert "Tab closes details" in opened


@pytest.mark.parametrize(
    "text",
    [
        "`<details>` and `</details>`",
        "```\n<details>\nx\n</details>\n```",
        "<details open>\n\nseen\n\n</details>",
        "<details>never closed",
        "<details><summary>s</summary>⦉[…]⦊</details>",
    ],
)
def test_code_open_details_and_what_a_cloze_asks_are_not_hidden(text: str) -> None:
    assert fold_details(text, ("⦉", "⦊")) == text


def test_details_within_details_are_closed_with_the_outer_ones() -> None:
    text = "a<details><summary>s</summary>b<details>c</details>d</details>e"
    assert fold_details(text) == "a<details><summary>s</summary></details>e"
    assert fold_details(text, as_line=True) == "a▸ se"
    assert fold_details("a <details>b</details>", as_line=True) == "a ▸ Details"


def test_a_flag_is_shown_next_to_the_breadcrumb(capsys: pytest.CaptureFixture[str]) -> None:
    text = ESCAPES.sub("", shown(capsys, question(asked(card(1)._replace(flag=3)))))
    assert "Deck > Heading  flag 3" in text


def test_a_typed_answer_is_compared_with_the_words_of_the_answer(capsys: pytest.CaptureFixture[str]) -> None:
    of = asked(card(1), typed=True, back="**Broca's** `area`")
    assert "Right." in shown(capsys, answer(of, "Broca's area"))


def test_wrong_characters_are_struck_out_and_missing_ones_underlined() -> None:
    (line,) = draw_typed("Paros", "Paris", coloured=True)
    styles = {line.plain[span.start : span.end]: str(span.style) for span in line.spans}
    assert styles["Par"] == "green"
    assert styles["o"] == "red strike"
    assert styles["i"] == "underline"


def test_without_colour_wrong_and_missing_characters_are_bracketed() -> None:
    (line,) = draw_typed("Paros", "Paris", coloured=False)
    assert line.plain == "Typed: Par[-o-]{+i+}s"


def test_an_answer_that_is_not_typed_is_not_compared(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Typed:" not in shown(capsys, answer(asked(card(1), typed=True), None))


@pytest.mark.parametrize("width", [1, 7, 12, 100])
def test_parts_flow_onto_the_next_line_whole(width: int) -> None:
    lines = flow_parts([Text("1 Again"), Text("2 Hard"), Text("3 Good")], " · ", width).plain.split("\n")
    assert " · ".join(lines) == "1 Again · 2 Hard · 3 Good"
    assert all(len(line) <= width or " · " not in line for line in lines)


@pytest.mark.parametrize("plain", [False, True])
def test_the_prompt_for_a_typed_answer_shows_the_other_keys(capsys: pytest.CaptureFixture[str], plain: bool) -> None:
    typed = asked(card(1))._replace(expected="back 1")
    text = ESCAPES.sub("", shown(capsys, question(typed), plain=plain))
    assert "Enter alone shows the answer, Ctrl-D leaves" in text


def test_in_a_narrow_window_a_point_continues_below_its_beginning(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "24")
    plain = asked(card(1))
    note = plain.entry.note._replace(points=("names the goal of the team",))
    view = answer(plain._replace(entry=plain.entry._replace(note=note)))
    lines = [line.rstrip() for line in ESCAPES.sub("", shown(capsys, view)).splitlines()]
    at = lines.index("a [ ] names the goal of")
    assert lines[at + 1] == "      the team"


def test_in_a_narrow_window_the_help_continues_below_its_beginning(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "24")
    Screen({}, KeyMap({}), plain=False).say("    i  the place and the schedule")
    said = ESCAPES.sub("", capsys.readouterr().out).split("\r\n")
    assert said == ["    i  the place and the", "      schedule", ""]


def test_in_a_narrow_window_the_position_fits_on_its_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    screen = Screen({}, KeyMap({}), plain=False)
    screen.show(question(asked(card(1), front=TALL)))
    screen.scroll(Action.PAGE_DOWN)
    lines = ESCAPES.sub("", capsys.readouterr().out).replace("\r", "").split("\n")
    assert any(re.fullmatch(r"\d+-\d+ of \d+ ↑↓", line) for line in lines)
    assert max(map(len, lines)) <= 20
