"""Read the settings at the top of a deck file: YAML or TOML between two lines of `---`.

The supported YAML is names, values and lists, without tags, aliases and merge keys. An unreadable line only affects its
own setting.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from flashcards.deck.attributes import write_tag
from flashcards.deck.model import Problem
from flashcards.errors import explain_toml_error

_MAX_DEPTH: Final = 3  # lists and tables inside each other; deeper ones become None
_MAX_DIGITS: Final = 19  # a longer number, such as the id of a note, is text
_MAX_NUMBER_LENGTH: Final = 100  # characters
_INTEGER: Final = re.compile(r"[-+]?(?:0|[1-9][0-9_]*)")
_FLOAT: Final = re.compile(r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9]+)(?:[eE][-+][0-9]+)?")
_NUMBER: Final = re.compile(r"[-+]?(?:0[xob])?[0-9a-fA-F_.]+")
_DATE: Final = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_TIME: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[ \t]+([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)")
_CONSTANTS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
_OTHER_BREAKS: Final = re.compile("[\x85\u2028\u2029]")  # line breaks for YAML, but not in an editor
_CONTEXTS_OF_GOOD_LINES: Final = ("while parsing a block", "while scanning a plain scalar")
_REASONS: Final = {
    "mapping values are not allowed in this context": "a value that contains `: ` needs quotes",
    "did not find expected ',' or ']'": "the list is not closed with `]`",
    "did not find expected ',' or '}'": "the table is not closed with `}`",
    "found unexpected end of stream": "the quotes are not closed",
    "found a tab character that violates indentation": "a tab cannot indent a line",
    "could not find expected ':'": "it is not of the form `name: value`",
    "found character that cannot start any token": "a value that begins with this character needs quotes",
    "did not find expected alphabetic or numeric character": "a value that begins with `*` or `&` needs quotes",
    "did not find expected key": "the text after the quotes or brackets does not belong there",
    "did not find expected node content": "the list or table is not complete",
}
# One `name: value` or `name: [value, value]` without special characters, whose values YAML reads literally.
_WORD: Final = r"[^\W_](?:[^\s:#,\[\]{}\"'&*!|>%@`?\\\x00-\x1f\x7f-\x9f]|:(?=[^\s,\[\]{}])|[ ](?=[^\s#,\]]))*"
_SIMPLE: Final = re.compile(rf"([A-Za-z_][\w-]*): +(?:({_WORD})|\[ *((?:{_WORD}(?: *, *{_WORD})*)?) *\]) *\Z")

_PLAIN_TAG: Final = re.compile(r"[A-Za-z_][\w/.-]*")
_PLAIN_NAME: Final = re.compile(r"[A-Za-z][\w /.-]*(?:::[A-Za-z][\w /.-]*)*")


class YamlEntry(NamedTuple):
    """A name, its value and its line, counting from 1."""

    name: str
    value: Any
    line: int


class YamlError(Exception):
    """The reason why a text cannot be read. `line`, counting from 1, is the line to correct."""

    def __init__(self, reason: object, line: int) -> None:
        super().__init__(" ".join(str(reason).split()).rstrip("."))
        self.line = line


_AS_TYPED: Final = frozenset({"deck", "name", "say", "tags"})
"""Names whose values stay text, even if they look like a number, a date or `yes`."""


def _read_yaml(text: str) -> list[YamlEntry]:
    """Read `name: value` lines, in order; raise YamlError for other lines, tags, aliases and merge keys."""
    text = _OTHER_BREAKS.sub(" ", text)
    entries = _read_simple(text)
    return _YamlReader(text).read() if entries is None else entries


def _read_simple(text: str) -> list[YamlEntry] | None:
    """Read a text without special characters, which is the usual case, without loading a YAML library."""
    entries = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        match = _SIMPLE.match(line)
        if match is None:
            return None
        name, word, words = match.groups()
        given = [word] if word is not None else words.split(",") if words else []
        values = [_resolve(each.strip(" "), number, as_typed=name in _AS_TYPED) for each in given]
        entries.append(YamlEntry(name, values if word is None else values[0], number))
    return entries


class _YamlReader:
    """Reads the events of PyYAML's parser without recursion or resolving values."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._last_line = text.rstrip("\n").count("\n") + 1

    def read(self) -> list[YamlEntry]:
        """Read all entries."""
        import yaml

        try:
            events = yaml.parse(self._text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
            return self._read_document(events)
        except yaml.MarkedYAMLError as error:
            problem = str(error.problem or error.context)
            raise YamlError(_REASONS.get(problem, problem), self._find_line(error)) from None
        except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
            position = getattr(error, "position", None)
            line = self._text.count("\n", 0, position) + 1 if isinstance(position, int) else 1
            raise YamlError(_describe(error), line) from None

    def _find_line(self, error: Any) -> int:
        """Return the line to correct: the beginning of an unclosed value, or the place where the parser stopped."""
        mark = error.problem_mark
        if error.context_mark and not str(error.context).startswith(_CONTEXTS_OF_GOOD_LINES):
            mark = error.context_mark
        return min(mark.line + 1, self._last_line) if mark else 1

    def _read_document(self, events: Iterator[Any]) -> list[YamlEntry]:
        names = ("StreamStartEvent", "DocumentStartEvent")
        first = next(each for each in events if type(each).__name__ not in names)
        if type(first).__name__ == "StreamEndEvent":
            return []
        if type(first).__name__ != "MappingStartEvent":
            raise YamlError("it is not a list of names and values", first.start_mark.line + 1)
        self._refuse_extras(first)
        entries = []
        while type(key := next(events)).__name__ != "MappingEndEvent":
            line = key.start_mark.line + 1
            if type(key).__name__ != "ScalarEvent":
                raise YamlError("a name must be a single word", line)
            self._refuse_extras(key)
            if key.value == "<<" and key.implicit[0]:
                raise YamlError("merge keys (`<<`) are not supported; write the settings themselves", line)
            value = self._read_value(next(events), events, 1, as_typed=key.value in _AS_TYPED)
            entries.append(YamlEntry(key.value, value, line))
        return entries

    def _read_value(self, event: Any, events: Iterator[Any], depth: int, *, as_typed: bool) -> Any:
        self._refuse_extras(event)
        kind = type(event).__name__
        if kind == "ScalarEvent":
            return self._read_scalar(event, as_typed=as_typed)
        if depth >= _MAX_DEPTH:
            self._skip(events)
            return None
        if kind == "SequenceStartEvent":
            values = []
            while type(each := next(events)).__name__ != "SequenceEndEvent":
                values.append(self._read_value(each, events, depth + 1, as_typed=as_typed))
            return values
        table: dict[str, Any] = {}
        while type(key := next(events)).__name__ != "MappingEndEvent":
            self._refuse_extras(key)
            if type(key).__name__ != "ScalarEvent":
                raise YamlError("a name must be a single word", key.start_mark.line + 1)
            table[key.value] = self._read_value(next(events), events, depth + 1, as_typed=as_typed)
        return table

    def _read_scalar(self, event: Any, *, as_typed: bool) -> Any:
        if any("\ud800" <= character <= "\udfff" for character in event.value):
            raise YamlError("a character that does not exist", event.start_mark.line + 1)
        if not event.implicit[0]:
            return str(event.value)
        return _resolve(str(event.value), event.start_mark.line + 1, as_typed=as_typed)

    def _skip(self, events: Iterator[Any]) -> None:
        """Skip the rest of a list or table, checking its parts."""
        depth = 1
        while depth:
            event = next(events)
            self._refuse_extras(event)
            kind = type(event).__name__
            depth += kind.endswith("StartEvent")
            depth -= kind.endswith("EndEvent")

    def _refuse_extras(self, event: Any) -> None:
        line = event.start_mark.line + 1
        if type(event).__name__ == "AliasEvent":
            raise YamlError(f"`*{event.anchor}` is an alias, which is not supported; put the text in quotes", line)
        if getattr(event, "tag", None) not in (None, "!"):
            name = event.tag.replace("tag:yaml.org,2002:", "!!")
            raise YamlError(f"the tag `{name}` is not supported; remove it, or put the text in quotes", line)


def _resolve(text: str, line: int, *, as_typed: bool) -> Any:
    """Return the value of an unquoted text: a number, a date as ISO 8601, true, false, None, or the text itself."""
    if text in _CONSTANTS:
        value = _CONSTANTS[text]
        return text if as_typed and value is not None else value
    if as_typed:
        return text
    if len(text) > _MAX_NUMBER_LENGTH and _NUMBER.fullmatch(text):
        raise YamlError(f"a number of {len(text):,} characters is too long", line)
    if _INTEGER.fullmatch(text):
        return int(text.replace("_", "")) if len(text) <= _MAX_DIGITS else text
    if _FLOAT.fullmatch(text):
        return float(text.replace("_", ""))
    if match := _DATE.fullmatch(text):
        try:
            return date(*map(int, match.groups())).isoformat()
        except ValueError:
            return text
    if match := _TIME.fullmatch(text):
        return f"{match[1]}T{match[2]}"
    return text


def _describe(error: Exception) -> str:
    """Describe why PyYAML cannot read a text."""
    character = getattr(error, "character", None)
    if character is not None:
        code = character if isinstance(character, int) else ord(str(character)[:1] or "\0")
        return f"it holds the control character U+{code:04X}"
    return str(error) or type(error).__name__


MAX_LENGTH: Final = 16_384  # characters
_MAX_DOTS: Final = 20  # in a name of TOML; a name of n parts takes n² steps to read
_MAX_INTEGER: Final = 2**63

_FENCED: Final = re.compile(
    r"(?:---[ \t]*\n(?P<body>.*?)^(?:---|\.\.\.)|\+\+\+[ \t]*\n(?P<toml>.*?)^\+\+\+)[ \t]*(?:\n|\Z)",
    re.DOTALL | re.MULTILINE,
)
_TOML_LINE: Final = re.compile(r"^[ \t]*[\w.\"-]+[ \t]*=", re.MULTILINE)
_YAML_LINE: Final = re.compile(r"^[ \t]*+(?:\{[ \t]*+)?[\w\"'-]+[ \t]*:(?!:)", re.MULTILINE)  # `a :: b` is a note
_NAME_LINE: Final = re.compile(r"^[^\s#>|:\-][^\n:]{0,60}:(?=\s|\Z)", re.MULTILINE)  # `Created On: today`
_NOTE_LINE: Final = re.compile(r"^ {0,3}[QATDC][:：]", re.MULTILINE)
_TOML_NAME: Final = re.compile(r"^[\"']?([\w-]+)[\"']?[ \t]*[=.]|^\[+[ \t]*[\"']?([\w-]+)", re.MULTILINE)
_TOML_TABLE: Final = re.compile(r"[ \t]*\[{1,2}[\w.\"' \t-]+\]{1,2}[ \t]*(?:#.*)?\Z")
_CONTINUATION: Final = re.compile(r"[ \t\-#\]})]|\Z")  # a line that begins so continues the line above it
_DOTTED: Final = re.compile(rf"^[^\n=\"']*(?:\.[^\n.=\"']*){{{_MAX_DOTS}}}", re.MULTILINE)
_CODE: Final = "front-matter"  # of all its problems
_HINT: Final = "Write one `name{} value` per line; the other settings are used."


class FrontMatter(NamedTuple):
    """The front matter of a deck file."""

    end: int = 0  # the offset at which the deck's text begins; 0 if there is no front matter
    # the settings by name, as YAML or TOML gave them, dates as ISO 8601 text
    values: Mapping[str, Any] = {}
    lines: Mapping[str, int] = {}  # the line of each setting
    problems: tuple[Problem, ...] = ()  # the lines that cannot be read, and settings given twice


def read_front_matter(text: str, *, is_native: bool = True) -> FrontMatter:
    """Read the front matter of a normalized text. A thematic break at the top does not begin one.

    In a file of another tool, where not `is_native`, a name such as `A` is no marker of a note, and may have spaces.
    """
    match = _FENCED.match(text)
    if not match:
        return FrontMatter()
    body = match["body"] or match["toml"] or ""
    is_text = not (_YAML_LINE.search(body) or _TOML_LINE.search(body))
    if (is_native and _NOTE_LINE.search(body)) or (is_text and (is_native or not _NAME_LINE.search(body))):
        return FrontMatter(end=match.end()) if not body.strip(" \t\n{}") else FrontMatter()
    if len(body) > MAX_LENGTH:
        message = f"The front matter has {len(body):,} characters; only {MAX_LENGTH:,} can be read."
        return FrontMatter(match.end(), problems=(Problem(1, _CODE, message, "Shorten it, or move text below it."),))
    entries, problems = _read_settings(body, _read_toml if is_toml(match[0]) else _read_yaml)
    values = {entry.name: entry.value for entry in entries}
    lines = {entry.name: entry.line + 1 for entry in reversed(entries)}
    problems += [*_find_repeated(entries), *_find_comments(body, entries)]
    return FrontMatter(match.end(), values, {name: lines[name] for name in values}, tuple(problems))


def is_toml(front_matter: str) -> bool:
    """Return whether front matter is TOML rather than YAML: between lines of `+++`, or by its first setting."""
    first_toml, first_yaml = _TOML_LINE.search(front_matter), _YAML_LINE.search(front_matter)
    is_first = first_toml is not None and (first_yaml is None or first_toml.start() < first_yaml.start())
    return is_first or front_matter.startswith("+++")


def _read_settings(body: str, read: Callable[[str], list[YamlEntry]]) -> tuple[list[YamlEntry], list[Problem]]:
    """Read `body` or, if that is impossible, each of its settings separately."""
    try:
        return read(body), []
    except YamlError:
        pass
    lines = body.split("\n")
    starts = [number for number, line in enumerate(lines) if number == 0 or not _CONTINUATION.match(line)]
    if read is _read_toml:  # all lines from the first table on belong to tables, and a table is no setting
        table = next((number for number, line in enumerate(lines) if _TOML_TABLE.match(line)), len(lines))
        starts = [number for number in starts if number < table] + ([table] if table < len(lines) else [])
    entries: list[YamlEntry] = []
    problems: list[Problem] = []
    hint = _HINT.format(" =" if read is _read_toml else ":")
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        found, error = _read_setting(lines[start:end], read)
        entries += [entry._replace(line=entry.line + start) for entry in found]
        if error:
            problems.append(Problem(start + error.line + 1, _CODE, f"This setting cannot be read: {error}.", hint))
    return entries, problems


def _read_setting(lines: list[str], read: Callable[[str], list[YamlEntry]]) -> tuple[list[YamlEntry], YamlError | None]:
    """Read one setting. If the lines below its name are the problem, only its first line is used."""
    try:
        return read("\n".join(lines)), None
    except YamlError as error:
        problem = error
    try:
        return (read(lines[0]) if problem.line > 1 else []), problem
    except YamlError:
        return [], problem


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
    """Convert `value` to a JSON value, cutting off nesting deeper than that of any setting."""
    if depth > 1 and isinstance(value, (dict, list)):
        return None
    if isinstance(value, dict):
        return {str(name): _simplify(inner, line, depth + 1) for name, inner in value.items()}
    if isinstance(value, list):
        return [_simplify(inner, line, depth + 1) for inner in value]
    if isinstance(value, int) and abs(value) >= _MAX_INTEGER:
        raise YamlError("the number is too large", line)
    return value.isoformat() if hasattr(value, "isoformat") else value


def write_front_matter(deck: str = "", tags: Sequence[str] = (), *, names_format: bool = False) -> str:
    """Write the settings of a native file, with the blank line after them; empty if there are none."""
    lines = ["format: native"] if names_format else []
    if deck:
        lines.append(f"deck: {_quote(deck, _PLAIN_NAME)}")
    if tags:
        lines.append(write_tags(tags))
    return "".join(f"{line}\n" for line in ("---", *lines, "---", "")) if lines else ""


def write_tags(tags: Sequence[str]) -> str:
    """Write the line that sets tags for all notes of a file."""
    return f"tags: [{', '.join(_quote(write_tag(tag), _PLAIN_TAG) for tag in tags)}]"


def _quote(text: str, plain: re.Pattern[str]) -> str:
    """Quote a text for YAML unless all of it matches `plain` and YAML reads no other value in it."""
    is_plain = plain.fullmatch(text) and text.lower() not in _CONSTANTS
    return text if is_plain else json.dumps(text, ensure_ascii=False)


def _find_comments(body: str, entries: Iterable[YamlEntry]) -> Iterator[Problem]:
    """Find the names and tags that are missing because YAML reads `#exam` as a comment."""
    for name, value, line in entries:
        if name in _AS_TYPED and (value is None or (isinstance(value, list) and None in value)):
            below = body.split("\n", line - 1)[-1]
            if re.match(r"[^\n:]*:[ \t]*(?:\n[ \t]*-[^\n]*)*?(?:\n[ \t]*-)?[ \t]+#\w", below):
                hint = f"Write it without `#`, as in `{name}: exam`."
                yield Problem(line + 1, _CODE, f"A part of `{name}` is missing, because `#` begins a comment.", hint)


def _find_repeated(entries: Iterable[YamlEntry]) -> list[Problem]:
    """Find the settings given on several lines; the last one is used."""
    given: dict[str, list[int]] = {}
    for entry in entries:
        given.setdefault(entry.name, []).append(entry.line + 1)
    several = {name: lines for name, lines in given.items() if len(lines) > 1}
    if not several:
        return []
    places = [f"`{name}` on lines {', '.join(map(str, at[:-1]))} and {at[-1]}" for name, at in several.items()]
    message = f"Given more than once, where only the last counts: {'; '.join(places)}."
    return [Problem(min(at[-1] for at in several.values()), _CODE, message, "Keep one of the lines.")]
