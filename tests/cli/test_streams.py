"""Data to standard output, words to standard error; exit codes; colour; a pipe that is closed early."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from flashcards.cli import COMMANDS
from flashcards.cli.console import gate
from flashcards.text import NO_CARDS
from tests.cli.runner import Runner, environment, process, question

if TYPE_CHECKING:
    from collections.abc import Mapping

READS = [["list"], ["due"], ["scan"], ["check"], ["orphans"], ["doctor"], ["backup", "--list"], ["completion", "bash"]]


@pytest.mark.parametrize("arguments", READS, ids=" ".join)
def test_a_command_that_reads_works_in_an_empty_folder(cli: Runner, arguments: list[str]) -> None:
    cli(*arguments)


@pytest.mark.parametrize("arguments", READS, ids=" ".join)
def test_a_command_that_reads_works_where_no_file_holds_a_card(cli: Runner, arguments: list[str]) -> None:
    cli.write("notes.md", "# Only prose\n\nNothing to learn here.\n")
    cli.write("sub/empty.md")
    cli(*arguments)


def test_an_empty_result_is_reported_in_a_sentence(cli: Runner) -> None:
    assert cli("list").out == f"{NO_CARDS}\n"
    assert cli("due").out == f"{NO_CARDS}\n"
    assert cli("backup", "--list") == (0, "", "There is no backup yet. `flashcards backup` creates one.\n")
    said = "Error: There is no mock interview yet. `flashcards mock` starts one.\n"
    assert cli.fails("mock", "--show", "last") == said
    assert cli("scan").out == "0 files, 0 notes, 0 cards; nothing changed.\n"
    assert cli("orphans").out == "Every note still has its text.\n"
    assert cli("check") == (0, "", "No problems.\n")


def test_a_warning_goes_to_standard_error_and_the_data_to_standard_output(cli: Runner) -> None:
    cli.write("a.md", question("one"))
    (cli.root / "loop.md").symlink_to("loop.md")
    listed = cli("list")
    assert listed.err.startswith("Warning: loop.md cannot be read: ")
    assert "Warning" not in listed.out
    assert "one" in listed.out


def test_problems_go_to_standard_output_and_their_number_to_standard_error(cli: Runner) -> None:
    cli.write("a.md", "Q: one\n\nQ: two\n")
    found = cli("check", code=1)
    assert found.out.splitlines() == [
        f"a.md:{line}: `Q:` without `A:`. Write `A:` below it, or `\\Q:` if it is text." for line in (1, 3)
    ]
    assert found.err == "2 problems.\n"


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        (0, ["list"]),
        (1, ["check"]),
        (1, ["undo"]),
        (2, ["list", "is:nonsense"]),
        (2, ["show", "nowhere.md:1"]),
        (2, ["answer", "a.md:1", "perhaps"]),
        (2, ["answer", "a.md:1"]),
        (2, ["flag", "8", "deck:a"]),
        (2, ["suspend"]),
        (2, ["-C", "nowhere", "list"]),
        (2, ["completion", "cmd.exe"]),
        (2, ["restore"]),
    ],
)
def test_the_exit_code_depends_on_the_result(cli: Runner, code: int, arguments: list[str]) -> None:
    cli.write("a.md", question("one"), "Q: two\n")
    result = cli(*arguments, code=code)
    if code == 2:
        assert result.out == ""
        assert result.err


def test_an_interrupt_reports_that_everything_is_saved(cli: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    cli.write("a.md", question("one"))
    monkeypatch.setattr("flashcards.query.find_card_ids", interrupted)
    assert cli("list", code=130).err.strip() == "Interrupted."


def test_an_interrupt_from_outside_leaves_with_130(cli: Runner) -> None:
    cli.write("a.md", "".join(question(f"question {number}") for number in range(30)))
    running = subprocess.Popen(
        [sys.executable, "-m", "flashcards", "suspend", "deck:a"],
        cwd=cli.root,
        env=environment(),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stderr
    assert running.stdin
    seen = ""
    while "Continue?" not in seen:
        seen += running.stderr.read(1)
    running.send_signal(signal.SIGINT)
    rest = running.communicate(timeout=30)[1]
    assert running.returncode == 130
    assert rest.endswith("Interrupted.\n")
    assert "Traceback" not in rest
    assert cli.ids("is:suspended") == []


@pytest.mark.parametrize("arguments", [["list"], ["list", "--json"], ["check", "--explain"]], ids=" ".join)
def test_a_reader_that_has_enough_is_not_an_error(cli: Runner, arguments: list[str]) -> None:
    cli.write("a.md", "".join(question(f"question {number}") for number in range(3000)))
    cli("scan")
    running = subprocess.Popen(
        [sys.executable, "-m", "flashcards", *arguments],
        cwd=cli.root,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stdout
    assert running.stderr
    assert "question 0" in running.stdout.readline()
    running.stdout.close()
    assert running.stderr.read() == ""
    assert running.wait(timeout=30) == 0
    running.stderr.close()


@pytest.mark.parametrize("command", ["list --json", "mcp"])
def test_standard_output_that_is_closed_from_the_start_leaves_no_traceback(cli: Runner, command: str) -> None:
    cli.write("a.md", question("one"))
    done = subprocess.run(
        ["/bin/sh", "-c", f"'{sys.executable}' -m flashcards {command} >&-"],
        cwd=cli.root,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("command", "code"), [("review", 2), ("mock", 2), ("add a", 2), ("mcp", 0), ("list", 0)])
def test_standard_input_that_is_closed_from_the_start_leaves_no_traceback(cli: Runner, command: str, code: int) -> None:
    cli.write("a.md", question("one"))
    words = ["/bin/sh", "-c", f"'{sys.executable}' -m flashcards {command} <&-"]
    done = subprocess.run(words, cwd=cli.root, env=environment(), capture_output=True, text=True, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr


def on_a_terminal(cli: Runner, arguments: list[str], env: Mapping[str, str]) -> str:
    """What a command writes where its standard output is a terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "flashcards", *arguments],
        cwd=cli.root,
        env=environment({"TERM": "xterm", **env}),
        stdout=theirs,
        stderr=subprocess.PIPE,
    ):
        os.close(theirs)
        written = b""
        try:
            while piece := os.read(ours, 65_536):
                written += piece
        except OSError:  # the other end is closed
            pass
        os.close(ours)
    return written.decode()


