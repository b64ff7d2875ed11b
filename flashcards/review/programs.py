"""Open files in other programs: a deck in the editor, media files in a viewer or player."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from flashcards.disk.media_files import WIKI_PREFIX, MediaError, find_media_file
from flashcards.errors import FlashcardsError

if TYPE_CHECKING:
    from flashcards.collection import Collection
    from flashcards.deck.model import Problem
    from flashcards.review.views import Asked


_PLAYERS = (
    ("mpv", "--no-video", "--really-quiet"),
    ("ffplay", "-nodisp", "-autoexit", "-loglevel", "quiet"),
    ("afplay",),
    ("paplay",),
)


def find_media(asked: Asked, *, answered: bool, sound: bool = False) -> list[str]:
    """Find the local media files of the visible sides, in order. With `sound`, find only playable ones."""
    from flashcards.deck.media_references import PLAYED, extension, find_references

    shown = (asked.face.front, asked.face.back) if answered else (asked.face.front,)
    found = dict.fromkeys(each.url for each in find_references(asked.entry.note._replace(fields=shown)))
    return [url for url in found if not sound or extension(url) in PLAYED]


def open_all(root: Path, asked: Asked, urls: list[str]) -> list[str]:
    """Open each file in its default program; return a sentence about each."""
    return [_attempt(root, asked, url, _open) for url in urls]


def play(root: Path, asked: Asked, url: str) -> str:
    """Play a sound, or open it if no player is installed. Return a sentence about it."""
    return _attempt(root, asked, url, _play)


def _attempt(root: Path, asked: Asked, url: str, act: Callable[[Path], None]) -> str:
    from flashcards.deck.media_references import AUDIO, IMAGE, VIDEO, extension

    try:
        file = find_media_file(root, asked.entry.path, url)
        if extension(file.name) not in (AUDIO | IMAGE | VIDEO) - {"swf"}:  # opening any other file might run it
            raise FlashcardsError(
                f"The file `{url}` is not a picture, sound or video, so it is not opened. Open it yourself."
            )
        act(file)
    except MediaError as error:
        return f"{asked.entry.place}: {error}"
    except FlashcardsError as error:
        return str(error)
    return f"Opened {url.removeprefix(WIKI_PREFIX)}."


def _open(path: Path) -> None:
    if sys.platform == "win32":
        os.startfile(path)  # noqa: S606
        return
    opener = next((name for name in ("xdg-open", "open") if shutil.which(name)), None)
    if opener is None:
        raise FlashcardsError(f"No program to open files was found. The file is {path}.")
    _start([opener, str(path)])


def _play(path: Path) -> None:
    for name, *options in _PLAYERS:
        if shutil.which(name):
            _start([name, *options, str(path)])
            return
    _open(path)


def _start(command: list[str]) -> None:
    """Start a program independent of this process and of the terminal."""
    process = subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    # Wait for its end, so that no zombie process remains.
    threading.Thread(target=process.wait, daemon=True).start()


def find_new_problems(collection: Collection, path: str, known: Iterable[tuple[str, Problem]]) -> list[Problem]:
    """Find the problems that an edit added to a file. Their lines may have moved."""
    before = {(problem.message, problem.hint) for file, problem in known if file == path}
    found = [problem for file, problem in collection.catalog.problems() if file == path]
    return [problem for problem in found if (problem.message, problem.hint) not in before]


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
        super().__init__(f"{what} Set $EDITOR to your editor's command, such as `nano` or `code --wait`.")


class EditorFailed(FlashcardsError):
    """The editor ended with an error."""

    def __init__(self, name: str, code: int) -> None:
        super().__init__(f"The editor `{name}` ended with exit code {code}. Check that $EDITOR works on its own.")


def open_editor(path: Path, line: int) -> None:
    """Open `path` in `$VISUAL`, else `$EDITOR`, else nano or vi, at `line` (from 1), and wait until it is closed.

    Raise `EditorMissing` if no editor can be started. Raise `EditorFailed` if it exited with a code other than 0.
    """
    words = find_editor_command()
    try:
        # vi would read a name such as `+!command|.md` as a command, but never an absolute path.
        code = subprocess.call(build_command(words, path.absolute(), line))  # noqa: S603
    except OSError as error:
        raise EditorMissing(words[0]) from error
    if code:
        raise EditorFailed(words[0], code)


def edit_text(text: str, purpose: str) -> str:
    """Let the user edit a text in a temporary file; return the new text. Raise errors as `open_editor` does."""
    handle, name = tempfile.mkstemp(prefix=f"flashcards-{purpose}-", suffix=".md")
    path = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        open_editor(path, 1)
        return path.read_text(encoding="utf-8", errors="replace")
    finally:
        path.unlink(missing_ok=True)


def find_editor_command() -> list[str]:
    """Find the editor's command, as words; raise `EditorMissing` if there is no editor."""
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
    """Build the command that opens `path` at `line` in this editor.

    Visual Studio Code and its forks take `--goto file:N`, Helix, Sublime Text and Zed `file:N`, and most other editors
    `+N`. Editors that return at once get an option to wait.
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
    # A wrapper script may accept only the file; line 1 needs no argument.
    end = ["--"] if name in _VI else []
    return [*words, *([f"+{line}"] if line > 1 else []), *end, str(path)]
