"""Read the plain part of YAML that settings need: names, values and lists, without tags, aliases and merge keys."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

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
# One `name: value` or `name: [value, value]` whose values YAML reads as they are, without a special character.
_WORD: Final = r"[^\W_](?:[^\s:#,\[\]{}\"'&*!|>%@`?\\\x00-\x1f\x7f-\x9f]|:(?=[^\s,\[\]{}])|[ ](?=[^\s#,\]]))*"
_SIMPLE: Final = re.compile(rf"([A-Za-z_][\w-]*): +(?:({_WORD})|\[ *((?:{_WORD}(?: *, *{_WORD})*)?) *\]) *\Z")


class YamlEntry(NamedTuple):
    """A name, its value and its line, counting from 1."""

    name: str
    value: Any
    line: int


class YamlError(Exception):
    """Why a text cannot be read. `line`, counting from 1, is the line that has to be corrected."""

    def __init__(self, reason: object, line: int) -> None:
        super().__init__(" ".join(str(reason).split()).rstrip("."))
        self.line = line


def read_yaml(text: str, as_typed: frozenset[str] = frozenset()) -> list[YamlEntry]:
    """Read the names and values of a text, in order.

    Args:
        text: lines of `name: value`.
        as_typed: names whose values stay text, even if they look like a number, a date or `yes`.

    Raises:
        YamlError: a line is not YAML, or uses a tag, an alias or a merge key.
    """
    text = _OTHER_BREAKS.sub(" ", text)
    entries = _read_simple(text, as_typed)
    return _Reader(text, as_typed).read() if entries is None else entries


def _read_simple(text: str, as_typed: frozenset[str]) -> list[YamlEntry] | None:
    """Read a text without special characters, as most are, without loading a YAML library."""
    entries = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        match = _SIMPLE.match(line)
        if match is None:
            return None
        name, word, words = match.groups()
        is_text = name in as_typed
        if word is not None:
            value = _resolve(word, number, as_typed=is_text)
        else:
            value = [_resolve(each.strip(" "), number, as_typed=is_text) for each in words.split(",")] if words else []
        entries.append(YamlEntry(name, value, number))
    return entries


class _Reader:
    """A reader over the events of PyYAML's parser, which neither nests calls nor resolves anything."""

    def __init__(self, text: str, as_typed: frozenset[str]) -> None:
        self._text = text
        self._as_typed = as_typed
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
            raise YamlError(_describe(error), self._find_reader_line(error)) from None

    def _find_line(self, error: Any) -> int:
        """Return the line to correct: where a value begins that never ends, else where the parser stopped."""
        mark = error.problem_mark
        if error.context_mark and not str(error.context).startswith(_CONTEXTS_OF_GOOD_LINES):
            mark = error.context_mark
        return min(mark.line + 1, self._last_line) if mark else 1

    def _find_reader_line(self, error: Exception) -> int:
        position = getattr(error, "position", None)
        return self._text.count("\n", 0, position) + 1 if isinstance(position, int) else 1

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
            value = self._read_value(next(events), events, 1, as_typed=key.value in self._as_typed)
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
    """Return the value of an unquoted text: a number, a date as ISO 8601, true, false, nothing, or the text itself."""
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
    """Say why PyYAML cannot read a text."""
    character = getattr(error, "character", None)
    if character is not None:
        code = character if isinstance(character, int) else ord(str(character)[:1] or "\0")
        return f"it holds the control character U+{code:04X}"
    return str(error) or type(error).__name__