def test_colours_are_for_terminals_and_not_where_they_are_unwanted(cli: Runner) -> None:
    cli.write("a.md", question("one"))
    assert "\x1b[" in on_a_terminal(cli, ["due"], {})
    assert "\x1b" not in on_a_terminal(cli, ["due"], {"NO_COLOR": "1"})
    assert "\x1b" not in on_a_terminal(cli, ["due"], {"TERM": "dumb"})
    assert "\x1b" not in on_a_terminal(cli, ["show", "a.md:1"], {"NO_COLOR": "1"})
    assert "\x1b" not in process(["due"], cli.root).out


def test_no_text_of_a_deck_controls_the_terminal(cli: Runner) -> None:
    evil = "\x1b]0;title\x07\x1b[2J\x9b31m"
    cli.write(f"deck{evil}.md", question(f"front {evil}", f"back {evil}"), "Q: no answer\n")
    for arguments in (["scan"], ["list"], ["show", f"deck{evil}.md:1"], ["due"], ["check"], ["check", "--explain"]):
        shown = cli(*arguments, code=None)
        assert not set("\x1b\x07\x9b") & set(shown.out + shown.err), arguments
    (cli.root / f"deck{evil}.md").unlink()
    assert "\x1b" not in cli("scan").out
    assert "\x1b" not in cli("orphans").out


def test_letters_of_every_script_are_shown_as_they_are(cli: Runner) -> None:
    fronts = [
        "می\u200cخواهم",
        "👩\u200d🔬 👨\u200d👩\u200d👧",
        "Qu'est-ce que\u00a0c'est\u202f?",
        "日本\u3000語",
        "ש\u200fלום",
        "e\u0301",
    ]
    cli.write("a.md", *(question(front) for front in fronts))
    listed = cli("list").out
    for front in fronts:
        assert " ".join(front.split()) in listed
    assert "\ufffd" not in listed


