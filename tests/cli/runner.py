"""Runs commands: within this process, or as a process of its own where that is what is tested."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from flashcards.cli import run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pytest

REPOSITORY = Path(__file__).parents[2]

CARD_KEYS = [
    *("id", "note", "slot", "kind", "deck", "file", "line", "breadcrumb", "tags", "front", "back", "state"),
    *("suspended", "due", "stability", "difficulty", "retrievability", "reps", "lapses", "last_review"),
]
"""The keys of a card in JSON, in order."""


class Result(NamedTuple):
    """What a command left: its exit code, standard output, standard error."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as one JSON value."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """Standard output as JSON Lines."""
        return [json.loads(line) for line in self.out.splitlines()]


class Runner:
    """A folder, and commands that are run in it."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self._capsys = capsys

    def __call__(self, *arguments: str, code: int | None = 0) -> Result:
        """Run a command within this process; `code` is the exit code it must have, None any."""
        self._capsys.readouterr()
        result = Result(run(list(arguments)), *self._capsys.readouterr())
        return checked(result, code)

    def fails(self, *arguments: str, code: int = 2) -> str:
        """The same for a command that says one sentence on standard error and prints nothing; returns the sentence."""
        result = self(*arguments, code=code)
        assert result.out == ""
        return result.err

    def write(self, path: str, *texts: str) -> Path:
        """Write a file below the folder."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes("".join(texts).encode())
        return file

    def ids(self, *query: str) -> list[str]:
        """The ids of the cards that a query finds."""
        return [card["id"] for card in self("list", "--json", *query).lines]

    def card(self, *query: str) -> dict[str, Any]:
        """The only card that a query finds."""
        (card,) = self("list", "--json", *query).lines
        assert isinstance(card, dict)
        return card


def checked(result: Result, code: int | None) -> Result:
    """What holds of every command, whatever it is given."""
    assert "Traceback" not in result.err, result.err
    assert "Traceback" not in result.out, result.out
    if code is not None:
        assert result.code == code, result
    return result


def process(
    arguments: Sequence[str | bytes],
    cwd: Path,
    *,
    code: int | None = 0,
    env: Mapping[str, str] | None = None,
    prefix: Sequence[str] = (),
    stdin: str = "",
) -> Result:
    """Run a command as a process of its own."""
    done = subprocess.run(
        [*prefix, sys.executable, "-m", "flashcards", *arguments],
        cwd=cwd,
        env=environment(env),
        input=stdin.encode(),
        capture_output=True,
        timeout=60,
        check=False,
    )
    return checked(
        Result(
            done.returncode, done.stdout.decode(errors="surrogateescape"), done.stderr.decode(errors="surrogateescape")
        ),
        code,
    )


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment, with the project to be found from any folder."""
    return {**os.environ, "PYTHONPATH": str(REPOSITORY), **(more or {})}


def unprivileged() -> list[str] | None:
    """What to put before a command so that permissions bind it; None where that cannot be had."""
    if os.geteuid() != 0:
        return []
    tool = shutil.which("setpriv")
    return [tool, "--bounding-set", "-dac_override,-dac_read_search"] if tool else None


def question(front: str, back: str = "answer", comment: str = "") -> str:
    """The Markdown of a note, blank line included."""
    return f"Q: {front}\nA: {back}\n{comment and comment + chr(10)}\n"
