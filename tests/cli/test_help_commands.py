"""What bash, zsh and fish read after a completion is what was offered: typed into the real shells."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flashcards.cli.help_commands import TypedWord, complete_word, split_line

BREAKS = " \t\n\"'><=;|&(:"
DECK = "deck: {}\n---\nQ: a question about {}\nA: an answer\n<!-- tags: {} -->\n"


@pytest.mark.parametrize(
    ("line", "words", "typed"),
    [
        ("flashcards review ", ["flashcards", "review"], TypedWord("", "")),
        ("flashcards review tpm::sc", ["flashcards", "review"], TypedWord("tpm::sc", "")),
        ('flashcards review "my de', ["flashcards", "review"], TypedWord("my de", '"')),
        ("flashcards review my\\ de", ["flashcards", "review"], TypedWord("my de", "")),
        ("flashcards review '' x", ["flashcards", "review", ""], TypedWord("x", "")),
    ],
)
def test_a_line_is_split_as_a_shell_does(line: str, words: list[str], typed: TypedWord) -> None:
    assert split_line(line) == (words, typed)


@pytest.mark.parametrize(
    ("value", "typed", "inserted"),
    [
        ("tpm::scenarios", TypedWord("tpm::sce", ""), "scenarios"),
        ("tag:skill:ambiguity", TypedWord("tag:skill:a", ""), "ambiguity"),
        ("my deck::x y", TypedWord("my d", ""), "my\\ deck::x\\ y"),
        ("my deck", TypedWord("my d", '"'), "my deck"),
        ("$(touch x)", TypedWord("$", ""), "\\$\\(touch\\ x\\)"),
        ("$HOME", TypedWord("$", '"'), "\\$HOME"),
        ("it's", TypedWord("it", "'"), "it'\\''s"),
    ],
)
def test_what_bash_inserts_is_read_as_the_name(value: str, typed: TypedWord, inserted: str) -> None:
    assert complete_word(value, typed, BREAKS) == inserted


ECHO = "printf '<%s>' \"$@\"; echo END"
PROGRAMS = {"bash": ["bash", "--norc"], "zsh": ["zsh", "-f"], "fish": ["fish", "--no-config"]}
SET_UP = {
    "bash": [
        'eval "$(flashcards completion bash)"',
        f'flashcards() {{ [ -z "$_FLASHCARDS_COMPLETE" ] || {{ command flashcards "$@"; return; }}; {ECHO}; }}',
    ],
    "zsh": [
        "autoload -U compinit; compinit -D -u",
        'eval "$(flashcards completion zsh)"',
        f"flashcards() {{ {ECHO}; }}",
    ],
    "fish": ["flashcards completion fish | source", "function flashcards; printf '<%s>' $argv; echo END; end"],
}
"""Load the completion, then make the command print its arguments instead."""


class Shell:
    """A shell on a terminal of its own, in which `flashcards` prints its arguments."""

    def __init__(self, name: str, folder: Path) -> None:
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "PS1": "$ ", "TERM": "xterm", "HISTFILE": ""}
        self._process, self._screen = pty.fork()
        if self._process == 0:
            os.chdir(folder)
            os.execvpe(PROGRAMS[name][0], [*PROGRAMS[name], "-i"], environment)
        for line in [*SET_UP[name], "echo REA''DY"]:
            self._type(f"{line}\n")
        self._read_until("READY")

    def completed(self, typed: str) -> list[str]:
        """Type a command line with Tab in it, and return the words that the command got."""
        for piece in re.split("(\t)", typed):
            self._type(piece)
            time.sleep(0.2 if piece != "\t" else 1.5)
        self._type("\n")
        return re.findall(r"<([^<>]*)>", self._read_until(">END"))

    def close(self) -> None:
        os.kill(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)
        os.close(self._screen)

    def _type(self, text: str) -> None:
        os.write(self._screen, text.encode())

    def _read_until(self, word: str) -> str:
        """Return the line on the screen that ends with a word, once it is there."""
        shown, end = "", time.monotonic() + 30
        while not (found := re.search(rf"^.*{word}", shown, re.MULTILINE)):
            assert time.monotonic() < end, shown
            if select.select([self._screen], [], [], 0.2)[0]:
                shown += os.read(self._screen, 65_536).decode(errors="replace").replace("\r", "\n")
        return found[0]


@pytest.fixture(scope="module")
def decks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("decks")
    names = {"tpm::scenarios": "skill:ambiguity", "my deck": "x", "tools, and more": "y", "$(touch harm)": "z"}
    for number, (deck, tag) in enumerate(names.items()):
        (folder / f"{number}.md").write_text(f"---\n{DECK.format(deck, number, tag)}", encoding="utf-8")
    arguments = [sys.executable, "-m", "flashcards", "-C", str(folder), "answer", f"{folder}/0.md:4", "good"]
    subprocess.run(arguments, check=True, cwd=folder, capture_output=True)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_the_command_gets_the_completed_word(name: str, decks: Path) -> None:
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    shell = Shell(name, decks)
    try:
        assert shell.completed("flashcards review tpm::sce\t") == ["review", "tpm::scenarios"]
        assert shell.completed("flashcards list tag:skill:a\t") == ["list", "tag:skill:ambiguity"]
        assert shell.completed("flashcards review my\t") == ["review", "my deck"]
        assert shell.completed("flashcards review tools\t") == ["review", "tools, and more"]
        assert shell.completed("flashcards export '$(\t") == ["export", "$(touch harm)"]
        assert shell.completed("flashcards rev\t") == ["review"]
        assert shell.completed("flashcards show 0.md:\t") == ["show", "0.md:4"]
    finally:
        shell.close()
    assert not (decks / "harm").exists()
