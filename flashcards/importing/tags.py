"""Tags of Anki as tags of decks, in which a few signs mean something else."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_BREAKS: Final = re.compile(r"[\s,;\x00-\x1f\x7f]+|-->|--+")


def clean_tag(tag: str) -> str:
    """A tag as a deck can say it; empty where nothing of it is left."""
    return _BREAKS.sub("-", tag.lstrip("#")).strip("-")


def clean_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """The tags of a note as a deck can say them, each once."""
    return tuple(dict.fromkeys(cleaned for tag in tags if (cleaned := clean_tag(tag))))
