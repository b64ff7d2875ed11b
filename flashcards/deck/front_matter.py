"""Read the settings at the top of a deck file: YAML or TOML between two lines of `---`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flashcards.errors import explain_toml_error

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_FENCED = re.compile(r"---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_TOML_LINE = re.compile(r"^[ \t]*[\w.\"-]+[ \t]*=", re.MULTILINE)
_YAML_LINE = re.compile(r"^[ \t]*[\w\"'-]+[ \t]*:(?!:)", re.MULTILINE)  # `a :: b` is a note
_NOTE_LINE = re.compile(r"^ {0,3}[QATDC][:：]", re.MULTILINE)
_NAME = re.compile(r"^[\"']?([\w.-]+)[\"']?[ \t]*[:=]", re.MULTILINE)
_SHORT = 4096  # characters


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """The front matter of a deck file.

    Attributes:
        end: the offset at which the deck's text begins; 0 if there is no front matter.
        values: the settings by name, as YAML or TOML gave them, dates as ISO 8601 text.
        lines: the line of each setting.
        error: line, message and hint if it cannot be read, or if it gives a setting twice; else None.
    """

    end: int = 0
    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    error: tuple[int, str, str] | None = None


def read_front_matter(text: str) -> FrontMatter:
    """Read the front matter of a normalised text; a thematic break at the top does not begin one."""
    match = _FENCED.match(text)
    if not match:
        return FrontMatter()
    body = match[1]
    if _NOTE_LINE.search(body) or not (_YAML_LINE.search(body) or _TOML_LINE.search(body)):
        return FrontMatter(end=match.end()) if not body.strip() else FrontMatter()
    given: dict[str, list[int]] = {}
    try:
        values = _read_toml(body) if _is_toml(body) else _read_yaml(body, given)
    except _UnreadableError as error:
        message = f"The front matter cannot be read: {error}."
        return FrontMatter(end=match.end(), error=(error.line, message, _HINT))
    if values is None:
        return FrontMatter(end=match.end(), error=(2, "The front matter is not a list of names and values.", _HINT))
    lines = {found[1]: body.count("\n", 0, found.start()) + 2 for found in _NAME.finditer(body)}
    plain = {str(name): _simplify(value) for name, value in values.items()}
    return FrontMatter(match.end(), plain, {name: lines.get(name, 2) for name in plain}, _find_repeated(given))


class _UnreadableError(Exception):
    """Why the text is neither YAML nor TOML; `line` is the line of the file."""

    def __init__(self, reason: object, line: int) -> None:
        super().__init__(" ".join(str(reason).split()).rstrip("."))
        self.line = line


_HINT = "Write one `name: value` a line between the two `---`."


def _is_toml(body: str) -> bool:
    first_toml, first_yaml = _TOML_LINE.search(body), _YAML_LINE.search(body)
    return bool(first_toml) and (first_yaml is None or first_toml.start() < first_yaml.start())  # type: ignore[union-attr]  # tested just before


def _read_toml(body: str) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(body)
    except (ValueError, RecursionError) as error:
        reason, line = explain_toml_error(error, body)
        raise _UnreadableError(reason, line + 1 if line else 2) from None


def _find_repeated(given: Mapping[str, Sequence[int]]) -> tuple[int, str, str] | None:
    """Find the settings given on several lines; return line, message and hint. YAML uses the last."""
    several = {name: lines for name, lines in given.items() if len(lines) > 1}
    if not several:
        return None
    places = [f"`{name}` on lines {', '.join(map(str, at[:-1]))} and {at[-1]}" for name, at in several.items()]
    message = f"Given more than once, where only the last counts: {'; '.join(places)}."
    return min(at[-1] for at in several.values()), message, "Keep one of the lines."


def _read_yaml(body: str, given: dict[str, list[int]]) -> dict[Any, Any] | None:
    """Read the settings, and add the lines of each name to `given`."""
    import yaml

    # Only the loader in C is fast, and only the one in Python survives a text that is nested without end.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader) if len(body) < _SHORT else yaml.SafeLoader
    reader = loader(body)
    try:
        node = reader.get_single_node()
        for name, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            given.setdefault(str(name.value), []).append(name.start_mark.line + 2)
        values = reader.construct_document(node) if node is not None else None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error) or type(error).__name__
        raise _UnreadableError(problem, min(mark.line, body.count("\n") - 1) + 2 if mark else 2) from None
    finally:
        reader.dispose()
    return values if isinstance(values, dict) else None


def _simplify(value: Any, depth: int = 0) -> Any:
    """Convert `value` to what JSON can hold; deeper nesting than in any setting is cut off."""
    if depth > 1 and isinstance(value, (dict, list, tuple, set)):
        return None
    if isinstance(value, dict):
        return {str(name): _simplify(inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [_simplify(inner, depth + 1) for inner in value]
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
