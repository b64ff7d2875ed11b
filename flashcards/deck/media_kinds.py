"""What kind of file a URL names, and whether it lies in the collection."""

from __future__ import annotations

import re
from typing import Final

AUDIO: Final = frozenset({"aac", "flac", "m4a", "mp3", "oga", "ogg", "opus", "spx", "wav"})
VIDEO: Final = frozenset({"3gp", "avi", "flv", "m4v", "mkv", "mov", "mp4", "mpeg", "mpg", "ogv", "swf", "webm"})
IMAGE: Final = frozenset(
    {"apng", "avif", "bmp", "gif", "heic", "ico", "jfif", "jpeg", "jpg", "png", "svg", "tif", "tiff", "webp"}
)
PLAYED: Final = AUDIO | VIDEO

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_BLANKS: Final = re.compile(r"[\x00-\x20]+")


def extension(url: str) -> str:
    """The ending of the file that `url` names, in lower case and without its dot, or ""."""
    name = re.split(r"[?#]", url, maxsplit=1)[0].replace("\\", "/").rpartition("/")[2]
    return name.rpartition(".")[2].lower() if "." in name else ""


def scheme(url: str) -> str:
    """The scheme of `url` as a browser would read it, in lower case; `//` for `//host/path`; "" for a local path."""
    bare = _BLANKS.sub("", url)
    if bare.startswith("//"):
        return "//"
    match = _SCHEME.match(bare)
    return match[1].lower() if match else ""


def is_remote(url: str) -> bool:
    """Whether `url` is fetched from the web."""
    return scheme(url) in ("http", "https", "//")
