"""The settings at the top of a deck file, in YAML or TOML between two lines of `---`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

_FENCED = re.compile(r"---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_TOML_LINE = re.compile(r"^[ \t]*[\w.\"-]+[ \t]*=", re.MULTILINE)
_YAML_LINE = re.compile(r"^[ \t]*[\w\"'-]+[ \t]*:(?!:)", re.MULTILINE)  # `a :: b` is a note
_NOTE_LINE = re.compile(r"^ {0,3}[QATDC][:：]", re.MULTILINE)
_NAME = re.compile(r"^[\"']?([\w.-]+)[\"']?[ \t]*[:=]", re.MULTILINE)
_SHORT = 4096  # characters
_TOML_PLACE = re.compile(r" \(at line (\d+), column \d+\)")


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What the front matter says.

    Attributes:
        end: the offset at which the deck's text begins; 0 where there is no front matter.
        values: the settings by name, as YAML or TOML gave them, dates as ISO 8601 text.
        lines: the line of each setting.
        error: line, message and hint where it cannot be read, else None.
    """

    end: int = 0
    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    error: tuple[int, str, str] | None = None


def read(text: str) -> FrontMatter:
    """Read the front matter of a normalised text; a thematic break at the top is not taken for one."""
    match = _FENCED.match(text)
    if not match:
        return FrontMatter()
    body = match[1]
    if _NOTE_LINE.search(body) or not (_YAML_LINE.search(body) or _TOML_LINE.search(body)):
        return FrontMatter(end=match.end()) if not body.strip() else FrontMatter()
    try:
        values = _toml(body) if _is_toml(body) else _yaml(body)
    except _UnreadableError as error:
        message = f"The front matter cannot be read: {error}."
        return FrontMatter(end=match.end(), error=(error.line, message, _HINT))
    if values is None:
        return FrontMatter(end=match.end(), error=(2, "The front matter is not a list of names and values.", _HINT))
    lines = {found[1]: body.count("\n", 0, found.start()) + 2 for found in _NAME.finditer(body)}
    plain = {str(name): _plain(value) for name, value in values.items()}
    return FrontMatter(match.end(), plain, {name: lines.get(name, 2) for name in plain})


class _UnreadableError(Exception):
    """Why the text is neither YAML nor TOML; `line` counts from 1 in the file, the opening `---` included."""

    def __init__(self, reason: object, line: int) -> None:
        super().__init__(" ".join(str(reason).split()).rstrip("."))
        self.line = line


_HINT = "Write one `name: value` a line between the two `---`."


def _is_toml(body: str) -> bool:
    first_toml, first_yaml = _TOML_LINE.search(body), _YAML_LINE.search(body)
    return bool(first_toml) and (first_yaml is None or first_toml.start() < first_yaml.start())  # type: ignore[union-attr]  # tested just before


def _toml(body: str) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(body)
    except (ValueError, RecursionError) as error:
        place = _TOML_PLACE.search(str(error))
        raise _UnreadableError(_TOML_PLACE.sub("", str(error)), int(place[1]) + 1 if place else 2) from None


def _yaml(body: str) -> dict[Any, Any] | None:
    import yaml

    # Only the loader in C is fast, and only the one in Python survives a text that is nested without end.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader) if len(body) < _SHORT else yaml.SafeLoader
    try:
        values = yaml.load(body, Loader=loader)  # noqa: S506 - both are safe loaders
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error) or type(error).__name__
        raise _UnreadableError(problem, min(mark.line, body.count("\n") - 1) + 2 if mark else 2) from None
    return values if isinstance(values, dict) else None


def _plain(value: Any, depth: int = 0) -> Any:
    """`value` as JSON can hold it; what is nested deeper than any setting is cut off."""
    if depth > 1 and isinstance(value, (dict, list, tuple, set)):
        return None
    if isinstance(value, dict):
        return {str(name): _plain(inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [_plain(inner, depth + 1) for inner in value]
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
