"""Open a person's editor at a line."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

from flashcards.errors import FlashcardsError

_GOTO = frozenset({"code", "code-insiders", "codium", "vscodium", "code-oss", "cursor", "windsurf"})
_COLON = frozenset({"hx", "helix", "subl", "sublime_text", "zed", "zeditor"})
_LINE = frozenset({"kate", "mate", "idea", "pycharm"})
_FILE_ONLY = frozenset({"notepad", "notepad++", "open", "xdg-open"})
_WAITING = _GOTO | frozenset({"subl", "sublime_text", "zed", "zeditor", "mate", "idea", "pycharm"})
_VI = frozenset({"vi", "vim", "nvim", "gvim", "view", "vim.basic", "vim.tiny"})
_USUAL = ("nano", "vi")


class EditorMissing(FlashcardsError):
    """No editor is set, or the one named cannot be started."""

    def __init__(self, name: str = "") -> None:
        what = f"The editor `{name}` cannot be started." if name else "No editor is set."
        super().__init__(f"{what} Set $EDITOR to the command of yours, such as `nano` or `code --wait`.")


class EditorFailed(FlashcardsError):
    """The editor ended with an error."""

    def __init__(self, name: str, code: int) -> None:
        super().__init__(f"The editor `{name}` ended with exit code {code}. Check that $EDITOR works on its own.")


def open_editor(path: Path, line: int) -> None:
    """Open `path` in `$VISUAL`, else `$EDITOR`, else nano or vi, at `line` (from 1), and wait until it is closed.

    Raises:
        EditorMissing: no editor can be started.
        EditorFailed: it exited with a code other than 0.
    """
    words = find_editor_command()
    try:
        # A name such as `+!command|.md` is a command to vi; an absolute path never is.
        code = subprocess.call(build_command(words, path.absolute(), line))  # noqa: S603
    except OSError as error:
        raise EditorMissing(words[0]) from error
    if code:
        raise EditorFailed(words[0], code)


def find_editor_command() -> list[str]:
    """Find the editor's command, as words.

    Raises:
        EditorMissing: no editor is set or installed, or the setting cannot be read.
    """
    named = os.environ.get("VISUAL", "").strip() or os.environ.get("EDITOR", "").strip()
    if named:
        try:
            return shlex.split(named, posix=os.name != "nt")
        except ValueError as error:
            raise EditorMissing(named) from error
    for name in _USUAL:
        if shutil.which(name):
            return [name]
    raise EditorMissing


def build_command(words: list[str], path: Path, line: int) -> list[str]:
    """Build the command that opens `path` at `line`, in the way that this editor takes a line.

    `--goto file:N` for Visual Studio Code and its kin, `file:N` for Helix, Sublime Text and Zed, and `+N` for vi,
    nano, emacs, micro, kakoune and most others. Editors that return at once are told to wait.
    """
    name = Path(words[0]).name.lower().removesuffix(".exe").removesuffix(".cmd")
    wait = ["--wait"] if name in _WAITING and not {"--wait", "-w"} & set(words) else []
    if name in _GOTO:
        return [*words, *wait, "--goto", f"{path}:{line}"]
    if name in _COLON:
        return [*words, *wait, f"{path}:{line}"]
    if name in _LINE:
        return [*words, *wait, *(["--block"] if name == "kate" else []), "--line", str(line), str(path)]
    if name in _FILE_ONLY:
        return [*words, str(path)]
    # A wrapper may take the file alone: line 1 needs no argument.
    end = ["--"] if name in _VI else []
    return [*words, *([f"+{line}"] if line > 1 else []), *end, str(path)]
