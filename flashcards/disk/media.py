"""Where a medium that a note names lies on disk."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path
from typing import ClassVar

from flashcards.errors import FlashcardsError

_QUERY = re.compile(r"[?#].*", re.DOTALL)


class MediaError(FlashcardsError):
    """A medium that cannot be used: what is wrong (`message`) and what to do (`hint`)."""

    code: ClassVar[str]

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(f"{message} {hint}")
        self.message = message
        self.hint = hint


class MediaMissing(MediaError):
    """There is no such file, or it cannot be read."""

    code = "media-missing"

    def __init__(self, url: str) -> None:
        super().__init__(f"The file `{url}` is missing.", "Put it there, or mend the path.")


class MediaOutside(MediaError):
    """The file lies outside the collection, links resolved."""

    code = "media-outside"

    def __init__(self, url: str) -> None:
        super().__init__(f"The file `{url}` lies outside the collection.", "Copy it into the collection's folder.")


def find_media_file(root: Path, file: str, url: str) -> Path:
    """The file that `url` names, links resolved.

    Args:
        root: the folder of the collection.
        file: the deck file that names it, as a path within the collection.
        url: percent escapes undone; relative to the deck file's folder, or to the collection behind `@/`.

    Raises:
        MediaMissing: there is no such file, or it cannot be read.
        MediaOutside: it lies outside the collection.
    """
    root = root.resolve()
    folder = (root / file).parent
    for name in _list_spellings(url):
        try:
            real = (root / name[2:] if name.startswith("@/") else folder / name).resolve()
            if not real.is_relative_to(root):
                raise MediaOutside(url)
            if real.is_file() and os.access(real, os.R_OK):
                return real
        except (OSError, ValueError, RuntimeError):  # a name too long or with a NUL; a circle of links
            break
    raise MediaMissing(url)


def _list_spellings(url: str) -> list[str]:
    """`url`, and the ways a disk may spell it: without what a browser would cut off, with accents (de)composed."""
    forms = [url, _QUERY.sub("", url)]
    forms += [unicodedata.normalize(form, text) for text in forms for form in ("NFC", "NFD")]
    return list(dict.fromkeys(form for form in forms if form))
