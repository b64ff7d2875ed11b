"""The programs that ours is measured against, where they are installed, and how to install them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from benchmarks.measure import PROJECT

FOLDER: Final = PROJECT / ".venv-peers"
_PACKAGES: Final = ("markdown-anki-decks", "click<8.2")  # with a later click it cannot parse its own options
_CARGO_BIN: Final = Path.home() / ".cargo" / "bin"


def markdown_anki_decks() -> Path | None:
    """Return the command of markdown-anki-decks, or None."""
    command = FOLDER / "bin" / "mdankideck"
    return command if command.is_file() else None


def hashcards() -> Path | None:
    """Return the command of hashcards, or None."""
    found = shutil.which("hashcards") or shutil.which("hashcards", path=str(_CARGO_BIN))
    return Path(found) if found else None


def genanki() -> bool:
    """Whether genanki is there."""
    return find_spec("genanki") is not None


def missing(name: str) -> str:
    """Why there is no measurement of a peer."""
    if name == "hashcards":
        return "not installed: `cargo install hashcards --locked`"
    return "not installed: `python -m benchmarks --install-peers`"


def install() -> None:
    """Make the environment of the Python peers, in a folder that git ignores.

    Raises:
        subprocess.CalledProcessError: it could not be made; pip has said why.
    """
    subprocess.run([sys.executable, "-m", "venv", FOLDER], check=True)
    (FOLDER / ".gitignore").write_text("*\n", encoding="utf-8")
    subprocess.run([FOLDER / "bin" / "python", "-m", "pip", "install", "--quiet", *_PACKAGES], check=True)
