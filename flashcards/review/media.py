"""Opening a card's media with the system's programs, and playing its sound."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from flashcards.disk.media import BY_NAME, MediaError, find_media_file
from flashcards.errors import FlashcardsError

if TYPE_CHECKING:
    from flashcards.review.views import Asked

_PLAYERS = (
    ("mpv", "--no-video", "--really-quiet"),
    ("ffplay", "-nodisp", "-autoexit", "-loglevel", "quiet"),
    ("afplay",),
    ("paplay",),
)


class NothingOpens(FlashcardsError):
    """The system has no program that opens files."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"No program to open files was found. The file is {path}.")


class NotMedia(FlashcardsError):
    """The file is of a kind that the system may run rather than show."""

    def __init__(self, url: str) -> None:
        super().__init__(f"The file `{url}` is no picture, sound or video, so it is not opened. Open it yourself.")


def find_media(asked: Asked, *, answered: bool, sound: bool = False) -> list[str]:
    """Find the local media files that the visible sides name, in order; with `sound` only playable ones."""
    from flashcards.deck.media import PLAYED, extension, find_references

    shown = (asked.face.front, asked.face.back) if answered else (asked.face.front,)
    found = dict.fromkeys(each.url for each in find_references(asked.entry.note._replace(fields=shown)))
    return [url for url in found if not sound or extension(url) in PLAYED]


def open_all(root: Path, asked: Asked, urls: list[str]) -> list[str]:
    """Open each file with the system's program for it; return a sentence for each."""
    return [_attempt(root, asked, url, _open) for url in urls]


def play(root: Path, asked: Asked, url: str) -> str:
    """Play a sound, or open it if there is no player. Return a sentence."""
    return _attempt(root, asked, url, _play)


def _attempt(root: Path, asked: Asked, url: str, act: Callable[[Path], None]) -> str:
    from flashcards.deck.media import AUDIO, IMAGE, VIDEO, extension

    try:
        file = find_media_file(root, asked.entry.path, url)
        if extension(file.name) not in (AUDIO | IMAGE | VIDEO) - {"swf"}:  # what other files do is unknown
            raise NotMedia(url)
        act(file)
    except MediaError as error:
        return f"{asked.entry.path}:{asked.entry.note.line}: {error}"
    except FlashcardsError as error:
        return str(error)
    return f"Opened {url.removeprefix(BY_NAME)}."


def _open(path: Path) -> None:
    if sys.platform == "win32":
        os.startfile(path)  # noqa: S606
        return
    opener = next((name for name in ("xdg-open", "open") if shutil.which(name)), None)
    if opener is None:
        raise NothingOpens(path)
    _start([opener, str(path)])


def _play(path: Path) -> None:
    for name, *options in _PLAYERS:
        if shutil.which(name):
            _start([name, *options, str(path)])
            return
    _open(path)


def _start(command: list[str]) -> None:
    """Start a program that outlives us and leaves the terminal alone."""
    process = subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    # Takes note of its end, so that it does not stay behind as a zombie.
    threading.Thread(target=process.wait, daemon=True).start()
