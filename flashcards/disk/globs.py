"""Match paths with globs and with lines of `.gitignore`, in linear time: settings may come from a stranger."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Final, NamedTuple

_ESCAPED: Final = re.compile(r"\\(.)")


def matches_glob(path: str, glob: str) -> bool:
    """Check whether a path matches a glob, in which `*` stays within a folder and `**` goes through folders."""
    parts = path.split("/")
    return len(parts) in _match_parts(parts, glob.split("/"))


def _match_parts(path: Sequence[str], glob: Iterable[str]) -> set[int]:
    """Return how many parts of a path a glob can match; no choice is tried twice, so time stays linear."""
    reached = {0}
    for part in glob:
        if part == "**":
            reached = set(range(min(reached), len(path) + 1)) if reached else set()
        else:
            reached = {at + 1 for at in reached if at < len(path) and fnmatchcase(path[at], part)}
    return reached


class IgnoreRule(NamedTuple):
    """One pattern: its parts, whether it ignores what it matches, and whether it matches folders only."""

    parts: list[str]
    ignores: bool
    is_for_folders: bool

    def matches(self, path: list[str], is_folder: bool) -> bool:
        """Check whether the rule matches a path, or a folder above it."""
        reached = _match_parts(path, self.parts)
        whole = len(path)
        return (whole in reached and (is_folder or not self.is_for_folders)) or any(0 < at < whole for at in reached)


def read_rule(pattern: str) -> IgnoreRule | None:
    """Read a line of `.gitignore`; nothing if it is empty or a comment."""
    text = pattern if pattern.endswith("\\ ") else pattern.rstrip()
    if not text.strip("/") or text.startswith("#"):
        return None
    ignores = not text.startswith("!")
    text = _ESCAPED.sub(_write_escaped, text.removeprefix("!")).replace("[^", "[!")
    name = text.rstrip("/")
    is_placed = "/" in name
    while name.endswith("/**"):  # all that is in a folder
        name = name.removesuffix("/**")
    parts = name.lstrip("/").split("/")
    return IgnoreRule(parts if is_placed else ["**", *parts], ignores, text != name)


def _write_escaped(match: re.Match[str]) -> str:
    """Write an escaped character as a glob of Python has it."""
    return f"[{match[1]}]" if match[1] in "*?[" else match[1]