@pytest.mark.parametrize("command", sorted(set(COMMANDS) - {"init", "completion", "docs", "format", "review"}))
def test_no_command_crashes_if_the_folder_does_not_exist(cli: Runner, command: str) -> None:
    arguments = {
        "show": ["x"],
        "add": ["x", "question", "answer"],
        "convert": ["x"],
        "answer": ["x", "good"],
        "edit": ["x"],
        "preview": ["x"],
        "flag": ["1", "x"],
        "set-due": ["0", "x"],
        "link": ["x", "y"],
        **{name: ["x"] for name in ("suspend", "unsuspend", "bury", "unbury", "forget", "pin", "unlink")},
        "export": ["-o", "x.apkg"],
        "import": ["x.apkg"],
        "sync": ["--anki-server", "http://127.0.0.1:9/"],
        "mock": ["--history"],  # holding one needs a terminal first
    }.get(command, [])
    result = cli("-C", "nowhere", command, *arguments, code=2)
    assert "nowhere does not exist. Name a folder of Markdown files with -C" in result.err
    assert list(cli.root.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_an_output_that_cannot_show_every_character_is_not_a_failure(cli: Runner, encoding: str) -> None:
    cli.write("a.md", question("什么是 é?"))
    cli("answer", "a.md:1", "good")
    env = {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    for arguments in (["list"], ["show", "a.md:1"], ["stats"], ["forecast", "--days", "2"], ["list", "q:x"]):
        process(arguments, cli.root, code=None, env=env)
    assert process(["list", "--json"], cli.root, env=env).json["front"] == "什么是 é?"


HOSTILE = "\x1b]52;c;cHduZWQ=\x07\x1b]0;title\x07\x9b31m\x7f\x1b[2J\u202e"


def hostile_collection(cli: Runner) -> None:
    """Decks whose texts, names and settings hold sequences that write the clipboard, the title and the screen."""
    cli.write("a.md", f"---\ndeck: d{HOSTILE}\ntags: [t{HOSTILE}]\nnew_per_day: {HOSTILE}\n---\n\n")
    with (cli.root / "a.md").open("ab") as file:
        file.write(f"Q: one{HOSTILE}\nA: two {HOSTILE} ![x](m{HOSTILE}.png)\n\nQ: {HOSTILE}\n".encode())
    cli.write(f"b{HOSTILE.replace('/', '')}.md", "Q: x\nA: y\n\nQ: no answer\n")


HOSTILE_ARGUMENTS = [
    *(["check"], ["check", "--json"], ["check", "--advice"], ["check", "--explain"], ["due"], ["due", "--json"]),
    *(["list"], ["list", "--json"], ["show", "one"], ["show", "a.md:8"], ["stats"], ["stats", "--json"], ["scan"]),
    *(["forecast"], ["readiness", "--on", "2030-01-01"], ["status"], ["doctor"], ["backup"], ["orphans"]),
    *(["list", f"deck:{HOSTILE}"], [HOSTILE], [f"--{HOSTILE}"], ["show", HOSTILE], ["import", HOSTILE]),
    *(["restore", HOSTILE], ["-C", HOSTILE, "due"], ["export", "-o", f"{HOSTILE}/x.apkg"], ["pin", HOSTILE]),
]


@pytest.mark.parametrize("arguments", HOSTILE_ARGUMENTS, ids=ascii)
def test_no_control_sequence_of_a_deck_or_an_argument_reaches_the_terminal(cli: Runner, arguments: list[str]) -> None:
    hostile_collection(cli)
    done = cli(*arguments, code=None)
    for text in (done.out, done.err):
        assert not set(text) & set("\x1b\x07\x7f\x9b\u202e"), ascii(text)


def test_a_time_zone_more_than_a_day_away_is_refused(cli: Runner) -> None:
    cli.write("a.md", question("one"))
    done = process(["list"], cli.root, code=2, env={"TZ": "XXX999"})
    assert done.err.endswith("The time zone `XXX999` is a day or more from UTC. Correct the environment variable TZ.\n")


def test_only_colour_codes_pass_to_the_terminal() -> None:
    assert gate("\x1b[1;31mred\x1b[0m\ttab\n") == "\x1b[1;31mred\x1b[0m\ttab\n"
    assert gate("\x1b]0;title\x07\x1b[2J\x9d") == "\ufffd]0;title\ufffd\ufffd[2J\ufffd"


def test_json_escapes_every_control_character_and_is_read_back(cli: Runner) -> None:
    cli.write("a.md", "Q: one \x7f\x9b\nA: two\n")
    done = cli("list", "--json")
    assert "\\u007f\\u009b" in done.out
    assert done.lines[0]["front"] == "one \x7f\x9b"
