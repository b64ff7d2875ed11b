"""Read the settings at the top of a deck file: YAML or TOML between two lines of `---`.

A line that cannot be read costs that setting, not the others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flashcards.deck.yaml_reader import YamlEntry, YamlError, read_yaml
from flashcards.errors import explain_toml_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MAX_LENGTH: Final = 16_384  # characters
_MAX_DOTS: Final = 20  # in a name of TOML; a name of n parts takes n² steps to read
_MAX_INTEGER: Final = 2**63

_FENCED: Final = re.compile(r"---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_TOML_LINE: Final = re.compile(r"^[ \t]*[\w.\"-]+[ \t]*=", re.MULTILINE)
_YAML_LINE: Final = re.compile(r"^[ \t]*[\w\"'-]+[ \t]*:(?!:)", re.MULTILINE)  # `a :: b` is a note
_NOTE_LINE: Final = re.compile(r"^ {0,3}[QATDC][:：]", re.MULTILINE)
_TOML_NAME: Final = re.compile(r"^[\"']?([\w-]+)[\"']?[ \t]*[=.]|^\[+[ \t]*[\"']?([\w-]+)", re.MULTILINE)
_CONTINUATION: Final = re.compile(r"[ \t\-#\]})]|\Z")  # what a line begins with that belongs to the line above it
_DOTTED: Final = re.compile(rf"^[^\n=\"']*(?:\.[^\n.=\"']*){{{_MAX_DOTS}}}", re.MULTILINE)
_AS_TYPED: Final = frozenset({"deck", "name", "tags"})
_HINT: Final = "Write one `name: value` per line; the other settings are used."


class Complaint(NamedTuple):
    """A line that cannot be used, what is wrong, and what to do."""

    line: int
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """The front matter of a deck file.

    Attributes:
        end: the offset at which the deck's text begins; 0 if there is no front matter.
        values: the settings by name, as YAML or TOML gave them, dates as ISO 8601 text.
        lines: the line of each setting.
        problems: the lines that cannot be read, and settings given twice.
    """

    end: int = 0
    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    problems: tuple[Complaint, ...] = ()


def read_front_matter(text: str) -> FrontMatter:
    """Read the front matter of a normalised text; a thematic break at the top does not begin one."""
    match = _FENCED.match(text)
    if not match:
        return FrontMatter()
    body = match[1]
    if _NOTE_LINE.search(body) or not (_YAML_LINE.search(body) or _TOML_LINE.search(body)):
        return FrontMatter(end=match.end()) if not body.strip() else FrontMatter()
    if len(body) > MAX_LENGTH:
        message = f"The front matter has {len(body):,} characters; only {MAX_LENGTH:,} can be read."
        return FrontMatter(match.end(), problems=(Complaint(1, message, "Shorten it, or move text below it."),))
    entries, problems = _read_settings(body, _read_toml if _is_toml(body) else _read_yaml)
    values = {entry.name: entry.value for entry in entries}
    lines = {entry.name: entry.line + 1 for entry in reversed(entries)}
    return FrontMatter(
        match.end(), values, {name: lines[name] for name in values}, (*problems, *_find_repeated(entries))
    )


def _is_toml(body: str) -> bool:
    first_toml, first_yaml = _TOML_LINE.search(body), _YAML_LINE.search(body)
    return first_toml is not None and (first_yaml is None or first_toml.start() < first_yaml.start())


def _read_settings(body: str, read: Callable[[str], list[YamlEntry]]) -> tuple[list[YamlEntry], list[Complaint]]:
    """Read `body` or, if that is impossible, each setting in it by itself."""
    try:
        return read(body), []
    except YamlError:
        pass
    lines = body.split("\n")
    starts = [number for number, line in enumerate(lines) if number == 0 or not _CONTINUATION.match(line)]
    entries: list[YamlEntry] = []
    problems: list[Complaint] = []
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        found, error = _read_setting(lines[start:end], read)
        entries += [entry._replace(line=entry.line + start) for entry in found]
        if error:
            problems.append(Complaint(start + error.line + 1, f"This setting cannot be read: {error}.", _HINT))
    return entries, problems


def _read_setting(lines: list[str], read: Callable[[str], list[YamlEntry]]) -> tuple[list[YamlEntry], YamlError | None]:
    """Read one setting; if lines below its name are the problem, its first line is used."""
    try:
        return read("\n".join(lines)), None
    except YamlError as error:
        problem = error
    try:
        return (read(lines[0]) if problem.line > 1 else []), problem
    except YamlError:
        return [], problem


def _read_yaml(body: str) -> list[YamlEntry]:
    return read_yaml(body, _AS_TYPED)


def _read_toml(body: str) -> list[YamlEntry]:
    import tomllib

    if match := _DOTTED.search(body):
        raise YamlError("a name has too many dots", body.count("\n", 0, match.start()) + 1)
    try:
        values = tomllib.loads(body)
    except (ValueError, RecursionError) as error:
        reason, line = explain_toml_error(error, body)
        raise YamlError(reason, line or 1) from None
    places = {match[1] or match[2]: body.count("\n", 0, match.start()) + 1 for match in _TOML_NAME.finditer(body)}
    return [
        YamlEntry(name, _simplify(value, places.get(name, 1)), places.get(name, 1)) for name, value in values.items()
    ]


def _simplify(value: Any, line: int, depth: int = 0) -> Any:
    """Convert `value` to what JSON can hold; deeper nesting than in any setting is cut off."""
    if depth > 1 and isinstance(value, (dict, list)):
        return None
    if isinstance(value, dict):
        return {str(name): _simplify(inner, line, depth + 1) for name, inner in value.items()}
    if isinstance(value, list):
        return [_simplify(inner, line, depth + 1) for inner in value]
    if isinstance(value, int) and abs(value) >= _MAX_INTEGER:
        raise YamlError("the number is too large", line)
    return value.isoformat() if hasattr(value, "isoformat") else value


def _find_repeated(entries: Iterable[YamlEntry]) -> list[Complaint]:
    """Find the settings given on several lines; the last one is used."""
    given: dict[str, list[int]] = {}
    for entry in entries:
        given.setdefault(entry.name, []).append(entry.line + 1)
    several = {name: lines for name, lines in given.items() if len(lines) > 1}
    if not several:
        return []
    places = [f"`{name}` on lines {', '.join(map(str, at[:-1]))} and {at[-1]}" for name, at in several.items()]
    message = f"Given more than once, where only the last counts: {'; '.join(places)}."
    return [Complaint(min(at[-1] for at in several.values()), message, "Keep one of the lines.")]
