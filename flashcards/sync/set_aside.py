"""Texts that a sync would otherwise lose, kept in a file of the day."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Final

_FOLDER: Final = ("phone", "set-aside")


def set_aside(state_folder: Path, why: str, texts: Iterable[str]) -> str:
    """Append texts to the file of the present day; return its path within the collection."""
    now = datetime.now().astimezone()
    folder = state_folder.joinpath(*_FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{now:%Y-%m-%d}.md"
    with path.open("a", encoding="utf-8") as file:
        file.write(f"<!-- {now:%H:%M:%S} {why} -->\n\n")
        for text in texts:
            if text:
                file.write(f"{text}\n\n")
        file.flush()
        os.fsync(file.fileno())
    return f"{state_folder.name}/{'/'.join(_FOLDER)}/{path.name}"
