"""What is installed is all that is needed: the built wheel in an environment of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(*arguments: str | Path, cwd: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(arguments, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def sources(folder: Path) -> Path:
    """A copy of what the wheel is built from; building leaves files beside it."""
    for package in ("flashcards", "scheduler", "docs"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.mark.slow
def test_the_wheel_works_without_anything_for_development(tmp_path: Path) -> None:
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")
    run(*pip, "wheel", "--no-deps", "--wheel-dir", tmp_path / "wheels", sources(tmp_path / "sources"), cwd=tmp_path)
    (wheel,) = (tmp_path / "wheels").glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for name in ("templates/base.html", "static/style.css", "static/katex/katex.min.js", "static/katex/LICENSE"):
        assert f"flashcards/web/{name}" in names
    assert len([name for name in names if name.endswith(".woff2")]) == 20
    venv.create(tmp_path / "env", with_pip=True)
    programs = tmp_path / "env" / "bin"
    run(programs / "pip", "install", "--quiet", "-c", ROOT / "constraints.txt", wheel, cwd=tmp_path)
    decks = tmp_path / "decks"
    run(programs / "flashcards", "init", decks, cwd=tmp_path)
    run(programs / "flashcards", "-C", decks, "check", cwd=tmp_path)
    assert "# Deck format" in run(programs / "flashcards", "docs", "deck-format", cwd=tmp_path)
    assert "8" in run(programs / "flashcards", "-C", decks, "due", cwd=tmp_path)
    run(programs / "flashcards", "-C", decks, "export", "-o", tmp_path / "example.apkg", cwd=tmp_path)
    assert (tmp_path / "example.apkg").stat().st_size > 1000
    assert "anki" not in run(programs / "pip", "list", "--format", "freeze", cwd=tmp_path).split("==")
