"""What every subject measures with: the sizes and numbers of runs, a folder to work in, decks made once."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.make_decks import Form, make_decks
from benchmarks.measure import Command, CommandFailed, Measured, Run, repeated, run
from benchmarks.rows import Row

OURS: Final = "flashcards"


@dataclass(frozen=True, slots=True)
class Bench:
    """A benchmark's folder and how thorough it is.

    Attributes:
        folder: where everything is made; it is removed afterwards.
        quick: leave out what takes long.
    """

    folder: Path
    quick: bool

    @property
    def runs(self) -> int:
        """How often a thing is measured that takes less than some seconds."""
        return 3 if self.quick else 9

    @property
    def few_runs(self) -> int:
        """How often a thing is measured that takes longer."""
        return 1 if self.quick else 3

    def decks(self, notes: int, files: int, form: Form = Form.NATIVE) -> Path:
        """Return a folder of decks that were never scanned. Copy it, since a scan leaves its state there."""
        folder = self.folder / f"decks-{form}-{notes}-{files}"
        if not folder.exists():
            make_decks(folder, notes, files, form)
        return folder

    def copy_of(self, decks: Path, name: str = "copy") -> Path:
        """Return a fresh copy of a folder; it takes the place of the copy before."""
        target = self.folder / name
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(decks, target)
        return target

    def collection(self, notes: int, files: int) -> Path:
        """Return a collection that was scanned and two thirds of whose cards were reviewed, three times each."""
        folder = self.folder / f"collection-{notes}-{files}"
        if not folder.exists():
            shutil.copytree(self.decks(notes, files), folder)
            run(flashcards(folder, "scan"), self.folder)
            run(program("add_history", folder, notes * 2 // 3, 3), self.folder)
            run(flashcards(folder, "scan"), self.folder)  # once more: files just written are read a second time
        return folder

    def time(self, what: str, program: str, command: Command, before: Callable[[], object] | None = None) -> Row:
        """Return a row for a command; of one that fails, a row that says so."""
        return attempt(what, program, lambda: repeated(lambda: run(command, self.folder), self.runs, before))

    def time_few(self, what: str, program: str, command: Command, before: Callable[[], object] | None = None) -> Row:
        """Return the same for a command that takes long: fewer runs."""
        return attempt(what, program, lambda: repeated(lambda: run(command, self.folder), self.few_runs, before))

    def time_view(self, what: str, program: str, once: Callable[[], Run]) -> Row:
        """Return the same for something else than the whole run of a command."""
        return attempt(what, program, lambda: repeated(once, self.runs))


def attempt(what: str, program: str, measure: Callable[[], Measured]) -> Row:
    """Return the row of a measurement, or one that says why it failed."""
    try:
        return Row(what, program, measure())
    except (CommandFailed, OSError) as error:
        return Row(what, program, None, f"failed: {error}")


def flashcards(collection: Path, *arguments: str | Path) -> list[str | Path]:
    """Return the command line of our own program on a collection."""
    return [sys.executable, "-m", "flashcards", "-C", collection, *arguments]


def program(name: str, *arguments: object) -> list[str | Path]:
    """Return the command line of one of the programs in `benchmarks.programs`."""
    return [sys.executable, "-m", f"benchmarks.programs.{name}", *map(str, arguments)]
